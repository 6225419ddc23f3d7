"""Taking money in: one verb for the demo, the rights administrator and the payment provider.

A receipt, its pool parts and its journal entry are written in one transaction or not at all.
"""

from datetime import date, datetime

from django.db import connection, transaction

from licensing.audit.operations import record_fact
from licensing.ledger.months import share_open_month
from licensing.ledger.operations import post
from licensing.ledger.rules import KeyTaken, month_of, month_start
from licensing.receipts import rules
from licensing.receipts.models import PoolPart, ProductTerms, Receipt
from licensing.receipts.queries import terms_at
from licensing.receipts.terms_rules import check_not_past

LISTENING = "listening"


@transaction.atomic
def record_receipt(
    *,
    key: str,
    kind: str,
    payer: tuple[str, str],
    amount_micros: int,
    currency: str,
    covers_from: datetime,
    covers_until: datetime,
    tax_micros: int,
    now: datetime,
    fee_micros: int = 0,
    product: str = LISTENING,
    country: str = "DE",
    actor: tuple[str, str] = ("system", "receipts"),
) -> Receipt:
    """Record money that came in, divide it by the product's terms, and post it.

    kind: SUBSCRIPTION, PURCHASE, PARTNER or PROMOTION (funded by the house, whole into the pool).
    The pool is spread over the covered months by time; a part for a closed month goes to the next
    open one. The same key with the same content returns the first receipt. Raises ReceiptRefused,
    KeyTaken for other content under the key.
    """
    paid = rules.Paid(
        kind=kind,
        payer=(payer[0], str(payer[1])),
        amount_micros=amount_micros,
        currency=currency,
        covers_from=covers_from,
        covers_until=covers_until,
        tax_micros=tax_micros,
        fee_micros=fee_micros,
        product=product,
        country=country,
    )
    rules.check_paid(paid)
    hold_key(key)
    earlier = Receipt.objects.filter(key=key).first()
    if earlier is None:
        return _write(key, paid, actor, now)
    if earlier.content_sha256 != rules.content_sha256(paid):
        raise KeyTaken(f"{key} stands for another receipt already")
    return earlier


@transaction.atomic
def set_product_terms(
    *,
    product: str,
    country: str,
    tax_ppm: int,
    commission_ppm: int,
    effective_from: datetime,
    actor: tuple[str, str],
    now: datetime,
) -> ProductTerms:
    """Add terms from a moment on; receipts that begin earlier keep the terms they had.

    Who may, and from which month, is `setting_terms`'s to say. Raises TermsRefused("not_ahead") for
    a moment that is over.
    """
    check_not_past(effective_from, now)
    terms = ProductTerms.objects.create(
        product=product,
        country=country,
        tax_ppm=tax_ppm,
        commission_ppm=commission_ppm,
        effective_from=effective_from,
    )
    after = {"tax_ppm": tax_ppm, "commission_ppm": commission_ppm, "country": country}
    record_fact(
        actor=actor,
        verb="set_product_terms",
        object_kind="product",
        object_ref=product,
        after=after,
        at=now,
    )
    return terms


def hold_key(key: str) -> None:
    """Let nobody else write what this name stands for until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"receipt {key}"])


def _write(key: str, paid: rules.Paid, actor: tuple[str, str], now: datetime) -> Receipt:
    terms = terms_at(paid.product, paid.country, paid.covers_from)
    if terms is None:
        raise rules.ReceiptRefused(f"no terms for {paid.product} in {paid.country}")
    commission_ppm = 0 if paid.kind == "PROMOTION" else terms.commission_ppm
    amount, tax, fee = paid.amount_micros, paid.tax_micros, paid.fee_micros
    parts = rules.waterfall(amount, tax, fee, commission_ppm)
    pools = _open_pools(paid, parts.pool_micros)
    booked = share_open_month(month_of(now))
    entry = post(
        key=f"receipt:{key}",
        kind="receipt",
        postings=rules.lines(paid, parts, pools),
        effective_at=max(now, month_start(booked)),
        now=now,
    )
    receipt = Receipt.objects.create(
        key=key,
        content_sha256=rules.content_sha256(paid),
        kind=paid.kind,
        payer_kind=paid.payer[0],
        payer_ref=paid.payer[1],
        product=paid.product,
        country=paid.country,
        currency=paid.currency,
        amount_micros=amount,
        tax_micros=tax,
        fee_micros=fee,
        commission_micros=parts.commission_micros,
        pool_micros=parts.pool_micros,
        covers_from=paid.covers_from,
        covers_until=paid.covers_until,
        received_at=now,
        entry=entry,
    )
    PoolPart.objects.bulk_create(
        PoolPart(receipt=receipt, month=month, amount_micros=part)
        for month, part in sorted(pools.items())
    )
    record_fact(
        actor=actor,
        verb="record_receipt",
        object_kind="receipt",
        object_ref=receipt.pk,
        after={"kind": paid.kind, "amount_micros": amount, "currency": paid.currency},
        at=now,
    )
    return receipt


def _open_pools(paid: rules.Paid, pool_micros: int) -> dict[date, int]:
    """The pool per open month, each month held shared so that it cannot close meanwhile."""
    pools: dict[date, int] = {}
    by_month = rules.pool_by_month(pool_micros, paid.covers_from, paid.covers_until)
    for month, part in sorted(by_month.items()):
        if part:
            opened = share_open_month(month)
            pools[opened] = pools.get(opened, 0) + part
    return pools
