"""Stripe Connect: payees' accounts, transfers to them, payouts to their banks, our balance.

It knows neither payees nor ledger nor rows; it takes and returns plain values, amounts in minor
units (cents). Invariant: nothing that moves money leaves without the caller's idempotency key and
the name of the ledger entry it stands for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from stripe import Account, BalanceTransaction, ListObject, Payout, Transfer
from stripe.params import AccountCreateParams

from licensing.stripe_gateway.billing import Billing
from licensing.stripe_gateway.calling import ENTRY, PAGE, client_of, entry_of, named
from licensing.stripe_gateway.events import TOLERANCE
from licensing.stripe_gateway.invoices import Invoices


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


class Gateway:
    """Calls to one Stripe platform account; subscriptions and payments through `billing`, invoices
    of ours through `invoices`.

    Each raises the errors of `calling` and no other. `api_base` leads somewhere else than to
    Stripe, for tests and the demo. `retries` are made at once and under the same key; slower ones
    are the caller's.
    """

    def __init__(
        self, key: str, *, api_base: str = "", retries: int = 2, timeout_s: int = 20
    ) -> None:
        self._client = client_of(key, api_base=api_base, retries=retries, timeout_s=timeout_s)
        self.billing = Billing(self._client)
        self.invoices = Invoices(self._client)

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
        with named():
            return _account(self._client.v1.accounts.create(params, {"idempotency_key": key}))

    def get_account(self, account_id: str) -> AccountState:
        """The account as it is now."""
        with named():
            return _account(self._client.v1.accounts.retrieve(account_id))

    def onboarding_link(self, account_id: str, *, back: str, again: str) -> str:
        """A link, good once and for minutes, to where the payee tells Stripe what it asks.

        `back` is where Stripe leads afterwards, `again` where it leads when the link is stale.
        """
        with named():
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
        with named():
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
        with named():
            page = self._client.v1.transfers.list({"transfer_group": entry, "limit": PAGE})
            found = [one for one in page.auto_paging_iter() if entry_of(one.metadata) == entry]
        return _transfer(found[0]) if found else None

    def get_transfer(self, transfer_id: str) -> TransferState:
        """The transfer as it is now."""
        with named():
            return _transfer(self._client.v1.transfers.retrieve(transfer_id))

    def return_transfer(self, transfer_id: str, *, entry: str, key: str) -> str:
        """Bring all of a transfer back to our balance; the id of the reversal."""
        with named():
            made = self._client.v1.transfers.reversals.create(
                transfer_id, {"metadata": {ENTRY: entry}}, {"idempotency_key": key}
            )
        return made.id

    def send_bank_payout(
        self, *, account_id: str, amount_minor: int, currency: str, entry: str, key: str
    ) -> BankPayoutState:
        """Send money from a payee's account to their bank."""
        with named():
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
        with named():
            page = self._client.v1.payouts.list(
                {"created": {"gte": created}, "limit": PAGE}, {"stripe_account": account_id}
            )
            for one in page.auto_paging_iter():
                if entry_of(one.metadata) == entry:
                    return _bank_payout(one)
        return None

    def get_bank_payout(self, payout_id: str, *, account_id: str = "") -> BankPayoutState:
        """The bank payout as it is now, of a payee's account or, without one, of ours."""
        options: stripe.RequestOptions = {"stripe_account": account_id} if account_id else {}
        with named():
            return _bank_payout(self._client.v1.payouts.retrieve(payout_id, None, options))

    def list_balance_lines(self, *, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Every change of our balance in [since, until), newest first, pages read as needed."""
        created: Any = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        with named():
            page: ListObject[BalanceTransaction] = self._client.v1.balance_transactions.list(
                {"created": created, "limit": PAGE}
            )
            for one in page.auto_paging_iter():
                yield _balance_line(one)


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
        entry=entry_of(one.metadata),
        reversal_id=reversals[0].id if one.reversed and reversals else "",
    )


def _bank_payout(one: Payout) -> BankPayoutState:
    failure = one.failure_message or one.failure_code or ""
    return BankPayoutState(
        id=one.id,
        status=one.status,
        amount_minor=one.amount,
        currency=one.currency.upper(),
        entry=entry_of(one.metadata),
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
