"""The verbs of a variation: request (`asking`), open, store a piece, seal, withdraw, cancel, fail.

Who composes and renders calls from above; here a recipe is text and sound is a name in the store.
Invariants: one key of a requester has one variation; nothing can be fetched before the licence
record is open; a piece that comes twice is stored once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from generation import recipe as recipes
from generation.external import of_stems
from generation.variations import rules
from generation.variations.asking import request_variation
from generation.variations.jobs import locked, mend_variations, put_pieces, put_seal
from generation.variations.models import Segment, Variation, VariationFile
from generation.variations.reach import reach_of
from generation.variations.rules import State
from generation.work import operations as work
from licensing.attribution.operations import open_record, seal_record, void_record
from licensing.attribution.particulars import UNSAID, Origin
from licensing.attribution.rules import ExternalMade
from licensing.audit.operations import record_fact
from licensing.clearance.approving import approvals_of

__all__ = [
    "StoredFile",
    "cancel_variation",
    "fail_variation",
    "mend_variations",
    "open_variation",
    "request_variation",
    "seal_variation",
    "store_segment",
    "withdraw_variation",
]

SYSTEM = ("system", "worker")


def _announce(variation_id: uuid.UUID, word: str) -> None:
    """Tell whoever listens, on commit: channel "segment", payload "variation id:index or state"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('segment', %s)", [f"{variation_id}:{word}"])


@transaction.atomic
def open_variation(
    *,
    variation_id: uuid.UUID,
    recipe: str,
    clearance_id: uuid.UUID,
    sources: Sequence[tuple[uuid.UUID, str]],
    now: datetime,
    external: Sequence[ExternalMade] = (),
) -> Variation:
    """Transaction Open: licence record, recipe and piece jobs appear together, or none does.

    `sources`: (stem, digest) in recipe order; `external`: what external nets made, after them.
    Raises what `open_record` raises when a grant fell
    meanwhile. A variation that is not waiting to be composed is left as it is.
    """
    variation = locked(variation_id)
    if variation.state != State.COMPOSING:
        return variation
    plan = recipes.from_json(recipe)
    variation.recipe = recipe
    variation.recipe_sha256 = recipes.sha256_of_text(recipe)
    variation.length = plan.length
    variation.piece_count = recipes.piece_count(plan)
    variation.record = open_record(
        subject=variation.subject(),
        clearance_id=clearance_id,
        recipe_sha256=variation.recipe_sha256,
        sources=sources,
        policy=plan.policy,
        now=now,
        made=reach_of(of_stems(plan)),
        external=external,
    )
    variation.state = State.RENDERING
    variation.save()
    put_pieces(variation, now)
    _announce(variation_id, str(State.RENDERING))
    return variation


