"""Meters: integrated loudness, range and true peak of a whole piece, in chunks of any length.

Sources: ITU-R BS.1770-4 (K-weighting, gates), EBU Tech 3342 (loudness range; short-term values once
a second, as libebur128 takes them), 4x true peak with libebur128's interpolator. Knows sound only.
Invariant: the reading does not depend on how the sound was cut into chunks.
"""

import math
from collections.abc import Iterable

import numpy as np

from generation.engine.dynamics import PEAK_TAPS, PHASES, between_sixteen
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import Audio, Reals, fixed, kernel
from generation.engine.vectors import WIDTH, greater, highest_lane, splat
from generation.recipe import WINDOW_SAMPLES

# Samples that are filtered before their squares are added up.
CHUNK = 256
_ABSOLUTE_GATE = 10.0 ** ((-70.0 + 0.691) / 10.0)


def lufs_of(power: float) -> float:
    """Loudness of a K-weighted mean square summed over the channels; power > 0."""
    return -0.691 + 10.0 * math.log10(power)


def gated_lufs(blocks: Reals) -> float | None:
    """Integrated loudness of mean squares of 400 ms blocks; None when all lie below -70 LUFS."""
    loud = blocks[blocks > _ABSOLUTE_GATE]
    if not len(loud):
        return None
    return lufs_of(float(loud[loud > loud.mean() * 0.1].mean()))


class Meter:
    """Reads a piece chunk by chunk; `add` float32 [2, n], then ask."""

    def __init__(self) -> None:
        self._state = np.zeros((len(K_WEIGHTING), 4))
        self._hops: list[Reals] = []
        self._open = np.zeros(1)
        self._filled = 0
        self._edge = np.zeros((2, 2 * PEAK_TAPS), dtype=np.float32)
        self._peak = 0.0

    def add(self, sound: Audio) -> None:
        """Reads the next chunk."""
        count = (self._filled + sound.shape[1]) // WINDOW_SAMPLES
        hops = np.zeros(count + 1)
        hops[0] = self._open[0]
        self._filled = weigh_hops(
            fixed(sound), K_WEIGHTING, self._state, self._filled, WINDOW_SAMPLES, hops
        )
        self._hops.append(hops[:-1])
        self._open = hops[-1:]
        joined = np.concatenate((self._edge, sound), axis=1)
        self._peak = max(self._peak, highest(joined, PHASES))
        self._edge = joined[:, -2 * PEAK_TAPS :].copy()

    def integrated_lufs(self) -> float | None:
        """Integrated loudness with both gates; None when nothing passes the absolute gate."""
        return gated_lufs(self._means(4, 1))

    def powers(self) -> Reals:
        """K-weighted mean squares of each 100 ms, channels added; what the last lacks is silent."""
        ended = self._open if self._filled else self._open[:0]
        return np.concatenate([*self._hops, ended])

    def range_lu(self) -> float:
        """Loudness range: the 10th to 95th percentile of gated short-term loudness.

        0 if too short.
        """
        blocks = self._means(30, 10)
        blocks = blocks[blocks > _ABSOLUTE_GATE]
        if not len(blocks):
            return 0.0
        kept = np.sort(blocks[blocks >= blocks.mean() * 0.01])
        low = kept[int((len(kept) - 1) * 0.10 + 0.5)]
        high = kept[int((len(kept) - 1) * 0.95 + 0.5)]
        return lufs_of(float(high)) - lufs_of(float(low))

    def true_peak_dbtp(self) -> float | None:
        """The highest true peak so far; None for digital silence."""
        ended = np.concatenate((self._edge, np.zeros_like(self._edge)), axis=1)
        peak = max(self._peak, highest(ended, PHASES))
        return 20.0 * math.log10(peak) if peak > 0.0 else None

    def _means(self, hops: int, step: int) -> Reals:
        """Mean squares over runs of `hops` hops of 100 ms, one every `step`."""
        powers = np.concatenate(self._hops) if self._hops else np.empty(0)
        if len(powers) < hops:
            return np.empty(0)
        means = np.lib.stride_tricks.sliding_window_view(powers, hops)[::step].mean(axis=1)
        return np.asarray(means)


