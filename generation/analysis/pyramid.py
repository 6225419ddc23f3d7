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

from generation.analysis.halves import add_energy, lower, lower_shortly, mix, split, strengths
from generation.engine.kernels import aligned, kernel

F32 = npt.NDArray[np.float32]

STEP = 8
HOP = 512
OCTAVES_HZ = (4_243.0, 8_485.0, 16_971.0)
_BLOCK = 8_192
_MARGIN = 256
_LOOK = 256
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
    room = aligned(5, _BLOCK // 2 + _MARGIN, blank=False)
    audio = np.ascontiguousarray(audio, np.float32)
    kept, both = _descend(audio, 0.5, 0.5, _SHORT, _LONG, room, slow, energy)
    if kept < _CANCELLED * both:
        energy[:] = 0.0
        _descend(audio, 1.0, 0.0, _SHORT, _LONG, room, slow, energy)
    return Pyramid(slow[: -(-length // STEP)], energy)


@kernel
def _descend(
    audio: F32,
    left: float,
    right: float,
    short: F32,
    long: F32,
    room: F32,
    slow: F32,
    energy: F32,
) -> tuple[float, float]:
    """Fills `slow` and `energy`; returns how strong the mix is, and the mean of both sides, as
    heard in sixteen samples of every `_LOOK`."""
    size = _BLOCK + 2 * _MARGIN
    even, odd, low = room[0], room[1], room[2]
    second, third = room[3, : size // 4], room[4, : size // 8]
    kept, both = 0.0, 0.0
    for start in range(0, audio.shape[1], _BLOCK):
        hops, first = -(-min(_BLOCK, audio.shape[1] - start) // HOP), start // HOP
        mix(audio, start - _MARGIN, left, right, even, odd)
        here = strengths(audio, start, _BLOCK, _LOOK, left, right)
        kept, both = kept + here[0], both + here[1]
        lower_shortly(even, odd, short, low)
        add_energy(even, low, _MARGIN // 2, HOP // 2, energy[2, first : first + hops])
        split(low, even, odd)
        lower_shortly(even[: size // 4], odd[: size // 4], short, second)
        add_energy(even, second, _MARGIN // 4, HOP // 4, energy[1, first : first + hops])
        split(second, even, odd)
        lower(even[: size // 8], odd[: size // 8], long, third)
        add_energy(even, third, _MARGIN // 8, HOP // 8, energy[0, first : first + hops])
        goal = slow[start // STEP : start // STEP + hops * (HOP // STEP)]
        goal[:] = third[_MARGIN // STEP : _MARGIN // STEP + goal.size]
    return kept, both
