"""The particulars of a sealed record: how it came about, as one value that never changes.

Everything that is known when a record is sealed and that rows elsewhere may lose or change later:
who asked for what by digest, which nets took part, how far a person guided it, how much of what is
heard a model made, the codes of its sources as they were, thresholds, versions, how long it is
kept. Pure: it refuses to know rows. Invariant: the same knowledge is the same text, and its SHA-256
names it; what nobody said is null and never guessed.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

SCHEMA = "particulars/1"
KEPT_YEARS = 10
"""How long a record is kept after its subject was last available: accounting and limitation."""
_WHOLE_PPM = 1_000_000


class Oversight(StrEnum):
    """How far a person stood behind what was made, in the words of C2PA 2.4."""

    AUTONOMOUS = "fully_autonomous"
    GUIDED = "prompt_guided"
    VALIDATED = "human_validated"


class OddParticulars(ValueError):
    """What is to be written down is not whole; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class NetUsed:
    """One of our own nets that took part. `version` is None where its file is gone."""

    net: str
    version: int | None
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What the rooms above know of how a subject came about; what they do not say stays null.

    `request_ref`, `request_sha256`: the request and the digest of all that was asked. `job_ref`,
    `attempt`: the job that sealed it, and which try it was. `processors`: everything that made or
    weighed the sound, by name and version. `likeness_thresholds`: their version, where likeness was
    measured. `seed` is the request's, `recipe_schema` the one that the sound was made by.
    """

    title: str = ""
    request_ref: str = ""
    request_sha256: str = ""
    job_ref: str = ""
    attempt: int | None = None
    seed: int | None = None
    oversight: Oversight | None = None
    nets: tuple[NetUsed, ...] | None = None
    recipe_schema: int | None = None
    processors: tuple[str, ...] = ()
    likeness_thresholds: str = ""


UNSAID = Origin()
"""Nothing is known of how it came about."""


@dataclass(frozen=True, slots=True)
class SourceKnown:
    """One stem as it stood when the record was sealed; codes are "" where none was known.

    `ppm` is None where it did not sound; `consents`: the grants that the record rests on for it.
    """

    position: int
    stem: str
    digest: str
    recording: str
    isrc: str
    work: str
    iswc: str
    ppm: int | None
    consents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalKnown:
    """A sound in it that an external net made."""

    position: int
    digest: str
    net: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class HolderAsked:
    """A holder who was asked about it, and how that stood when it was sealed."""

    party: str
    recording: str
    state: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordKnown:
    """The record's own words, as it is sealed. `parts`: sections of a live session, each with a
    recipe and a clearance of its own in the record; 0 where it has none.
    """

    record: str
    subject: tuple[str, str]
    state: str
    use: str
    territory: str
    channel: str
    clearance: str
    terms_sha256: str
    recipe_sha256: str
    windows_sha256: str
    policy: str
    opened_at: datetime
    sealed_at: datetime
    model_ppm: int
    unattributed_ppm: int
    chroma_likeness: float | None
    onset_likeness: float | None
    files: Sequence[Mapping[str, Any]]
    parts: int = 0


def disclosed(model_ppm: int) -> str:
    """How much of what is heard a model made: "none", "part" or "all" of 1,000,000 ppm.

    Raises OddParticulars for what is no share.
    """
    if not 0 <= model_ppm <= _WHOLE_PPM:
        raise OddParticulars("A share lies between 0 and 1,000,000 ppm.")
    if model_ppm == 0:
        return "none"
    return "all" if model_ppm == _WHOLE_PPM else "part"


def particulars_of(
    record: RecordKnown,
    sources: Sequence[SourceKnown],
    external: Sequence[ExternalKnown],
    asked: Sequence[HolderAsked],
    origin: Origin,
) -> dict[str, Any]:
    """The value to be frozen, in plain JSON. Raises OddParticulars where shares are none."""
    return {
        "schema": SCHEMA,
        "record": record.record,
        "subject": {"kind": record.subject[0], "ref": record.subject[1]},
        "title": origin.title or None,
        "use": record.use,
        "territory": record.territory,
        "channel": record.channel,
        "state": record.state,
        "opened_at": _moment(record.opened_at),
        "sealed_at": _moment(record.sealed_at),
        "clearance": record.clearance,
        "terms_sha256": record.terms_sha256,
        "recipe": {"sha256": record.recipe_sha256, "seed": origin.seed},
        "parts": record.parts,
        "request": _either(ref=origin.request_ref, sha256=origin.request_sha256),
        "job": _either(ref=origin.job_ref, attempt=origin.attempt),
        "oversight": origin.oversight.value if origin.oversight else None,
        "disclosure": _disclosure(record, external, origin),
        "sources": [_source(one) for one in sorted(sources, key=lambda one: one.position)],
        "attribution": {"method": record.policy, "windows_sha256": record.windows_sha256},
        "likeness": _likeness(record, origin),
        "review": [_asked(one) for one in asked],
        "engine": {
            "recipe_schema": origin.recipe_schema,
            "processors": sorted(set(origin.processors)),
        },
        "files": [dict(one) for one in record.files],
        "marks": [],
        "retention": {"years_after_available": KEPT_YEARS, "request_text": "none is kept here"},
    }


def text_of(value: Mapping[str, Any]) -> str:
    """The canonical text: keys sorted, no white space, real numbers to six decimals.

    Raises OddParticulars for numbers that are not finite.
    """
    plain = _plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of_text(text: str) -> str:
    """Hex SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def oversight_now(at_sealing: str | None, answers: Sequence[tuple[str, str]]) -> str | None:
    """The level once holders have answered: validated when all who were asked said yes.

    `answers`: (party, state) of every question that did not pass by itself; without any it stays
    what it was at sealing.
    """
    asked = [state for _, state in answers if state != "RELEASED"]
    if asked and all(state == "APPROVED" for state in asked):
        return Oversight.VALIDATED.value
    return at_sealing


