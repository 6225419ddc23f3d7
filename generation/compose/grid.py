"""Bars of a recording, and how they are laid on the bars of a variation.

It knows beat positions in samples. It refuses to know stems, moods and sections. Invariant: a
source's uneven beats fall on the even beats of the variation, so drift in the playing becomes a
steady tempo.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from generation.analysis.values import Part, RecordingAnalysis
from generation.recipe import SAMPLE_RATE_HZ

FREE_BAR_SECONDS = 2.0
PLAIN_SAMPLES = 96  # 2 ms: a stretch that adds up to less is left out
STEADY_SAMPLES = 480  # 10 ms: beats this near to a straight line are taken as one straight line


@dataclass(frozen=True, slots=True)
class SourceGrid:
    """Beats of one recording: beat b of bar k is `points[k * beats_per_bar + b]`, in samples.

    `points` holds one more: the end of the last bar. `is_free`: made up, for music without a tempo.
    """

    points: tuple[int, ...]
    beats_per_bar: int
    parts: tuple[Part, ...]
    is_free: bool

    @property
    def bars(self) -> int:
        """How many whole bars there are."""
        return (len(self.points) - 1) // self.beats_per_bar

    def beat_samples(self) -> float:
        """The median length of a beat."""
        return median(b - a for a, b in pairwise(self.points))

    def bar_span(self, bar: int) -> tuple[int, int]:
        """First sample of `bar` and first after it."""
        first = bar * self.beats_per_bar
        return self.points[first], self.points[first + self.beats_per_bar]


def source_grid(analysis: RecordingAnalysis) -> SourceGrid | None:
    """The bars of a recording with a confident tempo, else None.

    Bars whose beats were not all found are divided evenly; whole bars that fit before the first and
    after the last downbeat are added at the median length.
    """
    downs = list(analysis.downbeats)
    if analysis.tempo_bpm is None or len(downs) < 3:
        return None
    per_bar = analysis.beats_per_bar
    length = round(median(b - a for a, b in pairwise(downs)))
    before = 0
    while downs[0] - length >= 0:
        downs.insert(0, downs[0] - length)
        before += 1
    while downs[-1] + length <= analysis.length + length // 16:
        downs.append(min(analysis.length, downs[-1] + length))
    points: list[int] = []
    for start, end in pairwise(downs):
        points += _beats_of_bar(analysis.beats, start, end, per_bar)
    points.append(downs[-1])
    bars = len(downs) - 1
    moved = [Part(p.label, p.bar + before, p.bars, p.energy) for p in analysis.parts]
    parts = tuple(p for p in moved if p.bar + p.bars <= bars and p.bars > 0)
    return SourceGrid(tuple(points), per_bar, parts or _even_parts(bars), is_free=False)


def _beats_of_bar(beats: tuple[int, ...], start: int, end: int, per_bar: int) -> list[int]:
    found = beats[bisect_left(beats, start) : bisect_left(beats, end)]
    if len(found) == per_bar and found[0] == start:
        return list(found)
    return [start + round(n * (end - start) / per_bar) for n in range(per_bar)]


def _even_parts(bars: int) -> tuple[Part, ...]:
    size = next(n for n in (8, 4, 2, 1) if bars >= 2 * n or n == 1)
    return tuple(Part("A", bar, min(size, bars - bar), 0.5) for bar in range(0, bars, size))


def free_grid(length: int, beat_samples: float, per_bar: int = 4) -> SourceGrid:
    """Made-up bars over `length` samples, so that music without a tempo can be cut and laid too."""
    beats = max(per_bar, int(length / beat_samples) // per_bar * per_bar)
    points = tuple(min(length, round(n * beat_samples)) for n in range(beats + 1))
    if points[-1] == points[-2]:
        points = tuple(round(n * length / beats) for n in range(beats + 1))
    return SourceGrid(points, per_bar, _even_parts(beats // per_bar), is_free=True)


def respaced(grid: SourceGrid, factor: float) -> SourceGrid:
    """`grid` counted twice as fast (2.0), as it is (1.0) or half as fast (0.5): the same music.

    A slow song under a fast tempo keeps its own pace and is counted in half beats, and the reverse.
    """
    if factor == 1.0 or grid.is_free:
        return grid
    points, per_bar = grid.points, grid.beats_per_bar
    if factor == 2.0:
        halves = [p for a, b in pairwise(points) for p in (a, (a + b) // 2)]
        parts = tuple(Part(p.label, 2 * p.bar, 2 * p.bars, p.energy) for p in grid.parts)
        return SourceGrid((*halves, points[-1]), per_bar, parts, is_free=False)
    if grid.bars < 2:
        return grid
    kept = points[: grid.bars // 2 * 2 * per_bar + 1 : 2]
    bars = (len(kept) - 1) // per_bar
    parts = tuple(
        Part(p.label, p.bar // 2, p.bars // 2, p.energy)
        for p in grid.parts
        if p.bars >= 2 and p.bar // 2 + p.bars // 2 <= bars
    )
    return SourceGrid(kept, per_bar, parts or _even_parts(bars), is_free=False)


def octave(source_bpm: float, target_bpm: float) -> float:
    """The counting (0.5, 1.0 or 2.0) that brings the source's tempo nearest to the target's."""
    return min(
        (1.0, 2.0, 0.5),
        key=lambda f: max(source_bpm * f / target_bpm, target_bpm / (source_bpm * f)),
    )


def anchors(pairs: list[tuple[float, int]], length: int) -> tuple[tuple[int, int], ...]:
    """(variation, source) anchors for a run of beats: two where the playing is steady, else many.

    `pairs` rise in both; no source sample lies beyond `length`. Estimated beats of a steady
    recording tremble by milliseconds; a straight line through them keeps the stretch constant,
    which sounds better than following the tremble.
    """
    n = len(pairs)
    mean_x = sum(x for x, _ in pairs) / n
    mean_y = sum(y for _, y in pairs) / n
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread
    fit = [mean_y + slope * (x - mean_x) for x, _ in pairs]
    if max(abs(f - y) for f, (_, y) in zip(fit, pairs, strict=True)) > STEADY_SAMPLES:
        return tuple((round(x), y) for x, y in pairs)
    first, last = round(pairs[0][0]), round(pairs[-1][0])
    low, high = max(0, round(fit[0])), min(length, round(fit[-1]))
    if abs((high - low) - (last - first)) <= PLAIN_SAMPLES:
        high = low + last - first
        low = max(0, low - max(0, high - length))
        high = min(length, low + last - first)
    return (first, low), (last, high)


def spans_within(spans: tuple[tuple[int, int], ...], start: int, end: int) -> float:
    """Which fraction of [start, end) the rising, disjoint `spans` cover."""
    first = max(0, bisect_right(spans, (start, start)) - 1)
    covered = 0
    for low, high in spans[first:]:
        if low >= end:
            break
        covered += max(0, min(high, end) - max(low, start))
    return covered / max(1, end - start)


def beats_in(seconds: float, tempo_bpm: float) -> float:
    """How many beats `seconds` last."""
    return seconds * tempo_bpm / 60.0


def seconds_of(samples: float) -> float:
    """`samples` at the house's rate, in seconds."""
    return samples / SAMPLE_RATE_HZ
