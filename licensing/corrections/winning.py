"""A chargeback that was won: what it had taken of payees goes back to them, line by line.

Along the lines of the chargeback's own reversal, with the sign turned, in the open month; so nobody
gets any of it from whom nothing was taken. Invariant: a chargeback won whole leaves every payee
with what they had before it, as if it had never been.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.corrections.models import Reversal
from licensing.corrections.refunding import line_held
from licensing.corrections.us_income import tax_again, tax_first
from licensing.corrections.waiting_again import lines_along, wait_again
from licensing.deductions.accounts import payable_of, suspense_of
from licensing.deductions.contested import Movement, write_down
from licensing.deductions.models import ContestedLine, Dispute
from licensing.deductions.queries import awards_of
from licensing.deductions.rules.awards import divide
from licensing.deductions.rules.contests import Line as Held
from licensing.ledger.booking import book
from licensing.ledger.models import Posting
from licensing.ledger.months import share_month, share_open_month
from licensing.ledger.rules import CREDIT, DEBIT, SUSPENSE, AccountKey, Line
from licensing.money import allocate
from licensing.receipts.models import Receipt
from licensing.receipts.rules import reversal_account
from licensing.receipts.winning import record_won
from licensing.royalties.accounts import unplayed_account
from licensing.royalties.along import own_pool, way_of, way_of_plays
from licensing.royalties.letting_go import count_again
from licensing.royalties.models import Period, StatementLine
from licensing.royalties.movement_sql import CORRECTS


@transaction.atomic
def win_back(
    *, key: str, chargeback_id: UUID, amount_micros: int, actor: tuple[str, str], now: datetime
) -> Receipt:
    """Record that so much of a chargeback came back, and give their part back to the payees.

    The same key again is the first row. Raises what `receipts.winning.record_won` raises.
    """
    back = Receipt.objects.get(pk=chargeback_id)
    row = record_won(
        key=key,
        chargeback_id=chargeback_id,
        amount_micros=amount_micros,
        joins=_joins(back),
        actor=actor,
        now=now,
    )
    if row.wins is None:
        return row
    months: dict[date, dict[int, int]] = {}
    for part in row.pool_parts.all():
        months.setdefault(part.month, {})[part.rate_micros] = part.amount_micros
    for period in Period.objects.filter(month__in=months).order_by("month"):
        if not Reversal.objects.filter(receipt=row, period=period).exists():
            _give_again(row, period, months[period.month], now)
    return row


def _joins(back: Receipt) -> dict[date, date]:
    """Months of which the chargeback had taken all that there was before they closed, and the open
    one to which it comes now, with the plays that got nothing for it.
    """
    joins: dict[date, date] = {}
    for part in back.pool_parts.order_by("month", "rate_micros"):
        share_month(part.month)
        period = Period.objects.filter(month=part.month).first()
        payer = (back.payer_kind, back.payer_ref, part.rate_micros)
        if (
            period is not None
            and not Reversal.objects.filter(receipt=back, period=period).exists()
            and own_pool(period, payer, back.currency) is None
            and not way_of_plays(period, payer, back.currency).pieces
        ):
            joins[part.month] = share_open_month(part.month)
            count_again(payer, part.month, part.month, joins[part.month])
    return joins


@dataclass(slots=True)
class _Again:
    """What is to be posted to give something again, and what of it disputes hold."""

    lines: list[Line] = field(default_factory=list)
    held: list[tuple[str, date, Held]] = field(default_factory=list)


def _give_again(row: Receipt, period: Period, parts: Mapping[int, int], now: datetime) -> None:
    """Move what was won of a closed month from the row's own account to where it had been taken."""
    first = Reversal.objects.filter(receipt=row.wins, period=period).first()
    micros = sum(parts.values())
    again = _Again()
    if first is None:
        for rate, part in sorted(parts.items()):
            payer = (row.payer_kind, row.payer_ref, rate)
            divided = own_pool(period, payer, row.currency)
            way = (way_of if divided else way_of_plays)(period, payer, row.currency)
            before = divided.pool_micros if divided else 0
            again.lines += lines_along(way, part, row.currency, before=before)
    else:
        taken = Posting.objects.filter(entry=first.entry, side=DEBIT).select_related("account")
        by_name = {f"{posting.pk:020d}": posting for posting in taken.order_by("pk")}
        weights = [(name, posting.amount_micros) for name, posting in by_name.items()]
        for name, amount in allocate(micros, weights).items():
            if amount:
                _turn(again, row, first, by_name[name], amount)
    entry = book(
        key=f"won:{row.pk}:{period.month:%Y-%m}",
        kind="won back",
        lines=[Line(reversal_account(row.key, row.currency), DEBIT, micros), *again.lines],
        now=now,
        memo=f"chargeback of a payment for {period.month:%Y-%m}, won back",
    )
    write_down(Movement(one, month, part, 1, entry.pk) for one, month, part in again.held)
    made = Reversal.objects.create(receipt=row, period=period, amount_micros=micros, entry=entry)
    if first is None:
        tax_first(made, again.lines, now)
    else:
        tax_again(first, made, now)


def _turn(again: _Again, row: Receipt, first: Reversal, posting: Posting, micros: int) -> None:
    """Give again what one posting of the chargeback took, or a part of it."""
    account = posting.account
    key = AccountKey(account.kind, account.owner_kind, account.owner_ref, account.currency)
    if key.kind == SUSPENSE:
        _contested_again(again, first, posting, micros)
    elif posting.ref.startswith(CORRECTS) or key == unplayed_account(
        first.period.month, row.currency
    ):
        again.lines.append(Line(key, CREDIT, micros, posting.ref))
    else:
        again.lines += wait_again(row, first.period, micros)


def _contested_again(again: _Again, first: Reversal, posting: Posting, micros: int) -> None:
    """To the dispute that held it, or to whom that dispute gave it since it was decided."""
    line = StatementLine.objects.select_related("statement", "stem").get(
        pk=posting.ref.removeprefix(CORRECTS)
    )
    dispute = Dispute.objects.get(pk=posting.account.owner_ref)
    taken = ContestedLine.objects.filter(
        entry=first.entry, dispute=dispute, record_ref=str(line.record_id), stem=line.stem,
        right=line.right, party=line.party_id,
    ).get()  # fmt: skip
    us = -taken.us_micros * micros // -taken.amount_micros
    held = replace(line_held(line, micros), us_micros=us)
    if dispute.decided_at is None:
        suspense = suspense_of(dispute.pk, held.currency)
        again.lines.append(Line(suspense, CREDIT, micros, posting.ref))
        again.held.append((str(dispute.pk), taken.month, held))
        return
    for payee, part in divide(held, awards_of(dispute)):
        account = payable_of(payee, held.currency)
        again.lines.append(Line(account, CREDIT, part.micros, posting.ref))
