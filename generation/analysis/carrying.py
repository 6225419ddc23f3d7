"""What a variation ought to leave behind: its sources' imprints, carried along the recipe.

It knows recipes, time maps and imprints. It refuses to know the variation's own sound. Invariant:
what is expected of a moment follows from the recipe and from the samples that its clips point to
there, so a stretch is expected to be what it is in the whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis.imprint import (
    BANDS,
    CLASSES,
    F32,
    HOP,
    PITCH_HOP,
    PITCH_WINDOW,
    Imprint,
    imprints_of,
    sizes_of,
)
from generation.engine.timemap import TimeMap
from generation.recipe import SAMPLE_RATE_HZ, Clip, Note, Recipe

F64 = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int64]
Span = tuple[int, int]
Pause = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Expected:
    """What each frame should hold of each source, as in Imprint, stretch after stretch.

    `bands` float32 [sources, n, BANDS]; `pitch` float32 [sources, m, CLASSES]; `strewn` float32
    [n]: how much of all of it comes in grains, in mean squares.
    """

    bands: F32
    pitch: F32
    strewn: F32


@dataclass(frozen=True, slots=True)
class Laid:
    """A clip or a note: where it sounds in the variation, what it reads and how.

    `blur`: samples of the source either side of the map's place that sound together with it.
    `level`: its own gain in energy.
    """

    source: int
    start: int
    end: int
    map: TimeMap
    semitones: int
    fade_in: int = 0
    fade_out: int = 0
    blur: int = 0
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class _Frames:
    """One of the two kinds of frames: the middles of all in the stretches, and how far apart."""

    middles: Samples
    hop: int


def no_pause() -> None:
    """Goes on at once."""


def expected_of(
    recipe: Recipe, stems: Mapping[str, F32], stretches: Sequence[Span], pause: Pause = no_pause
) -> Expected:
    """What the stretches [start, end) of the variation, in the order of time, should leave behind.

    Of the stems (float32 [2, n], memory maps welcome) only what is read there is looked at. EQ,
    compressors and room are not reckoned with: whoever compares must bear them. `pause` is called
    after each source.
    """
    bands, pitch = _frames(stretches, HOP, 0), _frames(stretches, PITCH_HOP, 1)
    found = Expected(
        np.zeros((len(recipe.sources), len(bands.middles), BANDS), dtype=np.float32),
        np.zeros((len(recipe.sources), len(pitch.middles), CLASSES), dtype=np.float32),
        np.zeros(len(bands.middles), dtype=np.float32),
    )
    everything = [_of_clip(clip) for clip in recipe.clips]
    everything += [laid for note in recipe.notes for laid in _of_note(note)]
    for index, source in enumerate(recipe.sources):
        laid = [one for one in everything if one.source == index]
        imprint = _imprint_where(stems[source.digest], _spans_read(laid, stretches))
        sums, notes = _sums(imprint.bands), _sums(imprint.pitch)
        gains = _gains(recipe, index)
        for one in laid:
            if not any(one.start < end and one.end > start for start, end in stretches):
                continue
            at, held = _carried(one, gains, bands, sums)
            held = _raised(held, one.semitones)
            found.bands[index, at] += held
            if one.blur:
                found.strewn[at] += held.sum(axis=1)
            at, held = _carried(one, gains, pitch, notes)
            found.pitch[index, at] += np.roll(held, one.semitones, axis=1)
        pause()
    return found


def _frames(stretches: Sequence[Span], hop: int, kind: int) -> _Frames:
    numbers = [(start, sizes_of(end - start)[kind]) for start, end in stretches]
    middles = [start + hop * np.arange(1, number + 1) for start, number in numbers]
    return _Frames(np.concatenate(middles), hop)


def _of_clip(clip: Clip) -> Laid:
    grains = clip.grains if clip.processor.startswith("granular/") else None
    return Laid(
        clip.source,
        clip.start,
        clip.end,
        TimeMap(clip.anchors),
        0 if clip.processor.startswith("slices/") else clip.semitones,
        clip.fade_in,
        clip.fade_out,
        0 if grains is None else _samples(grains.spread_ms + grains.grain_ms / 4.0),
    )


def _of_note(note: Note) -> list[Laid]:
    """The slice up to its end, or to the end of its loop and then the loop round by round."""
    cents = 100 * note.semitones + note.cents
    pace, level = 2.0 ** (cents / 1200.0), 10.0 ** (note.gain_db / 10.0)
    first, last = note.slice_start, note.slice_end if note.loop is None else note.loop[1]
    start, end = note.start, note.start + note.length
    found: list[Laid] = []
    while start < end and (not found or note.loop is not None):
        length = max(1, min(end - start, int((last - first) / pace)))
        anchors = ((start, first), (start + length, first + round(length * pace)))
        found.append(
            Laid(
                note.source,
                start,
                start + length,
                TimeMap(anchors),
                round(cents / 100),
                level=level,
            )
        )
        start += length
        first = first if note.loop is None else note.loop[0]
    return found


def _samples(ms: float) -> int:
    return round(ms * SAMPLE_RATE_HZ / 1000)


# -- what is read of a source ---------------------------------------------------------------------


def _spans_read(laid: Sequence[Laid], stretches: Sequence[Span]) -> list[Span]:
    """The spans of the source that sound in `stretches`, with margins, joined where they meet."""
    spans = []
    for one in laid:
        for start, end in stretches:
            lo, hi = max(start, one.start), min(end, one.end)
            if lo < hi:
                first, last = (int(at) for at in one.map.sources(np.array([lo, hi])))
                # The first and last frames of a stretch have their middles inside it.
                inner = round(PITCH_HOP * max(1.0, 2.0 - (last - first) / (hi - lo)))
                first -= one.blur + (PITCH_WINDOW if lo > start else inner)
                last += one.blur + (PITCH_WINDOW if hi < end else inner)
                spans.append((max(0, first) // PITCH_HOP * PITCH_HOP, last))
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _imprint_where(stem: F32, spans: Sequence[Span]) -> Imprint:
    """The imprint of a stem in `spans`, each from a multiple of PITCH_HOP on; zeros elsewhere."""
    frames, notes = sizes_of(stem.shape[1])
    bands = np.zeros((frames, BANDS), dtype=np.float32)
    pitch = np.zeros((notes, CLASSES), dtype=np.float32)
    parts = imprints_of([stem[:, first:last] for first, last in spans])
    for (first, _), part in zip(spans, parts, strict=True):
        bands[first // HOP :][: len(part.bands)] = part.bands
        pitch[first // PITCH_HOP :][: len(part.pitch)] = part.pitch
    return Imprint(bands, pitch)


def _sums(frames: F32) -> F64:
    sums = np.zeros((len(frames) + 1, frames.shape[1]))
    np.cumsum(frames, axis=0, out=sums[1:])
    return sums


def _up_to(sums: F64, place: F64) -> F64:
    """The sums up to places with a fraction."""
    place = np.clip(place, 0.0, len(sums) - 1)
    whole = np.minimum(place.astype(np.int64), max(0, len(sums) - 2))
    before = sums[whole]
    following = sums[np.minimum(whole + 1, len(sums) - 1)]
    return np.asarray(before + (following - before) * (place - whole)[:, None])


# -- what it becomes ------------------------------------------------------------------------------


def _carried(
    one: Laid, gains: Sequence[tuple[int, int, float]], frames: _Frames, sums: F64
) -> tuple[slice, F64]:
    """The frames in which something sounds, and what it gives each: the mean of what is read."""
    found = slice(*(int(at) for at in np.searchsorted(frames.middles, (one.start, one.end))))
    at, hop = frames.middles[found], frames.hop
    edges = one.map.sources(np.concatenate((at - hop // 2, at + hop // 2)))
    low, high = edges[: len(at)], edges[len(at) :]
    half = np.maximum(hop, high - low) / 2.0 + one.blur
    middle = (low + high - hop) / 2.0
    begin, end = (middle - half) / hop, (middle + half) / hop
    held = np.maximum(_up_to(sums, end) - _up_to(sums, begin), 0.0)
    return found, held * (_levels(one, gains, at) / (end - begin))[:, None]


def _levels(one: Laid, gains: Sequence[tuple[int, int, float]], at: Samples) -> F64:
    """The gain in energy at each moment: strips, fades and the clip's own."""
    if not at.size:
        return np.zeros(0)
    rise = np.clip((at - one.start) / max(1, one.fade_in), 0.0, 1.0)
    fall = np.clip((one.end - at) / max(1, one.fade_out), 0.0, 1.0)
    levels = one.level * np.sin(0.5 * np.pi * np.minimum(rise, fall)) ** 4
    for start, end, gain in gains:
        if start > at[-1] or end <= at[0]:
            continue
        levels[np.searchsorted(at, start) : np.searchsorted(at, end)] *= gain
    return np.asarray(levels)


def _gains(recipe: Recipe, index: int) -> list[tuple[int, int, float]]:
    """Where and by how much a source's strips change its energy."""
    return [
        (section.start, section.end, 10.0 ** (strip.gain_db / 10.0))
        for strip in recipe.strips
        if strip.source == index and (section := recipe.sections[strip.section])
    ]


def _raised(bands: F64, semitones: int) -> F64:
    """Octave bands after a shift in pitch: a part of each goes to its neighbor."""
    part = min(1.0, abs(semitones) / 12.0)
    if not part:
        return bands
    moved = np.zeros_like(bands)
    if semitones > 0:
        moved[:, 1:] = bands[:, :-1]
        moved[:, -1] += bands[:, -1]
    else:
        moved[:, :-1] = bands[:, 1:]
    return (1.0 - part) * bands + part * moved
