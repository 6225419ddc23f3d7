"""How a receipt falls apart: tax, fee, commission and the pool that goes to those who were heard.

Values only. Invariant: the parts of a receipt sum to what was paid, to the micro-unit.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from licensing.ledger import rules as ledger
from licensing.ledger.rules import AccountKey, Line
from licensing.money import allocate, check_currency

WHOLE_PPM = 1_000_000
RENEWAL_TAKES = timedelta(hours=3)
"""How long after a subscription's paid time its next payment may take to come in: the provider
charges about an hour late, and nobody is cut off meanwhile. No money is spread over it."""
KINDS = ("SUBSCRIPTION", "PURCHASE", "PARTNER", "PROMOTION")
GIVEN_BACK = ("REFUND", "CHARGEBACK")
WON = "WON"
"""The kind of a receipt by which a chargeback that was won came back."""
USAGE_UNITS = ("PLAY", "MINUTE")


class ReceiptRefused(Exception):
    """What was said to be paid cannot have been paid like this."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The parts of a receipt in micro-units; they sum to what was paid."""

    tax_micros: int
    fee_micros: int
    commission_micros: int
    pool_micros: int


@dataclass(frozen=True, slots=True)
class Paid:
    """What came in, as the caller says it; moments carry a zone, the span is half open."""

    kind: str
    payer: tuple[str, str]
    amount_micros: int
    currency: str
    covers_from: datetime
    covers_until: datetime
    tax_micros: int
    fee_micros: int
    product: str
    country: str
    rates: Mapping[int, int] = field(default_factory=dict)
    """What was billed at each price, both in micro-units above zero; empty where nothing was billed
    by use."""


def check_paid(paid: Paid) -> None:
    """Raise ReceiptRefused for a receipt that makes no sense."""
    check_currency(paid.currency)
    deductions = (paid.tax_micros, paid.fee_micros)
    if any(not isinstance(n, int) or n < 0 for n in (paid.amount_micros, *deductions)):
        raise ReceiptRefused("amounts are whole micro-units and not negative")
    if paid.amount_micros == 0 or sum(deductions) > paid.amount_micros:
        raise ReceiptRefused("a receipt is above zero and above its tax and fee")
    if paid.kind not in KINDS:
        raise ReceiptRefused(f"unknown kind of receipt: {paid.kind!r}")
    if paid.kind == "PROMOTION" and any(deductions):
        raise ReceiptRefused("a promotional receipt carries no tax and no fee")
    if paid.covers_from.tzinfo is None or paid.covers_until.tzinfo is None:
        raise ReceiptRefused("the covered span needs moments with a zone")
    if paid.covers_from >= paid.covers_until:
        raise ReceiptRefused("a receipt covers some time")
    if any(rate <= 0 or billed <= 0 for rate, billed in paid.rates.items()):
        raise ReceiptRefused("what was billed by use was billed at prices above zero")


def tax_inside(amount_micros: int, tax_ppm: int) -> int:
    """The tax contained in a price: 19 % (190,000 ppm) of 9.99 EUR is 1,595,042 micro-units."""
    return allocate(amount_micros, [("net", WHOLE_PPM), ("tax", tax_ppm)])["tax"]


def waterfall(
    amount_micros: int, tax_micros: int, fee_micros: int, commission_ppm: int
) -> Waterfall:
    """Tax and fee come off first; commission and pool divide the net by largest remainder."""
    net = amount_micros - tax_micros - fee_micros
    weights = [("commission", commission_ppm), ("pool", WHOLE_PPM - commission_ppm)]
    parts = allocate(net, weights)
    return Waterfall(tax_micros, fee_micros, parts["commission"], parts["pool"])


def pool_by_month(pool_micros: int, begin: datetime, end: datetime) -> dict[date, int]:
    """The pool over the months (UTC) that [begin, end) covers, by whole seconds."""
    months = {month.isoformat(): weight for month, weight in ledger.months_covered(begin, end)}
    parts = allocate(pool_micros, list(months.items()))
    return {date.fromisoformat(month): part for month, part in parts.items()}


def pool_by_rate(pool_micros: int, rates: Mapping[int, int]) -> dict[int, int]:
    """The pool over the prices of what it pays for, by what was billed at each; rate to micros.

    Ties to the lower price. All at rate 0 where nothing was billed by use.
    """
    if not rates:
        return {0: pool_micros}
    weights = [(f"{rate:020d}", billed) for rate, billed in rates.items()]
    return {int(rate): part for rate, part in allocate(pool_micros, weights).items()}


def pool_account(month: date, currency: str) -> AccountKey:
    """Where the pools of a month wait for its close."""
    return AccountKey(ledger.POOL, "month", f"{month:%Y-%m}", currency)


