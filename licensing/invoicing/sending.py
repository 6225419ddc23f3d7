"""Partners' invoices at the provider: sent there to be paid, taken back, and followed.

An invoice may be paid at the provider or to our bank; it is taken in once. Invariants: no call is
made inside a transaction, and what the provider rings about is looked at anew.
"""

from datetime import datetime
from uuid import UUID

from licensing.invoicing import rules
from licensing.invoicing.models import Invoice
from licensing.invoicing.operations import pay_by_provider
from licensing.invoicing.rules import InvoiceRefused
from licensing.money import minor_micros, payable_minor
from licensing.receipts.rules import ReceiptRefused
from licensing.stripe_gateway import Event, Gateway, Refused
from licensing.subscriptions.following import give_back
from licensing.subscriptions.operations import open_subscriber


def send_to_provider(*, invoice_id: UUID, gateway: Gateway, now: datetime) -> Invoice:
    """Let an issued invoice be paid at the provider; sent twice it is one there.

    Raises InvoiceRefused("not_issued"), GatewayError.
    """
    invoice = Invoice.objects.select_related("agreement").get(pk=invoice_id)
    if invoice.state != rules.ISSUED or invoice.number is None:
        raise InvoiceRefused("not_issued", "Only what is issued and not paid can be sent.")
    payer = (invoice.payer_kind, invoice.payer_ref)
    who = open_subscriber(payer=payer, gateway=gateway, now=now)
    minor, _ = payable_minor(invoice.gross_micros, invoice.currency)
    sent = gateway.invoices.send_invoice(
        customer_id=who.provider_id,
        number=invoice.number,
        owed=(minor, invoice.currency),
        due_days=invoice.agreement.due_days,
        key=f"invoice:{invoice.pk}",
    )
    Invoice.objects.filter(pk=invoice.pk).update(provider_id=sent.id, pay_url=sent.url)
    invoice.provider_id, invoice.pay_url = sent.id, sent.url
    return invoice


def take_back_from_provider(*, invoice_id: UUID, gateway: Gateway) -> None:
    """Let nobody pay it there any more, before it is voided here.

    Raises InvoiceRefused("paid_there") where somebody did, GatewayError.
    """
    invoice = Invoice.objects.get(pk=invoice_id)
    if not invoice.provider_id:
        return
    try:
        gateway.invoices.take_back(invoice.provider_id, key=f"invoice:{invoice.pk}:void")
    except Refused as error:
        sentence = f"The provider does not take it back: {error}"
        raise InvoiceRefused("paid_there", sentence) from error


def follow(event: Event, gateway: Gateway, now: datetime) -> bool:
    """Do what an event rings for; False when it is no matter of a partner's invoice.

    Raises GatewayError, ReceiptRefused for money that cannot stand in the books.
    """
    family = event.type.split(".")[0]
    if family == "invoice" and not event.subscription_id:
        charges = gateway.billing.list_charges_of(event.object_id)
        return any([_follow_charge(one, gateway, now) for one in charges])
    if family in ("charge", "refund") and event.charge_id:
        return _follow_charge(event.charge_id, gateway, now)
    return False


def _follow_charge(charge_id: str, gateway: Gateway, now: datetime) -> bool:
    paid = gateway.billing.get_payment(charge_id)
    if paid is None or paid.subscription_id:
        return False
    known = Invoice.objects.filter(provider_id=paid.invoice_id).first()
    if known is None:
        return False
    came = minor_micros(paid.amount_minor, paid.currency)
    if (came, paid.currency) != (known.gross_micros, known.currency):
        raise ReceiptRefused(f"what was paid for {known.number} is not what it says")
    invoice = pay_by_provider(
        provider_id=paid.invoice_id,
        charge_id=charge_id,
        fee_micros=minor_micros(paid.fee_minor, paid.currency),
        now=now,
    )
    if invoice is not None and invoice.receipt is not None and invoice.receipt.key == charge_id:
        give_back(paid, invoice.receipt, now)
    return True
