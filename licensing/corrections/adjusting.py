"""Correcting lines of closed months: by an entry in the open one, under two people."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.corrections.models import AdjustedLine, Adjustment
from licensing.deductions.rules.refusals import (
    DeductionRefused,
    check_reason,
    check_second_person,
)
from licensing.ledger import rules as ledger
from licensing.ledger.booking import book
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.royalties.accounts import payee_account
from licensing.royalties.models import PAID, StatementLine
from licensing.royalties.movement_sql import CORRECTS


@transaction.atomic
def adjust_lines(
    *,
    key: str,
    corrections: Mapping[UUID, int],
    reason: str,
    proposed_by: str,
    confirmed_by: str,
    now: datetime,
) -> Adjustment:
    """Give the payees of earning lines more or less, in micro-units of the lines' one currency.

    What the corrections do not give from one payee to another, the house bears out of its
    commission. The same key again is the first adjustment. Raises DeductionRefused: same_person,
    no_reason, not_an_earning.
    """
    known = Adjustment.objects.filter(key=key).first()
    if known is not None:
        return known
    check_second_person(proposed_by, confirmed_by)
    entry = book(
        key=f"adjustment:{key}",
        kind="adjustment",
        lines=_postings(_earnings(corrections), corrections),
        now=now,
        memo=check_reason(reason)[:300],
    )
    row = Adjustment.objects.create(
        key=key,
        reason=reason.strip(),
        proposed_by=proposed_by,
        confirmed_by=confirmed_by,
        made_at=now,
        entry=entry,
    )
    AdjustedLine.objects.bulk_create(
        AdjustedLine(adjustment=row, line_id=pk, amount_micros=micros)
        for pk, micros in corrections.items()
    )
    record_fact(
        actor=("user", confirmed_by),
        verb="adjust_lines",
        object_kind="adjustment",
        object_ref=row.pk,
        after={"proposed_by": proposed_by, "lines": {str(k): v for k, v in corrections.items()}},
        at=now,
    )
    return row


def _earnings(corrections: Mapping[UUID, int]) -> list[StatementLine]:
    rows = StatementLine.objects.filter(pk__in=corrections, kind__in=PAID, statement__version=1)
    lines = list(rows.select_related("statement__period__rate_card"))
    currencies = {line.statement.currency for line in lines}
    if len(lines) != len(corrections) or len(currencies) != 1 or not all(corrections.values()):
        raise DeductionRefused(
            "not_an_earning", "Only earnings of one currency are corrected, by an amount."
        )
    return lines


def _postings(lines: list[StatementLine], corrections: Mapping[UUID, int]) -> list[Line]:
    postings = []
    for line in lines:
        payee = (line.statement.payee_kind, line.statement.payee_ref)
        account = payee_account(payee, line.statement.currency)
        postings.append(_signed(account, corrections[line.pk], f"{CORRECTS}{line.pk}"))
    rest = -sum(corrections.values())
    if rest:
        product = lines[0].statement.period.rate_card.product
        house = AccountKey(ledger.COMMISSION, "product", product, lines[0].statement.currency)
        postings.append(_signed(house, rest, ""))
    return postings


def _signed(account: AccountKey, micros: int, ref: str) -> Line:
    return Line(account, CREDIT if micros > 0 else DEBIT, abs(micros), ref)
