"""Processor "slices/1": drums moved in time hit by hit, never pitched.

The stem is cut shortly before its stored onsets. Each slice begins where the time map puts its
onset and plays verbatim; what it lacks is filled by overlapping grains of its own tail, what it has
too much is left out behind a short cross-fade into the run-up of the next hit. Invariant: every
sample is a sum of at most four source samples chosen by integers, so any cut gives the same bits.
"""

import numpy as np

from generation.engine.kernels import Audio, Reals, Samples, kernel
from generation.engine.timemap import TimeMap
from generation.recipe import Clip

GUARD = 96
ATTACK = 2_880
GRAIN = 1_024
SHORTEST = 1_200
CROSS = 480


class Slices:
    """One clip of one stem as slices; `onsets` are stored attacks (samples, dB)."""

    def __init__(self, clip: Clip, stem: Audio, onsets: tuple[Samples, Reals]) -> None:
        self._stem = stem
        time_map = TimeMap(clip.anchors)
        ends = time_map.sources(np.array([clip.start, clip.end], dtype=np.int64))
        inner = spaced(onsets[0], ends[0], ends[1])
        self._src: Samples = np.concatenate((ends[:1], inner - GUARD, ends[1:]))
        moved = time_map.moments(inner) - GUARD
        self._out: Samples = np.concatenate(
            (np.array([clip.start]), moved, np.array([clip.end]))
        ).astype(np.int64)

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the variation into float32 [2, hi - lo], fades not yet applied."""
        out[:] = 0.0
        lay_slices(self._stem, self._src, self._out, lo, out)


@kernel
def spaced(onsets: Samples, begin: int, end: int) -> Samples:
    """The onsets well inside [begin, end), none closer to the one before than SHORTEST."""
    kept, count, last = np.empty_like(onsets), 0, begin
    for onset in onsets:
        if onset - last >= SHORTEST and end - onset >= SHORTEST:
            kept[count] = last = onset
            count += 1
    return kept[:count]


@kernel
def copy(line: Audio, begin: int, out: Audio) -> None:
    """`out` gets the source from `begin` on; zeros lie outside."""
    length, size = line.shape[0], out.shape[0]
    lo, hi = min(max(0, -begin), size), max(min(size, length - begin), 0)
    out[:] = 0.0
    for i in range(lo, hi):
        out[i] = line[begin + i]


@kernel
def lengthen(
    line: Audio, begin: int, src_length: int, out_length: int, first: int, out: Audio
) -> None:
    """Samples `first` on of a slice that begins at `begin` and lasts longer than its source.

    After its head of at most ATTACK samples, grains of the tail are laid half over each other; the
    first goes on where the head ends, the last ends where the source slice ends.
    """
    attack = min(ATTACK, src_length // 2)
    hop = max(64, min(GRAIN, (src_length - attack) // 2))
    room = max(0, src_length - attack - 2 * hop)
    size, at = out.shape[0], min(max(0, attack - first), out.shape[0])
    copy(line, begin + first, out[:at])
    near, far = np.empty(hop, dtype=np.float32), np.empty(hop, dtype=np.float32)
    while at < size:
        grain, beside = (first + at - attack) // hop, (first + at - attack) % hop
        count = min(hop - beside, size - at)
        here = begin + attack + grain * hop * room // (out_length - attack) + beside
        there = begin + attack + (grain + 1) * hop * room // (out_length - attack) + beside - hop
        if grain == 0:
            here = begin + first + at
        copy(line, here, near[:count])
        copy(line, there, far[:count])
        for i in range(count):
            x = np.float32(beside + i) / np.float32(hop)
            rising = x * x * (np.float32(3.0) - np.float32(2.0) * x)
            out[at + i] = near[i] + (far[i] - near[i]) * rising
        at += count


@kernel
def cross(line: Audio, begin: int, left: int, width: int, out: Audio) -> None:
    """Blends the last samples of a slice into the run-up that ends at `begin`; `left` are to go."""
    for i in range(out.shape[0]):
        place = begin - left + i
        ahead = line[place] if 0 <= place < line.shape[0] else np.float32(0.0)
        x = np.float32(left - i) / np.float32(width + 1)
        weight = x * x * (np.float32(3.0) - np.float32(2.0) * x)
        out[i] = ahead + (out[i] - ahead) * weight


@kernel
def lay_slices(stem: Audio, src: Samples, moved: Samples, lo: int, out: Audio) -> None:
    """Writes samples [lo, lo + n) of the slices bounded by `src` and `moved` into `out` [2, n]."""
    hi = lo + out.shape[1]
    for j in range(src.shape[0] - 1):
        a, b = max(lo, moved[j]), min(hi, moved[j + 1])
        if a >= b:
            continue
        src_length, out_length = src[j + 1] - src[j], moved[j + 1] - moved[j]
        width = 0 if src_length == out_length else min(CROSS, out_length // 4)
        tail = max(a, moved[j + 1] - width)
        for channel in range(2):
            line, row = stem[channel], out[channel, a - lo : b - lo]
            if out_length <= src_length:
                copy(line, src[j] + a - moved[j], row)
            else:
                lengthen(line, src[j], src_length, out_length, a - moved[j], row)
            if tail < b:
                cross(line, src[j + 1], moved[j + 1] - tail, width, row[tail - a :])
