"""Which parts a file has, and what may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.uploads import rules
from generation.uploads.rules import Limits, UploadRefused

LIMITS = Limits(stem_bytes=1000, in_flight_bytes=1500, hours=24)


@given(st.integers(1, 2 * 2**30))
def test_parts_together_are_the_file(size):
    lengths = [rules.part_length(size, index) for index in range(rules.part_count(size))]
    assert sum(lengths) == size
    assert all(length == rules.PART_BYTES for length in lengths[:-1])


def test_part_outside_the_file_is_refused():
    for index in (-1, 1):
        with pytest.raises(UploadRefused, match="no such part"):
            rules.part_length(10, index)


def test_missing_parts_are_named():
    assert rules.missing_parts(3 * rules.PART_BYTES + 1, {2, 0}) == (1, 3)


@pytest.mark.parametrize(
    ("size", "in_flight", "code"),
    [(0, 0, "empty"), (1001, 0, "too_large"), (900, 700, "too_much_in_flight")],
)
def test_limits_are_said_with_a_code(size, in_flight, code):
    with pytest.raises(UploadRefused) as refused:
        rules.check_begin(size, in_flight, LIMITS)
    assert refused.value.code == code


def test_label_is_the_name_without_its_ending():
    assert rules.label_of("01_Lead Voice.wav") == "01 Lead Voice"
    assert rules.label_of(".wav") == ".wav"
