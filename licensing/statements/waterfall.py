"""A month's waterfall as the files of a statement say it: from what was paid to who got it.

Amounts are texts with six places, as everywhere in a file. Invariant: the three files say the same
numbers, and a program finds each row of the CSV in the JSON by its name.
"""

from collections.abc import Iterator, Mapping, Sequence

from licensing.money import amount_text
from licensing.royalties.waterfall import Came, MonthWaterfall

PARTS = ("paid", "tax", "fee", "commission", "pool")
SUMS = {
    "paid": "paid for the month",
    "tax": "tax, owed to the countries",
    "fee": "fees of payment processors",
    "commission": "commission",
    "received": "reached the pools",
    "held_before": "had waited since an earlier month",
    "pool": "in the pools of the month",
    "own": "earned by this payee",
    "others": "earned by others",
    "unallocated": "waits for a sheet or a seal",
    "held": "waits until held plays are decided",
    "unplayed": "waits, since nothing was played",
}
"""The sums in the order in which money flows, and what people are told they are."""


def told_of_waterfall(waterfall: MonthWaterfall) -> dict[str, object]:
    """As it stands in the JSON: a row per kind and country, sums by name, and what went back."""
    micros = {
        "paid": waterfall.paid_micros,
        "tax": waterfall.tax_micros,
        "fee": waterfall.fee_micros,
        "commission": waterfall.commission_micros,
        "received": waterfall.received_micros,
        "held_before": waterfall.joined_micros,
        "pool": waterfall.pool_micros,
        "own": waterfall.own_micros,
        "others": waterfall.others_micros,
        "unallocated": waterfall.unallocated_micros,
        "held": waterfall.held_micros,
        "unplayed": waterfall.unplayed_micros,
    }
    return {
        "receipts": [_came(one) for one in waterfall.came],
        **{name: amount_text(micros[name]) for name in SUMS},
        "given_back": [_came(one) for one in waterfall.given_back],
    }


def flat(told: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Its rows in a table of two columns: the path of each amount in the JSON, and the amount."""
    for name, value in told.items():
        if not isinstance(value, list):
            yield f"waterfall.{name}", value
            continue
        for row in value:
            for part in PARTS:
                yield f"waterfall.{name}.{row['kind']}.{row['country']}.{part}", row[part]


def rows_of(told: Mapping[str, object], name: str) -> Sequence[Mapping[str, str]]:
    """The rows by country: `receipts` or `given_back`."""
    rows = told[name]
    return rows if isinstance(rows, list) else []


def _came(one: Came) -> dict[str, str]:
    return {
        "kind": one.kind,
        "country": one.country,
        "paid": amount_text(one.paid_micros),
        "tax": amount_text(one.tax_micros),
        "fee": amount_text(one.fee_micros),
        "commission": amount_text(one.commission_micros),
        "pool": amount_text(one.pool_micros),
    }
