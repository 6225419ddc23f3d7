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
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 1
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


class OutOfRange(RecipeError):
    """A number is not finite, or lies outside what the format allows."""


@dataclass(frozen=True, slots=True)
class Source:
    """One stem. `digest`: SHA-256 of its canonical PCM; `length`: its samples at 48 kHz."""

    digest: str
    role: str
    length: int


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
    "slices/1" (drums: attacks verbatim at stored onsets), "vocoder/1" (phase-locked, `window`
    samples per frame) or "granular/1".
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
    """A generated note played by a slice of a source: [slice_start, slice_end) source samples."""

    source: int
    start: int
    length: int
    slice_start: int
    slice_end: int
    semitones: int
    gain_db: float
    net: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole plan. `length`: samples; `memory`: samples of the past a block depends on.

    `grid` is None for a piece in free time. `key` reads "A min" or is None. `gain_db` is the
    planned gain of the mix before the limiter, `target_lufs` what was asked, `reached_lufs` what is
    planned.
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


# -- canonical JSON -------------------------------------------------------------------------------


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
    """Hex SHA-256 of the canonical JSON in UTF-8: the recipe's name in every licence record."""
    return hashlib.sha256(to_json(recipe).encode()).hexdigest()


def from_json(text: str) -> Recipe:
    """The recipe that `text` describes, upgraded to this schema.

    Raises UnknownSchema, or RecipeError where a field is missing, unknown or of the wrong kind.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecipeError("The recipe is not JSON.") from error
    if not isinstance(data, dict):
        raise RecipeError("The recipe is not a JSON object.")
    if data.get("schema") != SCHEMA:
        raise UnknownSchema(f"The recipe has schema {data.get('schema')!r}; this reads {SCHEMA}.")
    try:
        return _recipe(data)
    except (TypeError, KeyError, ValueError) as error:
        raise RecipeError(f"The recipe does not follow schema {SCHEMA}: {error}.") from error


def _reals(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """`data` with the named fields as floats: canonical JSON writes 2.0 as 2."""
    return data | {name: float(data[name]) for name in names if data.get(name) is not None}


def _compressor(data: dict[str, Any] | None) -> Compressor | None:
    if data is None:
        return None
    names = ("threshold_db", "ratio", "attack_ms", "release_db_per_s", "makeup_db")
    return Compressor(**_reals(data, *names))


def _clip(data: dict[str, Any]) -> Clip:
    grains = data.get("grains")
    if grains is not None:
        names = ("grain_ms", "per_second", "spread_ms", "pan_spread")
        grains = Grains(**_reals(grains, *names))
    anchors = tuple((int(out), int(src)) for out, src in data["anchors"])
    return Clip(**(data | {"anchors": anchors, "grains": grains}))


def _strip(data: dict[str, Any]) -> Strip:
    bands = tuple(Band(**_reals(band, "hz", "gain_db", "q")) for band in data.get("eq", ()))
    fields = _reals(data, "gain_db", "pan", "send_db")
    return Strip(**(fields | {"eq": bands, "compressor": _compressor(data.get("compressor"))}))


def _bus(data: dict[str, Any]) -> Bus:
    reverb = data["reverb"]
    if reverb is not None:
        reverb = Reverb(**_reals(reverb, "seconds", "predelay_ms", "damping_hz", "return_db"))
    names = ("ceiling_dbtp", "lookahead_ms", "release_db_per_s")
    limiter = Limiter(**_reals(data["limiter"], *names))
    return Bus(reverb=reverb, compressor=_compressor(data["compressor"]), limiter=limiter)


def _recipe(data: dict[str, Any]) -> Recipe:
    grid = data["grid"]
    read = {
        "grid": None if grid is None else Grid(**_reals(grid, "tempo_bpm")),
        "sources": tuple(Source(**item) for item in data["sources"]),
        "sections": tuple(Section(**_reals(item, "energy")) for item in data["sections"]),
        "clips": tuple(_clip(item) for item in data["clips"]),
        "strips": tuple(_strip(item) for item in data["strips"]),
        "notes": tuple(Note(**_reals(item, "gain_db")) for item in data.get("notes", ())),
        "bus": _bus(data["bus"]),
        "nets": tuple(data.get("nets", ())),
        "remarks": tuple(data.get("remarks", ())),
    }
    fields = _reals(data, "gain_db", "target_lufs", "reached_lufs")
    return Recipe(**(fields | read))


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
