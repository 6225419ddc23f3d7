"""The money in a case file: what a record earned whom, what was corrected, contested and held back.

It gathers and shows; it decides nothing and writes nothing. Listeners stay out of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, Sum

from licensing.attribution.models import LicenceRecord, LicenceSource
from licensing.corrections.models import Adjustment, Proposal
from licensing.deductions.models import (
    Advance,
    ContestedLine,
    Dispute,
    Reserve,
    ReserveRule,
    TaxProfile,
)
from licensing.deductions.queries import awards_of
from licensing.money import amount_text
from licensing.royalties.accounts import PAYABLE_KINDS
from licensing.royalties.models import PAID, Statement, StatementLine
from portal.artists.words import percent
from portal.backoffice.awards_field import said_of
from portal.backoffice.names import Ref, look_up


@dataclass(slots=True)
class Earned:
    """What one payee earned with the record in one month, in micro-units of one currency."""

    month: date
    payee: str
    currency: str
    earned: int = 0
    corrected: int = 0
    contested: int = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something about the money that happened: `state` as the time line of the file has it."""

    at: datetime
    title: str
    row: str
    note: str
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Money:
    """The earnings by month and payee, what stands between them and payouts, and what happened."""

    earned: Sequence[Earned] = ()
    standing: Sequence[str] = ()
    happened: Sequence[Happening] = ()

    def sums(self) -> list[Earned]:
        """The foot of the table: one row per currency."""
        found: dict[str, Earned] = {}
        for row in self.earned:
            foot = found.setdefault(row.currency, Earned(row.month, "", row.currency))
            foot.earned += row.earned
            foot.corrected += row.corrected
            foot.contested += row.contested
        return [found[code] for code in sorted(found)]


def money_of(record: LicenceRecord, sources: Sequence[LicenceSource]) -> Money:
    """All of it; empty while no month with this record is closed and nothing is contested."""
    lines = StatementLine.objects.filter(
        record=record, kind__in=PAID, statement__version=1
    ).select_related("statement__period")
    rows = _earned(record, lines)
    whose = {one.statement.payee_ref: one.statement.payee_name for one in lines}
    happened = [*_disputes(record, sources), *_corrections(record), *_restated(record)]
    return Money(rows, _standing(whose), happened)


def _earned(record: LicenceRecord, lines: Iterable[StatementLine]) -> list[Earned]:
    rows: dict[tuple[date, str, str], Earned] = {}
    names: dict[str, str] = {}
    every = list(lines)
    waits = look_up((one.statement.payee_kind, one.statement.payee_ref) for one in every)
    for line in every:
        told = line.statement
        key = (told.period.month, told.payee_ref, told.currency)
        names[told.payee_ref] = _payee(told, waits)
        row = rows.setdefault(key, Earned(key[0], names[told.payee_ref], told.currency))
        row.earned += line.amount_micros
    corrected = Adjustment.objects.filter(lines__line__record=record).values_list(
        *("lines__line__statement__period__month", "lines__line__statement__payee_ref"),
        *("lines__line__statement__currency", "lines__amount_micros"),
    )
    for month, ref, currency, micros in corrected:
        rows[month, ref, currency].corrected += micros
    held = ContestedLine.objects.filter(record_ref=str(record.pk))
    columns = ("month", "payee_kind", "payee_ref", "currency")
    sums = list(held.values_list(*columns).annotate(Sum("amount_micros")))
    known = look_up((kind, ref) for _, kind, ref, _, _ in sums)
    for month, kind, ref, currency, micros in sums:
        key = (month, ref, currency)
        name = names.get(ref) or known.get((kind, ref), ref)
        rows.setdefault(key, Earned(month, name, currency)).contested += micros
    return [rows[key] for key in sorted(rows, key=lambda key: (key[0], rows[key].payee, key[2]))]


def _payee(told: Statement, known: dict[Ref, str]) -> str:
    """Who it is; what nobody could be paid for yet is named by what it waits for."""
    if told.payee_kind in PAYABLE_KINDS:
        return told.payee_name
    named = known.get((told.payee_kind, told.payee_ref), told.payee_name)
    return f"nobody yet: {told.payee_kind} {named}"


