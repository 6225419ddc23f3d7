"""The Recipe: everything that determines a variation's audio, as plain data.

It knows times in samples, decibels and digests. It refuses to know files, rows, nets, listeners and
clocks. Invariant: two equal recipes have equal canonical JSON, hence one hash, hence one sound.

Canonical JSON follows RFC 8785 for the values a recipe can hold: keys sorted, no white space,
UTF-8, numbers in their shortest form. To keep that form the same in every language, real numbers
are rounded to four decimals on the way in. The format is described for outside readers in
docs/recipe.md.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, NoReturn, get_args, get_origin

from generation.schemas import UPGRADES

SCHEMA = 4
SAMPLE_RATE_HZ = 48_000
BLOCK_SAMPLES = 4_096
WINDOW_SAMPLES = 4_800
PIECE_SAMPLES = 96_000
POLICY = "k-weighted-shapley/1"


class RecipeError(ValueError):
    """A recipe that cannot be rendered; the message is one sentence for a person."""


class UnknownSchema(RecipeError):
    """The recipe was written in a schema this version does not read."""


class UnknownProcessor(RecipeError):
    """The recipe names a processor, or a version of one, that is not here."""


class UnknownSource(RecipeError):
    """A clip, strip or note points at a source that the recipe does not list."""


class DigestMismatch(RecipeError):
    """The sound handed in under a digest is not the sound that the digest names."""


class OnsetsMismatch(DigestMismatch):
    """The onsets that the recipe names are not at hand, or are not those that it names."""


class OutOfRange(RecipeError):
    """A number is not finite, or lies outside what the format allows."""


@dataclass(frozen=True, slots=True)
class Source:
    """One stem. `digest`: SHA-256 of its canonical PCM; `length`: its samples at 48 kHz; `onsets`:
    the digest of its attacks (see `generation.onsets`), None where none are named."""

    digest: str
    role: str
    length: int
    onsets: str | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Bars and beats; beat n of the variation is at round(origin + n * 60 / tempo_bpm * 48000)."""

    tempo_bpm: float
    beats_per_bar: int
    origin: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A named span of the variation, in samples, half open. `energy` is the plan's, 0 to 1."""

    name: str
    start: int
    end: int
    energy: float


@dataclass(frozen=True, slots=True)
class Grains:
    """How the granular processor strews a stem; every grain follows from `seed` and its number."""

    grain_ms: float
    per_second: float
    spread_ms: float
    pan_spread: float
    seed: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one source laid on the time line.

    It sounds in [start, end) samples of the variation; fades (raised cosine in amplitude) lie
    inside. `anchors` are (variation sample, source sample) pairs rising in the first; between two
    the map is linear, outside the outermost two it goes on with their slope. `processor` is
    "slices/1" (drums: attacks verbatim at stored onsets), "vocoder/3" (phase-locked, `window`
    samples per frame; "vocoder/1" and "vocoder/2" in older recipes) or "granular/1".
    """

    source: int
    processor: str
    start: int
    end: int
    anchors: tuple[tuple[int, int], ...]
    semitones: int = 0
    window: int = 4_096
    formants: bool = False
    fade_in: int = 0
    fade_out: int = 0
    grains: Grains | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """One EQ band. `kind`: "low_shelf", "peak" or "high_shelf" (RBJ cookbook forms)."""

    kind: str
    hz: float
    gain_db: float
    q: float = 0.7071


@dataclass(frozen=True, slots=True)
class Compressor:
    """A feed-forward compressor; release is linear in dB, so its memory is bounded."""

    threshold_db: float
    ratio: float
    attack_ms: float
    release_db_per_s: float
    makeup_db: float = 0.0
    processor: str = "compressor/1"


@dataclass(frozen=True, slots=True)
class Strip:
    """One source's console in one section. `send_db` None sends nothing to the reverb."""

    source: int
    section: int
    gain_db: float
    pan: float = 0.0
    eq: tuple[Band, ...] = ()
    compressor: Compressor | None = None
    send_db: float | None = None


