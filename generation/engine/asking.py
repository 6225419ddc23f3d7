"""What windows hear of the room, asked of the sends themselves.

A window's number of a return is the inner product of the return with what the window asks of it
(see `windows`). The room is linear, so what is asked is carried back through the room instead (its
adjoint), once for all sources: what a window asks of every send. Nothing comes back as sound, and
one source more is one inner product more. It knows windows and sends, not sources. Invariant: a
window's number depends on what it asks and on the samples of the send that its room reaches, in one
order; silence gives zero.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.engine.fourier import Plan, plan_of, rows_of, transform
from generation.engine.kernels import Audio, Reals, Samples, aligned, kernel, within
from generation.engine.negacyclic import (
    FRAME,
    POWERS,
    ROOTS,
    ROW,
    SIZE,
    TURNS,
    UNFOLDED,
    fold,
    multiply,
    spectra_of,
    unfold,
)
from generation.engine.returns import lanes_at
from generation.engine.vectors import fma, load, splat, total
from generation.recipe import WINDOW_SAMPLES

# Samples that a window asks for, and those of a frame that are whole when it meets the room.
ASKED = 2 * WINDOW_SAMPLES
WHOLE = FRAME - ASKED
# Products are added up as float32 numbers over so many samples at most, and a send is read over so
# many in a row.
_SHORT, _LONG = 512, 2_048


class Adjoint:
    """A room heard backward: what is asked of its return becomes what is asked of a send.

    `reach`: so many samples before those that a window asks for it asks for of a send.
    """

    def __init__(self, response: Audio) -> None:
        """`response` is float32 [2, n]."""
        size = response.shape[1]
        self.reach = -(-size // 16) * 16
        count = -(-(self.reach + ASKED) // WHOLE)
        backward = aligned(2, count * WHOLE + ASKED)
        share = np.float32(1.0 / (ROOTS * SIZE))
        last = count * WHOLE + 1
        np.multiply(response[:, ::-1], share, out=backward[:, last - size : last])
        begins = range(0, count * WHOLE, WHOLE)
        frames = np.stack([backward[:, begin : begin + FRAME] for begin in begins])
        self._spectra = spectra_of(frames, rows_of(6, SIZE), plan_of(SIZE))

    def weigh(self, sends: Sequence[Audio], asked: Audio) -> Reals:
        """What the return of each send gives to every window, float64 [n_windows, n_sends].

        `asked` as `windows.asked_of` gives it; each of `sends` begins `reach` samples before it.
        """
        places = np.array([send.ctypes.data for send in sends], dtype=np.int64)
        table = np.zeros((len(asked), len(sends)))
        weigh_sends(
            asked, self._spectra, self.reach, places, POWERS, TURNS, aligned(4 * ROOTS, ROW),
            aligned(2 * ROOTS, ROW), aligned(UNFOLDED), rows_of(4, SIZE), plan_of(SIZE), table,
        )  # fmt: skip
        return table


@kernel
def weigh_sends(
    asked: Audio,
    room: Audio,
    reach: int,
    places: Samples,
    powers: Audio,
    turns: Audio,
    spectra: Audio,
    met: Audio,
    carried: Audio,
    rows: Audio,
    plan: Plan,
    table: Reals,
) -> None:
    """See `Adjoint.weigh`. `places`: where sends begin in memory, `reach` before what is asked.

    `spectra` [4 * ROOTS, ROW], `met` [2 * ROOTS, ROW], `carried` and `rows` are for working in.
    """
    for window in range(asked.shape[0]):
        look_at_asked(asked[window], powers, turns, spectra, rows, plan)
        for part in range(room.shape[0]):
            for root in range(ROOTS):
                real, imag = met[2 * root, :SIZE], met[2 * root + 1, :SIZE]
                left, right = spectra[4 * root : 4 * root + 2], spectra[4 * root + 2 : 4 * root + 4]
                multiply(left, right, room[part, root], real, imag)
                transform(imag, real, rows, plan)
            unfold(met, turns, carried)
            # Where the frame would begin in a send, and the first sample of it that counts.
            begin = window * WINDOW_SAMPLES + reach - (room.shape[0] - part) * WHOLE
            low = max(ASKED, window * WINDOW_SAMPLES - begin)
            rest = FRAME - UNFOLDED
            add_products(carried, low - rest, begin + rest, places, table[window])


@kernel
def look_at_asked(
    asked: Audio, powers: Audio, turns: Audio, spectra: Audio, rows: Audio, plan: Plan
) -> None:
    """The spectra of what one window asks of left and right, root by root."""
    for root in range(ROOTS):
        for ear in range(2):
            row = 4 * root + 2 * ear
            real, imag = spectra[row, :SIZE], spectra[row + 1, :SIZE]
            fold(asked[ear], powers[root], turns[root], real, imag)
            transform(real, imag, rows, plan)


@kernel
def add_products(carried: Audio, low: int, begin: int, places: Samples, row: Reals) -> None:
    """Adds the product of every send, from `begin` on, with what is asked of it from `low` on."""
    for first in range(low, UNFOLDED, _LONG):
        last = min(first + _LONG, UNFOLDED)
        for send in range(places.shape[0]):
            for since in range(first, last, _SHORT):
                until = min(since + _SHORT, last)
                row[send] += product_of(carried, since, until, places[send], begin)


@within
def product_of(carried: Any, since: int, until: int, place: int, begin: int) -> float:
    """The product of so many samples with what lies `begin` numbers further on at `place`.

    Two sums go abreast: each alone would wait for itself.
    """
    one = other = splat(np.float32(0.0))
    if (until - since) % 32:
        one = load(carried, since) * lanes_at(place, begin + since)
        since += 16
    for i in range(since, until, 32):
        one = fma(load(carried, i), lanes_at(place, begin + i), one)
        other = fma(load(carried, i + 16), lanes_at(place, begin + i + 16), other)
    return float(total(one + other))
