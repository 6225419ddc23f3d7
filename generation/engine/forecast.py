"""How loud a recipe will be, foreseen from stored levels and a few stretches of the real thing.

The K-weighted level of each stem (the diagonal of its recording's Gram matrices) is carried along
the time maps of its clips. Stretches taken where the energy lies are rendered by the real
processors; what each source gives there, over what its samples hold at that very place, is what its
processors and console do to it. Knows a recipe and its stems. Invariant: a forecast follows from
them alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from generation.engine import dynamics
from generation.engine.bus import Bus
from generation.engine.clips import Onsets, ramp
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import Audio, Reals, Samples, Turns, fade_at, fixed
from generation.engine.loudness import weigh_hops
from generation.engine.spans import Span, spans_of
from generation.engine.struck import pace_of, size_of
from generation.engine.tape import Cache
from generation.engine.timemap import TimeMap
from generation.recipe import BLOCK_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, Clip, Note, Recipe

PROBES = 6
PROBE_SAMPLES = 10 * BLOCK_SAMPLES
LEAD_BLOCKS = 8
# Probes that repeat with the bars would all hear the same beat.
GOLDEN = 0.6180339887498949
# Widest that a processor and a console are believed to change a source's energy, either way.
WIDEST = 100.0

# Samples per span, and the K-weighted mean square of each span, channels added.
Levels = tuple[int, Reals]


@dataclass(frozen=True, slots=True)
class Probe:
    """A stretch of the mix before gain and limiter, from `start` on.

    `peaks`: its true peaks per limiter step. `powers`: its K-weighted mean squares per
    dynamics.STEP. `weight`: how much of the piece it stands for, beside the others.
    """

    start: int
    sound: Audio
    peaks: Turns
    powers: Reals
    weight: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`hops`: K-weighted mean square of the mix per 100 ms, at 0 dB of planned gain."""

    hops: Reals
    probes: tuple[Probe, ...]


def levels_of(stem: Audio, span: int = SAMPLE_RATE_HZ) -> Levels:
    """The levels of float32 [2, n], where none were stored."""
    return span, mean_squares(np.asarray(stem), span)


