"""Three books that must agree: our ledger, the provider's balance, the bank; values only.

Movements are compared by the id that caused them, summed per id: a payout that left and came back
is one id whose sum is zero. Invariant: every difference is named once per pair of books, as missing
in the second, extra in the second, or there with another amount, and says how old it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

MISSING, EXTRA, DIFFERS = "missing", "extra", "differs"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that came (positive) or went, in micro-units, under the id of what caused it."""

    ref: str
    currency: str
    micros: int
    on: date
    what: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What two books do not agree on; amounts are of the first and of the second book."""

    verdict: str
    ref: str
    currency: str
    first_micros: int
    second_micros: int
    on: date
    what: str

    def days_old(self, today: date) -> int:
        """How many days it has stood; what is on its way to a bank is some days old and no more."""
        return (today - self.on).days


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two books, by name, compared: how many ids agree, and those that do not, oldest first."""

    first: str
    second: str
    agreed: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """The movements of each side: ours at the provider and at the bank, and what those two say."""

    ledger_provider: Sequence[Movement]
    provider: Sequence[Movement]
    ledger_bank: Sequence[Movement]
    bank: Sequence[Movement]


HOUSE_PAYOUTS = ("payout", "payout_reversal")
"""The provider's categories of what goes to our bank and comes back from it."""


def reconcile(books: Books, *, since: date, until: date) -> tuple[Comparison, ...]:
    """Compare each pair; differences of [since, until) alone are told.

    Movements may reach beyond the span to both sides: what one book has before midnight and the
    other after it agrees all the same.
    """
    to_bank = [
        Movement(one.ref, one.currency, -one.micros, one.on, one.what)
        for one in books.provider
        if one.what in HOUSE_PAYOUTS
    ]
    pairs = (
        ("ledger", "provider", books.ledger_provider, books.provider),
        ("provider", "bank", to_bank, books.bank),
        ("ledger's bank", "bank", books.ledger_bank, books.bank),
    )
    return tuple(
        _compare(first, second, ours, theirs, since, until) for first, second, ours, theirs in pairs
    )


def _compare(
    first: str,
    second: str,
    ours: Iterable[Movement],
    theirs: Iterable[Movement],
    since: date,
    until: date,
) -> Comparison:
    mine, other = _by_id(ours), _by_id(theirs)
    agreed, found = 0, []
    for key in sorted(mine.keys() | other.keys()):
        told = _difference(key, mine.get(key), other.get(key))
        shown = (mine.get(key) or other[key]).on
        if not since <= shown < until:
            continue
        if told is None:
            agreed += 1
        else:
            found.append(told)
    found.sort(key=lambda one: (one.on, one.ref))
    return Comparison(first, second, agreed, tuple(found))


def _by_id(movements: Iterable[Movement]) -> dict[tuple[str, str], Movement]:
    sums: dict[tuple[str, str], Movement] = {}
    for one in movements:
        known = sums.get((one.ref, one.currency))
        if known is not None:
            on = min(known.on, one.on)
            one = Movement(one.ref, one.currency, known.micros + one.micros, on, known.what)
        sums[one.ref, one.currency] = one
    return sums


def _difference(
    key: tuple[str, str], mine: Movement | None, other: Movement | None
) -> Difference | None:
    first = mine.micros if mine else 0
    second = other.micros if other else 0
    known = mine or other
    if known is None or (first == second and mine and other):
        return None
    verdict = MISSING if other is None else EXTRA if mine is None else DIFFERS
    return Difference(verdict, *key, first, second, known.on, known.what)
