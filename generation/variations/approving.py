"""A variation that holders want to hear first: it waits, passes, is declined, is asked for anew.

It refuses to know who acts for a party. Invariants: the state of the variation follows from the
holders' answers alone; an answer is undone only while nobody was served; what was declined can be
asked for again without the stems that it was about.
"""

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from generation.variations import rules
from generation.variations.asking import request_variation
from generation.variations.jobs import locked
from generation.variations.models import Variation
from generation.variations.rules import RequestRefused, State
from licensing.attribution.models import LicenceSource
from licensing.audit.operations import record_fact
from licensing.clearance.approval import SHARE
from licensing.clearance.approving import approvals_of, decide_approval, undo_approval
from licensing.clearance.models import Approval
from licensing.clearance.refusals import ClearanceRefused
from licensing.clearance.rules import VOCALS
from licensing.given import NOT_RECORDED, Given

LATELY = timedelta(days=30)
Actor = tuple[str, str]
_OF_VOICES = "vocals_not_allowed"


def _asked(party_id: uuid.UUID, *states: str) -> QuerySet[Variation]:
    mine = Approval.objects.filter(
        clearance=OuterRef("record__clearance"), party_id=party_id, state__in=states
    )
    return Variation.objects.filter(Exists(mine)).select_related("request", "record")


def list_waiting(party_id: uuid.UUID) -> QuerySet[Variation]:
    """A queryset of what waits for this holder's answer, longest first."""
    rows = _asked(party_id, Approval.State.WAITING)
    return rows.filter(state=State.WAITING_FOR_APPROVAL).order_by("ended_at", "pk")


def list_decided(party_id: uuid.UUID, now: datetime) -> QuerySet[Variation]:
    """A queryset of what this holder answered lately, newest first."""
    rows = _asked(party_id, Approval.State.APPROVED, Approval.State.DECLINED)
    kept = rows.filter(state__in=rules.ANSWERABLE, ended_at__gte=now - LATELY)
    return kept.order_by("-ended_at", "pk")


def answer(
    *,
    variation_id: uuid.UUID,
    party_id: uuid.UUID,
    is_yes: bool,
    actor: Actor,
    now: datetime,
    reason: str = "",
    given: Given = NOT_RECORDED,
) -> State:
    """One holder's yes or no; the state it leads to. Raises ClearanceRefused."""
    with transaction.atomic():
        variation = _answerable(variation_id)
        assert variation.record is not None  # _answerable says so
        decide_approval(
            clearance_id=variation.record.clearance_id,
            party_id=party_id,
            is_yes=is_yes,
            actor=actor,
            now=now,
            reason=reason,
            given=given,
        )
        return _settle(variation, actor, now)


def undo(*, variation_id: uuid.UUID, party_id: uuid.UUID, actor: Actor, now: datetime) -> State:
    """Take an answer back while nobody was served; the state it leads to. ClearanceRefused."""
    with transaction.atomic():
        variation = _answerable(variation_id)
        assert variation.record is not None  # _answerable says so
        if variation.served_at is not None:
            raise ClearanceRefused("served", "Somebody has heard it, so the yes stands.")
        undo_approval(
            clearance_id=variation.record.clearance_id, party_id=party_id, actor=actor, now=now
        )
        return _settle(variation, actor, now)


def _answerable(variation_id: uuid.UUID) -> Variation:
    variation = locked(variation_id)
    if variation.state not in rules.ANSWERABLE or variation.record is None:
        raise ClearanceRefused("not_waiting", "This does not wait for anybody's yes.")
    return variation


def _settle(variation: Variation, actor: Actor, now: datetime) -> State:
    """Bring the state in line with the answers, and say so to whoever waits."""
    assert variation.record is not None
    stands = approvals_of(variation.record.clearance_id)
    before, after = State(variation.state), State.WAITING_FOR_APPROVAL
    if stands.declined_by:
        after = State.DECLINED
    elif stands.has_passed:
        after = State.READY
    if after == before:
        return after
    variation.state = after
    variation.save(update_fields=["state"])
    record_fact(
        actor=actor,
        verb="settle_variation",
        object_kind="variation",
        object_ref=str(variation.pk),
        before={"state": str(before)},
        after={"state": str(after)},
        at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('segment', %s)", [f"{variation.pk}:{after}"])
    return after


def note_served(variation: Variation, now: datetime) -> bool:
    """Before sound of a finished variation is handed out: from now on every yes to it stands.

    False where one was undone in the same moment. One write per variation, at its first fetch.
    """
    if variation.served_at is not None or variation.state != State.READY:
        return True
    rows = Variation.objects.filter(pk=variation.pk, state=State.READY)
    return bool(rows.update(served_at=now))


def stems_declined(variation: Variation) -> tuple[uuid.UUID, ...]:
    """The stems that a no was about: voices, or the stem that was too loud, or all of the holder's.

    Empty where nothing would be left without them.
    """
    assert variation.record is not None
    sources = list(LicenceSource.objects.filter(record=variation.record).select_related("stem"))
    about: set[uuid.UUID] = set()
    for one in Approval.objects.filter(
        clearance=variation.record.clearance_id, state=Approval.State.DECLINED
    ):
        own = {source.stem_id for source in sources if source.stem.recording_id == one.recording_id}
        voices = {source.stem_id for source in sources if source.stem.role == VOCALS}
        if _OF_VOICES in one.reasons and voices:
            about |= voices
        elif SHARE in one.reasons:
            about |= own & set(map(uuid.UUID, one.shares))
        else:
            about |= own
    left = {source.stem_id for source in sources} - about
    return tuple(sorted(about)) if left else ()


def ask_without(
    *, variation_id: uuid.UUID, requester: tuple[str, str], key: str, now: datetime
) -> Variation:
    """Ask for a declined variation again, without the stems that the no was about.

    Raises Variation.DoesNotExist for a stranger, RequestRefused where nothing would be left.
    """
    rows = Variation.objects.select_related("request", "record").filter(
        request__requester_kind=requester[0], request__requester_ref=requester[1]
    )
    variation = rows.get(pk=variation_id)
    declined = stems_declined(variation) if variation.state == State.DECLINED else ()
    if not declined:
        raise RequestRefused("not_declined", "There is no stem to leave out of this one.")
    asked = variation.request
    return request_variation(
        requester=requester,
        key=key,
        mode=asked.mode,
        targets=asked.targets,
        recordings=asked.recordings,
        seed=asked.seed,
        territory=asked.territory,
        channel=asked.channel,
        without=[*asked.without, *map(str, declined)],
        by_taste=bool(asked.by_taste),
        now=now,
    )