def _disputes(record: LicenceRecord, sources: Sequence[LicenceSource]) -> list[Happening]:
    """Disputes about what sounds in this record."""
    stems = {one.stem_id for one in sources}
    recordings = {one.stem.recording_id for one in sources}
    works = {one.stem.recording.work_id for one in sources}
    about = (
        Q(stem__in=stems)
        | Q(recording__in=recordings)
        | Q(sheet__stem__in=stems)
        | Q(sheet__recording__in=recordings)
        | Q(sheet__work__in=works)
    )
    rows = Dispute.objects.filter(about, record_ref__in=["", str(record.pk)])
    found = []
    for row in rows:
        note = f"{row.claimant}: {row.reason} ({percent(row.contested_ppm)})"
        found.append(Happening(row.opened_at, "Dispute opened", str(row.pk), note, "held"))
        if row.decided_at is not None:
            people = _people(row.proposed_by, row.decided_by)
            whose = said_of(awards_of(row))
            said = f"{row.decision} ({people})" + (f"; divided: {whose}" if whose else "")
            found.append(Happening(row.decided_at, "Dispute decided", str(row.pk), said))
    return found


def _corrections(record: LicenceRecord) -> list[Happening]:
    made = Adjustment.objects.filter(lines__line__record=record).distinct()
    found = [
        Happening(
            row.made_at,
            "Lines corrected",
            str(row.pk),
            f"{row.reason} ({_people(row.proposed_by, row.confirmed_by)})",
        )
        for row in made
    ]
    waiting = Proposal.objects.filter(state="OPEN", lines__line__record=record).distinct()
    found += [
        Happening(row.proposed_at, "Correction proposed", str(row.pk), row.reason, "next")
        for row in waiting
    ]
    return found


def _restated(record: LicenceRecord) -> list[Happening]:
    rows = Statement.objects.filter(version__gt=1, lines__record=record).distinct()
    return [
        Happening(
            row.made_at,
            f"Statement restated, version {row.version}",
            str(row.pk),
            f"{row.payee_name}, {row.period.month:%B %Y}: {row.reason}",
        )
        for row in rows.select_related("period")
    ]


def _people(first: str, second: str) -> str:
    """Two logins by their names, as far as they are logins of this installation."""
    names = look_up([("user", first), ("user", second)])
    one, other = (names.get(("user", ref), ref) for ref in (first, second))
    return f"{one}, then {other}"


def _standing(whose: dict[str, str]) -> list[str]:
    """What stands between these payees' earnings and their payouts, a sentence each."""
    said: dict[str, list[str]] = defaultdict(list)
    for paid in Advance.objects.filter(payee_ref__in=whose).order_by("agreed_at"):
        when = f"paid on {paid.paid_at:%-d %B %Y}" if paid.paid_at else "not paid yet"
        amount = f"{amount_text(paid.amount_micros)} {paid.currency}"
        said[paid.payee_ref].append(f"advance {paid.agreement} of {amount}, {when}")
    rules = ReserveRule.objects.filter(payee_ref__in=whose, ended_at__isnull=True)
    for rule in rules.order_by("placed_at"):
        aside = f"{percent(rule.ppm)} set aside for {rule.days} days"
        said[rule.payee_ref].append(f"{aside}: {rule.reason}")
    waiting = Reserve.objects.filter(payee_ref__in=whose, released_at__isnull=True)
    sums = waiting.values_list("payee_ref", "currency").annotate(Sum("amount_micros"))
    for ref, currency, micros in sums:
        said[ref].append(f"{amount_text(micros)} {currency} wait in reserve")
    for form in TaxProfile.objects.filter(payee_ref__in=whose).order_by("signed_at"):
        said[form.payee_ref].append(f"tax form {form.form}, {form.status.lower()}")
    return [
        f"{whose[ref]}: {'; '.join(said[ref])}." for ref in sorted(said, key=lambda one: whose[one])
    ]
