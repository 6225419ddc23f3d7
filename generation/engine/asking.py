"""What windows hear of the room, asked of the sends themselves.

A window's number of a return is the inner product of the return with what the window asks of it
(see `windows`). Both have spectra, block by block, and inner products of frames are those of their
spectra (Parseval), so that nothing has to come back as sound: the spectra of what is asked are made
once for all sources, and a tile of the room is met by the sends of all of them while it is near. It
knows blocks and windows, not sources. Invariant: a window's number depends on the blocks that it
reaches and is added up in their order.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.engine.fourier import Plan, plan_of, rows_of, transform
from generation.engine.kernels import Audio, Reals, Samples, aligned, kernel, within
from generation.engine.returns import (
    FRAME,
    TILE,
    bring_near,
    even,
    meet_middle,
    meet_tile,
    met_of,
    near_of,
)
from generation.engine.reverb import Room
from generation.engine.vectors import backward, fma, load, splat, store, total
from generation.recipe import BLOCK_SAMPLES, WINDOW_SAMPLES

# Windows that may ask something of one block: with one boundary in it, its own two and the next.
_MOST = 3


def weigh_returns(room: Room, sends: Sequence[Audio], asked: Audio, early: int) -> Reals:
    """What the return of each send gives to every window, float64 [n_windows, n_sends].

    `asked` as `asked_of` gives it; the first block of the returns begins `early` samples before it,
    the last one ends behind it. `sends`: their spectra, which lead by P - 1 blocks.
    """
    count = -(-(asked.shape[2] + early) // BLOCK_SAMPLES)
    lowest, many = reached(count, early, asked.shape[2])
    spectra = aligned(BLOCK_SAMPLES // TILE, count * _MOST, 4, TILE, blank=False)
    middle = np.zeros((count * _MOST, 2), dtype=np.float32)
    look_at_asked(
        asked, early, lowest, many, WINDOW_SAMPLES, rows_of(6, FRAME), plan_of(FRAME),
        spectra.reshape(-1), middle,
    )  # fmt: skip
    table = np.zeros((len(sends), asked.shape[2] // WINDOW_SAMPLES + 1))
    places = np.array([send.ctypes.data for send in sends], dtype=np.int64)
    weigh_spectra(
        places, count, room.tiles.reshape(-1), room.middle, spectra.reshape(-1), middle, lowest,
        many, near_of(even(count), room.blocks), met_of(even(count)), table,
    )  # fmt: skip
    found: Reals = table[:, 1:-1].T
    return found


def reached(count: int, early: int, length: int) -> tuple[Samples, Samples]:
    """The lowest row that each block gives to and how many rows it does, int64 [count] each.

    Row k is of the window that begins at sample (k - 1) * WINDOW_SAMPLES of what is asked after its
    run-in; a stretch asks for its own window and for the one behind it.
    """
    begins = np.arange(count) * BLOCK_SAMPLES - early
    first = np.maximum(begins, 0) // WINDOW_SAMPLES
    last = (np.minimum(begins + BLOCK_SAMPLES, length) - 1) // WINDOW_SAMPLES
    # Row 0 and the last one are of windows that nobody asks for.
    lowest = np.maximum(first, 1)
    highest = np.minimum(last + 1, length // WINDOW_SAMPLES - 1)
    return lowest, highest - lowest + 1


@kernel
def look_at_asked(
    asked: Audio,
    early: int,
    lowest: Samples,
    many: Samples,
    size: int,
    rows: Audio,
    plan: Plan,
    spectra: Audio,
    middle: Audio,
) -> None:
    """The spectra of what each block is asked for, as a tile of the room lies, row by row.

    The frame's first half is silent, as the half of a return's frame that is thrown away; left is
    real, right imaginary.
    """
    entries = middle.shape[0]
    real, imag = rows[0, : plan.size], rows[1, : plan.size]
    for block in range(lowest.shape[0]):
        begin = block * BLOCK_SAMPLES - early
        for turn in range(many[block]):
            real[:], imag[:] = np.float32(0.0), np.float32(0.0)
            for kind in range(2):
                stretch = lowest[block] + turn - kind
                since = max(begin, stretch * size)
                until = min(begin + BLOCK_SAMPLES, (stretch + 1) * size)
                left, right = asked[kind, 0], asked[kind, 1]
                for at in range(since, until, 16):
                    store(real, BLOCK_SAMPLES + at - begin, load(left, at))
                    store(imag, BLOCK_SAMPLES + at - begin, load(right, at))
            transform(real, imag, rows[2:], plan)
            lay_beside(real, imag, spectra, entries, _MOST * block + turn)
            middle[_MOST * block + turn, 0] = real[BLOCK_SAMPLES]
            middle[_MOST * block + turn, 1] = imag[BLOCK_SAMPLES]


@kernel
def lay_beside(real: Audio, imag: Audio, spectra: Audio, entries: int, entry: int) -> None:
    """A spectrum's tiles to their places; bin 0 has no mirror image and counts once."""
    for k in range(0, BLOCK_SAMPLES, 16):
        tile, away = k // TILE, k % TILE
        at = (tile * entries + entry) * 4 * TILE + away
        mirrored = FRAME - k - 15
        store(spectra, at, load(real, k))
        store(spectra, at + TILE, load(imag, k))
        store(spectra, at + 2 * TILE, backward(load(real, mirrored)))
        store(spectra, at + 3 * TILE, backward(load(imag, mirrored)))
    at = entry * 4 * TILE
    spectra[at + 2 * TILE] = spectra[at + 3 * TILE] = np.float32(0.0)


@kernel
def weigh_spectra(
    places: Samples,
    count: int,
    tiles: Audio,
    room_middle: Audio,
    spectra: Audio,
    middle: Audio,
    lowest: Samples,
    many: Samples,
    near: Audio,
    met: Audio,
    table: Reals,
) -> None:
    """Adds the products of all returns with all that is asked to each send's row of `table`.

    `places`: where the spectra of sends begin in memory; `near` and `met` are for working in.
    """
    parts, entries = room_middle.shape[0], middle.shape[0]
    for tile in range(BLOCK_SAMPLES // TILE):
        for send in range(places.shape[0]):
            bring_near(places[send], 0, count + parts - 1, tile, near)
            meet_tile(near, tiles, tile * parts * 4 * TILE, parts, met)
            for block in range(count):
                for turn in range(many[block]):
                    at = (tile * entries + _MOST * block + turn) * 4 * TILE
                    product = product_of(met, 4 * block * TILE, spectra, at)
                    table[send, lowest[block] + turn] += product
    for send in range(places.shape[0]):
        for block in range(count):
            left, right = meet_middle(places[send], block, room_middle)
            for turn in range(many[block]):
                asked = middle[_MOST * block + turn]
                table[send, lowest[block] + turn] += left * asked[0] + right * asked[1]


@within
def product_of(met: Any, at: int, spectra: Any, there: int) -> float:
    """The product of a tile of a return with one of what is asked."""
    found = splat(np.float32(0.0))
    for i in range(0, 4 * TILE, 16):
        found = fma(load(met, at + i), load(spectra, there + i), found)
    return float(total(found))