@dataclass(frozen=True, slots=True)
class Reverb:
    """Finite impulse response made from `seed`: decaying noise, one linear filter for all sends."""

    processor: str
    seconds: float
    predelay_ms: float
    damping_hz: float
    return_db: float
    seed: int


@dataclass(frozen=True, slots=True)
class Limiter:
    """Look-ahead limiter at four-times true peak."""

    processor: str = "limiter/1"
    ceiling_dbtp: float = -1.5
    lookahead_ms: float = 5.0
    release_db_per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Bus:
    """What all sources share; its curves are computed from the mix and multiply every part."""

    reverb: Reverb | None
    compressor: Compressor | None
    limiter: Limiter


@dataclass(frozen=True, slots=True)
class Note:
    """A note played by a slice of a source: [slice_start, slice_end) source samples.

    `net` is the digest of the net that wrote it, "" for a note written by rules. `cents` (added to
    the semitones), `loop` and the fades are for "struck/2" alone; what lies in `loop`, a pair of
    source samples inside the slice, is repeated while the note lasts.
    """

    source: int
    start: int
    length: int
    slice_start: int
    slice_end: int
    semitones: int
    gain_db: float
    net: str
    processor: str = "struck/1"
    cents: int = 0
    loop: tuple[int, int] | None = None
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole plan. `length`: samples; `memory`: samples of the past a sample depends on.

    `memory` is 0 where nobody stated it. `console` is the version of everything between a clip and
    the bus: EQ forms, pan law, sends, the cross-fade of sections, every fade's shape. `grid` is
    None for a piece in free time. `key` reads "A min" or is None. `gain_db` is the planned gain of
    the mix before the limiter, `target_lufs` what was asked, `reached_lufs` what is planned.
    """

    mode: str
    length: int
    grid: Grid | None
    key: str | None
    sources: tuple[Source, ...]
    sections: tuple[Section, ...]
    clips: tuple[Clip, ...]
    strips: tuple[Strip, ...]
    bus: Bus
    gain_db: float
    target_lufs: float
    reached_lufs: float
    seed: int
    fade_in: int = 0
    fade_out: int = 0
    notes: tuple[Note, ...] = ()
    nets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    policy: str = POLICY
    memory: int = 0
    schema: int = SCHEMA
    console: str = "console/1"


def processors(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(place, name and version) of everything that makes or weighs the sound, repeats included."""
    yield "console", recipe.console
    yield "policy", recipe.policy
    yield from (("clip", clip.processor) for clip in recipe.clips)
    yield from (("note", note.processor) for note in recipe.notes)
    squeezed = [recipe.bus.compressor, *(strip.compressor for strip in recipe.strips)]
    yield from (("compressor", one.processor) for one in squeezed if one is not None)
    if recipe.bus.reverb is not None:
        yield "reverb", recipe.bus.reverb.processor
    yield "limiter", recipe.bus.limiter.processor


