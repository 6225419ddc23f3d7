"""ULIDs: written, read and sorted as their specification says."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.ulid import new_ulid, read_ulid, ulid_of, ulid_text


def test_the_largest_is_the_specifications_own():
    assert ulid_text(UUID(int=(1 << 128) - 1)) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"


def test_the_specifications_example_names_its_millisecond():
    """01ARZ3NDEKTSV4RRFFQ69G5FAV is of 2016-07-30T23:54:10.259Z: the specification's own."""
    assert read_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV").int >> 80 == 1_469_922_850_259


@given(st.integers(0, (1 << 128) - 1))
def test_reading_gives_back_what_was_written(number):
    text = ulid_text(UUID(int=number))
    assert read_ulid(text) == read_ulid(text.lower()) == UUID(int=number)


@given(st.integers(0, (1 << 48) - 2), st.integers(0, (1 << 80) - 1), st.integers(0, (1 << 80) - 1))
def test_a_later_one_sorts_behind_whatever_chance_says(milliseconds, one, other):
    earlier, later = ulid_of(milliseconds, one), ulid_of(milliseconds + 1, other)
    assert ulid_text(earlier) < ulid_text(later)


def test_new_ones_differ():
    assert len({new_ulid() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "text",
    ["", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FAU1", "01ARZ3NDEKTSV4RRFFQ69G5FAI"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="26 characters"):
        read_ulid(text)
