"""Clips that are not stretched, and notes: verbatim, "slices/1", "granular/1", "struck/1".

Knows one clip and one stem. Invariant: every sample is a sum, in a fixed order, of source samples
chosen by integers, so any cut gives the same bits.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from generation.engine import grains, slices
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio, Reals, Samples, exp2_of
from generation.engine.reference.arithmetic import DB
from generation.engine.reference.reading import pick, read_between, slice_of
from generation.engine.timemap import TimeMap
from generation.recipe import SAMPLE_RATE_HZ, Clip, Grains, Note


class Voice(Protocol):
    """Anything that can make samples [lo, hi) of the variation."""

    def sound(self, lo: int, hi: int) -> Tensor:
        """Float32 [2, hi - lo]."""


class VerbatimVoice:
    """A clip at its own pace and pitch: the stem's samples as they are."""

    def __init__(self, clip: Clip, stem: Tensor) -> None:
        first = TimeMap(clip.anchors).sources(np.array([0], dtype=np.int64))
        self._shift, self._stem = int(first[0]), stem

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo]."""
        return slice_of(self._stem, lo + self._shift, hi + self._shift)


class SliceVoice:
    """One clip of one stem as slices, bounded as `slices.Slices` plans them."""

    def __init__(self, clip: Clip, stem: Tensor, onsets: Onsets) -> None:
        self._stem = stem
        plan = slices.Slices(clip, np.zeros((2, 0), dtype=np.float32), onsets)
        self._source = torch.from_numpy(plan._src).to(stem.device)
        self._moved = torch.from_numpy(plan._out).to(stem.device)

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], fades not yet applied."""
        t = torch.arange(lo, hi, device=self._stem.device)
        j = torch.searchsorted(self._moved, t, right=True) - 1
        inside = (j >= 0) & (j < len(self._moved) - 1)
        j = j.clamp(0, len(self._moved) - 2)
        begin, until = self._source[j], self._source[j + 1]
        start, end = self._moved[j], self._moved[j + 1]
        length, room = until - begin, end - start
        plain = pick(self._stem, begin + t - start)
        out = torch.where(room > length, self._longer(begin, length, room, t - start), plain)
        width = torch.where(length == room, 0, torch.clamp_max(room // 4, slices.CROSS))
        left = end - t
        ahead = pick(self._stem, until - left)
        weight = _smooth(left.float() / (width + 1).float())
        out = torch.where(left <= width, ahead + (out - ahead) * weight, out)
        return out * inside

    def _longer(self, begin: Tensor, length: Tensor, room: Tensor, at: Tensor) -> Tensor:
        """Sample `at` of slices that last longer than their source: overlapping grains of tails."""
        attack = torch.clamp_max(length // 2, slices.ATTACK)
        hop = ((length - attack) // 2).clamp(64, slices.GRAIN)
        spare = (length - attack - 2 * hop).clamp_min(0)
        behind = (at - attack).clamp_min(0)
        grain, beside = behind // hop, behind % hop
        stretched = (room - attack).clamp_min(1)
        here = begin + attack + grain * hop * spare // stretched + beside
        there = begin + attack + (grain + 1) * hop * spare // stretched + beside - hop
        here = torch.where(grain == 0, begin + at, here)
        near, far = pick(self._stem, here), pick(self._stem, there)
        mixed = near + (far - near) * _smooth(beside.float() / hop.float())
        return torch.where(at < attack, near, mixed)


def _smooth(x: Tensor) -> Tensor:
    return x * x * (3.0 - 2.0 * x)


class CloudVoice:
    """One clip of one stem as grains."""

    def __init__(self, clip: Clip, plan: Grains, stem: Tensor) -> None:
        self._stem, self._plan = stem, plan
        self._map = TimeMap(clip.anchors)
        self._pace, weights = grains.pace_of(clip.semitones)
        self._weights = torch.from_numpy(weights).to(stem.device)
        size = max(64, round(plan.grain_ms * SAMPLE_RATE_HZ / 1000)) // 2 * 2
        shape = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
        crowd = plan.per_second * size / SAMPLE_RATE_HZ * 0.375
        self._shape: Audio = (shape / np.sqrt(max(1.0, crowd))).astype(np.float32)
        self._every = SAMPLE_RATE_HZ / plan.per_second
        # Grains whose numbers are so far apart never overlap.
        self._turns = int(size // self._every) + 2

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], fades not yet applied."""
        size, every, plan = len(self._shape), self._every, self._plan
        numbers = np.arange(int((lo - size) // every) - 1, int((hi + size) // every) + 2)
        draws = np.empty((3, len(numbers)))
        grains.draw(plan.seed, numbers, draws)
        centres = np.floor((numbers + draws[0]) * every).astype(np.int64)
        spread = plan.spread_ms * SAMPLE_RATE_HZ / 1000
        reads = self._map.sources(centres) + np.floor((2 * draws[1] - 1) * spread).astype(np.int64)
        pans = (2 * draws[2] - 1) * plan.pan_spread
        out = self._stem.new_zeros((2, hi - lo))
        for turn in range(self._turns):
            mine = numbers % self._turns == turn
            sown = sow(
                self._stem, centres[mine] - size // 2 - lo, reads[mine], pans[mine], self._pace,
                self._weights, self._shape, hi - lo,
            )  # fmt: skip
            out += sown
        return out


class StruckVoice:
    """A generated note: one slice of a stem, read at its pitch. It sounds in [start, end)."""

    def __init__(self, note: Note, stem: Tensor) -> None:
        self._note, self._stem = note, stem
        self._pace, weights = grains.pace_of(note.semitones)
        self._weights = torch.from_numpy(weights).to(stem.device)
        readable = ((note.slice_end - note.slice_start) << 32) // self._pace
        self.start, size = note.start, min(note.length, int(readable))
        self.end = note.start + size
        ramp_in, ramp_out = min(grains.NOTE_IN, size // 4), min(grains.NOTE_OUT, size // 2)
        place = np.arange(size, dtype=np.float64)
        shape = np.minimum(1.0, np.minimum((place + 1) / (ramp_in + 1), (size - place) / ramp_out))
        self._shape: Audio = (shape * exp2_of(note.gain_db * DB)).astype(np.float32)

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], with the note's own fades."""
        middle = self._note.slice_start + ((self.end - self.start) // 2 * self._pace >> 32)
        begins, reads = np.array([self.start - lo]), np.array([middle])
        return sow(
            self._stem, begins, reads, np.zeros(1), self._pace, self._weights, self._shape, hi - lo
        )


def sow(
    stem: Tensor, begins: Samples, reads: Samples, pans: Reals, pace: int, weights: Tensor,
    shape: Audio, count: int,
) -> Tensor:  # fmt: skip
    """Grains that do not overlap, [2, count]: each begins at `begins`, its middle is at `reads`."""
    size, device = len(shape), stem.device
    near = (begins > -size) & (begins < count)
    i = torch.arange(size, device=device)
    middles = torch.from_numpy(reads[near]).to(device)[:, None] << 32
    places = middles + (i - size // 2) * pace
    plain = pace == 1 << 32
    read = pick(stem, places >> 32) if plain else read_between(stem, places, weights)
    sides = np.stack((pans[near], -pans[near]))
    levels = np.sqrt(np.maximum(0.0, 1.0 - sides)).astype(np.float32)
    read = (
        read * torch.from_numpy(shape).to(device) * torch.from_numpy(levels).to(device)[..., None]
    )
    at = torch.from_numpy(begins[near]).to(device)[:, None] + i
    at = torch.where((at >= 0) & (at < count), at, count).flatten()
    out = stem.new_zeros((2, count + 1))
    out[:, at] = read.flatten(1)
    return out[:, :count]
