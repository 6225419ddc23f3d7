"""Stripe Connect, spoken to by this file alone: accounts, transfers, bank payouts, signed events.

It knows neither payees nor ledger nor rows; it takes and returns plain values, amounts in minor
units (cents). Invariants: nothing that moves money leaves without the caller's idempotency key and
the name of the ledger entry it stands for, and every failure has one of the names below.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from stripe import Account, BalanceTransaction, ListObject, Payout, StripeClient, Transfer
from stripe.params import AccountCreateParams

ENTRY = "ledger_entry"
"""The metadata field that carries the key of our ledger entry."""
TOLERANCE = timedelta(minutes=5)
"""How far an event's signature may lie in the past or in the future."""
_PAGE = 100


class GatewayError(Exception):
    """What Stripe did not do; the message is a sentence for the desk."""


class NotConfigured(GatewayError):
    """There is no key to speak with."""


class OutcomeUnknown(GatewayError):
    """No answer, or one that says nothing (429, 5xx): it may have happened. Look it up, ask again
    under the same key."""


class Refused(GatewayError):
    """Stripe said no, so nothing happened; `code` is its word for why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class BalanceInsufficient(Refused):
    """There is less on the balance than was to be moved: our matter, not the payee's."""


class KeyReused(GatewayError):
    """The idempotency key stands for another call already; a mistake of ours."""


class BadSignature(GatewayError):
    """An event that Stripe did not sign with our secret, or not about now."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """A payee's account at Stripe. `currently_due` names what Stripe still asks them for."""

    id: str
    can_receive: bool
    can_pay_out: bool
    currently_due: tuple[str, ...]
    disabled_reason: str


@dataclass(frozen=True, slots=True)
class TransferState:
    """Money moved from our balance to a payee's. `reversal_id` is its return, "" without one."""

    id: str
    amount_minor: int
    currency: str
    account_id: str
    entry: str
    reversal_id: str