@transaction.atomic
def store_segment(
    *,
    variation_id: uuid.UUID,
    index: int,
    name: str,
    digest: str,
    size: int,
    windows: bytes,
    generated: bytes = b"",
    outside: bytes = b"",
    now: datetime,
) -> bool:
    """Make a stored piece visible. False: it came twice, or nobody waits for it any more.

    The last missing piece puts the job that seals. `windows`, `generated` and `outside`: see
    Segment.
    """
    variation = locked(variation_id)
    if variation.state != State.RENDERING:
        return False
    start = index * recipes.PIECE_SAMPLES
    end = min(variation.length, start + recipes.PIECE_SAMPLES)
    _segment, is_new = Segment.objects.get_or_create(
        variation=variation,
        index=index,
        defaults={
            "start": start,
            "end": end,
            "name": name,
            "digest": digest,
            "bytes": size,
            "windows": windows,
            "generated": generated,
            "outside": outside,
            "stored_at": now,
        },
    )
    if is_new:
        _announce(variation_id, str(index))
    if variation.segments.count() == variation.piece_count:
        put_seal(variation, now)
    return is_new


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A finished file in the store. `gain_db`: what was laid on the streamed samples."""

    format: str
    name: str
    digest: str
    bytes: int
    gain_db: float = 0.0


@transaction.atomic
def seal_variation(
    *,
    variation_id: uuid.UUID,
    lines: Sequence[tuple[uuid.UUID, int]],
    windows_sha256: str,
    measured: Mapping[str, Any],
    files: Sequence[StoredFile],
    now: datetime,
    refusal: tuple[str, str] | None = None,
    origin: Origin = UNSAID,
) -> State:
    """Transaction Seal: the record closes, the files appear; READY, or WITHDRAWN when a grant fell.

    WAITING_FOR_APPROVAL where a holder wants to hear it before anybody else does.
    A variation that was cancelled or withdrawn before keeps its state; its record closes as well.
    `refusal`: (code, sentence) of a sound that may not be delivered. It ends FAILED: its record
    closes with what was heard until now, which is paid, and from now on it does not sound.
    `origin`: how it came about, for the particulars of its record.
    """
    variation = locked(variation_id)
    before = State(variation.state)
    if before not in (State.RENDERING, State.WITHDRAWN, State.CANCELLED):
        return before
    # Files that were made while it was stopped are nobody's: they stand on no record.
    files = files if before == State.RENDERING else ()
    end = _close_record(variation, lines, windows_sha256, measured, files, now, origin)
    if before != State.RENDERING:
        return before
    for one in files:
        VariationFile.objects.get_or_create(
            variation=variation, format=one.format, defaults=asdict(one) | {"stored_at": now}
        )
    if refusal is not None:
        variation.state = State.FAILED
        variation.error_code, variation.error_sentence = refusal
    else:
        variation.state = _end_of(variation, end)
    variation.ended_at = now
    variation.save(update_fields=["state", "ended_at", "error_code", "error_sentence"])
    _note_end(variation, before, SYSTEM, now)
    return State(variation.state)


def _end_of(variation: Variation, record_state: str) -> State:
    """Where a variation whose record has closed stands: with its listener, or with its holders."""
    if record_state != "SEALED":
        return State.WITHDRAWN
    assert variation.record is not None
    asked = approvals_of(variation.record.clearance_id)
    return State.READY if asked.has_passed else State.WAITING_FOR_APPROVAL


def _close_record(
    variation: Variation,
    lines: Sequence[tuple[uuid.UUID, int]],
    windows_sha256: str,
    measured: Mapping[str, Any],
    files: Sequence[StoredFile],
    now: datetime,
    origin: Origin,
) -> str:
    """Seal the record, or void it where nothing sounded; the state it ends in."""
    assert variation.record_id is not None
    if not lines:
        record = void_record(record_id=variation.record_id, reason="Nothing sounded.", now=now)
        return record.state
    return seal_record(
        record_id=variation.record_id,
        lines=lines,
        windows_sha256=windows_sha256,
        measured=measured,
        files=[{"format": one.format, "digest": one.digest, "bytes": one.bytes} for one in files],
        now=now,
        origin=origin,
    )


@transaction.atomic
def withdraw_variation(*, variation_id: uuid.UUID, now: datetime) -> bool:
    """A grant fell while it was being rendered: stop, and seal what was heard. False: too late."""
    return _stop(locked(variation_id), State.WITHDRAWN, SYSTEM, now)


@transaction.atomic
def cancel_variation(*, variation_id: uuid.UUID, requester: tuple[str, str], now: datetime) -> bool:
    """The requester wants it no more. False: it had already ended.

    Raises Variation.DoesNotExist for a stranger.
    """
    mine = Variation.objects.filter(
        request__requester_kind=requester[0], request__requester_ref=requester[1]
    )
    variation = mine.select_for_update(of=("self",)).get(id=variation_id)
    return _stop(variation, State.CANCELLED, requester, now)


def _stop(variation: Variation, end: State, actor: tuple[str, str], now: datetime) -> bool:
    before = State(variation.state)
    if not rules.may_follow(before, end):
        return False
    variation.state, variation.ended_at = end, now
    variation.save(update_fields=["state", "ended_at"])
    work.cancel_jobs(subject=variation.subject(), kinds=rules.MAKING, now=now)
    if variation.recipe:
        put_seal(variation, now)
    _note_end(variation, before, actor, now)
    return True


def _note_end(variation: Variation, before: State, actor: tuple[str, str], now: datetime) -> None:
    record_fact(
        actor=actor,
        verb="end_variation",
        object_kind="variation",
        object_ref=str(variation.id),
        before={"state": str(before)},
        after={"state": str(variation.state)},
        at=now,
    )
    _announce(variation.id, str(variation.state))


@transaction.atomic
def fail_variation(*, variation_id: uuid.UUID, code: str, sentence: str, now: datetime) -> bool:
    """It cannot be made; nothing is billed. The same request later is a new attempt of it."""
    variation = locked(variation_id)
    before = State(variation.state)
    if not rules.may_follow(before, State.FAILED):
        return False
    variation.state, variation.ended_at = State.FAILED, now
    variation.error_code, variation.error_sentence = code, sentence
    variation.save()
    work.cancel_jobs(subject=variation.subject(), kinds=rules.MAKING, now=now)
    _note_end(variation, before, SYSTEM, now)
    return True
