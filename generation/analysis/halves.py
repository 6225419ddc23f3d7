"""A sound parted into halves of its band: the loops of the pass over the samples.

Even and odd samples lie apart, so that a half-band filter adds neighbors sixteen at a time. It
refuses to know octaves and hops. Invariant: every filter is symmetrical, and an output is the same
operations in the same order wherever its block begins.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from generation.engine.kernels import kernel
from generation.engine.vectors import (
    LANES,
    WIDTH,
    constant,
    emitted,
    fma,
    load,
    splat,
    store,
    total,
)

F32 = npt.NDArray[np.float32]


def _every_second(first: int) -> Any:
    @emitted
    def function(typingctx: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            order = constant(list(range(first, 2 * WIDTH, 2)))
            return builder.shuffle_vector(args[0], args[1], order)

        return LANES(LANES, LANES), emit

    return function


# The lanes of even and of odd number of 32 in a row.
evens_of, odds_of = _every_second(0), _every_second(1)


@kernel
def mix(audio: F32, start: int, left: float, right: float, even: F32, odd: F32) -> None:
    """left x left + right x right from the even sample `start` on, its even and odd samples apart,
    silence outside; as many as fill `even`, a whole number of sixteens."""
    p, q = splat(np.float32(left)), splat(np.float32(right))
    one, other = audio[0], audio[1]
    size = even.size
    low = min(size, max(0, -start // 2))
    high = max(low, min(size, (audio.shape[1] - start) // 2))
    even[:low], odd[:low] = np.float32(0.0), np.float32(0.0)
    at = low
    while at + WIDTH <= high:
        place = start + 2 * at
        a = fma(load(one, place), p, load(other, place) * q)
        b = fma(load(one, place + WIDTH), p, load(other, place + WIDTH) * q)
        store(even, at, evens_of(a, b))
        store(odd, at, odds_of(a, b))
        at += WIDTH
    _mix_end(one, other, start, left, right, at, even, odd)


@kernel
def _mix_end(
    one: F32, other: F32, start: int, left: float, right: float, first: int, even: F32, odd: F32
) -> None:
    """The same from pair `first` on, sample by sample."""
    p, q = np.float32(left), np.float32(right)
    for at in range(first, even.size):
        place = start + 2 * at
        even[at] = p * one[place] + q * other[place] if place < one.size else 0.0
        odd[at] = p * one[place + 1] + q * other[place + 1] if place + 1 < one.size else 0.0


@kernel
def strengths(
    audio: F32, start: int, size: int, step: int, left: float, right: float
) -> tuple[float, float]:
    """Sums of squares of the mix, and of the mean of both sides, of sixteen samples in every `step`
    of the `size` from `start` on; of less than sixteen in all, of each."""
    one, other, end = audio[0], audio[1], min(start + size, audio.shape[1])
    p, q = splat(np.float32(left)), splat(np.float32(right))
    kept, both = splat(np.float32(0.0)), splat(np.float32(0.0))
    for at in range(start, end - WIDTH + 1, step):
        a, b = load(one, at), load(other, at)
        mixed = fma(a, p, b * q)
        kept = fma(mixed, mixed, kept)
        both = fma(a, a, fma(b, b, both))
    few, all_of_few = np.float32(0.0), np.float32(0.0)
    if audio.shape[1] < WIDTH:
        for at in range(audio.shape[1]):
            a_, b_ = one[at], other[at]
            few += np.float32((left * a_ + right * b_) ** 2)
            all_of_few += a_ * a_ + b_ * b_
    return total(kept) + few, np.float32(0.5) * (total(both) + all_of_few)


@kernel
def split(sound: F32, even: F32, odd: F32) -> None:
    """The even and the odd samples of `sound`, a whole number of 32."""
    for at in range(0, sound.size // 2, WIDTH):
        a, b = load(sound, 2 * at), load(sound, 2 * at + WIDTH)
        store(even, at, evens_of(a, b))
        store(odd, at, odds_of(a, b))


@kernel
def lower(even: F32, odd: F32, taps: F32, low: F32) -> None:
    """The lower half band of the sound at half its rate, by `taps` at the odd distances 1, 3, ..;
    sixteen samples at both ends are silent."""
    half = splat(np.float32(0.5))
    for at in range(0, low.size, WIDTH):
        if at == 0 or at + WIDTH >= low.size:
            store(low, at, splat(np.float32(0.0)))
            continue
        heap = half * load(even, at)
        for k in range(taps.size):
            heap = fma(load(odd, at - 1 - k) + load(odd, at + k), splat(taps[k]), heap)
        store(low, at, heap)


@kernel
def lower_shortly(even: F32, odd: F32, taps: F32, low: F32) -> None:
    """The same by three taps."""
    half, first, second, third = (
        splat(np.float32(0.5)),
        splat(taps[0]),
        splat(taps[1]),
        splat(taps[2]),
    )
    store(low, 0, splat(np.float32(0.0)))
    store(low, low.size - WIDTH, splat(np.float32(0.0)))
    for at in range(WIDTH, low.size - WIDTH, WIDTH):
        heap = half * load(even, at)
        heap = fma(load(odd, at - 1) + load(odd, at), first, heap)
        heap = fma(load(odd, at - 2) + load(odd, at + 1), second, heap)
        heap = fma(load(odd, at - 3) + load(odd, at + 2), third, heap)
        store(low, at, heap)


@kernel
def add_energy(even: F32, low: F32, start: int, hop: int, energy: F32) -> None:
    """Mean squares of what `low` leaves of `even`, per `hop` from `start` on."""
    lanes = np.zeros(WIDTH, np.float32)
    for index in range(energy.size):
        heap = splat(np.float32(0.0))
        for at in range(start + index * hop, start + (index + 1) * hop, WIDTH):
            off = load(even, at) - load(low, at)
            heap = fma(off, off, heap)
        store(lanes, 0, heap)
        energy[index] = lanes.sum() / np.float32(hop)
