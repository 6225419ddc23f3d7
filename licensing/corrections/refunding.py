"""A refund or chargeback of money that closed months have divided already.

The receipt below zero stands in the open month; what it takes of closed months is reversed among
their payees by the weights of that payer's division, each posting naming the line it corrects. A
balance that falls below zero carries over; nobody is asked for money.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import transaction

from licensing.corrections.models import Reversal
from licensing.corrections.rules.reversing import Given, take_back
from licensing.deductions.accounts import suspense_of
from licensing.deductions.contested import Movement, write_down
from licensing.deductions.contested import take_back as take_back_contested
from licensing.deductions.rules.contests import Line as Held
from licensing.ledger.booking import book
from licensing.ledger.months import share_month
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.receipts.models import Receipt
from licensing.receipts.refunding import record_refund
from licensing.receipts.rules import pool_account, reversal_account
from licensing.royalties.accounts import held_account, payee_account, unplayed_account
from licensing.royalties.evidence import plays_by_pool
from licensing.royalties.models import PAID, HeldPool, Period, StatementLine
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
        free = take_back_contested(month, _held(line, -amount))
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
    Reversal.objects.create(receipt=row, period=period, amount_micros=micros, entry=entry)


def _back(row: Receipt, period: Period, parts: Mapping[int, int]) -> _Back:
    """Of which lines and accounts the parts are taken; a line may give to several of them."""
    back = _Back()
    for rate, micros in sorted(parts.items()):
        divided, waits_in = _where_it_is(row, period, rate, micros)
        taken, lines = ({}, {}) if waits_in else _taken(row, divided, rate, micros)
        for pk, amount in taken.items():
            back.lines[pk], back.months[pk] = lines[pk], divided.month
            back.taken[pk] = back.taken.get(pk, 0) + amount
        if not taken:
            account = waits_in or unplayed_account(divided.month, row.currency)
            back.accounts[account] = back.accounts.get(account, 0) + micros
    return back


def _where_it_is(
    row: Receipt, period: Period, rate: int, micros: int
) -> tuple[Period, AccountKey | None]:
    """The close that divided this money, and the account where it still waits, if it does.

    A pool all of whose plays were held waits for a decision, then joins an open month.
    """
    pool = (
        HeldPool.objects.select_for_update()
        .filter(period=period, payer_kind=row.payer_kind, payer_ref=row.payer_ref)
        .filter(currency=row.currency, rate_micros=rate)
        .first()
    )
    if pool is None:
        return period, None
    account = held_account(period.month, row.currency)
    if pool.joins_month is not None:
        share_month(pool.joins_month)
        joined = Period.objects.select_related("rate_card").filter(month=pool.joins_month).first()
        if joined is not None:
            return _where_it_is(row, joined, rate, micros)
        account = pool_account(pool.joins_month, row.currency)
    pool.amount_micros -= micros
    pool.us_micros -= micros if row.country == "US" else 0
    pool.save(update_fields=["amount_micros", "us_micros"])
    return period, account


def _taken(
    row: Receipt, period: Period, rate: int, micros: int
) -> tuple[dict[str, int], dict[str, StatementLine]]:
    """What each line of the month gives back, below zero, and those lines; by their ids.

    Nothing where nobody played anything in that month.
    """
    payer = (row.payer_kind, row.payer_ref, rate)
    given = plays_by_pool(period, payer, row.currency)
    pieces = {(record, era_from): plays for record, era_from, plays in given}
    if not pieces:
        return {}, {}
    rows = StatementLine.objects.filter(
        statement__period=period,
        statement__version=1,
        kind__in=PAID,
        variation_sum__currency=row.currency,
        variation_sum__record__in={record for record, _ in pieces},
    ).select_related("statement", "variation_sum", "stem")
    lines: dict[str, list[Given]] = {_name(*piece): [] for piece in pieces}
    known: dict[str, StatementLine] = {}
    for line in rows:
        of = line.variation_sum
        if of is not None and (of.record_id, of.era_from) in pieces:
            lines[_name(of.record_id, of.era_from)].append(_given(line))
            known[str(line.pk)] = line
    card = period.rate_card
    rights = [("MASTER", card.master_ppm), ("PUBLISHING", card.publishing_ppm)]
    weights = [(_name(*piece), plays) for piece, plays in pieces.items()]
    return take_back(micros, weights, lines, rights), known


def _name(record: UUID, era_from: datetime) -> str:
    """A piece's key; orders like the record's id and the moment of its sheets."""
    return f"{record}|{era_from.astimezone(UTC).isoformat()}"


def _given(line: StatementLine) -> Given:
    return Given(
        line=str(line.pk),
        stem=str(line.stem_id or ""),
        right=line.right,
        party=str(line.party_id or ""),
        source_ppm=line.source_ppm,
        share_ppm=line.share_ppm,
    )


def _held(line: StatementLine, micros: int) -> Held:
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
