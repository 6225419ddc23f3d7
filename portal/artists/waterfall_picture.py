"""A month's money as a picture: a bar for each step, from what was paid to who got it. Pure.

Places are percentages of what came in. Invariant: no bar says what does not stand in digits beside
it, and the bars of what came off and of who got it fill that of what came in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from licensing.royalties.waterfall import Came, MonthWaterfall


@dataclass(frozen=True, slots=True)
class Step:
    """One bar with its words; `kind` is came, off, pool, own or others. x, width: "12.34%"."""

    name: str
    note: str
    micros: int
    kind: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps in the order in which money flows, and what went back of closed months (> 0)."""

    steps: tuple[Step, ...]
    given_back_micros: int


def flow_of(waterfall: MonthWaterfall | None) -> Flow | None:
    """The picture; None where the close wrote nothing down, or nothing came in."""
    if waterfall is None or waterfall.paid_micros + waterfall.joined_micros <= 0:
        return None
    back = -sum(one.paid_micros for one in waterfall.given_back)
    return Flow(tuple(_drawn(waterfall)), back)


def _drawn(of: MonthWaterfall) -> Iterator[Step]:
    whole = of.paid_micros + of.joined_micros
    rows = [
        ("Paid for the month", _countries(of.came), of.paid_micros, "came", 0),
        ("Had waited before", "plays were held until somebody decided", of.joined_micros, "came",
         of.paid_micros),
        ("Tax", _taxed(of.came), of.tax_micros, "off", whole - of.tax_micros),
        ("Fees of payment processors", "", of.fee_micros, "off",
         whole - of.tax_micros - of.fee_micros),
        ("Commission", "", of.commission_micros, "off", of.pool_micros),
        ("Pools of the month", "what is left for those who were heard", of.pool_micros, "pool", 0),
        ("Yours", "", of.own_micros, "own", 0),
        ("Others’", "", of.others_micros, "others", of.own_micros),
    ]  # fmt: skip
    begins = of.own_micros + of.others_micros
    for name, note, micros in (
        ("Waits", "no sheet or seal says whose it is", of.unallocated_micros),
        ("Waits", "held plays are not decided", of.held_micros),
        ("Waits", "nothing was played", of.unplayed_micros),
    ):
        rows.append((name, note, micros, "others", begins))
        begins += micros
    for name, note, micros, kind, at in rows:
        if micros or name not in ("Had waited before", "Waits"):
            yield Step(name, note, micros, kind, _percent(at, whole), _percent(micros, whole))


def _countries(came: Sequence[Came]) -> str:
    return ", ".join(sorted({one.country for one in came if one.paid_micros}))


def _taxed(came: Sequence[Came]) -> str:
    return ", ".join(sorted({one.country for one in came if one.tax_micros}))


def _percent(micros: int, whole: int) -> str:
    """0.00% to 100.00%: a fee that the house bore is drawn as nothing."""
    share = min(max(0, micros), whole) * 10_000 // whole
    return f"{share // 100}.{share % 100:02d}%"