def _disclosure(
    record: RecordKnown, external: Sequence[ExternalKnown], origin: Origin
) -> dict[str, Any]:
    """What a model made of it, and which models took part; a net that only set the mix has none of
    the sound and is named all the same.
    """
    return {
        "made_by_model": disclosed(max(record.model_ppm, record.unattributed_ppm)),
        "model_ppm": record.model_ppm,
        "unattributed_ppm": record.unattributed_ppm,
        "nets": None
        if origin.nets is None
        else [
            {"net": one.net, "version": one.version, "weights_sha256": one.weights_sha256}
            for one in sorted(origin.nets, key=lambda one: (one.net, one.weights_sha256))
        ],
        "external": [
            {
                "position": one.position,
                "digest": one.digest,
                "net": one.net,
                "version": one.version,
                "licence": one.licence,
            }
            for one in sorted(external, key=lambda one: one.position)
        ],
    }


def _source(one: SourceKnown) -> dict[str, Any]:
    return {
        "position": one.position,
        "stem": one.stem,
        "digest": one.digest,
        "recording": one.recording,
        "isrc": one.isrc or None,
        "work": one.work,
        "iswc": one.iswc or None,
        "ppm": one.ppm or 0,
        "consents": sorted(one.consents),
    }


def _asked(one: HolderAsked) -> dict[str, Any]:
    return {
        "party": one.party,
        "recording": one.recording,
        "state": one.state,
        "reasons": list(one.reasons),
    }


def _likeness(record: RecordKnown, origin: Origin) -> dict[str, Any] | None:
    """The scores beside the version of what they were held against; null where none was taken."""
    if not origin.likeness_thresholds:
        return None
    return {
        "thresholds": origin.likeness_thresholds,
        "chroma": record.chroma_likeness,
        "onsets": record.onset_likeness,
    }


def _either(**said: str | int | None) -> dict[str, Any] | None:
    """What was said, by name; null where nothing was."""
    found = {name: one if one != "" else None for name, one in said.items()}
    return found if any(one is not None for one in found.values()) else None


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OddParticulars("Particulars hold finite numbers only.")
        rounded = round(value, 6)
        return int(rounded) if rounded == int(rounded) else rounded
    return value
