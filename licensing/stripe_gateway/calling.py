"""How Stripe is called: the client, and its errors by what they mean for money.

It knows no object of Stripe's. Invariant: every failure of a call has one of the names below.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from stripe import StripeClient

ENTRY = "ledger_entry"
"""The metadata field that carries the key of our ledger entry."""
PAGE = 100


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


def client_of(key: str, *, api_base: str, retries: int, timeout_s: int) -> StripeClient:
    """A client for one platform account. Raises NotConfigured without a key."""
    if not key:
        raise NotConfigured("No key for Stripe is set, so no money can be moved.")
    return StripeClient(
        key,
        base_addresses={"api": api_base} if api_base else None,
        http_client=stripe.RequestsClient(timeout=timeout_s),
        max_network_retries=retries,
    )


@contextmanager
def named() -> Iterator[None]:
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


def entry_of(metadata: Any) -> str:
    return str(metadata[ENTRY]) if metadata and ENTRY in metadata else ""
