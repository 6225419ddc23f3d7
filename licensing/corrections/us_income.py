"""The tax of a refund: what it takes of US income gives tax back, and what is won is taxed again.

Of which payees a refund takes how much is `refunding`'s to say, and what tax was kept the
deductions'. A listener's country is the source of all that was paid from their pool, so of such a
refund all that payees give back is income of that source.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from licensing.corrections.models import Reversal, ReversedIncome
from licensing.deductions.accounts import Payee
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.given_back import Lost, give_tax_back
from licensing.deductions.rules.parts import Part
from licensing.deductions.rules.taxes import US
from licensing.ledger.rules import CREDIT, DEBIT, PAYABLE, Line
from licensing.royalties.movement_sql import CORRECTS


def take_tax_back(
    reversal: Reversal, lines: Iterable[Line], months: Mapping[str, date], now: datetime
) -> None:
    """Give tax back on what a refund took of payees. lines: of its entry, those that name a
    statement's line by `CORRECTS`; months: of each such line's id, the close that divided it.
    """
    if reversal.receipt.country != US:
        return
    taken: dict[tuple[Payee, date], int] = defaultdict(int)
    for line in lines:
        if line.side == DEBIT and line.account.kind == PAYABLE and line.ref.startswith(CORRECTS):
            payee = (line.account.owner_kind, line.account.owner_ref)
            taken[payee, months[line.ref.removeprefix(CORRECTS)]] += line.amount_micros
    currency = reversal.receipt.currency
    losses = [Lost(payee, currency, month, us) for (payee, month), us in taken.items()]
    why = f"a {reversal.receipt.kind.lower()}"
    found = give_tax_back(losses, key=f"refund:{_key(reversal)}", why=why, now=now)
    ReversedIncome.objects.bulk_create(
        ReversedIncome(
            reversal=reversal,
            payee_kind=one.payee[0],
            payee_ref=one.payee[1],
            month=one.month,
            us_micros=micros,
        )
        for one, micros in found.items()
        if micros
    )


def tax_again(first: Reversal, again: Reversal, now: datetime) -> None:
    """Let what is given again of `first` pass withholding, or wait for a form, as it had."""
    by_month: dict[date, list[Earned]] = defaultdict(list)
    for one in first.us_income.order_by("month", "payee_kind", "payee_ref"):
        us = one.us_micros * again.amount_micros // first.amount_micros
        if us:
            payee, currency = (one.payee_kind, one.payee_ref), again.receipt.currency
            by_month[one.month].append(Earned(payee, currency, [Part("", "", us, us)]))
    for month, earned in by_month.items():
        let_flow(
            earned,
            key=f"won:{_key(again)}:{month:%Y-%m}",
            at=again.entry.effective_at,
            now=now,
            reserves=False,
            recoups=False,
            month=month,
        )


def tax_first(won: Reversal, lines: Iterable[Line], now: datetime) -> None:
    """Let what is won flow that no close had given anybody yet. lines: of its entry."""
    if won.receipt.country != US:
        return
    got: dict[Payee, int] = defaultdict(int)
    for line in lines:
        if line.side == CREDIT and line.account.kind == PAYABLE:
            got[line.account.owner_kind, line.account.owner_ref] += line.amount_micros
    earned = [
        Earned(payee, won.receipt.currency, [Part("", "", us, us)]) for payee, us in got.items()
    ]
    let_flow(
        sorted(earned, key=lambda one: one.payee),
        key=f"won:{_key(won)}",
        at=won.entry.effective_at,
        now=now,
        reserves=False,
        recoups=False,
        month=won.period.month,
    )


def _key(reversal: Reversal) -> str:
    return f"{reversal.receipt_id}:{reversal.period.month:%Y-%m}"
