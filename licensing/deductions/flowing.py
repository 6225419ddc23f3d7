"""Letting earnings flow on to what is payable: one plan per payee, posted and written down.

Used by a month's close and wherever held earnings come free, so that an advance, a reserve and a
tax form mean the same everywhere. Only payees with something to deduct come here. Invariant: each
step of each payee is one entry under a key of its own, so nothing is taken twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from licensing.deductions.accounts import (
    SYSTEM,
    Payee,
    move,
    payable_of,
    reserve_of,
    withholding_for,
)
from licensing.deductions.accounts import advance_of as account_of_advance
from licensing.deductions.models import Advance, Reserve, ReserveRule, TaxProfile, Withheld
from licensing.deductions.queries import (
    form_of,
    open_advances,
    profiles_in_force,
    rules_in_force,
)
from licensing.deductions.rules.parts import PPM, Part, total, us_total
from licensing.deductions.rules.recoupment import Terms
from licensing.deductions.rules.reserves import Rule
from licensing.deductions.rules.taxes import US, rate_ppm
from licensing.deductions.rules.waterfall import Plan, plan
from licensing.ledger.operations import post_many
from licensing.ledger.rules import EntryDraft
from licensing.money import amount_text

WAITS_FOR_FORM = "Income from the United States waits for a tax form in force."


@dataclass(frozen=True, slots=True)
class Earned:
    """What one payee earned in one currency, by recording and right."""

    payee: Payee
    currency: str
    parts: Sequence[Part]


class _Step(NamedTuple):
    """One entry to be, and the row that says why it is there."""

    draft: EntryDraft | None
    row: Reserve | Withheld | None


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is agreed with the payees at hand."""

    advances: Mapping[str, tuple[Advance, Terms]]
    rules: Mapping[str, ReserveRule]
    profiles: Mapping[Payee, TaxProfile]
    key: str
    at: datetime
    now: datetime
    month: date | None

    def of(self, one: Earned) -> Plan:
        """The plan of one payee's earnings."""
        profile = self.profiles.get(one.payee)
        mine = [
            terms
            for row, terms in self.advances.values()
            if ((row.payee_kind, row.payee_ref), row.currency) == (one.payee, one.currency)
        ]
        rules = [
            Rule(key, row.ppm, str(row.recording_id or ""))
            for key, row in self.rules.items()
            if not row.payee_ref or (row.payee_kind, row.payee_ref) == one.payee
        ]
        rate = rate_ppm(form_of(profile) if profile else None, self.at.date())
        return plan(one.parts, advances=mine, rules=rules, rate_ppm=rate)


def let_flow(
    earned: Sequence[Earned],
    *,
    key: str,
    at: datetime,
    now: datetime,
    reserves: bool,
    recoups: bool = True,
    month: date | None = None,
) -> int:
    """Take from payable what recoups, waits or is withheld; how many entries were posted.

    `key` tells the occasion (a month, a dispute); `at` is the moment of the entries in an open
    month, held shared or alone by the caller. `reserves`, `recoups`: whether reserve rules and
    advances ask for their part; what was set aside once has passed both already. `month` is the one
    that earned it, where it is one: a refund of that month finds its tax by it.
    """
    payees = sorted({one.payee for one in earned})
    terms = _Terms(
        advances=open_advances(payees) if recoups else {},
        rules=rules_in_force() if reserves else {},
        profiles=profiles_in_force(payees),
        key=key,
        at=at,
        now=now,
        month=month,
    )
    steps = [step for one in earned for step in _steps(one, terms.of(one), terms)]
    drafts = [step.draft for step in steps if step.draft]
    entries = {entry.key: entry for entry in post_many(drafts=drafts, now=now)}
    for draft, row in steps:
        if row is not None:
            row.entry = entries[draft.key] if draft else None
    rows = [step.row for step in steps]
    Reserve.objects.bulk_create(row for row in rows if isinstance(row, Reserve))
    Withheld.objects.bulk_create(row for row in rows if isinstance(row, Withheld))
    return len(drafts)


