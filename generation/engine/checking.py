"""Whether a recipe can be rendered, said before any sound is made.

Knows formats and bounds, not taste. Invariant: what passes here renders without an error, to finite
sound.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from generation.engine import eq, reverb, struck
from generation.engine.clips import PROCESSORS, Onsets
from generation.engine.memory import memory_of
from generation.engine.timemap import TimeMap
from generation.engine.vocoder import PAIRS
from generation.onsets import onsets_sha256
from generation.recipe import (
    POLICY,
    SAMPLE_RATE_HZ,
    SCHEMA,
    Clip,
    Compressor,
    DigestMismatch,
    Grains,
    Note,
    OnsetsMismatch,
    OutOfRange,
    Recipe,
    UnknownProcessor,
    UnknownSchema,
    UnknownSource,
    processors,
)

WINDOWS = (2_048, 4_096, 8_192)
SLOPES = (0.25, 3.0)
# Positions below this fit into 31 bits and are exact everywhere.
LONGEST = 12 * 60 * 60 * SAMPLE_RATE_HZ
# Beyond this a gain is silence, and the arithmetic of decibels need not hold.
SOFTEST_DB = -300.0

# Every version of everything that can sound here or weighs what sounded, by its place.
KNOWN: dict[str, tuple[str, ...]] = {
    "clip": PROCESSORS,
    "note": ("struck/1", "struck/2"),
    "compressor": ("compressor/1",),
    "console": ("console/1",),
    "reverb": (reverb.PROCESSOR,),
    "limiter": ("limiter/1",),
    "policy": (POLICY,),
}


def check(recipe: Recipe, stems: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Raises a subclass of RecipeError, with one sentence, for what cannot be rendered.

    UnknownSchema, UnknownProcessor, UnknownSource, DigestMismatch or OutOfRange. A recipe that
    states less memory than its processors need is out of range; one that states 0 states nothing.
    """
    check_known(recipe)
    for name, value in _numbers(recipe):
        if not math.isfinite(value):
            raise OutOfRange(f"The recipe's {name} is not a finite number.")
    _check_whole(recipe)
    _check_sources(recipe, stems)
    _check_sections(recipe)
    for clip in recipe.clips:
        _check_clip(clip, recipe)
    _check_notes(recipe)
    _check_console(recipe)
    _check_memory(recipe)


def check_onsets(recipe: Recipe, onsets: Mapping[str, Onsets]) -> None:
    """Raises OnsetsMismatch unless the onsets at hand are those that the recipe names.

    A source that names none is rendered with whatever is given for it.
    """
    for source in recipe.sources:
        if source.onsets is None:
            continue
        found = onsets.get(source.digest)
        if found is None:
            raise OnsetsMismatch(f"The onsets of the stem {source.digest[:12]} are not at hand.")
        if onsets_sha256(found[0].tolist(), found[1].tolist()) != source.onsets:
            raise OnsetsMismatch(
                f"The onsets at hand for the stem {source.digest[:12]} are not those that the "
                "recipe names."
            )


def check_known(recipe: Recipe) -> None:
    """Raises UnknownSchema or UnknownProcessor for a recipe that another engine was made for."""
    if recipe.schema != SCHEMA:
        raise UnknownSchema(f"The recipe has schema {recipe.schema!r}; this renders {SCHEMA}.")
    for place, name in processors(recipe):
        if name not in KNOWN[place]:
            raise UnknownProcessor(f"The {place} {name!r} is not known here.")


def _check_whole(recipe: Recipe) -> None:
    _need(0 < recipe.length <= LONGEST, "The recipe's length must be within twelve hours.")
    _need(abs(recipe.gain_db) <= 60, "The planned gain lies beyond 60 dB.")
    _need(0 <= recipe.fade_in <= LONGEST, "A fade cannot be negative or last over twelve hours.")
    _need(0 <= recipe.fade_out <= LONGEST, "A fade cannot be negative or last over twelve hours.")
    _need(0 <= recipe.seed < 1 << 63, "A seed is a natural number below 2**63.")
    if recipe.grid is not None:
        _need(20 <= recipe.grid.tempo_bpm <= 400, "The tempo must lie between 20 and 400 bpm.")
        _need(1 <= recipe.grid.beats_per_bar <= 32, "A bar has 1 to 32 beats.")
        _need(abs(recipe.grid.origin) <= LONGEST, "The grid begins within twelve hours.")


