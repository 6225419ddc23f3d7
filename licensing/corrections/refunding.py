"""A refund or chargeback of money that closed months have divided already.

The receipt below zero stands in the open month; what it takes of closed months is reversed among
their payees by the weights of that payer's division, each posting naming the line it corrects. A
balance that falls below zero carries over; nobody is asked for money.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.corrections.models import Reversal
from licensing.corrections.rules.reversing import take_back
from licensing.corrections.us_income import take_tax_back
from licensing.corrections.whereabouts import Place, take_from
from licensing.deductions.accounts import suspense_of
from licensing.deductions.contested import Movement, write_down
from licensing.deductions.contested import take_back as take_back_contested
from licensing.deductions.rules.contests import Line as Held
from licensing.ledger.booking import book
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.receipts.models import Receipt
from licensing.receipts.refunding import record_refund
from licensing.receipts.rules import reversal_account
from licensing.royalties.accounts import payee_account, unplayed_account
from licensing.royalties.along import way_of
from licensing.royalties.models import Period, StatementLine
from licensing.royalties.movement_sql import CORRECTS


@transaction.atomic
def refund_receipt(
    *,
    key: str,
    receipt_id: UUID,
    amount_micros: int,
    actor: tuple[str, str],
    now: datetime,
    kind: str = "REFUND",
) -> Receipt:
    """Record money that went back to who paid it, and take their part back from closed months.

    kind: REFUND or CHARGEBACK. The same key again is the first refund. Raises what
    `receipts.refunding.record_refund` raises.
    """
    row = record_refund(
        key=key,
        receipt_id=receipt_id,
        kind=kind,
        amount_micros=amount_micros,
        actor=actor,
        now=now,
    )
    months: dict[date, dict[int, int]] = {}
    for part in row.pool_parts.all():
        months.setdefault(part.month, {})[part.rate_micros] = -part.amount_micros
    for period in Period.objects.filter(month__in=months).select_related("rate_card"):
        if not Reversal.objects.filter(receipt=row, period=period).exists():
            _reverse(row, period, months[period.month], now)
    return row


@dataclass(slots=True)
class _Back:
    """What a refund takes of one closed month: of lines, each divided by the close of `months`, and
    of accounts where money still waits or was never played."""

    lines: dict[str, StatementLine] = field(default_factory=dict)
    months: dict[str, date] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    accounts: dict[AccountKey, int] = field(default_factory=dict)


def _reverse(row: Receipt, period: Period, parts: Mapping[int, int], now: datetime) -> None:
    """Move what is taken back from the payees of a closed month to the refund's own account.

    `parts`: what is taken of the money for plays billed at each price, 0 for none.
    """
    back = _back(row, period, parts)
    postings: list[Line] = []
    told: list[tuple[str, date, Held]] = []
    for pk, amount in sorted(back.taken.items()):
        line, month = back.lines[pk], back.months[pk]
        free = take_back_contested(month, line_held(line, -amount))
        told += [(dispute, month, part) for dispute, part in free.parts]
        postings += [
            Line(suspense_of(dispute, row.currency), DEBIT, part.micros, f"{CORRECTS}{pk}")
            for dispute, part in free.parts
        ]
        payee = (line.statement.payee_kind, line.statement.payee_ref)
        account = payee_account(payee, row.currency)
        if free.left_micros:
            postings.append(Line(account, DEBIT, free.left_micros, f"{CORRECTS}{pk}"))
    postings += [Line(account, DEBIT, n) for account, n in sorted(back.accounts.items())]
    micros = sum(parts.values())
    postings.append(Line(reversal_account(row.key, row.currency), CREDIT, micros))
    entry = book(
        key=f"refund:{row.pk}:{period.month:%Y-%m}",
        kind="refund",
        lines=postings,
        now=now,
        memo=f"{row.kind.lower()} of a payment for {period.month:%Y-%m}",
    )
    write_down(Movement(one, month, part, -1, entry.pk) for one, month, part in told)
    made = Reversal.objects.create(receipt=row, period=period, amount_micros=micros, entry=entry)
    take_tax_back(made, postings, back.months, now)


def _back(row: Receipt, period: Period, parts: Mapping[int, int]) -> _Back:
    """Of which lines and accounts the parts are taken; a line may give to several of them."""
    back = _Back()
    for rate, micros in sorted(parts.items()):
        for place in take_from(row, period, rate, micros):
            _take(back, row, rate, place)
    return back


def _take(back: _Back, row: Receipt, rate: int, place: Place) -> None:
    """Take what one place gives: of lines, or of the account where it waits or was never played."""
    account = place.account
    if account is None:
        payer = (row.payer_kind, row.payer_ref, rate)
        way = way_of(place.period, payer, row.currency, of_month=place.of_month)
        if way.pieces:
            taken = take_back(place.micros, way.pieces, way.lines, way.rights)
            for pk, amount in taken.items():
                back.lines[pk], back.months[pk] = way.rows[pk], place.period.month
                back.taken[pk] = back.taken.get(pk, 0) + amount
            return
        account = unplayed_account(place.period.month, row.currency)
    back.accounts[account] = back.accounts.get(account, 0) + place.micros


def line_held(line: StatementLine, micros: int) -> Held:
    """The line as a dispute would hold it, with what is taken back of it."""
    recording = line.stem.recording_id if line.stem else ""
    return Held(
        (line.statement.payee_kind, line.statement.payee_ref),
        line.statement.currency,
        str(line.record_id),
        str(line.stem_id or ""),
        str(recording),
        line.right,
        str(line.sheet_id or ""),
        str(line.party_id or ""),
        micros,
    )