def _plain(value: Any) -> Any:
    """`value` with tuples as lists and reals rounded; raises OutOfRange on what JSON cannot say."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OutOfRange("A recipe holds finite numbers only.")
        rounded = round(value, 4)
        return int(rounded) if rounded == int(rounded) else rounded
    return value


def to_json(recipe: Recipe) -> str:
    """The canonical JSON text of `recipe` (RFC 8785)."""
    return json.dumps(
        _plain(asdict(recipe)), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def sha256_of(recipe: Recipe) -> str:
    """Hex SHA-256 of the canonical JSON: the name of a recipe that is about to be stored."""
    return sha256_of_text(to_json(recipe))


def sha256_of_text(text: str) -> str:
    """Hex SHA-256 of a stored recipe in UTF-8: its name in every licence record.

    A record keeps the hash of the text that was stored; reading may upgrade the recipe, and the
    upgraded one has another text.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def from_json(text: str) -> Recipe:
    """The recipe that `text` describes, upgraded to this schema.

    Raises UnknownSchema, OutOfRange for numbers that are not finite or not of 64 bits, and
    RecipeError where a field is missing, unknown or of the wrong kind.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError("The recipe is not JSON.") from error
    if not isinstance(data, dict):
        raise RecipeError("The recipe is not a JSON object.")
    schema = data.get("schema")
    if type(schema) is not int or (schema != SCHEMA and schema not in UPGRADES):
        raise UnknownSchema(f"The recipe has schema {schema!r}; this reads 1 to {SCHEMA}.")
    try:
        for older in range(schema, SCHEMA):
            data = UPGRADES[older](data)
    except (TypeError, LookupError, ValueError) as error:
        raise RecipeError(f"The recipe does not follow schema {schema}: {error}.") from error
    recipe: Recipe = _read(Recipe, data, "recipe")
    return recipe


@lru_cache(maxsize=512)
def read_once(text: str) -> Recipe:
    """`from_json`, remembered: whoever writes a section, stores and plays it reads one text."""
    return from_json(text)


def _refuse_constant(name: str) -> NoReturn:
    raise OutOfRange(f"A recipe holds finite numbers only, not {name}.")


def _read(kind: Any, value: Any, where: str) -> Any:
    """`value` as the annotation `kind` asks; `where` names the field in a refusal."""
    if get_origin(kind) is UnionType:
        return None if value is None else _read(get_args(kind)[0], value, where)
    if is_dataclass(kind):
        return _object(kind, value, where)
    if get_origin(kind) is tuple:
        return _row(get_args(kind), value, where)
    if kind is str and isinstance(value, str):
        return _text(value, where)
    if kind is bool and isinstance(value, bool):
        return value
    if kind in (int, float) and type(value) in (int, kind):
        return _number(kind, value, where)
    raise _astray(where, f"is not of the kind {getattr(kind, '__name__', kind)}")


def _astray(where: str, fault: str) -> RecipeError:
    return RecipeError(f"The recipe does not follow schema {SCHEMA}: {where} {fault}.")


def _object(kind: Any, value: Any, where: str) -> Any:
    """A dataclass from an object that holds each of its fields and nothing else."""
    known = [field.name for field in fields(kind)]
    if not isinstance(value, dict):
        raise _astray(where, "is not an object")
    for name in sorted({*known} ^ {*value}):
        raise _astray(where, f"lacks {name!r}" if name in known else f"has an unknown {name!r}")
    return kind(**{f.name: _read(f.type, value[f.name], f.name) for f in fields(kind)})


def _row(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """A tuple of as many as there are `kinds`, or of any number where they end in `...`."""
    if not isinstance(value, list):
        raise _astray(where, "is not a list")
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], item, where) for item in value)
    if len(value) != len(kinds):
        raise _astray(where, f"has not {len(kinds)} items")
    return tuple(_read(kind, item, where) for kind, item in zip(kinds, value, strict=True))


def _text(value: str, where: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _astray(where, "holds half a letter")
    return value


def _number(kind: type[int] | type[float], value: float, where: str) -> float:
    """Canonical JSON writes 2.0 as 2, so a real may come as an integer; never the other way."""
    if not abs(value) < 1 << 63:
        raise OutOfRange(f"The recipe's {where} is not a finite number of 64 bits.")
    return kind(value)


def beat_sample(grid: Grid, beat: int) -> int:
    """The sample of beat number `beat`, rounded half to even."""
    return grid.origin + round(beat * 60.0 / grid.tempo_bpm * SAMPLE_RATE_HZ)


def piece_count(recipe: Recipe) -> int:
    """How many pieces of at most PIECE_SAMPLES the variation is rendered in."""
    return -(-recipe.length // PIECE_SAMPLES)


def piece_range(recipe: Recipe, index: int) -> tuple[int, int]:
    """The half-open sample range of piece `index`."""
    start = index * PIECE_SAMPLES
    return start, min(recipe.length, start + PIECE_SAMPLES)