@dataclass(frozen=True, slots=True)
class BankPayoutState:
    """Money on its way from a balance to a bank. `status`: pending, in_transit, paid, failed or
    canceled."""

    id: str
    status: str
    amount_minor: int
    currency: str
    entry: str
    failure: str


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One change of our own balance; `net_minor` = amount - fee, negative when money left.

    `category` is Stripe's reporting_category; `source` the id of what caused it.
    """

    id: str
    source: str
    category: str
    net_minor: int
    fee_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """What an event is about, not what it claims: `entry` and `object_id` say where to look."""

    id: str
    type: str
    account_id: str
    object_id: str
    entry: str
    at: datetime


class Gateway:
    """Calls to one Stripe platform account. Each raises the errors above and no other.

    `api_base` leads somewhere else than to Stripe, for tests and the demo. `retries` are made at
    once and under the same key; slower ones are the caller's.
    """

    def __init__(
        self, key: str, *, api_base: str = "", retries: int = 2, timeout_s: int = 20
    ) -> None:
        if not key:
            raise NotConfigured("No key for Stripe is set, so nobody can be paid.")
        self._client = StripeClient(
            key,
            base_addresses={"api": api_base} if api_base else None,
            http_client=stripe.RequestsClient(timeout=timeout_s),
            max_network_retries=retries,
        )

    def open_account(self, *, payee: str, country: str, key: str) -> AccountState:
        """An account for a payee: Stripe asks them what it must know, we answer for losses.

        Its bank payouts are made by us, one per payout of ours, so that each can be told apart.
        """
        params: AccountCreateParams = {
            "country": country,
            "controller": {
                "fees": {"payer": "application"},
                "losses": {"payments": "application"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "express"},
            },
            "capabilities": {"transfers": {"requested": True}},
            "settings": {"payouts": {"schedule": {"interval": "manual"}}},
            "metadata": {"payee": payee},
        }
        with _named():
            return _account(self._client.v1.accounts.create(params, {"idempotency_key": key}))

    def get_account(self, account_id: str) -> AccountState:
        """The account as it is now."""
        with _named():
            return _account(self._client.v1.accounts.retrieve(account_id))

    def onboarding_link(self, account_id: str, *, back: str, again: str) -> str:
        """A link, good once and for minutes, to where the payee tells Stripe what it asks.

        `back` is where Stripe leads afterwards, `again` where it leads when the link is stale.
        """
        with _named():
            link = self._client.v1.account_links.create(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "return_url": back,
                    "refresh_url": again,
                }
            )
        return link.url

    def send_transfer(
        self, *, account_id: str, amount_minor: int, currency: str, entry: str, key: str
    ) -> TransferState:
        """Move money from our balance to a payee's account."""
        with _named():
            made = self._client.v1.transfers.create(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "destination": account_id,
                    "transfer_group": entry,
                    "metadata": {ENTRY: entry},
                },
                {"idempotency_key": key},
            )
        return _transfer(made)

    def find_transfer(self, entry: str) -> TransferState | None:
        """The transfer that carries this entry, however long ago it was made."""
        with _named():
            page = self._client.v1.transfers.list({"transfer_group": entry, "limit": _PAGE})
            found = [one for one in page.auto_paging_iter() if _entry(one.metadata) == entry]
        return _transfer(found[0]) if found else None

    def get_transfer(self, transfer_id: str) -> TransferState:
        """The transfer as it is now."""
        with _named():
            return _transfer(self._client.v1.transfers.retrieve(transfer_id))

    def return_transfer(self, transfer_id: str, *, entry: str, key: str) -> str:
        """Bring all of a transfer back to our balance; the id of the reversal."""
        with _named():
            made = self._client.v1.transfers.reversals.create(
                transfer_id, {"metadata": {ENTRY: entry}}, {"idempotency_key": key}
            )
        return made.id

    def send_bank_payout(
        self, *, account_id: str, amount_minor: int, currency: str, entry: str, key: str
    ) -> BankPayoutState:
        """Send money from a payee's account to their bank."""
        with _named():
            made = self._client.v1.payouts.create(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "metadata": {ENTRY: entry},
                },
                {"idempotency_key": key, "stripe_account": account_id},
            )
        return _bank_payout(made)

    def find_bank_payout(
        self, entry: str, *, account_id: str, since: datetime
    ) -> BankPayoutState | None:
        """The newest bank payout of an account that carries this entry; `since` bounds the look."""
        created = int((since - TOLERANCE).timestamp())
        with _named():
            page = self._client.v1.payouts.list(
                {"created": {"gte": created}, "limit": _PAGE}, {"stripe_account": account_id}
            )
            for one in page.auto_paging_iter():
                if _entry(one.metadata) == entry:
                    return _bank_payout(one)
        return None

    def get_bank_payout(self, payout_id: str, *, account_id: str = "") -> BankPayoutState:
        """The bank payout as it is now, of a payee's account or, without one, of ours."""
        options: stripe.RequestOptions = {"stripe_account": account_id} if account_id else {}
        with _named():
            return _bank_payout(self._client.v1.payouts.retrieve(payout_id, None, options))

    def list_balance_lines(self, *, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Every change of our balance in [since, until), newest first, pages read as needed."""
        created: Any = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        with _named():
            page: ListObject[BalanceTransaction] = self._client.v1.balance_transactions.list(
                {"created": created, "limit": _PAGE}
            )
            for one in page.auto_paging_iter():
                yield _balance_line(one)


def read_event(body: bytes, signature: str, *, secrets: Sequence[str], now: datetime) -> Event:
    """The event behind a webhook's raw body, once its signature holds under one of `secrets`.

    The SDK looks back only, so the moment is checked here, to both sides. Raises BadSignature.
    """
    if not any(_is_signed(body, signature, secret) for secret in secrets):
        raise BadSignature("The signature is not Stripe's.")
    signed_at = datetime.fromtimestamp(_signed_at(signature), UTC)
    if abs(now - signed_at) > TOLERANCE:
        raise BadSignature("The signature is not about now.")
    return event_of(body)


def event_of(body: bytes) -> Event:
    """The event in a body whose signature was checked when it came. Raises BadSignature when it is
    no event at all."""
    try:
        event = json.loads(body)
        about = event["data"]["object"]
        return Event(
            id=str(event["id"]),
            type=str(event["type"]),
            account_id=str(event.get("account") or ""),
            object_id=str(about.get("id") or ""),
            entry=_entry(about.get("metadata")),
            at=datetime.fromtimestamp(event["created"], UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature("What was signed is no event.") from error


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return bool(secret)


def _signed_at(signature: str) -> int:
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    return int(parts["t"])


@contextmanager
def _named() -> Iterator[None]:
    """Turn the SDK's errors into ours, by what they mean for money."""
    try:
        yield
    except stripe.IdempotencyError as error:
        raise KeyReused(_sentence(error)) from error
    except (stripe.InvalidRequestError, stripe.CardError, stripe.PermissionError) as error:
        code = error.code or "refused"
        kind = BalanceInsufficient if code == "balance_insufficient" else Refused
        raise kind(code, _sentence(error)) from error
    except stripe.StripeError as error:
        raise OutcomeUnknown(_sentence(error)) from error


def _sentence(error: stripe.StripeError) -> str:
    return str(error.user_message or error)[:300]


def _entry(metadata: Any) -> str:
    return str(metadata[ENTRY]) if metadata and ENTRY in metadata else ""


def _account(one: Account) -> AccountState:
    due = one.requirements.currently_due if one.requirements else None
    reason = one.requirements.disabled_reason if one.requirements else None
    return AccountState(
        id=one.id,
        can_receive=bool(one.capabilities and one.capabilities.transfers == "active"),
        can_pay_out=bool(one.payouts_enabled),
        currently_due=tuple(sorted(due or ())),
        disabled_reason=reason or "",
    )


def _transfer(one: Transfer) -> TransferState:
    reversals = one.reversals.data
    return TransferState(
        id=one.id,
        amount_minor=one.amount,
        currency=one.currency.upper(),
        account_id=str(one.destination),
        entry=_entry(one.metadata),
        reversal_id=reversals[0].id if one.reversed and reversals else "",
    )


def _bank_payout(one: Payout) -> BankPayoutState:
    failure = one.failure_message or one.failure_code or ""
    return BankPayoutState(
        id=one.id,
        status=one.status,
        amount_minor=one.amount,
        currency=one.currency.upper(),
        entry=_entry(one.metadata),
        failure=failure,
    )


def _balance_line(one: BalanceTransaction) -> BalanceLine:
    return BalanceLine(
        id=one.id,
        source=str(one.source or ""),
        category=one.reporting_category,
        net_minor=one.net,
        fee_minor=one.fee,
        currency=one.currency.upper(),
        at=datetime.fromtimestamp(one.created, UTC),
    )
