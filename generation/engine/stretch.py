"""Processors "vocoder/2" and "vocoder/3": tonal stems in time and pitch, and their equalizer.

The stem is read at an exact ratio, which moves its pitch, and laid out anew in time by frames on an
absolute grid of output hops (the loops are in `frames` and `phases`). It knows one clip and one
stem. Invariant: a frame's phase is a sum of int32 turns since the last moment that hides a fresh
start (a stored onset of RESET_DB, silence, the clip's beginning), so a run from a checkpoint gives
the same bits as one from there.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generation.engine.fourier import Plan, plan_of
from generation.engine.frames import FROM, HELD, ROWS, count_runs, go_on, run
from generation.engine.kernels import Audio, Flags, Reals, Samples, Turns, aligned
from generation.engine.phases import LEAD
from generation.engine.resample import Reading, ratio_of, reading_of
from generation.engine.tape import Cache
from generation.engine.timemap import TimeMap
from generation.recipe import Clip

# A checkpoint every so many samples of output: 2.7 s.
APART = 131_072
RESET_DB = 9.0
FORMANT_HZ = 200.0
# Frames whose places are worked out at once by a clip that goes on: for few, it is all calls.
AT_ONCE = 1_024


@dataclass(frozen=True, slots=True)
class Shape:
    """Gains per bin on their way through a clip.

    `rows`: float32 [n, >= bins]; `mix(moments)` gives, for samples of the variation, the two rows
    [2, n] to blend and how much of the second.
    """

    rows: Audio
    mix: Callable[[Samples], tuple[Samples, Audio]]


@dataclass(frozen=True, slots=True)
class Manner:
    """What the versions differ in.

    `overlap`: how many frames lie over each sample, or one less. `is_midway`: whether the region of
    a peak ends midway to the next, and not at the weakest bin between.
    """

    overlap: int
    is_midway: bool

    def hop(self, size: int) -> int:
        """Samples of output between frames of `size`, in whole lanes."""
        return -(-size // (16 * self.overlap)) * 16


MANNERS = {"vocoder/2": Manner(4, is_midway=False), "vocoder/3": Manner(3, is_midway=True)}


@dataclass(frozen=True, slots=True)
class Lens:
    """How frames of a size are looked at: windows, hop and transform."""

    size: int
    hop: int
    analysis: Audio
    synthesis: Audio
    plan: Plan


@lru_cache(maxsize=8)
def lens_of(size: int, manner: Manner) -> Lens:
    """Hann windows both ways; the second makes up for the sum of overlaps and the transforms."""
    hop = manner.hop(size)
    windows = aligned(2, size)
    windows[0], windows[1] = windows_of(size, hop)
    return Lens(size, hop, windows[0], windows[1], plan_of(size))


def windows_of(size: int, hop: int) -> tuple[Reals, Reals]:
    """The windows of frames of `size`, `hop` apart: by which they are cut, and laid down again."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    overlap = np.zeros(-(-size // hop) * hop)
    overlap[:size] = hann**2
    sums = overlap.reshape(-1, hop).sum(axis=0)
    return hann, hann / sums[np.arange(size) % hop] / size


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of frames [begin, end) before any is made; all but `pairs` are [n].

    `begins`: where each is cut, in samples read; `moves`: how many since the one before; `fresh`:
    whether it starts afresh; `pairs` [2, n] and `mixes`: the rows of gains to blend.
    """

    begin: int
    end: int
    begins: Samples
    moves: Samples
    fresh: Flags
    pairs: Samples
    mixes: Audio


NO_PLACES: Samples = np.zeros(0, dtype=np.int64)
NO_ROWS: Audio = np.zeros((0, 16), dtype=np.float32)
NO_PAIRS, NO_MIXES = NO_PLACES.reshape(2, 0), NO_ROWS.ravel()
NO_COURSE = Course(
    0, 0, NO_PLACES, NO_PLACES, np.zeros(0, dtype=np.bool_), NO_PAIRS, NO_MIXES
)  # fmt: skip


class Desk:
    """The working memory of one clip: spectra, turns, and the samples read last."""

    def __init__(self, size: int, reading: Reading) -> None:
        self._bins = bins = size // 2 + 1
        self.spectra = aligned(ROWS, size + 80)
        self.held: Samples = np.zeros(HELD, dtype=np.int64)
        self.turns: Turns = aligned(bins + 31, dtype=np.int32)
        self.lists: Turns = aligned(4, bins + 31, dtype=np.int32)
        self.steps: Audio = np.zeros((2, bins), dtype=np.float32)
        self.power = aligned(1, bins + 2 * LEAD + 31)[0]
        self.spare = aligned(3, bins + 31)
        self.gains = aligned(bins + 31)
        self.gains[:] = 1.0
        self.room, self.ring = reading.room(), aligned(2, 4 * size + 2 * reading.block)

    def state(self) -> Turns:
        """The state that the next frame needs beside the spectrum: runs of bins that turn alike.

        Int32 [2, n]: how many bins, and their turns.
        """
        found = np.empty((2, self._bins), dtype=np.int32)
        return found[:, : count_runs(self.turns[: self._bins], found)].copy()

    def take(self, state: Turns) -> None:
        """Puts a state back."""
        self.turns[: self._bins] = np.repeat(state[1], state[0])


class Stretch:
    """One clip of one stem, ready to be sounded in any pieces.

    `stem` is float32 [2, n]; `onsets` are rises of the stem (samples, dB); `shape`: gains per bin.
    """

    def __init__(
        self,
        clip: Clip,
        digest: str,
        stem: Audio,
        onsets: tuple[Samples, Reals],
        cache: Cache,
        shape: Shape | None = None,
    ) -> None:
        self._cache, self._shape = cache, shape
        self._map = TimeMap(clip.anchors)
        manner = MANNERS[clip.processor]
        self._lens = lens = lens_of(clip.window, manner)
        self._is_midway = manner.is_midway
        self._p, self._q = ratio_of(clip.semitones)
        self._reading = reading_of(self._p, self._q)
        self._stem = stem
        self._hidden = onsets[0][onsets[1] >= RESET_DB]
        self._key = (
            clip.processor, digest, hash(self._hidden.tobytes()), clip.anchors, clip.semitones,
            clip.window, clip.start,
        )  # fmt: skip
        wide = round(FORMANT_HZ * lens.size / 48_000)
        self._width = max(2, wide) if clip.formants and clip.semitones else 0
        self._span = APART // lens.hop
        self._first = (clip.start - lens.size // 2) // lens.hop + 1
        self._desk = Desk(lens.size, self._reading)
        self._course = NO_COURSE
        self._next: int | None = None
        # What frames already made give beyond the last sample asked for, and room for the next.
        self._until = 0
        self._rests = aligned(2, lens.size), aligned(2, lens.size)

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the variation into float32 [2, hi - lo], fades not yet applied."""
        lens, (rest, tail) = self._lens, self._rests
        last = -(-(hi + lens.size // 2) // lens.hop)
        if self._until == lo and self._next is not None:
            first, laid = self._next, go_on(rest, out, tail)
        else:
            first, laid = max(self._first, (lo - lens.size // 2) // lens.hop + 1), 0
            tail[:] = 0.0
        at, given = (first, False) if self._next == first else self._start(first)
        if at < last:
            laid = self._run(at, last, given, first, lo, laid, out)
        if laid < hi - lo:
            out[:, laid:] = 0.0
        self._next, self._until = max(first, last), hi
        self._rests = tail, rest

    def take_over(self, other: "Stretch", until: int) -> None:
        """Goes on where `other` is, when that is the same clip, not sounded beyond `until`.

        Where the clip ends may differ. Gains belong to the equalizer, which each has for itself.
        """
        is_same = (self._key, self._width) == (other._key, other._width)
        if not is_same or other._next is None or other._until > until:
            return
        gains = self._desk.gains
        self._desk = other._desk
        self._desk.gains = gains
        self._next, self._until, self._rests = other._next, other._until, other._rests
        other._next = None

    @property
    def key(self) -> Hashable:
        """What is the same for all that `take_over` may go on with."""
        return self._key

    def _start(self, first: int) -> tuple[int, bool]:
        """The newest frame up to `first` from which phase can be carried, and whether it is kept.

        That is a checkpoint, a fresh start, or the clip's beginning.
        """
        self._desk.held[:FROM] = 0
        end, at = first, first // self._span * self._span
        while at > self._first:
            fresh = np.flatnonzero(self._fresh(self._sources(at - 1, end + 1)))
            if len(fresh):
                return at + int(fresh[-1]), False
            state = self._cache.state((*self._key, at))
            if state is not None:
                self._desk.take(state)
                return at, True
            end, at = at - 1, at - self._span
        return self._first, False

    def _sources(self, begin: int, end: int) -> Samples:
        """Where frames [begin, end) have their middle in the stem."""
        return self._map.sources(np.arange(begin, end, dtype=np.int64) * self._lens.hop)

    def _fresh(self, sources: Samples) -> Flags:
        """Whether a hidden onset lies between each frame but the first and the one before."""
        passed = self._hidden.searchsorted(sources, side="right")
        fresh: Flags = passed[1:] > passed[:-1]
        return fresh

    def _run(
        self, begin: int, end: int, given: bool, first: int, lo: int, laid: int, out: Audio
    ) -> int:
        """Frames [begin, end), those from `first` on laid into `out`, which begins at sample lo.

        Up to `laid` something is there already; returns up to where there is now.
        """
        lens, desk, read = self._lens, self._desk, self._reading
        course, at = self._course_of(begin, end), begin
        rows = NO_ROWS if self._shape is None else self._shape.rows
        while at < end:
            until = min(end, -(-at // self._span) * self._span + 1)
            laid = run(
                self._stem, read.rows, read.places, read.p, read.q, desk.room, desk.ring,
                course.begins, course.moves, course.fresh, given, first - course.begin, lens.hop,
                self._is_midway, lens.analysis, lens.synthesis, lens.plan, desk.spectra, desk.held,
                desk.turns, desk.power, desk.lists, desk.steps, self._width, desk.spare, rows,
                course.pairs, course.mixes, desk.gains,
                course.begin * lens.hop - lens.size // 2 - lo, at - course.begin,
                until - course.begin, laid, out, self._rests[1],
            )  # fmt: skip
            if (until - 1) % self._span == 0:
                self._cache.keep_state((*self._key, until - 1), desk.state())
            at, given = until, False
        return laid

    def _course_of(self, begin: int, end: int) -> Course:
        """What is known of frames [begin, end), and of more to come when the clip goes on."""
        if not (self._course.begin <= begin and end <= self._course.end):
            ahead = 0 if self._next is None else AT_ONCE
            self._course = self._plan(begin, max(end, begin + ahead))
        return self._course

    def _plan(self, begin: int, end: int) -> Course:
        sources = self._sources(begin - 1, end)
        places = (2 * sources * self._q + self._p) // (2 * self._p)  # rounded half up
        begins, moves = places[1:] - self._lens.size // 2, places[1:] - places[:-1]
        pairs, mixes = NO_PAIRS, NO_MIXES
        if self._shape is not None:
            moments = np.arange(begin, end, dtype=np.int64) * self._lens.hop
            pairs, mixes = self._shape.mix(moments)
        return Course(begin, end, begins, moves, self._fresh(sources), pairs, mixes)