def lines(paid: Paid, parts: Waterfall, pools: Mapping[date, int]) -> Sequence[Line]:
    """The postings of a receipt; a part of zero makes none. The processor's fee is owed to it."""
    money_in = (
        AccountKey(ledger.PROMOTION, "house", paid.product, paid.currency)
        if paid.kind == "PROMOTION"
        else AccountKey(ledger.CASH, "product", paid.product, paid.currency)
    )
    fee = AccountKey(ledger.PROCESSOR_FEE, "product", paid.product, paid.currency)
    tax = AccountKey(ledger.TAX, "country", paid.country, paid.currency)
    commission = AccountKey(ledger.COMMISSION, "product", paid.product, paid.currency)
    out = [
        Line(money_in, ledger.DEBIT, paid.amount_micros),
        Line(fee, ledger.CREDIT, parts.fee_micros),
        Line(tax, ledger.CREDIT, parts.tax_micros),
        Line(commission, ledger.CREDIT, parts.commission_micros),
    ]
    for month, amount in sorted(pools.items()):
        out.append(Line(pool_account(month, paid.currency), ledger.CREDIT, amount))
    return [line for line in out if line.amount_micros]


def given_back(amount_micros: int, left: Waterfall) -> Waterfall:
    """What of a receipt goes back with `amount_micros` (> 0); parts below zero that sum to it.

    By the weights of what is `left` of the receipt, so that the last refund leaves nothing. The
    processor keeps its fee, and the house bears it beside its commission. Raises ReceiptRefused
    for more than is left.
    """
    house = left.commission_micros + left.fee_micros
    weights = [("house", house), ("pool", left.pool_micros), ("tax", left.tax_micros)]
    if not 0 < amount_micros <= sum(weight for _, weight in weights):
        raise ReceiptRefused("what goes back is above zero and not above what is left")
    parts = allocate(-amount_micros, weights)
    return Waterfall(parts["tax"], 0, parts["house"], parts["pool"])


def won_back(amount_micros: int, taken: Waterfall) -> Waterfall:
    """What comes again of a chargeback with `amount_micros` (> 0); parts that sum to it.

    By the weights of what was `taken` (parts above zero), so that a chargeback won whole leaves
    everything as it was before it. Raises ReceiptRefused for more than was taken.
    """
    weights = [
        ("house", taken.commission_micros),
        ("pool", taken.pool_micros),
        ("tax", taken.tax_micros),
    ]
    if not 0 < amount_micros <= sum(weight for _, weight in weights):
        raise ReceiptRefused("what is won back is above zero and not above what was taken")
    parts = allocate(amount_micros, weights)
    return Waterfall(parts["tax"], 0, parts["house"], parts["pool"])


def lines_back(receipt: Paid, back: Waterfall, pools: Mapping[AccountKey, int]) -> Sequence[Line]:
    """The postings of a refund. `pools`: where its part of the pool is taken from, above zero."""
    currency = receipt.currency
    amount = -(back.tax_micros + back.commission_micros + back.pool_micros)
    cash = AccountKey(ledger.CASH, "product", receipt.product, currency)
    tax = AccountKey(ledger.TAX, "country", receipt.country, currency)
    house = AccountKey(ledger.COMMISSION, "product", receipt.product, currency)
    out = [
        Line(tax, ledger.DEBIT, -back.tax_micros),
        Line(house, ledger.DEBIT, -back.commission_micros),
        *(Line(account, ledger.DEBIT, micros) for account, micros in sorted(pools.items())),
        Line(cash, ledger.CREDIT, amount),
    ]
    return [line for line in out if line.amount_micros]


def lines_again(receipt: Paid, won: Waterfall, pools: Mapping[AccountKey, int]) -> Sequence[Line]:
    """The postings of a chargeback that was won. `pools`: where its part of the pool goes to."""
    turned = {ledger.DEBIT: ledger.CREDIT, ledger.CREDIT: ledger.DEBIT}
    back = Waterfall(-won.tax_micros, 0, -won.commission_micros, -won.pool_micros)
    return [
        Line(line.account, turned[line.side], line.amount_micros)
        for line in lines_back(receipt, back, pools)
    ]


def reversal_account(key: str, currency: str) -> AccountKey:
    """What a refund takes of closed months, until it is reversed among their payees."""
    return AccountKey(ledger.UNALLOCATED, "refund", key, currency)


def content_sha256(paid: Paid) -> str:
    """What the caller said, as a digest: the same key must say the same."""
    content = [
        paid.kind,
        *paid.payer,
        paid.amount_micros,
        paid.currency,
        paid.covers_from.astimezone(UTC).isoformat(),
        paid.covers_until.astimezone(UTC).isoformat(),
        paid.tax_micros,
        paid.fee_micros,
        paid.product,
        paid.country,
        *([sorted(paid.rates.items())] if paid.rates else []),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
