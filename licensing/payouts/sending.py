"""One payout's way through the provider: transfer, bank payout, and back where the bank refuses.

`advance_payout` looks at the row and at the provider, and takes the next step that is to be taken;
it may be called at any time, by anybody, as often as one likes. Invariants: the provider is asked
for what it has of this ledger entry before it is asked to do anything; its id is stored with the
posting that says so, in one transaction; no call is made inside a transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.ledger.booking import book
from licensing.ledger.models import JournalEntry
from licensing.ledger.rules import Line
from licensing.payouts.accounts import SYSTEM
from licensing.payouts.models import Payout
from licensing.payouts.rules import postings, states
from licensing.payouts.rules.due import micros_of
from licensing.payouts.rules.states import APPROVED, FAILED, PAID, SENT
from licensing.stripe_gateway import (
    BalanceInsufficient,
    BankPayoutState,
    Gateway,
    GatewayError,
    Refused,
)

_BOUNCED = ("failed", "canceled")


def advance_payout(*, payout_id: UUID, gateway: Gateway, now: datetime) -> str:
    """Bring a payout as far as the provider has it; the state it is in afterwards.

    A draft, a failed and a dropped one stay as they are. Raises GatewayError where the provider
    gave no answer; the row then says so, and the same call later goes on.
    """
    payout = Payout.objects.select_related("account", "entry").get(pk=payout_id)
    if payout.state not in (APPROVED, SENT, PAID):
        return payout.state
    try:
        if payout.state == APPROVED:
            payout = _transfer(payout, gateway, now)
        if payout.state == SENT and not payout.bank_payout_id:
            payout = _pay_out(payout, gateway, now)
        if payout.bank_payout_id:
            payout = _look(payout, gateway, now)
    except Refused as error:
        _note(payout, str(error), now, refusals=payout.refusals + 1)
        if not isinstance(error, BalanceInsufficient):
            raise
    except GatewayError as error:
        _note(payout, str(error), now)
        raise
    return payout.state


def note_problem(*, payout_id: UUID, problem: str, now: datetime) -> None:
    """Say on a payout's row what kept it from going on; it is tried again when its time is."""
    _note(Payout.objects.get(pk=payout_id), problem, now)


def _transfer(payout: Payout, gateway: Gateway, now: datetime) -> Payout:
    """Move the money from our balance to the payee's account at the provider."""
    entry = _entry(payout)
    made = gateway.find_transfer(entry.key)
    if made is None:
        try:
            made = gateway.send_transfer(
                account_id=payout.account.provider_id,
                amount_minor=payout.amount_minor,
                currency=payout.currency,
                entry=entry.key,
                key=f"{entry.key}:{payout.refusals}",
            )
        except BalanceInsufficient:
            raise
        except Refused as error:
            return _fail(payout, str(error), "", now)
    with transaction.atomic():
        held = _hold(payout, APPROVED)
        if held is None:
            return _again(payout)
        _book(held, "sent", postings.sent(_amount(held), made.id), now)
        held.transfer_id, held.sent_at = made.id, now
        _become(held, SENT, now)
        _tell(held, "send_payout", now)
    return held


def _pay_out(payout: Payout, gateway: Gateway, now: datetime) -> Payout:
    """Send it on from the payee's account to their bank."""
    entry = _entry(payout)
    account_id = payout.account.provider_id
    since = payout.sent_at or now
    made = gateway.find_bank_payout(entry.key, account_id=account_id, since=since)
    if made is None:
        try:
            made = gateway.send_bank_payout(
                account_id=account_id,
                amount_minor=payout.amount_minor,
                currency=payout.currency,
                entry=entry.key,
                key=f"{entry.key}:bank:{payout.refusals}",
            )
        except BalanceInsufficient:
            raise
        except Refused as error:
            return _bring_back(payout, str(error), gateway, now)
    with transaction.atomic():
        held = _hold(payout, SENT)
        if held is None:
            return _again(payout)
        held.bank_payout_id = made.id
        _saw(held, now)
    return held