def _steps(one: Earned, planned: Plan, terms: _Terms) -> Iterator[_Step]:
    yield from _recoupments(one, planned, terms)
    for key, parts in planned.aside.items():
        yield _aside(one, terms.rules[key], parts, terms)
    if planned.waits_micros:
        yield _waiting(one, planned.waits_micros, terms)
    elif planned.us_micros:
        yield _tax(one, planned, terms)


def _recoupments(one: Earned, planned: Plan, terms: _Terms) -> Iterator[_Step]:
    for key, micros in planned.recouped.items():
        row, known = terms.advances[key]
        memo = f"{row.agreement}; still open {amount_text(known.open_micros - micros)}"
        account = account_of_advance(row.pk, one.currency)
        lines = move(payable_of(one.payee, one.currency), account, micros, f"advance:{row.pk}")
        name = f"recoupment:{terms.key}:{row.pk}"
        yield _Step(EntryDraft(name, "recoupment", lines, terms.at, memo), None)


def _aside(one: Earned, rule: ReserveRule, parts: Sequence[Part], terms: _Terms) -> _Step:
    row = Reserve(
        why=Reserve.Why.RULE,
        rule=rule,
        amount_micros=total(parts),
        us_micros=us_total(parts),
        reason=rule.reason,
        release_at=terms.at + timedelta(days=rule.days),
        **_whose(one, terms),
    )
    return _reserve(f"reserve:{terms.key}:{rule.pk}", one, row, terms)


def _waiting(one: Earned, micros: int, terms: _Terms) -> _Step:
    row = Reserve(
        why=Reserve.Why.TAX_FORM,
        amount_micros=micros,
        us_micros=micros,
        reason=WAITS_FOR_FORM,
        **_whose(one, terms),
    )
    return _reserve(f"taxform:{terms.key}", one, row, terms)


def _whose(one: Earned, terms: _Terms) -> dict[str, object]:
    return {
        "payee_kind": one.payee[0],
        "payee_ref": one.payee[1],
        "currency": one.currency,
        "placed_by": SYSTEM[1],
        "placed_at": terms.now,
        "month": terms.month,
    }


def _reserve(name: str, one: Earned, row: Reserve, terms: _Terms) -> _Step:
    until = f" until {row.release_at:%Y-%m-%d}" if row.release_at else ""
    lines = move(
        payable_of(one.payee, one.currency),
        reserve_of(one.payee, one.currency),
        row.amount_micros,
        f"reserve:{row.pk}",
    )
    key = ":".join((name, *one.payee, one.currency))
    return _Step(EntryDraft(key, "reserve", lines, terms.at, f"{row.reason}{until}"[:300]), row)


def _tax(one: Earned, planned: Plan, terms: _Terms) -> _Step:
    profile = terms.profiles[one.payee]
    rate = rate_ppm(form_of(profile), terms.at.date()) or 0
    row = Withheld(
        payee_kind=one.payee[0],
        payee_ref=one.payee[1],
        currency=one.currency,
        us_micros=planned.us_micros,
        rate_ppm=rate,
        amount_micros=planned.withheld_micros,
        profile=profile,
        at=terms.now,
        month=terms.month,
    )
    if not planned.withheld_micros:
        return _Step(None, row)
    key = ":".join(("withholding", terms.key, *one.payee, one.currency))
    memo = in_words(row.rate_ppm, planned.us_micros)
    account = withholding_for(US, one.currency)
    lines = move(payable_of(one.payee, one.currency), account, planned.withheld_micros)
    return _Step(EntryDraft(key, "withholding", lines, terms.at, memo), row)


def in_words(rate_ppm: int, us_micros: int) -> str:
    """Tax as statements say it: "30 % of 1.118880 from the United States"."""
    percent = f"{rate_ppm * 100 // PPM}.{rate_ppm * 100 % PPM:06d}".rstrip("0").rstrip(".")
    return f"{percent} % of {amount_text(us_micros)} from the United States"
