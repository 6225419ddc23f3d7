"""The verbs of a variation: request, open, store a piece, seal, withdraw, cancel, fail.

Who composes and renders calls from above; here a recipe is text and sound is a name in the store.
Invariants: one key of a requester has one variation; nothing can be fetched before the licence
record is open; a piece that comes twice is stored once.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from generation import recipe as recipes
from generation.variations import rules
from generation.variations.models import Segment, Variation, VariationRequest
from generation.variations.rules import Asked, RequestRefused, State
from generation.work import operations as work
from generation.work.rules import Priority
from licensing.audit.operations import record_fact
from licensing.catalog.models import Recording

SYSTEM = ("system", "worker")


def request_variation(
    *,
    requester: tuple[str, str],
    key: str,
    mode: str,
    targets: dict[str, object],
    recordings: Sequence[str],
    seed: int,
    territory: str,
    channel: str,
    now: datetime,
) -> Variation:
    """Ask for a variation; the same key asks for the same one again, never for a second.

    A variation that had failed is tried anew. Raises RequestRefused: something is out of range
    (codes of rules.check_request), "key_used" for another request under the same key,
    "no_such_recording", "too_many_renders".
    """
    asked = rules.check_request(
        mode=mode,
        targets=targets,
        recordings=recordings,
        seed=seed,
        territory=territory,
        channel=channel,
    )
    with transaction.atomic():
        _lock_requester(requester)
        known = _asked_before(requester, key, asked)
        if known is not None:
            return _again(known.id, now)
        _check_room(requester)
        title = _title_of(asked)
        request = _write_request(requester, key, asked, now)
        variation = Variation.objects.create(request=request, title=title, created_at=now)
        record_fact(
            actor=requester,
            verb="request_variation",
            object_kind="variation",
            object_ref=str(variation.id),
            after={"mode": asked.mode, "request_sha256": request.request_sha256},
            at=now,
        )
        _put_compose(variation, now)
    return variation


def _lock_requester(requester: tuple[str, str]) -> None:
    """One request of a requester at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [":".join(requester)]
        )


def _asked_before(requester: tuple[str, str], key: str, asked: Asked) -> Variation | None:
    """The variation of this key, or the failed one of an equal request under another key."""
    mine = VariationRequest.objects.filter(
        requester_kind=requester[0], requester_ref=requester[1]
    ).select_related("variation", "repeats__variation")
    sha256 = asked.sha256()
    same_key = mine.filter(key=key).first()
    if same_key is not None:
        if same_key.request_sha256 != sha256:
            raise RequestRefused("key_used", "This key was used for another request.", "key")
        return (same_key.repeats or same_key).variation
    failed = mine.filter(request_sha256=sha256, variation__state=State.FAILED)
    first = failed.order_by("-created_at").first()
    if first is None:
        return None
    _write_request(requester, key, asked, first.created_at, repeats=first)
    return first.variation


def _write_request(
    requester: tuple[str, str],
    key: str,
    asked: Asked,
    now: datetime,
    repeats: VariationRequest | None = None,
) -> VariationRequest:
    return VariationRequest.objects.create(
        requester_kind=requester[0],
        requester_ref=requester[1],
        key=key,
        mode=asked.mode,
        targets=asked.targets,
        recordings=asked.recordings,
        seed=asked.seed,
        territory=asked.territory,
        channel=asked.channel,
        request_sha256=asked.sha256(),
        repeats=repeats,
        created_at=now,
    )


def _check_room(requester: tuple[str, str]) -> None:
    under_way = Variation.objects.filter(
        request__requester_kind=requester[0],
        request__requester_ref=requester[1],
        state__in=rules.UNDER_WAY,
    ).count()
    if under_way >= rules.renders_at_a_time(requester[0]):
        raise RequestRefused(
            "too_many_renders", f"{under_way} variations are being made; wait for one to finish."
        )


