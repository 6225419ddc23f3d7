"""What Stripe Billing's objects look like on the wire; only the fields that always stand.

As shapes.py, and held to the installed SDK by the same test. It knows no rules.
"""

from collections.abc import Sequence

from portal.demo.standin.shapes import Json, page


def _of(kind: str, id: str, created: int, **fields: object) -> Json:
    return {"id": id, "object": kind, "created": created, "livemode": False, **fields}


def customer(id: str, created: int, metadata: Json, clock: str | None) -> Json:
    """Somebody who pays; `clock`: whose time it is for them, None for everybody's."""
    return _of("customer", id, created, metadata=dict(metadata), test_clock=clock)


def clock(id: str, created: int, at: int) -> Json:
    """A time that stands; it is forgotten after thirty days."""
    return _of(
        *("test_helpers.test_clock", id, created),
        deletes_after=created + 30 * 86_400,
        frozen_time=at,
        name=None,
        status="ready",
        status_details={"advancing": None},
    )


def payment_method(id: str, created: int, customer: str) -> Json:
    """A card that is a customer's."""
    return _of(
        *("payment_method", id, created),
        billing_details={},
        card={
            "brand": "visa",
            "exp_month": 12,
            "exp_year": 2099,
            "funding": "credit",
            "last4": "4242",
        },
        customer=customer,
        metadata={},
        type="card",
    )


def checkout(id: str, created: int, asked: Json, url: str) -> Json:
    """A page where a customer subscribes; good for a day."""
    return _of(
        *("checkout.session", id, created),
        automatic_tax={"enabled": False},
        custom_fields=[],
        custom_text={},
        customer=asked["customer"],
        expires_at=created + 86_400,
        mode="subscription",
        payment_method_types=["card"],
        payment_status="unpaid",
        shipping_options=[],
        status="open",
        subscription=None,
        url=url,
    )


def portal(id: str, created: int, asked: Json, url: str) -> Json:
    """A page where a customer changes the card."""
    return _of(
        *("billing_portal.session", id, created),
        configuration="bpc_standin",
        customer=asked["customer"],
        return_url=asked["return_url"],
        url=url,
    )


def subscription(
    id: str, created: int, customer: str, price: tuple[int, str], period: tuple[int, int]
) -> Json:
    """A subscription by the month at a price (minor units, currency), before it was ever paid."""
    amount, currency = price
    item = {
        "id": f"si_{id}",
        "object": "subscription_item",
        "created": created,
        "current_period_start": period[0],
        "current_period_end": period[1],
        "discounts": [],
        "metadata": {},
        "plan": _plan(id, created, amount, currency),
        "price": monthly_price(f"price_{id}", created, amount, currency),
        "quantity": 1,
        "subscription": id,
    }
    return _of(
        *("subscription", id, created),
        automatic_tax={"enabled": False},
        billing_cycle_anchor=created,
        billing_mode={"type": "classic"},
        billing_schedules=[],
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        collection_method="charge_automatically",
        currency=currency,
        customer=customer,
        discounts=[],
        ended_at=None,
        invoice_settings={"issuer": {"type": "self"}},
        items=page([item], "/v1/subscription_items"),
        latest_invoice=None,
        metadata={},
        start_date=created,
        status="incomplete",
    )


def monthly_price(id: str, created: int, amount: int, currency: str) -> Json:
    """What a month costs, in minor units."""
    recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
    return _of(
        *("price", id, created),
        active=True,
        billing_scheme="per_unit",
        currency=currency,
        metadata={},
        product=f"prod_{id}",
        recurring=recurring,
        type="recurring",
        unit_amount=amount,
    )


def _plan(id: str, created: int, amount: int, currency: str) -> Json:
    return _of(
        *("plan", f"price_{id}", created),
        active=True,
        amount=amount,
        billing_scheme="per_unit",
        currency=currency,
        interval="month",
        interval_count=1,
        metadata={},
        product=f"prod_{id}",
        usage_type="licensed",
    )


