"""What a decision about held plays does with the money that a close kept for them.

Released, their part is divided over them in the open month, and over nothing else. Upheld, it is
given at once along the lines of what else the payer played in that month; where that is nothing, it
goes with the payer's plays that are still held, were released, or come. Invariant: what leaves a
held pool arrives elsewhere in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Sum

from licensing.audit.operations import record_fact
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.rules.parts import Part
from licensing.ledger.operations import post
from licensing.ledger.rules import CREDIT, DEBIT, Line, month_end, month_start
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import PAYABLE_KINDS, held_account, payee_account
from licensing.royalties.along import Way, own_pool, way_of
from licensing.royalties.evidence import Payer
from licensing.royalties.models import Anomaly, HeldPart, HeldPool, PayerPool, Usage
from licensing.royalties.movement_sql import CORRECTS
from licensing.royalties.rules.along import added

Counts = Mapping[Payer, int]
COUNT_AGAIN = "count_again"
"""The fact that plays of a closed month count in another one instead."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Plays of a closed month about which a person decided, and the open month `into`."""

    anomaly: Anomaly
    is_released: bool
    into: date
    now: datetime

    @property
    def at(self) -> datetime:
        """The moment of what is posted: now, within the open month."""
        last = month_end(self.into) - timedelta(microseconds=1)
        return min(max(self.now, month_start(self.into)), last)

    def key(self, pool: HeldPool) -> str:
        """Of the entry that empties a pool."""
        return f"held:{self.anomaly.pk}:{pool.pk}"


def held_by_payer(month: date, anomalies: Sequence[int] | None = None) -> Counts:
    """Plays of a month that are held now, by payer and price: all, or of these questions."""
    rows = Usage.objects.filter(accrual_month=month, state=Usage.State.HELD)
    rows = rows if anomalies is None else rows.filter(anomaly_id__in=anomalies)
    named = rows.values_list("payer_kind", "payer_ref", "rate_micros")
    counts: dict[Payer, int] = {}
    for kind, ref, rate, plays in named.annotate(plays=Count("pk")):
        payer = (kind, ref, rate or 0)
        counts[payer] = counts.get(payer, 0) + plays
    return counts


def count_again(payer: Payer, month: date, counted_in: date, into: date, now: datetime) -> int:
    """Let plays of a month count in an open one, to which the money came that they had not when
    they were `counted_in` a closed one; how many.
    """
    kind, ref, rate = payer
    rows = Usage.objects.filter(accrual_month=counted_in, state=Usage.State.COUNTED)
    mine = rows.filter(payer_kind=kind, payer_ref=ref, rate_micros=rate or None)
    heard = mine.filter(played_at__gte=month_start(month), played_at__lt=month_end(month))
    plays = heard.update(accrual_month=into)
    if plays:
        record_fact(
            actor=("system", "royalties"),
            verb=COUNT_AGAIN,
            object_kind="month",
            object_ref=f"{counted_in:%Y-%m}",
            after={"plays": plays, "into": f"{into:%Y-%m}"},
            at=now,
        )
    return plays


def hold_pools(month: date) -> None:
    """Let nobody else decide about held plays of a closed month until the transaction ends."""
    list(HeldPool.objects.select_for_update(of=("self",)).filter(period__month=month))


def let_go(decided: Decided, plays: Counts, still_held: Counts) -> None:
    """Move what was kept for plays just decided. still_held: what waits of their payers beside."""
    refs = [ref for _, ref, _ in plays]
    pools = HeldPool.objects.select_for_update(of=("self",)).select_related("period__rate_card")
    mine = pools.filter(period__month=decided.anomaly.month, payer_ref__in=refs)
    for pool in mine.order_by("pk"):
        payer = _payer(pool)
        if payer in plays:
            others = still_held.get(payer, 0)
            whole = plays[payer] + others
            part = HeldPart(
                pool=pool,
                anomaly=decided.anomaly,
                amount_micros=pool.amount_micros * plays[payer] // whole,
                us_micros=pool.us_micros * plays[payer] // whole,
            )
            if part.amount_micros:
                _let_go(decided, part, has_others=bool(others))


def _let_go(decided: Decided, part: HeldPart, *, has_others: bool) -> None:
    pool = part.pool
    if decided.is_released:
        part.joins_month, part.is_own = decided.into, True
    elif (given := own_pool(pool.period, _payer(pool), pool.currency)) is not None:
        _give_along(decided, part, given)
    elif has_others:
        return
    else:
        part.joins_month = decided.into
        part.is_own = pool.parts.filter(joins_month=decided.into, is_own=True).exists()
    if part.joins_month is not None:
        _join(decided, part)
    pool.amount_micros -= part.amount_micros
    pool.us_micros -= part.us_micros
    pool.save(update_fields=["amount_micros", "us_micros"])
    part.save(force_insert=True)


def _payer(pool: HeldPool) -> Payer:
    return (pool.payer_kind, pool.payer_ref, pool.rate_micros)


def _join(decided: Decided, part: HeldPart) -> None:
    pool = part.pool
    month = pool.period.month
    post(
        key=decided.key(pool),
        kind="held pool",
        postings=[
            Line(held_account(month, pool.currency), DEBIT, part.amount_micros),
            Line(pool_account(decided.into, pool.currency), CREDIT, part.amount_micros),
        ],
        effective_at=decided.at,
        now=decided.now,
        memo=f"waited since {month:%Y-%m} for a decision about plays",
    )


def _give_along(decided: Decided, part: HeldPart, given: PayerPool) -> None:
    """To the payees of what else the payer played in that month, each line named."""
    pool = part.pool
    way = way_of(pool.period, _payer(pool), pool.currency)
    earlier = pool.parts.filter(joins_month__isnull=True).aggregate(micros=Sum("amount_micros"))
    before = given.pool_micros + (earlier["micros"] or 0)
    more = added(before, part.amount_micros, way.pieces, way.lines, way.rights)
    entry = post(
        key=decided.key(pool),
        kind="adjustment",
        postings=[
            Line(held_account(pool.period.month, pool.currency), DEBIT, part.amount_micros),
            *_to_payees(way, more, pool.currency),
        ],
        effective_at=decided.at,
        now=decided.now,
        memo=f"plays of {pool.period.month:%Y-%m} were kept out: their part goes to the others",
    )
    earned = _earned(way, more, part)
    month = pool.period.month
    let_flow(earned, key=entry.key, at=entry.effective_at, now=decided.now, reserves=False,
             month=month)  # fmt: skip


def _to_payees(way: Way, more: Mapping[str, int], currency: str) -> list[Line]:
    lines = []
    for pk, micros in sorted(more.items()):
        statement = way.rows[pk].statement
        account = payee_account((statement.payee_kind, statement.payee_ref), currency)
        side = CREDIT if micros > 0 else DEBIT
        lines.append(Line(account, side, abs(micros), f"{CORRECTS}{pk}"))
    return lines


def _earned(way: Way, more: Mapping[str, int], part: HeldPart) -> list[Earned]:
    """What the lines got, as earnings of their recordings and rights; US source in its share."""
    found: dict[tuple[str, str], list[Part]] = {}
    for pk, micros in sorted(more.items()):
        line = way.rows[pk]
        payee = (line.statement.payee_kind, line.statement.payee_ref)
        if micros > 0 and payee[0] in PAYABLE_KINDS:
            recording = str(line.stem.recording_id) if line.stem else ""
            us = micros * part.us_micros // part.amount_micros
            found.setdefault(payee, []).append(Part(recording, line.right, micros, us))
    return [Earned(payee, part.pool.currency, parts) for payee, parts in sorted(found.items())]
