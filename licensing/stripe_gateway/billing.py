"""Stripe Billing: customers, their subscriptions, and what they paid and got back.

It knows neither listeners nor receipts; it takes and returns plain values, amounts in minor units
(cents). Invariant: a payment is told only once the money and the provider's fee for it are known,
so whoever writes it down writes it down once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stripe import Charge, Dispute, Invoice, InvoicePayment, Refund, StripeClient, Subscription
from stripe.params.checkout import SessionCreateParams

from licensing.stripe_gateway.calling import PAGE, OutcomeUnknown, named


@dataclass(frozen=True, slots=True)
class Session:
    """A page at Stripe, good until a moment, where a customer pays."""

    id: str
    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A subscription as it is now. `status` is Stripe's word.

    `until`: the end of the period it is in; `next_attempt_at`: when a payment that failed is tried
    again, None where nothing is owed or nothing is tried.
    """

    id: str
    customer_id: str
    status: str
    price_minor: int
    currency: str
    until: datetime
    cancels_at_end: bool
    next_attempt_at: datetime | None
    ended_at: datetime | None
    product: str
    country: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What left our balance again of one payment: a refund, or a dispute that took its money.

    `won_minor`: what of a dispute came back.
    """

    id: str
    is_dispute: bool
    amount_minor: int
    won_minor: int


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A charge that succeeded for an invoice, with all that went back of it.

    `subscription_id` is "" where the invoice is no subscription's. `tax_minor` is None where Stripe
    reckoned no tax. The span is the invoice's, half open.
    """

    id: str
    invoice_id: str
    subscription_id: str
    customer_id: str
    amount_minor: int
    tax_minor: int | None
    fee_minor: int
    currency: str
    covers_from: datetime
    covers_until: datetime
    given_back: tuple[GivenBack, ...]


class Billing:
    """Calls about customers. Each raises the errors of `calling` and no other."""

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    def open_customer(self, *, payer: str, key: str) -> str:
        """A customer for somebody who will pay; its id. Stripe asks them who they are."""
        with named():
            made = self._client.v1.customers.create(
                {"metadata": {"payer": payer}}, {"idempotency_key": key}
            )
        return made.id

    def open_checkout(
        self,
        *,
        customer_id: str,
        name: str,
        price: tuple[int, str],
        terms: dict[str, str],
        back: str,
        key: str,
    ) -> Session:
        """A page where a customer subscribes by the month, and pays the first one.

        price: (minor units with tax, ISO code). terms: `product` and `country`, kept with the
        subscription. Stripe leads to `back` whether they paid or not.
        """
        params: SessionCreateParams = {
            "mode": "subscription",
            "customer": customer_id,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": price[1].lower(),
                        "unit_amount": price[0],
                        "recurring": {"interval": "month"},
                        "product_data": {"name": name},
                    },
                }
            ],
            "subscription_data": {"metadata": terms},
            "success_url": back,
            "cancel_url": back,
        }
        with named():
            made = self._client.v1.checkout.sessions.create(params, {"idempotency_key": key})
        return Session(made.id, made.url or "", _moment(made.expires_at))

    def close_checkout(self, session_id: str) -> None:
        """Let nobody pay on this page any more. Raises Refused where somebody did."""
        with named():
            self._client.v1.checkout.sessions.expire(session_id)

    def open_portal(self, customer_id: str, *, back: str) -> str:
        """A link, good for minutes, to where a customer changes the card and reads invoices."""
        with named():
            made = self._client.v1.billing_portal.sessions.create(
                {"customer": customer_id, "return_url": back}
            )
        return made.url

    def get_subscription(self, subscription_id: str) -> SubscriptionState:
        """The subscription as it is now."""
        with named():
            one = self._client.v1.subscriptions.retrieve(
                subscription_id, {"expand": ["latest_invoice"]}
            )
        return _subscription(one)

    def set_cancel_at_end(self, subscription_id: str, *, cancels: bool) -> SubscriptionState:
        """Let a subscription end with its period, or go on after all; said twice it is once."""
        with named():
            one = self._client.v1.subscriptions.update(
                subscription_id,
                {"cancel_at_period_end": cancels, "expand": ["latest_invoice"]},
            )
        return _subscription(one)

    def list_charges_of(self, invoice_id: str) -> tuple[str, ...]:
        """The charges that paid an invoice, by id."""
        with named():
            page = self._client.v1.invoice_payments.list(
                {
                    "invoice": invoice_id,
                    "status": "paid",
                    "limit": PAGE,
                    "expand": ["data.payment.payment_intent"],
                }
            )
            intents: list[Any] = [one.payment.payment_intent for one in page.auto_paging_iter()]
        charges = [one.latest_charge for one in intents if one is not None]
        return tuple(str(getattr(charge, "id", charge)) for charge in charges if charge)

    def get_payment(self, charge_id: str) -> PaymentState | None:
        """A charge and all that went back of it; None where it paid no invoice.

        Raises OutcomeUnknown while Stripe has not said yet what the charge cost.
        """
        with named():
            charge = self._client.v1.charges.retrieve(
                charge_id, {"expand": ["balance_transaction"]}
            )
            if charge.status != "succeeded" or not charge.payment_intent:
                return None
            page = self._client.v1.invoice_payments.list(
                {
                    "payment": {
                        "type": "payment_intent",
                        "payment_intent": str(charge.payment_intent),
                    },
                    "expand": ["data.invoice"],
                }
            )
            invoice = next((_invoice_of(one) for one in page.data), None)
            back = tuple(self._given_back(charge_id)) if invoice is not None else ()
        return None if invoice is None else _payment(charge, invoice, back)

    def _given_back(self, charge_id: str) -> Iterator[GivenBack]:
        refunds = self._client.v1.refunds.list({"charge": charge_id, "limit": PAGE})
        for refund in refunds.auto_paging_iter():
            if _has_left(refund):
                yield GivenBack(refund.id, False, refund.amount, 0)
        disputes = self._client.v1.disputes.list({"charge": charge_id, "limit": PAGE})
        for dispute in disputes.auto_paging_iter():
            taken, won = _moved(dispute)
            if taken:
                yield GivenBack(dispute.id, True, taken, won)


