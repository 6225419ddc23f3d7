"""Deciding payouts: open a run, approve it with four eyes, drop it, hold and release payments.

One verb is one transaction. Nothing here speaks to the provider; what is approved waits as a row
for `sending`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor
from licensing.ledger.booking import book
from licensing.ledger.models import JournalEntry
from licensing.ledger.rules import BalanceTooLow
from licensing.payouts.exchange import exchange_at
from licensing.payouts.models import (
    PayeeAccount,
    PaymentHold,
    Payout,
    PayoutRun,
    PlannedConversion,
)
from licensing.payouts.planning import Outlook, due_without, list_outlooks
from licensing.payouts.rules import postings, states
from licensing.payouts.rules.due import THRESHOLD_MINOR, micros_of
from licensing.payouts.rules.exchange import SPREAD_PPM, Converted
from licensing.payouts.rules.states import PayoutRefused

LESS_IS_DUE = "Less is due than when this was drafted."


@transaction.atomic
def open_payout_run(*, currency: str, opened_by: str, now: datetime) -> PayoutRun:
    """Draft a payout for everyone who is due in a currency; money moves only once it is approved.

    `opened_by` is the reference of the person. Raises PayoutRefused: currency, run_open while
    another run of this currency waits, nobody_due.
    """
    if currency not in THRESHOLD_MINOR:
        raise PayoutRefused("currency", f"Nobody is paid in {currency} here.")
    due = [one for one in list_outlooks(currency, now) if one.due.minor]
    if not due:
        raise PayoutRefused("nobody_due", f"Nobody is due anything in {currency}.")
    accounts = {
        (row.payee_kind, row.payee_ref): row
        for row in PayeeAccount.objects.filter(payee_ref__in=[one.payee[1] for one in due])
    }
    try:
        with transaction.atomic():
            run = PayoutRun.objects.create(currency=currency, opened_by=opened_by, opened_at=now)
            _draft(run, due, accounts, now)
    except IntegrityError as error:
        raise PayoutRefused("run_open", f"Another run in {currency} waits already.") from error
    _tell_run(run, "open_payout_run", opened_by, now, payouts=len(due))
    return run


@transaction.atomic
def approve_payout_run(
    *, run_id: UUID, approver: str, proof: SecondFactor | None, now: datetime
) -> PayoutRun:
    """Put every draft of a run on its way, by a second person with a fresh second factor.

    A draft whose payee is meanwhile due less (a refund, a hold), or whose rate is older than a day,
    is dropped and says so; the money stays payable as it was. Raises PayoutRefused as
    `rules.states.check_approval`.
    """
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    proved = states.check_approval(
        run_state=run.state, opened_by=run.opened_by, approver=approver, proof=proof, now=now
    )
    run.state = states.APPROVED
    run.decided_by, run.decided_at = approver, now
    run.proof_method, run.proved_at = proved.method, proved.at
    run.save()
    for payout in _drafts(run):
        refusal = _approve(payout, now)
        if refusal:
            _drop(payout, refusal, now)
    _tell_run(run, "approve_payout_run", approver, now, method=proved.method)
    return run


@transaction.atomic
def drop_payout_run(*, run_id: UUID, dropped_by: str, reason: str, now: datetime) -> PayoutRun:
    """Pay nobody of an open run; everything stays payable. Who opened it may drop it.

    Raises PayoutRefused("decided").
    """
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state != states.OPEN:
        raise PayoutRefused("decided", "This run was decided already.")
    run.state, run.decided_by, run.decided_at = states.DROPPED, dropped_by, now
    run.save()
    for payout in _drafts(run):
        _drop(payout, reason, now)
    _tell_run(run, "drop_payout_run", dropped_by, now, reason=reason)
    return run


@transaction.atomic
def hold_payments(
    *,
    payee: tuple[str, str],
    currency: str,
    amount_micros: int | None,
    reason: str,
    actor: tuple[str, str],
    now: datetime,
) -> PaymentHold:
    """Keep a part of a payee's balance (None: all of it) from being paid; earnings go on.

    What is on its way already is not called back.
    """
    hold = PaymentHold.objects.create(
        payee_kind=payee[0],
        payee_ref=payee[1],
        currency=currency,
        amount_micros=amount_micros,
        reason=reason,
        placed_by=actor[1],
        placed_at=now,
    )
    _tell_hold(hold, "hold_payments", actor, now)
    return hold


@transaction.atomic
def release_payments(*, hold_id: UUID, actor: tuple[str, str], now: datetime) -> PaymentHold:
    """Let what was held be paid again. Released twice it stays as it was released first."""
    hold = PaymentHold.objects.select_for_update().get(pk=hold_id)
    if hold.released_at is None:
        hold.released_at, hold.released_by = now, actor[1]
        hold.save(update_fields=["released_at", "released_by"])
        _tell_hold(hold, "release_payments", actor, now)
    return hold


def _drafts(run: PayoutRun) -> list[Payout]:
    rows = run.payouts.select_for_update(of=("self",)).filter(state=states.DRAFT)
    return list(rows.select_related("account").order_by("account_id"))


def _draft(
    run: PayoutRun,
    due: Sequence[Outlook],
    accounts: Mapping[tuple[str, str], PayeeAccount],
    now: datetime,
) -> None:
    """A draft for each who is due, with the exchanges that it rests on at the rates of now."""
    payouts = Payout.objects.bulk_create(
        Payout(
            run=run,
            account=accounts[one.payee],
            currency=run.currency,
            amount_minor=one.due.minor,
            drafted_at=now,
        )
        for one in due
    )
    PlannedConversion.objects.bulk_create(
        PlannedConversion(
            payout=payout,
            rate=part.rate,
            sold_micros=part.sold_micros,
            at_rate_micros=part.came.at_rate_micros,
            spread_ppm=SPREAD_PPM,
            spread_micros=part.came.spread_micros,
            bought_micros=part.came.payable_micros,
        )
        for payout, one in zip(payouts, due, strict=True)
        for part in one.planned
    )


def _approve(payout: Payout, now: datetime) -> str:
    """Exchange and put on its way what was drafted; why not, where it is not there any more.

    Somebody may draw on it between looking and paying: then the exchanges are undone as well.
    """
    if due_without(payout, now).minor < payout.amount_minor:
        return LESS_IS_DUE
    try:
        with transaction.atomic():
            _exchange(payout, now)
            _pay(payout, now)
    except BalanceTooLow:
        return LESS_IS_DUE
    except PayoutRefused as refused:
        return str(refused)
    return ""


def _exchange(payout: Payout, now: datetime) -> None:
    account = payout.account
    for one in payout.planned.select_related("rate").order_by("pk"):
        exchange_at(
            key=f"payout:{payout.pk}:{one.rate.sold}",
            payee=(account.payee_kind, account.payee_ref),
            rate=one.rate,
            sold_micros=one.sold_micros,
            spread_ppm=one.spread_ppm,
            came=Converted(one.at_rate_micros, one.spread_micros, one.bought_micros),
            now=now,
        )


def _pay(payout: Payout, now: datetime) -> None:
    account = payout.account
    of = postings.Amount(
        (account.payee_kind, account.payee_ref),
        payout.currency,
        micros_of(payout.amount_minor, payout.currency),
    )
    states.check_move(payout.state, states.APPROVED)
    payout.entry = put_on_its_way(key=f"payout:{payout.pk}", of=of, now=now)
    payout.state = states.APPROVED
    payout.save(update_fields=["entry", "state"])


def put_on_its_way(*, key: str, of: postings.Amount, now: datetime) -> JournalEntry:
    """Post that an amount leaves payable for a payout, out of what is there.

    Raises BalanceTooLow when less is payable, however many pay at once.
    """
    floors = frozenset({postings.payable_of(of.payee, of.currency)})
    return book(key=key, kind="payout", lines=postings.approved(of), now=now, floors=floors)


def _drop(payout: Payout, reason: str, now: datetime) -> None:
    states.check_move(payout.state, states.DROPPED)
    payout.state, payout.reason, payout.ended_at = states.DROPPED, reason, now
    payout.save(update_fields=["state", "reason", "ended_at"])


def _tell_run(run: PayoutRun, verb: str, who: str, now: datetime, **after: object) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="payout_run",
        object_ref=run.pk,
        after={"currency": run.currency, "state": run.state, **after},
        at=now,
    )


def _tell_hold(hold: PaymentHold, verb: str, actor: tuple[str, str], now: datetime) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="payment_hold",
        object_ref=hold.pk,
        after={"payee": [hold.payee_kind, hold.payee_ref], "micros": hold.amount_micros},
        at=now,
    )
