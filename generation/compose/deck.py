"""One recording made ready for the composer: its voices, its bars, and how loud each voice is in
each bar.

It knows measured values. It refuses to know what was asked. Invariant: a voice is a stem that is
heard; silent stems never become voices, so nothing is licensed that does not sound.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import log10
from statistics import median

from generation.analysis.values import RecordingAnalysis, StemAnalysis
from generation.compose.frame_sizes import window_for
from generation.compose.grid import SourceGrid, free_grid, respaced, source_grid, spans_within
from generation.compose.keys import Key, parse_key
from generation.compose.values import Song
from generation.onsets import onsets_sha256
from generation.recipe import Source

FLAT_CHROMA = 0.125  # an even spread is 0.083; below this the notes of a stem say no key
SILENT_LUFS = -65.0
PUNCH_DB = 9.0
HOLLOW = 0.1  # 10 dB below the middle bar


@dataclass(frozen=True, slots=True)
class Voice:
    """A stem that may sound. `song` and `stem`: its places; `is_tonal`: it follows a change of
    key; `window`: samples of the frames it is stretched by.
    """

    song: int
    stem: int
    digest: str
    label: str
    role: str
    analysis: StemAnalysis
    is_tonal: bool
    window: int

    @property
    def loudness(self) -> float:
        """Integrated loudness in LUFS."""
        return self.analysis.loudness_lufs if self.analysis.loudness_lufs is not None else -70.0

    @property
    def source(self) -> Source:
        """The stem as a recipe names it, by the onsets that were measured in it."""
        known = self.analysis
        onsets = onsets_sha256(known.onsets, known.onset_db)
        return Source(self.digest, self.role, known.length, onsets)


@dataclass(frozen=True)
class Deck:
    """A recording on the composer's table. `factor`: how its beats are counted; `semitones`: its
    move.
    """

    index: int
    voices: tuple[Voice, ...]
    analysis: RecordingAnalysis
    grid: SourceGrid
    key: Key | None
    semitones: int = 0

    @cached_property
    def power(self) -> dict[int, list[float]]:
        """K-weighted mean square of each stem in each bar, by the stem's place in the recording."""
        bars = [self.grid.bar_span(bar) for bar in range(self.grid.bars)]
        return {v.stem: [self._bar_power(v, a, b) for a, b in bars] for v in self.voices}

    def _bar_power(self, voice: Voice, start: int, end: int) -> float:
        gram, span = self.analysis.gram, self.analysis.gram_span
        if not gram or span <= 0:
            share = spans_within(voice.analysis.active, start, end)
            return float(share * 10 ** ((voice.loudness + 0.691) / 10))
        total = 0.0
        for n in range(max(0, start // span), min(len(gram), -(-end // span))):
            overlap = min(end, (n + 1) * span) - max(start, n * span)
            total += gram[n][voice.stem][voice.stem] * overlap
        return total / max(1, end - start)

    def activity(self, voice: Voice, bars: list[int]) -> float:
        """Which fraction of the time of `bars` the voice is heard."""
        spans = [self.grid.bar_span(bar) for bar in bars]
        return sum(spans_within(voice.analysis.active, a, b) for a, b in spans) / len(spans)

    def onset_count(self, voice: Voice, bar: int) -> int:
        """How many attacks the voice has in `bar`."""
        start, end = self.grid.bar_span(bar)
        onsets = voice.analysis.onsets
        return bisect_left(onsets, end) - bisect_left(onsets, start)

    @cached_property
    def is_hollow(self) -> tuple[bool, ...]:
        """For each bar whether it is near silence beside the others: pauses, tails, faded ends.

        The last bar of a recording is taken for its tail.
        """
        total = [sum(powers) for powers in zip(*self.power.values(), strict=True)]
        floor = HOLLOW * median(total)
        last = len(total) - 1 if len(total) >= 8 else None
        return tuple(power < floor or bar == last for bar, power in enumerate(total))

    @cached_property
    def lift(self) -> dict[int, float]:
        """How much each stem brings energy, -0.5 to 0.5 within the recording, by its place.

        Half by its rank in hard attacks a second, half by its rank in brightness.
        """
        hits = {v.stem: sum(db >= PUNCH_DB for db in v.analysis.onset_db) for v in self.voices}
        shine = {v.stem: v.analysis.centroid_hz for v in self.voices}
        if len(self.voices) < 2:
            return dict.fromkeys(hits, 0.0)
        return {stem: 0.5 * (_rank(stem, hits) + _rank(stem, shine)) - 0.5 for stem in hits}

    def punch(self, bars: range) -> float:
        """Hard attacks a bar, all stems together."""
        start, end = self.grid.bar_span(bars.start)[0], self.grid.bar_span(bars.stop - 1)[1]
        found = 0
        for voice in self.voices:
            onsets = voice.analysis.onsets
            low, high = bisect_left(onsets, start), bisect_left(onsets, end)
            found += sum(db >= PUNCH_DB for db in voice.analysis.onset_db[low:high])
        return found / len(bars)

    def level_db(self, voice: Voice, bars: list[int]) -> float:
        """The voice's loudness over `bars`, in LUFS without gates, at least -70."""
        mean = sum(self.power[voice.stem][bar] for bar in bars) / len(bars)
        return max(-70.0, -0.691 + 10 * log10(max(mean, 1e-12)))


def _rank(stem: int, values: Mapping[int, float]) -> float:
    """The place of a stem's value among all, 0 for the lowest and 1 for the highest."""
    others = [value for other, value in values.items() if other != stem]
    below = sum(value < values[stem] for value in others)
    level = sum(value == values[stem] for value in others)
    return (below + 0.5 * level) / len(others)


def deck_of(index: int, song: Song, *, vocals: bool) -> Deck:
    """The deck of `song`, its grid free where the recording has no confident tempo."""
    voices = tuple(
        Voice(
            index,
            n,
            stem.digest,
            stem.label,
            stem.analysis.role,
            stem.analysis,
            _is_tonal(stem.analysis),
            window_for(stem.analysis.role, stem.analysis),
        )
        for n, stem in enumerate(song.stems)
        if _is_heard(stem.analysis) and (vocals or stem.analysis.role != "vocals")
    )
    grid = source_grid(song.analysis) or free_grid(song.analysis.length, 24_000.0)
    key = parse_key(song.analysis.key) if song.analysis.key else None
    return Deck(index, voices, song.analysis, grid, key)


def recounted(deck: Deck, factor: float) -> Deck:
    """`deck` with its beats counted `factor` times as fast."""
    return replace(deck, grid=respaced(deck.grid, factor))


def freed(deck: Deck, beat_samples: float) -> Deck:
    """`deck` with made-up bars of the given beat, for music that is laid without stretching."""
    return replace(deck, grid=free_grid(deck.analysis.length, beat_samples))


def _is_heard(analysis: StemAnalysis) -> bool:
    loudness = analysis.loudness_lufs
    return loudness is not None and loudness > SILENT_LUFS and analysis.length > 0


def _is_tonal(analysis: StemAnalysis) -> bool:
    return analysis.role != "drums" and max(analysis.chroma, default=0.0) >= FLAT_CHROMA
