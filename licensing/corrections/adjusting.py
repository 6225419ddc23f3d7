"""Correcting lines of closed months: by an entry in the open one, under two people.

More for a line is earned anew: disputes hold their share of it, then advances, reserves and tax
take theirs, as at a close. Less is taken from where the line's money lies, first from what
corrections gave it, so that the opposite of a correction undoes it.
Corrections and refunds come one after the other, because each reads what the ones before it left.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.corrections.dividing import OfLine
from licensing.corrections.models import AdjustedLine, Adjustment
from licensing.corrections.taking import as_earned, posting, where_they_are
from licensing.deductions.accounts import Payee
from licensing.deductions.contested import (
    Freed,
    Held,
    hold,
    open_claims,
    rest_of,
    write_free,
)
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.given_back import Lost, give_tax_back
from licensing.deductions.rules.contests import Claim, Line
from licensing.deductions.rules.parts import Part
from licensing.deductions.rules.refusals import (
    DeductionRefused,
    check_reason,
    check_second_person,
)
from licensing.deductions.where import Taken, Whereabouts, write_taken
from licensing.ledger import rules as ledger
from licensing.ledger.booking import book, moment_of
from licensing.ledger.models import JournalEntry
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey
from licensing.ledger.rules import Line as Posted
from licensing.receipts.operations import hold_key
from licensing.royalties.accounts import PAYABLE_KINDS, payee_account
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
    hold_key("refunds")
    known = Adjustment.objects.filter(key=key).first()
    if known is not None:
        return known
    check_second_person(proposed_by, confirmed_by)
    moment_of(now)
    claims = open_claims()
    lines = _earnings(corrections)
    corrected = _corrected(lines, corrections, key)
    entry = book(
        key=f"adjustment:{key}",
        kind="adjustment",
        lines=corrected.postings(_house(lines[0])),
        now=now,
        memo=check_reason(reason)[:300],
    )
    write_taken([one for _, one in corrected.taken], entry.pk)
    losses = _losses(corrected, {line.pk: line for line in lines})
    give_tax_back(losses, key=entry.key, why="a correction", now=now)
    _let_flow(corrected, claims, entry, now)
    row = Adjustment.objects.create(
        key=key,
        reason=reason.strip(),
        proposed_by=proposed_by,
        confirmed_by=confirmed_by,
        made_at=now,
        entry=entry,
    )
    _write(row, corrections)
    return row


def _write(row: Adjustment, corrections: Mapping[UUID, int]) -> None:
    AdjustedLine.objects.bulk_create(
        AdjustedLine(adjustment=row, line_id=pk, amount_micros=micros)
        for pk, micros in corrections.items()
    )
    lines = {str(pk): micros for pk, micros in corrections.items()}
    record_fact(
        actor=("user", row.confirmed_by),
        verb="adjust_lines",
        object_kind="adjustment",
        object_ref=row.pk,
        after={"proposed_by": row.proposed_by, "lines": lines},
        at=row.made_at,
    )


def _earnings(corrections: Mapping[UUID, int]) -> list[StatementLine]:
    rows = StatementLine.objects.filter(pk__in=corrections, kind__in=PAID, statement__version=1)
    lines = list(
        rows.select_related("statement__period__rate_card", "variation_sum", "stem").order_by("pk")
    )
    currencies = {line.statement.currency for line in lines}
    if len(lines) != len(corrections) or len(currencies) != 1 or not all(corrections.values()):
        raise DeductionRefused(
            "not_an_earning", "Only earnings of one currency are corrected, by an amount."
        )
    return lines


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What corrections move: `given` to payees as earnings of a line's month, `taken` from where it
    lies; the key of a line beside each.
    """

    given: Sequence[tuple[UUID, Line, date]]
    taken: Sequence[tuple[UUID, Taken]]

    def postings(self, house: AccountKey) -> list[Posted]:
        """One of each line and place; what the house bears, or gets, of its account."""
        lines = [
            _signed(payee_account(line.payee, line.currency), line.micros, f"{CORRECTS}{pk}")
            for pk, line, _ in self.given
        ]
        lines += [posting(one, pk) for pk, one in self.taken]
        rest = sum(one.line.micros for _, one in self.taken)
        rest -= sum(line.micros for _, line, _ in self.given)
        return [*lines, _signed(house, rest, "")] if rest else lines