def invoice(
    id: str, created: int, subscription: Json, amount: int, period: tuple[int, int]
) -> Json:
    """What one period of a subscription costs, before it was paid."""
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    parent = {"type": "subscription_details", "subscription_details": details}
    made = sent_invoice(id, created, subscription, amount, period)
    return made | {"parent": parent, "collection_method": "charge_automatically"}


def sent_invoice(id: str, created: int, of: Json, amount: int, period: tuple[int, int]) -> Json:
    """What a customer (`of` names them, and the currency) is sent to be paid."""
    line = {
        "id": f"il_{id}",
        "object": "line_item",
        "amount": amount,
        "currency": of["currency"],
        "discountable": True,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "period": {"start": period[0], "end": period[1]},
        "quantity": 1,
        "subtotal": amount,
    }
    return _of(
        *("invoice", id, created),
        amount_due=amount,
        amount_overpaid=0,
        amount_paid=0,
        amount_remaining=amount,
        amount_shipping=0,
        attempt_count=0,
        attempted=False,
        automatic_tax={"enabled": False},
        collection_method="send_invoice",
        currency=of["currency"],
        customer=of["customer"],
        default_tax_rates=[],
        discounts=[],
        hosted_invoice_url=None,
        issuer={"type": "self"},
        lines=page([line], f"/v1/invoices/{id}/lines"),
        metadata={},
        next_payment_attempt=None,
        parent=None,
        payment_settings={},
        period_end=created,
        period_start=created,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="open",
        status_transitions={"finalized_at": created, "paid_at": None},
        subtotal=amount,
        total=amount,
        total_taxes=[],
    )


def invoice_item(id: str, created: int, invoice: Json, asked: Json) -> Json:
    """What stands on an invoice."""
    return {
        "id": id,
        "object": "invoiceitem",
        "amount": asked["amount"],
        "currency": asked["currency"],
        "customer": asked["customer"],
        "date": created,
        "description": asked.get("description"),
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "net_amount": asked["amount"],
        "period": {"start": created, "end": created},
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
    }


def intent(id: str, created: int, invoice: Json) -> Json:
    """The will to be paid for an invoice."""
    return _of(
        *("payment_intent", id, created),
        amount=invoice["total"],
        amount_capturable=0,
        amount_received=0,
        capture_method="automatic",
        confirmation_method="automatic",
        currency=invoice["currency"],
        customer=invoice["customer"],
        latest_charge=None,
        metadata={},
        payment_method_types=["card"],
        status="requires_payment_method",
    )


def invoice_payment(id: str, created: int, invoice: Json, intent: Json) -> Json:
    """That an intent is for an invoice."""
    return _of(
        *("invoice_payment", id, created),
        amount_paid=None,
        amount_requested=invoice["total"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"paid_at": None},
    )


def charge(id: str, created: int, intent: Json, balance_transaction: str) -> Json:
    """Money that a customer's card gave."""
    return _of(
        *("charge", id, created),
        amount=intent["amount"],
        amount_captured=intent["amount"],
        amount_refunded=0,
        balance_transaction=balance_transaction,
        billing_details={},
        captured=True,
        currency=intent["currency"],
        customer=intent["customer"],
        disputed=False,
        metadata={},
        paid=True,
        payment_intent=intent["id"],
        refunded=False,
        status="succeeded",
    )


def refund(id: str, created: int, charge: Json, amount: int, balance_transaction: str) -> Json:
    """Money of a charge that went back."""
    return {
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "status": "succeeded",
    }


def dispute(id: str, created: int, charge: Json, taken: Sequence[Json]) -> Json:
    """A charge that the customer's bank took back; `taken`: how it moved our balance."""
    return _of(
        *("dispute", id, created),
        amount=charge["amount"],
        balance_transactions=list(taken),
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={"enhanced_evidence": {}},
        evidence_details={
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason="fraudulent",
        status="needs_response",
    )
