"""Where a month's money came from and what became of it, as one payee is told.

Read from what the close wrote down, which never changes: a refund that comes later stands in the
month in which it comes. Sums only; nobody who paid can be found in them but by being alone in a
country. Invariant: what was paid is tax, fee, commission and what reached the pools; what is in the
pools is own, others', and what waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.royalties.models import MonthPool, MonthReceipts, Period, VariationSum
from licensing.royalties.queries import StatementView

PAYEES = ("party", "society")
"""Kinds of payees that are known; money of every other kind waits for somebody."""
_KINDS = (MonthReceipts.Kind.PAID, MonthReceipts.Kind.PROMOTION)


@dataclass(frozen=True, slots=True)
class Came:
    """What was paid in one country, or went back to it (below zero); micro-units."""

    kind: str
    country: str
    paid_micros: int
    tax_micros: int
    fee_micros: int
    commission_micros: int
    pool_micros: int


@dataclass(frozen=True, slots=True)
class MonthWaterfall:
    """A month in one currency for one payee; micro-units.

    `joined_micros`: what waited in pools of earlier months and was let go into these.
    `given_back`: of months that were closed, and told by them; it is no part of the sums.
    """

    came: tuple[Came, ...]
    given_back: tuple[Came, ...]
    joined_micros: int
    own_micros: int
    others_micros: int
    unallocated_micros: int
    held_micros: int
    unplayed_micros: int

    @property
    def paid_micros(self) -> int:
        """Everything that was paid for the month, tax included."""
        return sum(one.paid_micros for one in self.came)

    @property
    def tax_micros(self) -> int:
        """VAT or sales tax, of all countries."""
        return sum(one.tax_micros for one in self.came)

    @property
    def fee_micros(self) -> int:
        """What the processors of payments kept."""
        return sum(one.fee_micros for one in self.came)

    @property
    def commission_micros(self) -> int:
        """What the house kept."""
        return sum(one.commission_micros for one in self.came)

    @property
    def received_micros(self) -> int:
        """What of it reached the pools."""
        return sum(one.pool_micros for one in self.came)

    @property
    def pool_micros(self) -> int:
        """All that was in the pools of the month."""
        return self.received_micros + self.joined_micros


@dataclass(frozen=True, slots=True)
class Behind:
    """What was paid for all pools that gave to one sum, and what they divided; micro-units.

    `kept_micros` of them wait for plays that were held at the close.
    """

    tax_micros: int
    fee_micros: int
    commission_micros: int
    received_micros: int
    kept_micros: int
    pools_micros: int

    @property
    def paid_micros(self) -> int:
        """Everything that was paid for them, tax included."""
        taken = self.tax_micros + self.fee_micros + self.commission_micros
        return taken + self.received_micros

    @property
    def joined_micros(self) -> int:
        """What had waited since an earlier month, where it was told as paid."""
        return self.pools_micros + self.kept_micros - self.received_micros


def waterfall_of(statement: StatementView) -> MonthWaterfall | None:
    """The waterfall of a statement's month and currency, in three queries.

    None where the month was closed before closes wrote it down.
    """
    period = Period.objects.get(month=statement.month)
    if not period.has_waterfall:
        return None
    rows = MonthReceipts.objects.filter(period=period, currency=statement.currency)
    came = [_came(row) for row in rows.order_by("country")]
    pool = MonthPool.objects.filter(period=period, currency=statement.currency).first()
    pool = pool or MonthPool(
        payees_micros=0, unallocated_micros=0, joined_micros=0, held_micros=0, unplayed_micros=0
    )
    own, is_known = statement.earned_micros, statement.payee[0] in PAYEES
    return MonthWaterfall(
        came=_of_kinds(came, _KINDS),
        given_back=_of_kinds(came, (MonthReceipts.Kind.GIVEN_BACK,)),
        joined_micros=pool.joined_micros,
        own_micros=own,
        others_micros=pool.payees_micros - (own if is_known else 0),
        unallocated_micros=pool.unallocated_micros - (0 if is_known else own),
        held_micros=pool.held_micros,
        unplayed_micros=pool.unplayed_micros,
    )


def behind(total: VariationSum) -> Behind | None:
    """What was paid for the pools of a sum; None where its close did not write it down."""
    taken = total.tax_micros, total.fee_micros, total.commission_micros
    told = (*taken, total.received_micros, total.kept_micros, total.pools_micros)
    known = [micros for micros in told if micros is not None]
    return Behind(*known) if len(known) == len(told) else None


def _came(row: MonthReceipts) -> Came:
    taken = row.tax_micros, row.fee_micros, row.commission_micros
    return Came(row.kind, row.country, row.paid_micros, *taken, row.pool_micros)


def _of_kinds(came: Sequence[Came], kinds: Sequence[str]) -> tuple[Came, ...]:
    return tuple(one for kind in kinds for one in came if one.kind == kind)
