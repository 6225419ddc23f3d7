"""What Stripe's objects look like on the wire, as plain JSON; only the fields that always stand.

It knows no rules: books.py decides what happens, this page how it is told. Invariant, held by a
test against the installed SDK: every field that the SDK's typed resource requires is here, and no
field is here that it does not know. Amounts are minor units, moments whole seconds (UNIX).
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"


def account(id: str, created: int, country: str, metadata: Mapping[str, str]) -> Json:
    """A connected account that has not told anything yet."""
    return {
        "id": id,
        "object": "account",
        "type": "express",
        "country": country,
        "created": created,
        "default_currency": "eur",
        "charges_enabled": False,
        "payouts_enabled": False,
        "details_submitted": False,
        "capabilities": {"transfers": "inactive"},
        "requirements": requirements(due=DUE, reason="requirements.past_due"),
        "metadata": dict(metadata),
    }


DUE = ("external_account", "individual.verification.document", "tos_acceptance.date")


def requirements(*, due: Sequence[str], reason: str | None) -> Json:
    """What Stripe still asks, and why it pays nobody meanwhile."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": [],
    }


def account_link(url: str, created: int) -> Json:
    """A link that leads to the questions; good for five minutes."""
    return {
        "object": "account_link",
        "created": created,
        "expires_at": created + 300,
        "url": url,
    }


def transfer(
    id: str, created: int, asked: Mapping[str, Any], balance_transaction: str, payment: str
) -> Json:
    """Money that went from the platform's balance to an account's."""
    return {
        "id": id,
        "object": "transfer",
        "amount": asked["amount"],
        "amount_reversed": 0,
        "balance_transaction": balance_transaction,
        "created": created,
        "currency": asked["currency"],
        "description": None,
        "destination": asked["destination"],
        "destination_payment": payment,
        "livemode": False,
        "metadata": dict(asked.get("metadata", {})),
        "reversals": page([], f"/v1/transfers/{id}/reversals"),
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": asked.get("transfer_group"),
    }


def reversal(
    id: str, created: int, transfer: Json, amount: int, metadata: Json, balance_transaction: str
) -> Json:
    """Money of a transfer that came back."""
    return {
        "id": id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "created": created,
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": dict(metadata),
        "source_refund": None,
        "transfer": transfer["id"],
    }


def payout(id: str, created: int, asked: Mapping[str, Any], balance_transaction: str) -> Json:
    """Money on its way from a balance to a bank."""
    return {
        "id": id,
        "object": "payout",
        "amount": asked["amount"],
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": created,
        "automatic": False,
        "balance_transaction": balance_transaction,
        "created": created,
        "currency": asked["currency"],
        "description": None,
        "destination": "ba_standin",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(asked.get("metadata", {})),
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }


def balance_transaction(
    id: str, created: int, currency: str, kind: tuple[str, str], amount: int, fee: int, source: str
) -> Json:
    """One change of a balance; `kind` is (type, reporting category)."""
    return {
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": kind[1],
        "source": source,
        "status": "available",
        "type": kind[0],
    }


def balance(available: Mapping[str, int], pending: Mapping[str, int]) -> Json:
    """What is on a balance, per currency."""
    return {
        "object": "balance",
        "livemode": False,
        "available": [_of(currency, amount) for currency, amount in sorted(available.items())],
        "pending": [_of(currency, amount) for currency, amount in sorted(pending.items())],
    }


def _of(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def event(id: str, created: int, type: str, about: Json, account_id: str) -> Json:
    """The news of a change; one about a connected account names it."""
    told: Json = {
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    return told | ({"account": account_id} if account_id else {})


def page(rows: Sequence[Json], url: str, *, has_more: bool = False) -> Json:
    """A page of a list."""
    return {"object": "list", "data": list(rows), "has_more": has_more, "url": url}


def error(type: str, code: str | None, message: str) -> Json:
    """How a refusal is told."""
    return {"error": {"type": type, "code": code, "message": message}}
