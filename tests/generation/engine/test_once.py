"""Pieces that follow each other are worked out once, however they lie on the strides of windows."""

import pytest

from generation.engine.render import Cache, render
from generation.recipe import BLOCK_SAMPLES
from tests.generation.engine.material import RATE, busy


def counted(tape):
    """The stretches that a tape makes from now on."""
    made, make = [], tape._maker()

    def counting(lo, hi, out):
        made.append((lo, hi))
        make(lo, hi, out)

    tape._maker = lambda: counting
    return made


@pytest.mark.parametrize("size", [RATE // 2, RATE, 2 * RATE])
def test_of_pieces_in_a_row_no_block_is_mixed_or_played_twice(size):
    recipe, stems, onsets = busy(6)
    cache = Cache(1)
    render(recipe, stems, onsets, 0, size, cache=cache, with_parts=False)
    bus = cache.desk((recipe, None), lambda _gone: None)
    tapes = [bus._mix, bus._poured, *(source.channel for source in bus._sources)]
    rows = [counted(tape) for tape in tapes]
    for start in range(size, 5 * RATE, size):
        end = min(start + size, 5 * RATE)
        render(recipe, stems, onsets, start, end, cache=cache, with_parts=False)
    for made in rows:
        blocks = [n for lo, hi in made for n in range(lo // BLOCK_SAMPLES, hi // BLOCK_SAMPLES)]
        assert len(blocks) == len(set(blocks)) > (4 * RATE - size) // BLOCK_SAMPLES
