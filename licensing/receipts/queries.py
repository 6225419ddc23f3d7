"""Reading receipts: which one covers a moment, and by which terms a price falls apart."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from licensing.receipts.models import ProductTerms, Receipt, UsageAgreement
from licensing.receipts.rules import RENEWAL_TAKES


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt as read; amounts in micro-units of its currency."""

    id: UUID
    key: str
    kind: str
    payer: tuple[str, str]
    country: str
    currency: str
    amount_micros: int
    tax_micros: int
    fee_micros: int
    commission_micros: int
    pool_micros: int
    covers_from: datetime
    covers_until: datetime
    received_at: datetime


def receipt_covering(payer: tuple[str, str], at: datetime) -> ReceiptView | None:
    """The receipt of this payer that covers the moment (the one ending last), or None."""
    receipt = _covering(payer, at).order_by("-covers_until", "key").first()
    return _view(receipt) if receipt else None


def has_pool(payer: tuple[str, str], at: datetime) -> bool:
    """Whether a receipt of this payer covers the moment: without one nothing can be paid from."""
    return _covering(payer, at).exists()


def agreement_at(payer: tuple[str, str], at: datetime) -> UsageAgreement | None:
    """The agreement by which this payer's use at a moment is billed, or None."""
    rows = UsageAgreement.objects.filter(
        payer_kind=payer[0], payer_ref=str(payer[1]), effective_from__lte=at
    )
    newest = rows.order_by("-effective_from").first()
    return None if newest is None or newest.ends_it else newest


def is_funded(payer: tuple[str, str], at: datetime) -> bool:
    """Whether the whole may be heard: a receipt covers the moment, or its use is billed."""
    return has_pool(payer, at) or agreement_at(payer, at) is not None


def list_receipts(payer: tuple[str, str]) -> tuple[ReceiptView, ...]:
    """All receipts of one payer, newest first."""
    rows = Receipt.objects.filter(payer_kind=payer[0], payer_ref=str(payer[1]))
    return tuple(_view(receipt) for receipt in rows.order_by("-received_at", "key"))


def terms_at(product: str, country: str, at: datetime) -> ProductTerms | None:
    """The terms of a product in a country at a moment; those for all others where it has none."""
    rows = ProductTerms.objects.filter(
        product=product, country__in=[country, ""], effective_from__lte=at
    )
    return rows.order_by("-country", "-effective_from").first()


def own_terms_at(product: str, country: str, at: datetime) -> ProductTerms | None:
    """The terms that were set for this very country, in force at a moment, or None."""
    rows = ProductTerms.objects.filter(product=product, country=country, effective_from__lte=at)
    return rows.order_by("-effective_from").first()


# Countries are few and receipts many: from one country the index leads to the next.
_BILLED = """
WITH RECURSIVE seen (country) AS (
    (SELECT country FROM receipts_receipt WHERE product = %(product)s ORDER BY country LIMIT 1)
    UNION ALL
    SELECT (SELECT country FROM receipts_receipt
            WHERE product = %(product)s AND country > seen.country ORDER BY country LIMIT 1)
    FROM seen WHERE seen.country IS NOT NULL
)
SELECT country FROM seen WHERE country IS NOT NULL
UNION
SELECT country FROM receipts_usageagreement WHERE product = %(product)s AND NOT ends_it
EXCEPT
SELECT country FROM receipts_productterms
WHERE product = %(product)s AND effective_from <= %(at)s
ORDER BY country
"""


def countries_without_terms(product: str, at: datetime) -> tuple[str, ...]:
    """Where somebody paid or is billed and no terms of the country's own hold: without tax, then.

    Countries in order of their codes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BILLED, {"product": product, "at": at})
        return tuple(country for (country,) in cursor.fetchall())


def _covering(payer: tuple[str, str], at: datetime) -> QuerySet[Receipt]:
    won = Receipt.objects.filter(wins=OuterRef("pk"), received_at__lte=at)
    whole = Receipt.objects.filter(
        ~Exists(won), corrects=OuterRef("pk"), ends_cover=True, received_at__lte=at
    )
    lasts = Q(covers_until__gt=at) | Q(kind="SUBSCRIPTION", covers_until__gt=at - RENEWAL_TAKES)
    return Receipt.objects.filter(
        ~Exists(whole),
        lasts,
        payer_kind=payer[0],
        payer_ref=str(payer[1]),
        corrects__isnull=True,
        covers_from__lte=at,
    )


def _view(receipt: Receipt) -> ReceiptView:
    return ReceiptView(
        id=receipt.pk,
        key=receipt.key,
        kind=receipt.kind,
        payer=(receipt.payer_kind, receipt.payer_ref),
        country=receipt.country,
        currency=receipt.currency,
        amount_micros=receipt.amount_micros,
        tax_micros=receipt.tax_micros,
        fee_micros=receipt.fee_micros,
        commission_micros=receipt.commission_micros,
        pool_micros=receipt.pool_micros,
        covers_from=receipt.covers_from,
        covers_until=receipt.covers_until,
        received_at=receipt.received_at,
    )
