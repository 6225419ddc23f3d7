"""Asking for a variation: the one door for dashboard, player and partner API.

It refuses to know rights; the worker clears before it composes. Invariants: one key of a requester
has one variation; an equal request that had failed is a new attempt of it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from generation.serving.outside import external_problems
from generation.variations import rules
from generation.variations.jobs import locked, put_compose, put_pieces
from generation.variations.models import Variation, VariationRequest
from generation.variations.rules import Asked, RequestRefused, State
from licensing.audit.operations import record_fact
from licensing.catalog.models import Recording


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
    without: Sequence[str] = (),
    by_taste: bool = False,
) -> Variation:
    """Ask for a variation; the same key asks for the same one again, never for a second.

    `without`: stems that shall not sound. `by_taste`: a taste profile chose some of the targets.
    A party asks for a preview of its own stems.
    A variation that had failed is tried anew. Raises RequestRefused: something is out of range
    (codes of rules.check_request), "key_used" for another request under the same key,
    "no_such_recording", "too_many_renders", "no_external_net" that may be opened here.
    """
    asked = rules.check_request(
        mode=mode,
        targets=targets,
        recordings=recordings,
        seed=seed,
        territory=territory,
        channel=channel,
        without=without,
        by_taste=by_taste,
    )
    _check_external(asked)
    with transaction.atomic():
        _lock_requester(requester)
        known = _asked_before(requester, key, asked, now)
        if known is None or known.state == State.FAILED:
            _check_room(requester)
        if known is not None:
            return _again(known.id, now)
        return _begin(requester, key, asked, now)


def _begin(requester: tuple[str, str], key: str, asked: Asked, now: datetime) -> Variation:
    title = _title_of(asked, requester[0])
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
    put_compose(variation, now)
    return variation


def _check_external(asked: Asked) -> None:
    if asked.targets.get("external") and (told := external_problems()):
        raise RequestRefused("no_external_net", " ".join(told), "external")


def _lock_requester(requester: tuple[str, str]) -> None:
    """One request of a requester at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [":".join(requester)]
        )


def _asked_before(
    requester: tuple[str, str], key: str, asked: Asked, now: datetime
) -> Variation | None:
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
    _write_request(requester, key, asked, now, repeats=first)
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
        without=asked.without,
        by_taste=asked.by_taste,
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


def _title_of(asked: Asked, requester_kind: str) -> str:
    """ "Nextday, remix", and of a preview that it is one, as its files say it too.

    Raises RequestRefused for a recording that is not there for listeners.
    """
    found = Recording.objects.filter(id__in=_uuids(asked.recordings), state="COMPLETE")
    titles = {str(recording.id): recording.title for recording in found}
    if len(titles) < len(asked.recordings):
        raise RequestRefused("no_such_recording", "There is no such recording.", "recordings")
    named = " and ".join(titles[one] for one in asked.recordings)
    kind = rules.TITLES[rules.Mode(asked.mode)]
    if requester_kind == rules.PARTY:
        kind = f"preview of a {kind}"
    return f"{named}, {kind}"[:200] if named else kind.capitalize()


def _uuids(references: Sequence[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in references]
    except ValueError:
        raise RequestRefused(
            "no_such_recording", "There is no such recording.", "recordings"
        ) from None


def _is_closed(variation: Variation) -> bool:
    return variation.record is not None and variation.record.state != "OPEN"


def _again(variation_id: uuid.UUID, now: datetime) -> Variation:
    """A failed variation starts its next attempt where it stopped; any other is left as it is.

    So is one whose record is closed: the same recipe would be refused again.
    """
    variation = locked(variation_id)
    if variation.state != State.FAILED or _is_closed(variation):
        return variation
    variation.attempt += 1
    variation.error_code = variation.error_sentence = ""
    variation.ended_at = None
    variation.state = State.RENDERING if variation.recipe else State.COMPOSING
    variation.save()
    if variation.recipe:
        put_pieces(variation, now)
    else:
        put_compose(variation, now)
    return variation