def _has_left(refund: Refund) -> bool:
    """Whether a refund's money is gone from our balance and did not come back."""
    return bool(refund.balance_transaction) and refund.status not in ("failed", "canceled")


def _moved(dispute: Dispute) -> tuple[int, int]:
    """What a dispute took from our balance, and what of it came back; an inquiry takes nothing."""
    amounts = [line.amount for line in dispute.balance_transactions]
    return -sum(one for one in amounts if one < 0), sum(one for one in amounts if one > 0)


def _payment(charge: Charge, invoice: Invoice, back: tuple[GivenBack, ...]) -> PaymentState:
    cost: Any = charge.balance_transaction
    if cost is None or cost.currency != charge.currency:
        raise OutcomeUnknown(f"Stripe does not say what {charge.id} cost in its currency.")
    taxes = invoice.total_taxes or []
    spans = [line.period for line in invoice.lines.data]
    return PaymentState(
        id=charge.id,
        invoice_id=str(invoice.id),
        subscription_id=_subscription_of(invoice),
        customer_id=str(invoice.customer),
        amount_minor=charge.amount,
        tax_minor=sum(one.amount for one in taxes) if taxes else None,
        fee_minor=cost.fee,
        currency=charge.currency.upper(),
        covers_from=_moment(min(span.start for span in spans)),
        covers_until=_moment(max(span.end for span in spans)),
        given_back=back,
    )


def _invoice_of(one: InvoicePayment) -> Invoice:
    invoice: Any = one.invoice
    found: Invoice = invoice
    return found


def _subscription_of(invoice: Invoice) -> str:
    details = invoice.parent.subscription_details if invoice.parent else None
    return str(details.subscription) if details else ""


def _subscription(one: Subscription) -> SubscriptionState:
    # `items` alone is the method of a mapping.
    item = one["items"].data[0]
    invoice: Any = one.latest_invoice
    owed = invoice is not None and invoice.status == "open"
    attempt = invoice.next_payment_attempt if owed else None
    return SubscriptionState(
        id=one.id,
        customer_id=str(one.customer),
        status=one.status,
        price_minor=item.price.unit_amount,
        currency=one.currency.upper(),
        until=_moment(item.current_period_end),
        cancels_at_end=one.cancel_at_period_end or one.cancel_at is not None,
        next_attempt_at=_moment(attempt) if attempt else None,
        ended_at=_moment(one.ended_at) if one.ended_at else None,
        product=str(_said(one.metadata, "product")),
        country=str(_said(one.metadata, "country")),
    )


def _said(metadata: Any, name: str) -> str:
    return str(metadata[name]) if metadata and name in metadata else ""


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
