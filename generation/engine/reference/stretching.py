"""Processors "vocoder/2" and "vocoder/3" in torch: clips of one frame size, all frames at once.

Frames of all clips lie one after another in one tensor; each clip begins there with a fresh frame
or with turns that are known. Knows clips and stems, not the console. Invariant: a frame follows
from its number, its clip and the turns it was given, whatever stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from generation.engine import resample, stretch
from generation.engine.clips import Onsets
from generation.engine.kernels import Flags, Samples
from generation.engine.phases import SILENT
from generation.engine.reference import peaks, turning
from generation.engine.reference.formants import envelope_gains
from generation.engine.reference.reading import rows_of
from generation.engine.reference.steps import Steps
from generation.engine.spans import Span, shape_of
from generation.engine.timemap import TimeMap
from generation.recipe import Clip

# Turns of so many frames are kept for each clip, one every APART samples and the newest.
KEPT = 512


@dataclass(frozen=True, slots=True)
class Run:
    """Frames [at, last) of one clip, those from `first` on to be laid down.

    `given`: the turns of frame `at`, or None where it starts afresh; `begins`, `moves`, `fresh`:
    per frame, where it is cut, samples since the one before, whether a hidden onset lies between.
    """

    at: int
    first: int
    last: int
    given: Tensor | None
    begins: Samples
    moves: Samples
    fresh: Flags


class StretchedClip:
    """One clip over its stem (a tensor [2, n]), with the turns that were worked out so far."""

    def __init__(self, clip: Clip, stem: Tensor, onsets: Onsets, spans: tuple[Span, ...]) -> None:
        self.clip, self.size, self.device = clip, clip.window, stem.device
        self._stem = stem
        self.manner = stretch.MANNERS[clip.processor]
        self._hop = self.manner.hop(clip.window)
        self._map = TimeMap(clip.anchors)
        self.p, self.q = resample.ratio_of(clip.semitones)
        self._rows = rows_of(self.p, self.q, stem.device)
        self._hidden = onsets[0][onsets[1] >= stretch.RESET_DB]
        self._shape = shape_of(spans, clip.window)
        shaped = np.zeros((0, 0), np.float32) if self._shape is None else self._shape.rows
        bins = clip.window // 2 + 1
        self._shapes = torch.from_numpy(np.ascontiguousarray(shaped[:, :bins])).to(stem.device)
        wide = round(stretch.FORMANT_HZ * clip.window / 48_000)
        self._width = max(2, wide) if clip.formants and clip.semitones else 0
        self._first = (clip.start - clip.window // 2) // self._hop + 1
        self._known: dict[int, Tensor] = {}

    def planned(self, lo: int, hi: int) -> Run:
        """The frames that samples [lo, hi) are made of, and where their phase is carried from."""
        half, hop = self.size // 2, self._hop
        first = max(self._first, (lo - half) // hop + 1)
        last = max(first, -(-(hi + half) // hop))
        at, given = self._start(first)
        moments = np.arange(at - 1, last, dtype=np.int64) * hop
        sources = self._map.sources(moments)
        places = (2 * sources * self.q + self.p) // (2 * self.p)
        fresh = np.diff(np.searchsorted(self._hidden, sources, side="right")) > 0
        fresh[:1] = True
        return Run(at, first, last, given, places[1:] - half, np.diff(places), fresh)

    def _start(self, first: int) -> tuple[int, Tensor | None]:
        """The newest frame up to `first` whose turns are known, or that starts afresh."""
        passed = self._map.sources(
            np.arange(self._first - 1, first + 1, dtype=np.int64) * self._hop
        )
        hidden = np.diff(np.searchsorted(self._hidden, passed, side="right")) > 0
        hidden[0] = True
        afresh = self._first + int(np.flatnonzero(hidden)[-1])
        kept = [frame for frame in self._known if afresh < frame <= first]
        return (max(kept), self._known[max(kept)]) if kept else (afresh, None)

    def keep(self, run: Run, turns: Tensor, hi: int) -> None:
        """Remembers the turns that later calls may start from: on the grid, and where `hi` ends."""
        apart = stretch.APART // self._hop
        grid = range(-(-run.at // apart) * apart, run.last, apart)
        onward = (hi - self.size // 2) // self._hop + 1
        for frame in {*grid, onward} & {*range(run.at, run.last)}:
            self._known[frame] = turns[frame - run.at].clone()
        for frame in sorted(self._known)[: max(0, len(self._known) - KEPT)]:
            del self._known[frame]

    def frames(self, run: Run, window: Tensor, steps: Steps) -> Tensor:
        """The windowed frames of a run, left and right as real and imaginary: [frames, size]."""
        lo = int(run.begins.min())
        sound = steps.read_at(
            self._stem, self._rows, self.p, self.q, lo, int(run.begins.max()) + self.size
        )
        begins = torch.from_numpy(run.begins - lo).to(sound.device)
        cut = sound.unfold(-1, self.size, 1)[:, begins] * window
        return torch.complex(cut[0], cut[1])

    def gains(self, run: Run, power: Tensor) -> Tensor | None:
        """Gains per bin of the frames to be laid, whose `power` is given: equalizer, formants."""
        gains = None
        if self._shape is not None:
            pairs, mixes = self._shape.mix(np.arange(run.first, run.last) * self._hop)
            one, other = self._shapes[torch.from_numpy(pairs).to(power.device)]
            gains = one + (other - one) * torch.from_numpy(mixes).to(power.device)[:, None]
        if self._width:
            kept = envelope_gains(power, self._width, self.p / self.q)
            gains = kept if gains is None else gains * kept
        return gains

    def lay(self, run: Run, pieces: Tensor, lo: int, hi: int) -> Tensor:
        """Windowed pieces [frames, size], complex, laid over each other: [2, hi - lo]."""
        hop, count, deep = self._hop, len(pieces), self.manner.overlap
        filled = pad(torch.view_as_real(pieces), (0, 0, 0, deep * hop - self.size))
        parts = filled.view(count, deep, hop, 2)
        out = parts.new_zeros((count + deep - 1, hop, 2))
        for part in reversed(range(deep)):
            out[part : part + count] += parts[:, part]
        begin = lo - (run.first * hop - self.size // 2)
        return out.view(-1, 2)[begin : begin + hi - lo].T


def stretched(
    clips: Sequence[StretchedClip], ranges: Sequence[tuple[int, int]], steps: Steps
) -> list[Tensor]:
    """Each clip's samples in its range [lo, hi), float32 [2, hi - lo].

    All have one frame size and one manner.
    """
    runs = [clip.planned(lo, hi) for clip, (lo, hi) in zip(clips, ranges, strict=True)]
    size, manner = clips[0].size, clips[0].manner
    analysis, synthesis = (
        torch.from_numpy(one).float().to(clips[0].device)
        for one in stretch.windows_of(size, manner.hop(size))
    )
    cuts = torch.cat([c.frames(run, analysis, steps) for c, run in zip(clips, runs, strict=True)])
    spectra = torch.fft.fft(cuts)
    loud = torch.view_as_real(cuts).abs().amax((1, 2)) >= SILENT
    power = peaks.power_of(spectra)
    regions = peaks.regions_of(power, size, manner.is_midway)
    turns = _turns(runs, spectra, regions, loud, manner.hop(size))
    found, at = [], 0
    for clip, run, (lo, hi) in zip(clips, runs, ranges, strict=True):
        here = slice(at, at + run.last - run.at)
        clip.keep(run, turns[here], hi)
        laid = slice(at + run.first - run.at, here.stop)
        gains = clip.gains(run, power[laid])
        turned = turning.turned(spectra[laid], regions.numbers[laid], turns[laid], gains)
        pieces = torch.fft.ifft(turned, norm="forward") * synthesis * loud[laid, None]
        found.append(clip.lay(run, pieces, lo, hi))
        at = here.stop
    return found


def _turns(
    runs: Sequence[Run], spectra: Tensor, regions: peaks.Regions, loud: Tensor, hop: int
) -> Tensor:
    """The turns of all runs, int32 [frames, most]; silence and empty spectra start afresh."""
    device, most = spectra.device, regions.peaks.shape[1]
    given = torch.zeros((len(spectra), most), dtype=torch.int32, device=device)
    bound = torch.zeros(len(spectra), dtype=torch.bool, device=device)
    at = 0
    for run in runs:
        if run.given is not None:
            given[at], bound[at] = run.given, True
        at += run.last - run.at
    moves = torch.from_numpy(np.concatenate([run.moves for run in runs])).to(device)
    fresh = torch.from_numpy(np.concatenate([run.fresh for run in runs])).to(device)
    silence_before = pad(~loud[:-1], (1, 0))
    fresh = fresh | ((regions.counts == 0) & ~bound) | silence_before
    return turning.carried(spectra, regions, moves, fresh, given, hop)
