"""What a person decides about plays that wait: those that look odd, and those that came too late.

A decision about a closed month is a line of the open one that names its own month, as with every
usage that comes late. Nothing is deleted, and each decision is a fact with its reason. Invariant: a
question is decided once, and the pool that waited for it moves on in the same transaction.
"""

from datetime import date, datetime

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.ledger.months import share_open_month
from licensing.royalties.letting_go import Decided, held_by_payer, hold_pools, let_go
from licensing.royalties.models import Anomaly, Usage
from licensing.royalties.operations import state_by_rules
from licensing.royalties.rules.plays import own_month

Actor = tuple[str, str]


class DecisionRefused(Exception):
    """The plays do not wait, or nobody said why; `code` is not_waiting or no_reason."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@transaction.atomic
def release_plays(
    *, anomaly_id: int, reason: str, actor: Actor, now: datetime, of_whole_listener: bool = False
) -> int:
    """Let plays count that looked odd; how many.

    `of_whole_listener`: everything else that is open of the same listener and month as well. Raises
    DecisionRefused.
    """
    return _decide(
        anomaly_id, Anomaly.State.RELEASED, reason, actor, now, of_whole_listener=of_whole_listener
    )


@transaction.atomic
def uphold_plays(
    *, anomaly_id: int, reason: str, actor: Actor, now: datetime, of_whole_listener: bool = False
) -> int:
    """Keep plays that looked odd from accruing, for good; how many. As `release_plays`."""
    return _decide(
        anomaly_id, Anomaly.State.UPHELD, reason, actor, now, of_whole_listener=of_whole_listener
    )


@transaction.atomic
def match_usage(*, usage_id: int, reason: str, actor: Actor, now: datetime) -> Usage:
    """Take a usage that came more than 90 days late into the first month from its own that is open.

    Whether it counts there is decided as if it had come in time: own plays, previews and plays that
    no receipt covers accrue nothing. Raises DecisionRefused.
    """
    usage = _unmatched(usage_id, reason)
    month = share_open_month(own_month(usage.played_at))
    state = state_by_rules(usage.token, usage.played_at)
    return _settle(usage, "match_usage", (state, month), reason, actor, now)


@transaction.atomic
def reject_usage(*, usage_id: int, reason: str, actor: Actor, now: datetime) -> Usage:
    """Keep a usage that came more than 90 days late from ever accruing. Raises DecisionRefused."""
    usage = _unmatched(usage_id, reason)
    settled = (Usage.State.REJECTED, usage.accrual_month)
    return _settle(usage, "reject_usage", settled, reason, actor, now)


def _decide(
    anomaly_id: int,
    state: Anomaly.State,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    of_whole_listener: bool,
) -> int:
    _ask_for(reason)
    asked = Anomaly.objects.get(pk=anomaly_id)
    month = share_open_month(asked.month)
    rows = Anomaly.objects.select_for_update().filter(state=Anomaly.State.OPEN).order_by("pk")
    same = {"month": asked.month, "listener_kind": asked.listener_kind,
            "listener_ref": asked.listener_ref}  # fmt: skip
    ids = set(rows.filter(**same).values_list("pk", flat=True))
    if anomaly_id not in ids:
        raise DecisionRefused("not_waiting", "Somebody has decided about these plays already.")
    ids = ids if of_whole_listener else {anomaly_id}
    hold_pools(asked.month)
    plays_of = held_by_payer(asked.month, sorted(ids)) if month != asked.month else {}
    decided = Usage.State.COUNTED if state == Anomaly.State.RELEASED else Usage.State.UPHELD
    plays = Usage.objects.filter(
        anomaly_id__in=ids, accrual_month=asked.month, state=Usage.State.HELD
    ).update(state=decided, accrual_month=month)
    rows.filter(pk__in=ids).update(
        state=state, decided_at=now, decided_by=":".join(actor), decision=reason
    )
    if month != asked.month:
        is_released = state == Anomaly.State.RELEASED
        let_go(Decided(asked, is_released, month, now), plays_of, held_by_payer(asked.month))
    record_fact(
        actor=actor,
        verb="release_plays" if state == Anomaly.State.RELEASED else "uphold_plays",
        object_kind="anomaly",
        object_ref=anomaly_id,
        before={"state": Anomaly.State.OPEN.value, "reasons": asked.reasons},
        after={
            "state": state.value,
            "plays": plays,
            "questions": sorted(ids),
            "counted_in": f"{month:%Y-%m}",
            "reason": reason,
        },
        at=now,
    )
    return plays


def _unmatched(usage_id: int, reason: str) -> Usage:
    _ask_for(reason)
    rows = Usage.objects.select_for_update(of=("self",)).select_related("token__record")
    usage = rows.filter(pk=usage_id, state=Usage.State.UNMATCHED).first()
    if usage is None:
        raise DecisionRefused("not_waiting", "This usage does not wait for a decision.")
    return usage


def _settle(
    usage: Usage,
    verb: str,
    settled: tuple[str, date],
    reason: str,
    actor: Actor,
    now: datetime,
) -> Usage:
    usage.state, usage.accrual_month = settled
    # By its id alone: the row may lie in another month's partition afterwards.
    Usage.objects.filter(pk=usage.pk).update(state=settled[0], accrual_month=settled[1])
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="usage",
        object_ref=usage.pk,
        before={"state": Usage.State.UNMATCHED.value},
        after={"state": str(settled[0]), "counted_in": f"{settled[1]:%Y-%m}", "reason": reason},
        at=now,
    )
    return usage


def _ask_for(reason: str) -> None:
    if not reason.strip():
        raise DecisionRefused("no_reason", "Write the reason: it goes into the record.")
