"""The tax of a refund: what it takes of US income gives tax back, and what is won is taxed again.

Of which payees a refund takes how much is `reversals`' to say, and what tax was kept the
deductions'. A listener's country is the source of all that was paid from their pool, so of such a
refund all that payees give back is income of that source.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from licensing.corrections.models import Reversal, ReversedIncome
from licensing.deductions.accounts import Payee
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.given_back import Lost, give_tax_back
from licensing.deductions.rules.parts import Part
from licensing.deductions.rules.taxes import US
from licensing.deductions.where import Taken
from licensing.ledger.models import Posting
from licensing.ledger.rules import DEBIT, PAYABLE
from licensing.royalties.accounts import PAYABLE_KINDS
from licensing.royalties.models import StatementLine
from licensing.royalties.movement_sql import CORRECTS


def take_tax_back(reversal: Reversal, taken: Iterable[Taken], now: datetime) -> None:
    """Give tax back on what a refund took of payees, whoever had earned it."""
    if reversal.receipt.country != US:
        return
    currency = reversal.receipt.currency
    losses = [
        Lost(payee, currency, month, us)
        for (payee, month), us in _of_payees(taken).items()
        if us > 0
    ]
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


def tax_again(first: Reversal, again: Reversal, given: Iterable[Taken], now: datetime) -> None:
    """Let what is given again of `first` pass withholding, or wait for a form, as it had.

    What comes to a payee beyond what was taken of them, because a dispute that had held it was
    decided since, is income that was never taxed. given: below zero.
    """
    if again.receipt.country != US:
        return
    untaxed = {
        ((one.payee_kind, one.payee_ref), one.month): one.us_micros for one in first.us_income.all()
    }
    taken = _taken_by(first)
    by_month: dict[date, list[Earned]] = defaultdict(list)
    for (payee, month), less in sorted(_of_payees(given).items()):
        share = _Share(again.amount_micros, first.amount_micros)
        new = max(0, -less - share.of(taken[payee, month]))
        us = min(-less, share.of(untaxed.get((payee, month), 0)) + new)
        if us > 0:
            earned = Earned(payee, again.receipt.currency, [Part("", "", us, us)])
            by_month[month].append(earned)
    for month, of_month in by_month.items():
        _pass(of_month, again, month, now)


def tax_first(won: Reversal, given: Iterable[Taken], now: datetime) -> None:
    """Let what is won flow that no close had given anybody yet. given: below zero."""
    if won.receipt.country != US:
        return
    earned = [
        Earned(payee, won.receipt.currency, [Part("", "", -less, -less)])
        for (payee, _), less in sorted(_of_payees(given).items())
        if less < 0
    ]
    _pass(earned, won, won.period.month, now)


class _Share(NamedTuple):
    """So much of a whole."""

    part: int
    whole: int

    def of(self, micros: int) -> int:
        """The share of it, rounded down."""
        return micros * self.part // self.whole


def _pass(earned: Sequence[Earned], won: Reversal, month: date, now: datetime) -> None:
    """Past advances, which a chargeback left recouped, to the tax of the month that earned it."""
    let_flow(
        earned,
        key=f"won:{_key(won)}:{month:%Y-%m}",
        at=won.entry.effective_at,
        now=now,
        reserves=False,
        recoups=False,
        month=month,
    )


def _of_payees(taken: Iterable[Taken]) -> dict[tuple[Payee, date], int]:
    """What was taken of each payee's earnings of a month, wherever else the lines lay."""
    found: dict[tuple[Payee, date], int] = defaultdict(int)
    for one in taken:
        if one.place[0] in PAYABLE_KINDS:
            found[one.place, one.month] += one.line.micros
    return found


def _taken_by(first: Reversal) -> dict[tuple[Payee, date], int]:
    """The same of a reversal that stands, by its postings."""
    rows = Posting.objects.filter(entry=first.entry, account__kind=PAYABLE)
    rows = rows.filter(ref__startswith=CORRECTS).select_related("account")
    named = [(one.ref.removeprefix(CORRECTS), one) for one in rows]
    months = dict(
        StatementLine.objects.filter(pk__in={pk for pk, _ in named}).values_list(
            "pk", "statement__period__month"
        )
    )
    found: dict[tuple[Payee, date], int] = defaultdict(int)
    for pk, one in named:
        payee = (one.account.owner_kind, one.account.owner_ref)
        sign = 1 if one.side == DEBIT else -1
        found[payee, months[UUID(pk)]] += sign * one.amount_micros
    return found


def _key(reversal: Reversal) -> str:
    return f"{reversal.receipt_id}:{reversal.period.month:%Y-%m}"