def _title_of(asked: Asked) -> str:
    """ "Nextday, remix"; raises RequestRefused for a recording that is not there for listeners."""
    found = Recording.objects.filter(id__in=_uuids(asked.recordings), state="COMPLETE")
    titles = {str(recording.id): recording.title for recording in found}
    if len(titles) < len(asked.recordings):
        raise RequestRefused("no_such_recording", "There is no such recording.", "recordings")
    named = " and ".join(titles[one] for one in asked.recordings)
    kind = rules.TITLES[rules.Mode(asked.mode)]
    return f"{named}, {kind}"[:200] if named else kind.capitalize()


def _uuids(references: Sequence[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in references]
    except ValueError:
        raise RequestRefused(
            "no_such_recording", "There is no such recording.", "recordings"
        ) from None


def _put_compose(variation: Variation, now: datetime) -> None:
    job = work.Wanted(rules.COMPOSE, variation.subject(), Priority.FIRST_PIECE)
    work.put_jobs(wanted=[job], now=now)


def _again(variation_id: uuid.UUID, now: datetime) -> Variation:
    """A failed variation starts its next attempt where it stopped; any other is left as it is."""
    variation = _locked(variation_id)
    if variation.state != State.FAILED:
        return variation
    variation.attempt += 1
    variation.error_code = variation.error_sentence = ""
    variation.ended_at = None
    variation.state = State.RENDERING if variation.recipe else State.COMPOSING
    variation.save()
    if variation.recipe:
        _put_pieces(variation, now)
    else:
        _put_compose(variation, now)
    return variation


def _locked(variation_id: uuid.UUID) -> Variation:
    return Variation.objects.select_for_update().get(id=variation_id)


def _put_pieces(variation: Variation, now: datetime) -> None:
    """Jobs for the pieces that are not stored yet, or for sealing when all are."""
    stored = set(variation.segments.values_list("index", flat=True))
    missing = [index for index in range(variation.piece_count) if index not in stored]
    if not missing:
        _put_seal(variation, now)
        return
    first = {missing[0]: Priority.FIRST_PIECE}
    jobs = [
        work.Wanted(rules.PIECE, variation.subject(), first.get(index, Priority.PIECE), part=index)
        for index in missing
    ]
    work.put_jobs(wanted=jobs, now=now, bells=2)


def _put_seal(variation: Variation, now: datetime) -> None:
    work.put_jobs(wanted=[work.Wanted(rules.SEAL, variation.subject(), Priority.PIECE)], now=now)


def _announce(variation_id: uuid.UUID, word: str) -> None:
    """Tell whoever listens, on commit: channel "segment", payload "variation id:index or state"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('segment', %s)", [f"{variation_id}:{word}"])


@transaction.atomic
def store_segment(
    *,
    variation_id: uuid.UUID,
    index: int,
    name: str,
    digest: str,
    size: int,
    windows: bytes,
    now: datetime,
) -> bool:
    """Make a stored piece visible. False: it came twice, or nobody waits for it any more.

    The last missing piece puts the job that seals. `windows`: see Segment.
    """
    variation = _locked(variation_id)
    if variation.state != State.RENDERING:
        return False
    start, end = recipes.piece_range(recipes.from_json(variation.recipe), index)
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
            "stored_at": now,
        },
    )
    if is_new:
        _announce(variation_id, str(index))
    if variation.segments.count() == variation.piece_count:
        _put_seal(variation, now)
    return is_new


@transaction.atomic
def withdraw_variation(*, variation_id: uuid.UUID, now: datetime) -> bool:
    """A grant fell while it was being rendered: stop, and seal what was heard. False: too late."""
    return _stop(_locked(variation_id), State.WITHDRAWN, SYSTEM, now)


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
        _put_seal(variation, now)
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
    variation = _locked(variation_id)
    before = State(variation.state)
    if not rules.may_follow(before, State.FAILED):
        return False
    variation.state, variation.ended_at = State.FAILED, now
    variation.error_code, variation.error_sentence = code, sentence
    variation.save()
    work.cancel_jobs(subject=variation.subject(), kinds=rules.MAKING, now=now)
    _note_end(variation, before, SYSTEM, now)
    return True
