"""Onsets have one name in any language, and what they are is read back from their bytes."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.onsets import onsets_bytes, onsets_from, onsets_sha256

ONSETS = st.lists(
    st.tuples(st.integers(0, 2**40), st.floats(-200, 200, allow_nan=False)), max_size=40
)


@given(ONSETS)
def test_the_bytes_are_places_then_rises_little_endian(onsets):
    places, rises = [place for place, _ in onsets], [rise for _, rise in onsets]
    by_numpy = np.array(places, "<i8").tobytes() + np.array(rises, "<f8").tobytes()
    assert onsets_bytes(places, rises) == by_numpy
    assert onsets_sha256(places, rises) == hashlib.sha256(by_numpy).hexdigest()
    assert onsets_from(by_numpy) == (tuple(places), tuple(rises))


def test_a_whole_rise_is_the_same_number_however_it_was_written():
    assert onsets_bytes([5], [12]) == onsets_bytes([5], [12.0])


def test_no_onsets_have_a_name_too():
    assert onsets_sha256([], []) == hashlib.sha256(b"").hexdigest()
    assert onsets_from(b"") == ((), ())


def test_what_cannot_be_onsets_is_refused():
    with pytest.raises(ValueError, match="a place and a rise"):
        onsets_bytes([1, 2], [3.0])
    with pytest.raises(ValueError, match="no onsets"):
        onsets_from(b"\0" * 24)