def measured(chunks: Iterable[Audio]) -> Meter:
    """A meter that has read all chunks."""
    meter = Meter()
    for chunk in chunks:
        meter.add(chunk)
    return meter


def integrated_lufs(audio: Audio) -> float | None:
    """Integrated loudness of float32 [2, n] at 48 kHz; None for silence or less than 400 ms."""
    return measured([audio]).integrated_lufs()


def true_peak_dbtp(audio: Audio) -> float | None:
    """True peak of float32 [2, n]; None for digital silence."""
    return measured([audio]).true_peak_dbtp()


def loudness_range(audio: Audio) -> float:
    """Loudness range in LU of float32 [2, n]."""
    return measured([audio]).range_lu()


@kernel
def weigh(sound: Audio, sections: Reals, state: Reals, out: Reals) -> None:
    """`out` [2, >= n]: `sound` through both sections of the K filter; `state` [2, 4] goes on.

    What is left in the state of a sound that ended is dropped below 1e-30: it would go on as
    numbers too small to count with at speed.
    """
    b0, b1, b2, a1, a2 = sections[0]
    d0, d1, d2, c1, c2 = sections[1]
    s, t, u, v = state[0]
    w, x, y, z = state[1]
    for i in range(sound.shape[1]):
        left, right = np.float64(sound[0, i]), np.float64(sound[1, i])
        p, q = b0 * left + s, b0 * right + u
        s, t = b1 * left - a1 * p + t, b2 * left - a2 * p
        u, v = b1 * right - a1 * q + v, b2 * right - a2 * q
        left, right = d0 * p + w, d0 * q + y
        w, x = d1 * p - c1 * left + x, d2 * p - c2 * left
        y, z = d1 * q - c1 * right + z, d2 * q - c2 * right
        out[0, i], out[1, i] = left, right
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = s, t, u, v
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = w, x, y, z
    for section in range(2):
        for one in range(4):
            if abs(state[section, one]) < 1e-30:
                state[section, one] = 0.0


@kernel
def weigh_hops(
    sound: Audio, sections: Reals, state: Reals, filled: int, size: int, hops: Reals
) -> int:
    """Adds K-weighted mean squares to `hops`, the first of which holds `filled` samples already.

    `state` [2, 4] carries both filters on. Returns how many samples the last, unfinished hop holds.
    """
    room, place = np.empty((2, CHUNK)), 0
    for start in range(0, sound.shape[1], CHUNK):
        end = min(sound.shape[1], start + CHUNK)
        weigh(sound[:, start:end], sections, state, room)
        for i in range(end - start):
            hops[place] += (room[0, i] * room[0, i] + room[1, i] * room[1, i]) / size
            filled += 1
            if filled == size:
                place, filled = place + 1, 0
    return filled


@kernel
def highest(sound: Audio, phases: Audio) -> float:
    """The largest magnitude on and between the samples of [2, n], read from 12 of them on."""
    top, lanes = np.float32(0.0), splat(np.float32(0.0))
    count, before = sound.shape[1] - PEAK_TAPS + 1, PEAK_TAPS // 2 - 1
    for channel in range(2):
        line = sound[channel]
        done = 0
        while done + WIDTH <= count:
            lanes = greater(lanes, between_sixteen(line, done + before, phases))
            done += WIDTH
        for i in range(line.shape[0]):
            top = max(top, abs(line[i]))
        for i in range(done, count):
            for p in range(phases.shape[0]):
                seen = np.float32(0.0)
                for k in range(PEAK_TAPS):
                    seen += line[i + k] * phases[p, k]
                top = max(top, abs(seen))
    return float(max(top, highest_lane(lanes)))
