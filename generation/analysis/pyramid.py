"""One pass over the samples: the middle of the stereo sound at 6 kHz, and what was above it.

Three times the sound is parted into halves: a lower one that goes on at half the rate, and an upper
one (12 to 24, 6 to 12, 3 to 6 kHz) of which only the energy stays. It refuses to know frames and
music. Invariant: every filter is symmetrical, so sample i of the result lies at sample 8 i of the
sound; the result does not depend on where the blocks of the pass begin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.signal

from generation.engine.kernels import kernel
from generation.engine.vectors import WIDTH, fma, load, splat, store

F32 = npt.NDArray[np.float32]

STEP = 8
HOP = 512
OCTAVES_HZ = (4_243.0, 8_485.0, 16_971.0)
_LANES = 16
_BLOCK = 16_384
_MARGIN = 256
_CANCELLED = 0.1


@dataclass(frozen=True, slots=True)
class Pyramid:
    """`slow` [ceil(n / 8)]: the sound at 6 kHz; `energy` [3, ceil(n / 512)]: mean square of the
    octaves around OCTAVES_HZ over each 512 samples.
    """

    slow: F32
    energy: F32


def _half_band(pairs: int, beta: float) -> F32:
    """The taps at odd distances 1, 3, .. of a half-band low pass of gain 1, one side; the tap in
    the middle is a half, those at even distances are nothing."""
    taps = scipy.signal.firwin(4 * pairs - 1, 0.5, window=("kaiser", beta))[2 * pairs :: 2]
    return np.asarray(0.25 * taps / taps.sum(), np.float32)


# Wide and short above, where only the energy of an octave is asked; flat to 2.3 kHz with 50 dB
# against what would fold there below.
_SHORT = np.asarray([150.0, -25.0, 3.0], np.float32) / np.float32(512.0)
_LONG = _half_band(9, 5.6)


def pyramid_of(audio: F32) -> Pyramid:
    """The Pyramid of `audio`, float32 [2, n], n >= 1: of its middle, (left + right) / 2, or of its
    left side where less than a tenth of the energy is left in the middle.
    """
    length = audio.shape[1]
    hops = -(-length // HOP)
    slow, energy = np.empty(hops * HOP // STEP, np.float32), np.zeros((3, hops), np.float32)
    audio = np.ascontiguousarray(audio, np.float32)
    kept, both = _descend(audio, 0.5, 0.5, _SHORT, _LONG, slow, energy)
    if kept < _CANCELLED * both:
        energy[:] = 0.0
        _descend(audio, 1.0, 0.0, _SHORT, _LONG, slow, energy)
    return Pyramid(slow[: -(-length // STEP)].copy(), energy)


@kernel
def _descend(
    audio: F32, left: float, right: float, short: F32, long: F32, slow: F32, energy: F32
) -> tuple[float, float]:
    """Fills `slow` and `energy`; returns how strong the mix is, and the mean of both sides."""
    size = _BLOCK + 2 * _MARGIN
    even, odd = np.empty(size // 2, np.float32), np.empty(size // 2, np.float32)
    low = np.empty(size // 2, np.float32)
    second, third = np.empty(size // 4, np.float32), np.empty(size // 8, np.float32)
    heard = np.zeros((2, _LANES), np.float32)
    kept, both = 0.0, 0.0
    for start in range(0, audio.shape[1], _BLOCK):
        hops, first = -(-min(_BLOCK, audio.shape[1] - start) // HOP), start // HOP
        heard[:] = 0.0
        _mix(audio, start - _MARGIN, left, right, even, odd, heard)
        kept += heard[0].sum()
        both += heard[1].sum()
        _lower_shortly(even, odd, short, low)
        _add_energy(even, low, _MARGIN // 2, HOP // 2, energy[2, first : first + hops])
        _split(low, even, odd)
        _lower_shortly(even[: size // 4], odd[: size // 4], short, second)
        _add_energy(even, second, _MARGIN // 4, HOP // 4, energy[1, first : first + hops])
        _split(second, even, odd)
        _lower(even[: size // 8], odd[: size // 8], long, third)
        _add_energy(even, third, _MARGIN // 8, HOP // 8, energy[0, first : first + hops])
        goal = slow[start // STEP : start // STEP + hops * (HOP // STEP)]
        goal[:] = third[_MARGIN // STEP : _MARGIN // STEP + goal.size]
    return kept, both


@kernel
def _mix(
    audio: F32, start: int, left: float, right: float, even: F32, odd: F32, heard: F32
) -> None:
    """left x left + right x right from the even sample `start` on, its even and odd samples apart,
    silence outside. `heard` adds up squares of the mix and of the sides, in every eighth row.
    """
    low, high = max(0, start), min(audio.shape[1], start + 2 * even.size)
    p, q = np.float32(left), np.float32(right)
    count = (high - low) // 2
    shift = (low - start) // 2
    even[:shift], odd[:shift] = 0.0, 0.0
    even[shift + count :], odd[shift + count :] = 0.0, 0.0
    a = audio[0, low : low + 2 * count].reshape(count, 2)
    b = audio[1, low : low + 2 * count].reshape(count, 2)
    evens, odds = even[shift : shift + count], odd[shift : shift + count]
    for at in range(count):
        evens[at] = p * a[at, 0] + q * b[at, 0]
        odds[at] = p * a[at, 1] + q * b[at, 1]
    if (high - low) % 2:
        even[shift + count] = p * audio[0, high - 1] + q * audio[1, high - 1]
    half = np.float32(0.5)
    for row in range(0, count - _LANES + 1, 8 * _LANES):
        for lane in range(_LANES):
            x, y, z = evens[row + lane], a[row + lane, 0], b[row + lane, 0]
            heard[0, lane] += x * x
            heard[1, lane] += half * (y * y + z * z)
    if count < _LANES:
        for at in range(count):
            heard[0, at] += evens[at] * evens[at]
            heard[1, at] += half * (a[at, 0] * a[at, 0] + b[at, 0] * b[at, 0])


@kernel
def _split(sound: F32, even: F32, odd: F32) -> None:
    """The even and the odd samples of `sound`."""
    size = sound.size // 2
    pairs = sound.reshape(size, 2)
    evens, odds = even[:size], odd[:size]
    for at in range(size):
        evens[at] = pairs[at, 0]
        odds[at] = pairs[at, 1]


@kernel
def _lower_shortly(even: F32, odd: F32, taps: F32, low: F32) -> None:
    """The lower half band of the sound at half its rate, by three taps, but for both ends."""
    count = low.size - 6
    half = np.float32(0.5)
    first, second, third = taps[0], taps[1], taps[2]
    middle, goal = even[3 : 3 + count], low[3 : 3 + count]
    a, b, c = odd[:count], odd[1 : 1 + count], odd[2 : 2 + count]
    d, e, f = odd[3 : 3 + count], odd[4 : 4 + count], odd[5 : 5 + count]
    low[:3], low[3 + count :] = 0.0, 0.0
    for at in range(count):
        goal[at] = (
            half * middle[at]
            + first * (c[at] + d[at])
            + second * (b[at] + e[at])
            + third * (a[at] + f[at])
        )


@kernel
def _lower(even: F32, odd: F32, taps: F32, low: F32) -> None:
    """The same by any number of taps."""
    size = low.size
    half = np.float32(0.5)
    for at in range(size):
        low[at] = half * even[at]
    for k in range(taps.size):
        tap = taps[k]
        count = size - 2 * k - 1
        goal, before, after = low[k + 1 :], odd[:count], odd[2 * k + 1 :]
        for at in range(count):
            goal[at] += tap * (before[at] + after[at])


@kernel
def _add_energy(even: F32, low: F32, start: int, hop: int, energy: F32) -> None:
    """Mean squares of what `low` leaves of `even`, per `hop` from `start` on."""
    lanes = np.zeros(WIDTH, np.float32)
    for index in range(energy.size):
        heap = splat(np.float32(0.0))
        for at in range(start + index * hop, start + (index + 1) * hop, WIDTH):
            off = load(even, at) - load(low, at)
            heap = fma(off, off, heap)
        store(lanes, 0, heap)
        energy[index] = lanes.sum() / np.float32(hop)