def mean_squares(sound: Audio, hop: int) -> Reals:
    """K-weighted mean squares of each hop, channels added; what the last one lacks is silence."""
    hops = np.zeros(sound.shape[1] // hop + 1)
    state = np.zeros((len(K_WEIGHTING), 4))
    weigh_hops(fixed(sound), K_WEIGHTING, state, 0, hop, hops)
    return hops


def forecast(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    levels: Mapping[str, Levels],
) -> Forecast:
    """What `recipe` will be like; `levels` by digest, measured here for stems that lack them."""
    spans = [spans_of(recipe, index) for index in _sources(recipe)]
    planned = np.stack(
        [_planned(recipe, index, stems, levels, held) for index, held in enumerate(spans)]
    )
    whole = planned.sum(axis=0)
    given, made = np.zeros((2, len(recipe.sources)))
    mixed = 0.0
    probes = []
    for lo, hi in _places(recipe, whole):
        short = excerpt_of(recipe, lo, hi)
        bus = Bus(short, stems, onsets, Cache(), room_blocks=LEAD_BLOCKS)
        sound = bus.before_limiter(lo, hi)
        for index, held in enumerate(spans):
            given[index] += _held(recipe, index, stems, held, lo, hi)
            made[index] += _made(recipe, bus.channel(index, lo, hi))
        mixed += mean_squares(sound, BLOCK_SAMPLES).sum() * BLOCK_SAMPLES
        heard = whole[lo // WINDOW_SAMPLES : hi // WINDOW_SAMPLES + 1]
        probes.append(_probe(lo, sound, 1.0 / max(1e-12, float(heard.mean()))))
    return Forecast(planned.T @ _changes(given, made, mixed), tuple(probes))


def _made(recipe: Recipe, poured: Audio | None) -> float:
    """The K-weighted energy of a channel, [left, right, send], and about that of its return.

    The room has unit energy at either ear before its own gain.
    """
    if poured is None:
        return 0.0
    dry = float(mean_squares(poured[:2], BLOCK_SAMPLES).sum()) * BLOCK_SAMPLES
    left, right, send = (float(np.vdot(row, row)) for row in poured)
    room = recipe.bus.reverb
    if room is None or send <= 0.0 or left + right <= 0.0:
        return dry
    level: float = 10.0 ** (room.return_db / 10.0)
    return dry * (1.0 + 2.0 * level * send / (left + right))


def _sources(recipe: Recipe) -> range:
    return range(len(recipe.sources))


def _changes(given: Reals, made: Reals, mixed: float) -> Reals:
    """Per source, what processors, console and bus make of its energy.

    A source that no stretch caught is taken to fare like all of them together.
    """
    together = made.sum() / max(1e-12, given.sum())
    caught = given > 1e-3 * given.sum()
    each = np.where(caught, made / np.maximum(given, 1e-12), together)
    bus = mixed / max(1e-12, made.sum())
    return np.asarray(np.clip(each, together / WIDEST, together * WIDEST) * bus)


def _planned(
    recipe: Recipe, index: int, stems: Mapping[str, Audio], levels: Mapping[str, Levels],
    spans: Sequence[Span],
) -> Reals:  # fmt: skip
    """Per 100 ms, the mean square that a source's clips hold, times the gain of its strips."""
    digest = recipe.sources[index].digest
    span, power = levels.get(digest) or levels_of(stems[digest])
    centers = np.arange(-(-recipe.length // WINDOW_SAMPLES)) * WINDOW_SAMPLES + WINDOW_SAMPLES // 2
    total = np.zeros(len(centers))
    for clip in recipe.clips:
        if clip.source != index or clip.end <= clip.start:
            continue
        first = max(0, clip.start // WINDOW_SAMPLES)
        last = min(len(centers), -(-clip.end // WINDOW_SAMPLES))
        at = TimeMap(clip.anchors).sources(centers[first:last])
        inside = (at >= 0) & (at < stems[digest].shape[1])
        held = power[np.clip(at // span, 0, len(power) - 1)] * inside
        total[first:last] += held * _share(clip, centers[first:last])
    for note in recipe.notes:
        if note.source == index:
            first, last = note.slice_start // span, -(-note.slice_end // span)
            held = float(power[first : min(last, len(power))].mean()) if first < len(power) else 0.0
            total += held * _level(note) * _struck_share(note, centers)
    return total * _gains(spans, centers)


def _share(clip: Clip, centers: Samples) -> Reals:
    """How much of each 100 ms the clip sounds, its fades squared."""
    lo, hi = centers - WINDOW_SAMPLES // 2, centers + WINDOW_SAMPLES // 2
    full = np.minimum(hi, clip.end) - np.maximum(lo, clip.start)
    rise = np.clip((centers - clip.start) / max(1, clip.fade_in), 0.0, 1.0)
    fall = np.clip((clip.end - centers) / max(1, clip.fade_out), 0.0, 1.0)
    shape = np.sin(0.5 * np.pi * np.minimum(rise, fall)) ** 4
    return np.asarray(np.clip(full, 0, None) / WINDOW_SAMPLES * shape)


def _struck_share(note: Note, centers: Samples) -> Reals:
    """How much of each 100 ms the note sounds."""
    lo, hi = centers - WINDOW_SAMPLES // 2, centers + WINDOW_SAMPLES // 2
    full = np.minimum(hi, note.start + size_of(note)) - np.maximum(lo, note.start)
    return np.asarray(np.clip(full, 0, None) / WINDOW_SAMPLES)


def _level(note: Note) -> float:
    """The note's own gain in energy."""
    return float(10.0 ** (note.gain_db / 10.0))


def _gains(spans: Sequence[Span], moments: Samples) -> Reals:
    """The gain of a source's strips in energy at each moment."""
    out = np.ones(len(moments))
    for span in spans:
        inside = (moments >= span.start) & (moments < span.end)
        out[inside] = 10.0 ** (span.strip.gain_db / 10.0)
    return out


def _held(
    recipe: Recipe, index: int, stems: Mapping[str, Audio], spans: Sequence[Span], lo: int, hi: int
) -> float:
    """The K-weighted energy that a source's clips hold in [lo, hi), as `_planned` counts it."""
    stem = stems[recipe.sources[index].digest]
    total = 0.0
    for clip in recipe.clips:
        a, b = max(lo, clip.start), min(hi, clip.end)
        if clip.source != index or a >= b:
            continue
        first, last = (int(x) for x in TimeMap(clip.anchors).sources(np.array([a, b])))
        part = np.asarray(stem[:, max(0, first) : max(0, last)])
        if not part.shape[1]:
            continue
        shape = ramp(clip, a, b)
        faded = 1.0 if shape is None else float(np.mean(shape**2))
        gain = float(_gains(spans, np.array([(a + b) // 2]))[0])
        energy = mean_squares(part, BLOCK_SAMPLES).sum() * BLOCK_SAMPLES
        total += energy * (b - a) / (last - first) * faded * gain
    return total + _held_by_notes(recipe, index, stem, spans, lo, hi)


def _held_by_notes(
    recipe: Recipe, index: int, stem: Audio, spans: Sequence[Span], lo: int, hi: int
) -> float:
    """The K-weighted energy that the slices of a source's notes hold in [lo, hi)."""
    total = 0.0
    for note in recipe.notes:
        a, b = max(lo, note.start), min(hi, note.start + size_of(note))
        if note.source != index or a >= b:
            continue
        pace = pace_of(note) / (1 << 32)
        first = note.slice_start + int((a - note.start) * pace)
        last = min(note.slice_end, first + int((b - a) * pace))
        if last <= first:
            first, last = note.loop or (note.slice_start, note.slice_end)
        gain = float(_gains(spans, np.array([(a + b) // 2]))[0])
        energy = mean_squares(np.asarray(stem[:, first:last]), BLOCK_SAMPLES).sum() * BLOCK_SAMPLES
        total += energy * (b - a) / (last - first) * _level(note) * gain
    return total


def _places(recipe: Recipe, whole: Reals) -> list[tuple[int, int]]:
    """Where to listen, in samples: PROBES stretches apart by the energy, or all of it."""
    blocks = -(-recipe.length // BLOCK_SAMPLES)
    size = PROBE_SAMPLES // BLOCK_SAMPLES
    mass = np.cumsum(whole)
    if blocks <= PROBES * size or mass[-1] <= 0.0:
        return [(0, min(blocks, PROBES * size) * BLOCK_SAMPLES)]
    number = np.arange(PROBES)
    wanted = (number + (0.5 + number * GOLDEN) % 1.0) / PROBES * mass[-1]
    centers = np.searchsorted(mass, wanted) * WINDOW_SAMPLES // BLOCK_SAMPLES
    places: list[tuple[int, int]] = []
    least = 0
    for index, center in enumerate(centers):
        most = blocks - (PROBES - index) * size
        start = int(min(max(center - size // 2, least), most))
        least = start + size
        places.append((start * BLOCK_SAMPLES, least * BLOCK_SAMPLES))
    return places


def _probe(start: int, sound: Audio, weight: float) -> Probe:
    margin = dynamics.PEAK_TAPS
    padded = np.pad(sound, ((0, 0), (margin, margin)))
    peaks = np.empty(sound.shape[1] // dynamics.LIMIT_STEP, dtype=np.int32)
    dynamics.measure_peaks(padded, margin, dynamics.PHASES, peaks, 0.0)
    powers = mean_squares(sound, dynamics.STEP)[:-1]
    return Probe(start, sound, peaks, powers, weight)


def excerpt_of(recipe: Recipe, lo: int, hi: int) -> Recipe:
    """What sounds in [lo, hi), with no more past than loudness needs and no gain."""
    since = lo - LEAD_BLOCKS * BLOCK_SAMPLES
    clips = []
    for clip in recipe.clips:
        if clip.start >= hi or clip.end <= since:
            continue
        if clip.start < since:
            kept = min(clip.fade_out, clip.end - since)
            clip = replace(clip, start=since, fade_in=0, fade_out=kept)
        clips.append(clip)
    notes = [one for one in recipe.notes if one.start < hi and one.start + one.length > since]
    return replace(recipe, clips=tuple(clips), notes=tuple(notes), gain_db=0.0)


def faded_blocks(recipe: Recipe, hops: Reals) -> Reals:
    """Mean squares of the 400 ms blocks, with the fades of the whole piece."""
    centers = np.arange(len(hops)) * WINDOW_SAMPLES + WINDOW_SAMPLES // 2
    shape = np.ones(len(hops))
    fade_at(shape, centers, recipe.fade_in)
    fade_at(shape, recipe.length - 1 - centers, recipe.fade_out)
    faded = hops * shape**2
    if len(faded) < 4:
        return np.empty(0)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(faded, 4).mean(axis=1))