def _look(payout: Payout, gateway: Gateway, now: datetime) -> Payout:
    """See what became of it at the bank."""
    seen = gateway.get_bank_payout(payout.bank_payout_id, account_id=payout.account.provider_id)
    if seen.status in _BOUNCED:
        return _bring_back(payout, _why(seen), gateway, now)
    if seen.status == "paid" and payout.state == SENT:
        return _settle(payout, now)
    _note(payout, "", now)
    return payout


def _settle(payout: Payout, now: datetime) -> Payout:
    with transaction.atomic():
        held = _hold(payout, SENT)
        if held is None:
            return _again(payout)
        _book(held, "settled", postings.settled(_amount(held), held.bank_payout_id), now)
        held.ended_at = now
        _become(held, PAID, now)
        _tell(held, "settle_payout", now)
    return held


def _bring_back(payout: Payout, reason: str, gateway: Gateway, now: datetime) -> Payout:
    """Return the transfer to our balance, and only then call the payout failed."""
    reversal_id = gateway.get_transfer(payout.transfer_id).reversal_id
    if not reversal_id:
        key = _entry(payout).key
        reversal_id = gateway.return_transfer(
            payout.transfer_id, entry=key, key=f"{key}:back:{payout.refusals}"
        )
    return _fail(payout, reason, reversal_id, now)


def _fail(payout: Payout, reason: str, reversal_id: str, now: datetime) -> Payout:
    """Payable again, with the reason; `reversal_id` is "" where the money never left."""
    with transaction.atomic():
        held = _hold(payout, payout.state)
        if held is None:
            return _again(payout)
        _book(held, "failed", _way_back(held, reversal_id), now)
        held.reversal_id, held.ended_at = reversal_id, now
        held.reason = reason[:300] or "The bank gave no reason."
        _become(held, FAILED, now)
        _tell(held, "fail_payout", now)
    return held


def _way_back(payout: Payout, reversal_id: str) -> Sequence[Line]:
    of = _amount(payout)
    if not reversal_id:
        return postings.refused(of)
    if payout.state == PAID:
        return postings.bounced(of, payout.bank_payout_id, reversal_id)
    return postings.returned(of, reversal_id)


def _hold(payout: Payout, state: str) -> Payout | None:
    """The row, locked, when it is still in `state`; somebody else was quicker otherwise."""
    rows = Payout.objects.select_for_update(of=("self",)).select_related("account", "entry")
    return rows.filter(pk=payout.pk, state=state).first()


def _again(payout: Payout) -> Payout:
    return Payout.objects.select_related("account", "entry").get(pk=payout.pk)


def _become(held: Payout, state: str, now: datetime) -> None:
    states.check_move(held.state, state)
    held.state = state
    _saw(held, now)


def _saw(held: Payout, now: datetime) -> None:
    held.seen_at, held.problem = now, ""
    held.save()


def _note(payout: Payout, problem: str, now: datetime, refusals: int | None = None) -> None:
    """What the provider said last. A move of the row meanwhile is not written over."""
    rows = Payout.objects.filter(pk=payout.pk, state=payout.state)
    more = {} if refusals is None else {"refusals": refusals}
    rows.update(problem=problem[:300], seen_at=now, **more)


def _entry(payout: Payout) -> JournalEntry:
    if payout.entry is None:
        raise states.PayoutRefused("not_approved", "This payout was not approved.")
    return payout.entry


def _amount(payout: Payout) -> postings.Amount:
    return postings.Amount(
        (payout.account.payee_kind, payout.account.payee_ref),
        payout.currency,
        micros_of(payout.amount_minor, payout.currency),
    )


def _book(payout: Payout, step: str, lines: Sequence[Line], now: datetime) -> None:
    book(key=f"payout:{payout.pk}:{step}", kind=f"payout {step}", lines=lines, now=now)


def _why(seen: BankPayoutState) -> str:
    return seen.failure or f"The bank payout was {seen.status}."


def _tell(payout: Payout, verb: str, now: datetime) -> None:
    record_fact(
        actor=SYSTEM,
        verb=verb,
        object_kind="payout",
        object_ref=payout.pk,
        after={
            "state": payout.state,
            "amount_minor": payout.amount_minor,
            "currency": payout.currency,
            "reason": payout.reason,
        },
        at=now,
    )