def _check_memory(recipe: Recipe) -> None:
    if recipe.memory == 0:
        return
    needed = memory_of(recipe)
    _need(
        recipe.memory >= needed,
        f"The recipe states a memory of {recipe.memory} samples; it needs {needed}.",
    )


def _need(holds: bool, sentence: str) -> None:
    if not holds:
        raise OutOfRange(sentence)


def _numbers(value: Any, name: str = "value") -> Iterator[tuple[str, float]]:
    """Every real number inside, in order, with the name of its field.

    Fields whose kind has no place for one are passed over: anchors are many.
    """
    waiting = [(name, value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, float):
            yield name, value
        elif isinstance(value, tuple):
            waiting += [(name, item) for item in reversed(value)]
        elif is_dataclass(value):
            waiting += [(one, getattr(value, one)) for one in _real_fields(cast(Any, type(value)))]


@cache
def _real_fields(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass in which there may be real numbers, the last first."""
    return tuple(field.name for field in reversed(fields(kind)) if _may_be_real(field.type))


def _may_be_real(kind: Any) -> bool:
    """Whether what is annotated as `kind` is or holds a real number."""
    if is_dataclass(kind):
        return bool(_real_fields(cast(Any, kind)))
    return kind is float or any(map(_may_be_real, get_args(kind)))


def _check_sources(recipe: Recipe, stems: Mapping[str, npt.NDArray[np.float32]]) -> None:
    _need(len(recipe.sources) > 0, "A recipe needs at least one source.")
    digests = [source.digest for source in recipe.sources]
    _need(len(set(digests)) == len(digests), "A source is listed twice.")
    for source in recipe.sources:
        stem = stems.get(source.digest)
        if stem is None:
            raise UnknownSource(f"The stem {source.digest[:12]} is not at hand.")
        _need(stem.ndim == 2 and stem.shape[0] == 2, "A stem is two rows of samples.")
        _need(stem.dtype == np.float32, "A stem is float32.")
        if stem.shape[1] != source.length:
            raise DigestMismatch(
                f"The stem {source.digest[:12]} has {stem.shape[1]} samples, "
                f"the recipe says {source.length}."
            )


def _check_sections(recipe: Recipe) -> None:
    starts = [section.start for section in recipe.sections]
    _need(starts == sorted(starts), "Sections must follow each other in time.")
    for section in recipe.sections:
        _need(0 <= section.start < section.end, "A section ends after it starts.")
        _need(section.end <= 2 * LONGEST, "A section lies beyond twelve hours.")


def _check_clip(clip: Clip, recipe: Recipe) -> None:
    if not 0 <= clip.source < len(recipe.sources):
        raise UnknownSource("A clip points at a source that the recipe does not list.")
    _need(0 <= clip.start < clip.end <= recipe.length, "A clip lies outside the recipe.")
    _need(clip.fade_in >= 0 and clip.fade_out >= 0, "A fade cannot be negative.")
    _need(
        clip.fade_in + clip.fade_out <= clip.end - clip.start, "Fades are longer than their clip."
    )
    _need(
        clip.semitones in PAIRS or -clip.semitones in PAIRS, "Pitch moves by 12 semitones at most."
    )
    _need(clip.window in WINDOWS, "A vocoder window has 2048, 4096 or 8192 samples.")
    _check_anchors(clip, recipe.sources[clip.source].length)
    if clip.processor == "granular/1":
        _need(clip.grains is not None, "A granular clip needs its grains.")
    if clip.grains is not None:
        _check_grains(clip.grains)


def _check_grains(grains: Grains) -> None:
    _need(5 <= grains.grain_ms <= 2_000, "A grain lasts 5 to 2000 ms.")
    _need(0.1 <= grains.per_second <= 500, "Grains come 0.1 to 500 times a second.")
    _need(0 <= grains.spread_ms <= 20_000, "Grains spread over at most 20 s.")
    _need(0 <= grains.pan_spread <= 1, "Grains spread over at most the whole width.")
    _need(0 <= grains.seed < 1 << 63, "A seed is a natural number below 2**63.")


def _check_anchors(clip: Clip, length: int) -> None:
    outs = [out for out, _ in clip.anchors]
    _need(bool(outs), "A clip needs an anchor.")
    _need(all(a < b for a, b in pairwise(outs)), "Anchors must rise in time.")
    _need(all(abs(out) <= 2 * LONGEST for out in outs), "An anchor lies days away.")
    _need(all(0 <= src <= length for _, src in clip.anchors), "An anchor lies outside its stem.")
    time_map = TimeMap(clip.anchors)
    low = 0.0 if clip.processor == "granular/1" else SLOPES[0]
    for slope in time_map.slopes():
        _need(low <= slope <= SLOPES[1], f"A clip runs at {slope:.3f} times its pace.")


def _check_notes(recipe: Recipe) -> None:
    for note in recipe.notes:
        if not 0 <= note.source < len(recipe.sources):
            raise UnknownSource("A note points at a source that the recipe does not list.")
        length = recipe.sources[note.source].length
        _need(
            0 <= note.slice_start < note.slice_end <= length,
            "A note's slice lies outside its stem.",
        )
        starts_within = 0 <= note.start <= LONGEST
        _need(starts_within and 0 < note.length <= LONGEST, "A note starts in the piece and lasts.")
        _need(abs(note.semitones) in PAIRS, "Pitch moves by 12 semitones at most.")
        _need(abs(note.gain_db) <= 60, "A note's gain lies beyond 60 dB.")
        _check_played(note)


def _check_played(note: Note) -> None:
    """What "struck/2" has more than "struck/1"."""
    if note.processor == "struck/1":
        told = note.cents or note.fade_in or note.fade_out or note.loop is not None
        _need(not told, "Notes of struck/1 have no cents, no loop and fades of their own.")
        return
    _need(abs(note.cents) <= 100, "A note is tuned by 100 cents at most.")
    _need(note.fade_in >= 0 and note.fade_out >= 0, "A fade cannot be negative.")
    _need(note.fade_in + note.fade_out <= note.length, "Fades are longer than their note.")
    if note.loop is not None:
        first, last = note.loop
        inside = note.slice_start <= first and last <= note.slice_end
        _need(inside, "A note's loop lies outside its slice.")
        _need(last - first >= struck.LOOP_LEAST, "A loop lasts 256 samples at least.")


def _check_console(recipe: Recipe) -> None:
    seen = set()
    for strip in recipe.strips:
        if not 0 <= strip.source < len(recipe.sources):
            raise UnknownSource("A strip points at a source that the recipe does not list.")
        _need(0 <= strip.section < len(recipe.sections), "A strip points at no section.")
        _need((strip.source, strip.section) not in seen, "A source has two strips in one section.")
        seen.add((strip.source, strip.section))
        _need(-1 <= strip.pan <= 1, "Pan lies between -1 and 1.")
        _need(SOFTEST_DB <= strip.gain_db <= 40, "A strip's gain lies between -300 and 40 dB.")
        _need(SOFTEST_DB <= (strip.send_db or 0.0) <= 20, "A send lies between -300 and 20 dB.")
        _need(all(0.01 <= band.q <= 100 for band in strip.eq), "A band's q is 0.01 to 100.")
        eq.sections_of(strip.eq)
        _check_compressor(strip.compressor)
    _check_compressor(recipe.bus.compressor)
    limiter = recipe.bus.limiter
    _need(-20 <= limiter.ceiling_dbtp <= 0, "The limiter's ceiling lies between -20 and 0 dBTP.")
    _need(1 <= limiter.lookahead_ms <= 20, "The limiter looks 1 to 20 ms ahead.")
    _need(10 <= limiter.release_db_per_s <= 1_000, "The limiter releases 10 to 1000 dB a second.")
    _check_reverb(recipe)


def _check_compressor(compressor: Compressor | None) -> None:
    if compressor is None:
        return
    _need(compressor.ratio >= 1, "A compressor's ratio is at least 1.")
    _need(-80 <= compressor.threshold_db <= 20, "A threshold lies between -80 and 20 dB.")
    _need(0 <= compressor.attack_ms <= 200, "An attack lasts at most 200 ms.")
    _need(10 <= compressor.release_db_per_s <= 10_000, "A release is 10 to 10000 dB a second.")
    _need(abs(compressor.makeup_db) <= 24, "A make-up gain lies within 24 dB.")


def _check_reverb(recipe: Recipe) -> None:
    room = recipe.bus.reverb
    if room is None:
        return
    _need(0.05 <= room.seconds <= 8, "A room lasts 0.05 to 8 s.")
    _need(0 <= room.predelay_ms <= 500, "A room answers within 500 ms.")
    _need(room.damping_hz >= 100, "A room's damping begins at 100 Hz or above.")
    _need(SOFTEST_DB <= room.return_db <= 24, "A room returns between -300 and 24 dB.")
    _need(0 <= room.seed < 1 << 63, "A seed is a natural number below 2**63.")