def _corrected(
    lines: Sequence[StatementLine], corrections: Mapping[UUID, int], key: str
) -> _Corrected:
    of = [OfLine(line, line.statement.period.month, corrections[line.pk]) for line in lines]
    more, less = [one for one in of if one.micros > 0], [one for one in of if one.micros < 0]
    lies = where_they_are(less)
    return _Corrected(
        given=[
            (line.pk, as_earned(line, micros, us_part(line, micros), key), month)
            for line, month, micros in more
        ],
        taken=[
            (line.pk, taken)
            for line, month, micros in less
            for taken in _taken(lies, as_earned(line, -micros), month)
        ],
    )


def _taken(lies: Whereabouts, line: Line, month: date) -> list[Taken]:
    of_corrections, rest = lies.take_of_corrections(line, month)
    return of_corrections + (lies.take(rest, month) if rest.micros else [])


def _losses(corrected: _Corrected, lines: Mapping[UUID, StatementLine]) -> list[Lost]:
    """Of what is taken of payees, the income of US source, by the month that earned it."""
    lost: dict[tuple[Payee, str, date], int] = defaultdict(int)
    for pk, taken in corrected.taken:
        line = taken.line
        us = line.us_micros if taken.is_known else us_part(lines[pk], line.micros)
        if taken.place[0] in PAYABLE_KINDS:
            lost[taken.place, line.currency, taken.month] += us
    return [Lost(*which, us) for which, us in lost.items() if us > 0]


def us_part(line: StatementLine, micros: int) -> int:
    """What of so much of a line is of US source: as much as of the line, rounded down."""
    of = line.variation_sum
    return micros * of.us_micros // of.amount_micros if of and of.amount_micros else 0


def _house(line: StatementLine) -> AccountKey:
    product = line.statement.period.rate_card.product
    return AccountKey(ledger.COMMISSION, "product", product, line.statement.currency)


def _let_flow(
    corrected: _Corrected, claims: Sequence[Claim], entry: JournalEntry, now: datetime
) -> None:
    """What is given more waits, recoups and is taxed like what a close gives."""
    given: dict[Held, Line] = {}
    for _, line, month in corrected.given:
        if line.payee[0] in PAYABLE_KINDS:
            which = (line.holding(0, 0), month)
            known = given.get(which, which[0])
            given[which] = line.holding(
                known.micros + line.micros, known.us_micros + line.us_micros
            )
    of = [(line, month) for (_, month), line in given.items()]
    held = hold(of, claims, key=entry.key, at=entry.effective_at, now=now)
    contested: dict[Line, list[Line]] = {}
    for _, part in held:
        contested.setdefault(part.holding(0, 0), []).append(part)
    write_free(
        Freed(line.payee, month, line, 1, entry.pk)
        for line, month in of
        if line.holding(0, 0) not in contested
    )
    flows: dict[Payee, list[Part]] = {}
    for line, _ in of:
        rest = rest_of(line, contested.get(line.holding(0, 0), []))
        flows.setdefault(line.payee, []).append(rest.part())
    earned = [Earned(payee, of[0][0].currency, parts) for payee, parts in sorted(flows.items())]
    months = {month for _, month in of}
    only = months.pop() if len(months) == 1 else None
    let_flow(earned, key=entry.key, at=entry.effective_at, now=now, reserves=True, month=only)


def _signed(account: AccountKey, micros: int, ref: str) -> Posted:
    return Posted(account, CREDIT if micros > 0 else DEBIT, abs(micros), ref)
