"""Stripe Invoicing: an invoice of ours that a customer may pay there, by card or transfer.

Numbers, lines and tax are ours; Stripe is told what is to be paid in all. Amounts are minor units.
Invariant: asked again under the same key there is one invoice, and what was sent can be taken back
as long as it was not paid.
"""

from dataclasses import dataclass

from stripe import StripeClient

from licensing.stripe_gateway.calling import named


@dataclass(frozen=True, slots=True)
class SentInvoice:
    """An invoice at Stripe, and the page where it is paid."""

    id: str
    url: str


class Invoices:
    """Calls about invoices that are no subscription's. Each raises the errors of `calling`."""

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    def send_invoice(
        self, *, customer_id: str, number: str, owed: tuple[int, str], due_days: int, key: str
    ) -> SentInvoice:
        """Let a customer pay an invoice of ours. owed: (minor units with tax, ISO code)."""
        amount, currency = owed[0], owed[1].lower()
        with named():
            made = self._client.v1.invoices.create(
                {
                    "customer": customer_id,
                    "collection_method": "send_invoice",
                    "days_until_due": due_days,
                    "currency": currency,
                    "auto_advance": False,
                    "pending_invoice_items_behavior": "exclude",
                    "metadata": {"number": number},
                },
                {"idempotency_key": key},
            )
            self._client.v1.invoice_items.create(
                {
                    "customer": customer_id,
                    "invoice": made.id,
                    "amount": amount,
                    "currency": currency,
                    "description": f"Invoice {number}",
                },
                {"idempotency_key": f"{key}:item"},
            )
            done = self._client.v1.invoices.finalize_invoice(
                str(made.id), {"auto_advance": False}, {"idempotency_key": f"{key}:final"}
            )
        return SentInvoice(str(done.id), done.hosted_invoice_url or "")

    def take_back(self, invoice_id: str, *, key: str) -> None:
        """Let nobody pay it any more. Raises Refused for one that was paid."""
        with named():
            self._client.v1.invoices.void_invoice(invoice_id, None, {"idempotency_key": key})
