"""Reading the table of windows."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.variations import evidence


def table(*rows):
    return b"".join(struct.pack(f"<{len(row)}d", *row) for row in rows)


def test_rows_come_back_in_order():
    assert evidence.rows_of(table((1.0, 2.0), (3.0, 4.0)), 2) == [(1.0, 2.0), (3.0, 4.0)]


def test_table_of_another_number_of_sources_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        evidence.rows_of(table((1.0, 2.0)), 3)


def test_negative_part_counts_as_none_and_the_rest_is_whole():
    assert evidence.shares_of((0.03, -0.01, 0.01)) == (0.75, 0.0, 0.25)


def test_window_below_70_lufs_has_no_shares():
    assert evidence.shares_of((1e-8, 1e-9)) is None
    assert evidence.mean_shares([(1e-8, 1e-9)]) is None


def test_every_window_that_sounds_counts_the_same():
    assert evidence.mean_shares([(1.0, 0.0), (0.0, 0.001), (0.0, 0.0)]) == (0.5, 0.5)


def test_full_scale_sine_is_louder_than_a_whisper():
    assert evidence.loudness_of([(0.5,)]) == 1.0
    assert 0.0 < evidence.loudness_of([(1e-4,)]) < evidence.loudness_of([(1e-2,)]) < 1.0


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_ppm_sums_to_exactly_one_million(weights):
    whole = sum(weights)
    ppm = evidence.in_ppm(tuple(weight / whole for weight in weights))
    assert sum(ppm) == 1_000_000
    assert all(value >= 0 for value in ppm)
