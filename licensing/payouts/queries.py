"""Reading payouts: who is due how much and why not, what is under way, what a payee was paid.

One reckoning of what is due serves the run, its approval, the desk and the artist's page, so they
cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from licensing.ledger import rules as ledger
from licensing.ledger.queries import balance_of, list_balances
from licensing.payouts.models import (
    PAYEE_KINDS,
    PayeeAccount,
    PaymentHold,
    Payout,
    ProviderEvent,
)
from licensing.payouts.rules.due import Account, Due, Held, due
from licensing.payouts.rules.postings import payable_of
from licensing.payouts.rules.states import APPROVED, SENT, UNFINISHED, is_to_be_seen


@dataclass(frozen=True, slots=True)
class Outlook:
    """One payee's balance in one currency and what a payout of now would be."""

    payee: tuple[str, str]
    currency: str
    balance_micros: int
    due: Due


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A payout as its payee sees it; `state` DRAFT, APPROVED and SENT are on their way."""

    id: UUID
    currency: str
    amount_minor: int
    state: str
    reason: str
    drafted_at: datetime
    ended_at: datetime | None


def list_outlooks(currency: str) -> tuple[Outlook, ...]:
    """Everyone with a balance in a currency, with what they would be paid now."""
    balances = list_balances(kind=ledger.PAYABLE)
    mine = {
        (key.owner_kind, key.owner_ref): micros
        for key, micros in balances.items()
        if key.currency == currency and key.owner_kind in PAYEE_KINDS
    }
    return _outlooks(currency, mine)


def outlook_of(payee: tuple[str, str]) -> tuple[Outlook, ...]:
    """One payee's balances, a currency each, with what would be paid now."""
    balances = list_balances(kind=ledger.PAYABLE, owner_kind=payee[0])
    mine = {key.currency: n for key, n in balances.items() if key.owner_ref == payee[1]}
    return tuple(
        one for currency, n in sorted(mine.items()) for one in _outlooks(currency, {payee: n})
    )


def due_without(payout: Payout) -> Due:
    """What its payee would be due if this draft were not there."""
    account = payout.account
    payee = (account.payee_kind, account.payee_ref)
    return due(
        balance_of(payable_of(payee, payout.currency)),
        payout.currency,
        held=_held(payout.currency, [payee]).get(payee, Held()),
        account=Account(account.can_receive, account.closing_at is not None),
    )


def account_of(payee: tuple[str, str]) -> PayeeAccount | None:
    """The payee's account at the provider, as last seen."""
    return PayeeAccount.objects.filter(payee_kind=payee[0], payee_ref=payee[1]).first()


def list_payouts(payee: tuple[str, str]) -> tuple[PayoutView, ...]:
    """All payouts of a payee, newest first."""
    rows = Payout.objects.filter(account__payee_kind=payee[0], account__payee_ref=payee[1])
    return tuple(
        PayoutView(
            id=row.pk,
            currency=row.currency,
            amount_minor=row.amount_minor,
            state=row.state,
            reason=row.reason,
            drafted_at=row.drafted_at,
            ended_at=row.ended_at,
        )
        for row in rows.order_by("-drafted_at", "id")
    )


def list_under_way(now: datetime) -> list[UUID]:
    """Payouts about which the provider is to be asked now, longest unseen first."""
    rows = Payout.objects.filter(state__in=[APPROVED, SENT]).order_by("seen_at", "drafted_at")
    return [
        row.pk
        for row in rows.only("state", "seen_at")
        if is_to_be_seen(row.state, row.seen_at, now)
    ]


def list_unhandled() -> QuerySet[ProviderEvent]:
    """A queryset of events whose news was not acted on yet, oldest first."""
    return ProviderEvent.objects.filter(handled__isnull=True).order_by("received_at", "id")


def _outlooks(currency: str, balances: dict[tuple[str, str], int]) -> tuple[Outlook, ...]:
    refs = [ref for _, ref in balances]
    rows = PayeeAccount.objects.filter(payee_ref__in=refs)
    accounts = {(row.payee_kind, row.payee_ref): row for row in rows}
    busy = set(
        Payout.objects.filter(
            currency=currency, state__in=UNFINISHED, account__in=list(accounts.values())
        ).values_list("account__payee_kind", "account__payee_ref")
    )
    held = _held(currency, balances)
    return tuple(
        Outlook(
            payee=payee,
            currency=currency,
            balance_micros=micros,
            due=due(
                micros,
                currency,
                held=held.get(payee, Held()),
                account=_known(accounts.get(payee)),
                is_on_its_way=payee in busy,
            ),
        )
        for payee, micros in sorted(balances.items())
    )


def _known(row: PayeeAccount | None) -> Account | None:
    return None if row is None else Account(row.can_receive, row.closing_at is not None)


def _held(currency: str, payees: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Held]:
    """What holds in force keep back, per payee; a hold without an amount keeps everything."""
    refs = {ref for _, ref in payees}
    rows = PaymentHold.objects.filter(
        currency=currency, payee_ref__in=refs, released_at__isnull=True
    )
    found: dict[tuple[str, str], Held] = {}
    for row in rows:
        known = found.get((row.payee_kind, row.payee_ref), Held())
        found[row.payee_kind, row.payee_ref] = Held(
            known.micros + (row.amount_micros or 0),
            known.everything or row.amount_micros is None,
        )
    return found
