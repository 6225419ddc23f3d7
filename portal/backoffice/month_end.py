"""What closing a month comes to, before it is done: what waits, what it posts, whose it is.

A close that takes seconds is rehearsed like every deed about money, by itself and taken back. A
large month would keep its writers out for minutes, so there only what waits is counted. Nothing
here names a listener.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Sum

from licensing.audit.operations import record_fact
from licensing.catalog.queries import list_unsigned_sheets
from licensing.deductions.models import ContestedLine, Dispute
from licensing.ledger import rules as ledger
from licensing.ledger.queries import list_balances
from licensing.money import amount_text
from licensing.royalties.accounts import PAYABLE_KINDS
from licensing.royalties.closing import close_period
from licensing.royalties.models import Anomaly, Period, Usage
from licensing.royalties.scoring import score_usages
from portal.backoffice.rehearsing import Change, Outcome, Table

REHEARSED_AT_MOST = 200_000
"""Usages of a month whose close is rehearsed."""
PAYEES_SHOWN = 40
NOT_REHEARSED = (
    "What it posts is not shown: the month is too large to be closed twice. Every entry is on its "
    "payee’s statement afterwards."
)


def is_rehearsed(month: date) -> bool:
    """Whether a month is small enough for its close to be done and taken back."""
    some = Usage.objects.filter(accrual_month=month.replace(day=1))[: REHEARSED_AT_MOST + 1]
    return some.count() <= REHEARSED_AT_MOST


def close_and_tell(month: date, actor: tuple[str, str], now: datetime) -> Outcome:
    """Look through the plays once more, close the month, and say what that came to.

    Raises what the close raises; in a transaction of the caller.
    """
    score_usages(month=month, now=now, actor=actor)
    waiting = what_waits(month)
    period = close_period(month=month, now=now, actor=actor)
    record_fact(
        actor=actor,
        verb="sign_close",
        object_kind="period",
        object_ref=period.pk,
        after={"looked_at": dict(waiting)},
        at=now,
    )
    sentence = f"{period.month:%B %Y} is closed: {period.statements.count()} statements."
    return Outcome(sentence, waiting, _whose(period))


def counted_only(month: date) -> Outcome:
    """What waits before a large month is closed, and why no more is shown."""
    return Outcome("", what_waits(month), posts_unseen=NOT_REHEARSED)


def what_waits(month: date) -> list[Change]:
    """What a close finds: plays by what becomes of them, money to divide, and what is missing."""
    month = month.replace(day=1)
    unmatched = Usage.objects.filter(state=Usage.State.UNMATCHED).count()
    unsigned = list_unsigned_sheets().count()
    return [
        *_plays(month),
        ("To be divided", _pools(month)),
        ("Plays held until a person decides", _held(month)),
        ("Unmatched usages, in no month", f"{unmatched:,}"),
        ("Split sheets not signed by everybody", f"{unsigned:,}"),
        ("Disputes without a decision", _contested()),
    ]


def _plays(month: date) -> list[Change]:
    counts = Usage.objects.filter(accrual_month=month).values_list("state").annotate(Count("pk"))
    found = dict(counts.order_by())
    labels = {Usage.State.COUNTED: "Plays that accrue", Usage.State.METERED: "Billed to partners"}
    beside = sum(number for state, number in found.items() if state not in labels)
    told = [(label, f"{found.get(state, 0):,}") for state, label in labels.items()]
    return [*told, ("Plays that accrue nothing", f"{beside:,}")]


def _pools(month: date) -> str:
    pools = list_balances(kind=ledger.POOL, owner_kind="month")
    mine = {key.currency: n for key, n in pools.items() if key.owner_ref == f"{month:%Y-%m}" and n}
    return _said(mine)


def _held(month: date) -> str:
    waiting = Anomaly.objects.filter(state=Anomaly.State.OPEN, month=month)
    return f"{waiting.aggregate(plays=Sum('plays'))['plays'] or 0:,}"


def _contested() -> str:
    """How many, and what they hold of months before."""
    open_ones = Dispute.objects.filter(decided_at__isnull=True)
    lines = ContestedLine.objects.filter(dispute__in=open_ones).values_list("currency")
    held = dict(lines.annotate(Sum("amount_micros")))
    return f"{open_ones.count():,}; held of months before: {_said(held)}"


def _whose(period: Period) -> Table:
    """What everybody earned and has after it, the largest first; the rest together."""
    rows = list(period.statements.values_list(*_TOLD))
    rows.sort(key=lambda row: (-(row[3] - row[4]), row[1], row[2]))
    paid = [row for row in rows if row[0] in PAYABLE_KINDS]
    nobody = [row for row in rows if row[0] not in PAYABLE_KINDS]
    told = [
        (row[1], _amount(row[3] - row[4], row[2]), _amount(row[5], row[2]))
        for row in paid[:PAYEES_SHOWN]
    ]
    more = paid[PAYEES_SHOWN:]
    if more:
        told.append((f"{len(more):,} more", _earned(more), ""))
    told.append(("Nobody yet: no sheet in force says whose", _earned(nobody), ""))
    return Table(f"{len(rows):,} statements", ("Payee", "Earned", "On the account"), told)


_TOLD = (
    *("payee_kind", "payee_name", "currency", "lines_micros", "moved_micros", "closing_micros"),
)


def _amount(micros: int, currency: str) -> str:
    return f"{amount_text(micros)} {currency}"


def _earned(rows: Sequence[tuple[Any, ...]]) -> str:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row[2]] = sums.get(row[2], 0) + row[3] - row[4]
    return _said(sums)


def _said(amounts: dict[str, int]) -> str:
    said = [_amount(n, code) for code, n in sorted(amounts.items()) if n]
    return ", ".join(said) or "nothing"
