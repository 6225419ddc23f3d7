"""Stripe, spoken to by this room alone: its values and errors under one name.

Nothing here knows rows or books. Invariant: no other room imports the SDK.
"""

from licensing.stripe_gateway.billing import (
    Billing,
    GivenBack,
    PaymentState,
    Session,
    SubscriptionState,
)
from licensing.stripe_gateway.calling import (
    ENTRY,
    BalanceInsufficient,
    GatewayError,
    KeyReused,
    NotConfigured,
    OutcomeUnknown,
    Refused,
)
from licensing.stripe_gateway.connect import (
    AccountState,
    BalanceLine,
    BankPayoutState,
    Gateway,
    TransferState,
)
from licensing.stripe_gateway.events import TOLERANCE, BadSignature, Event, event_of, read_event
from licensing.stripe_gateway.invoices import Invoices, SentInvoice

__all__ = [
    "ENTRY",
    "TOLERANCE",
    "AccountState",
    "BadSignature",
    "BalanceInsufficient",
    "BalanceLine",
    "BankPayoutState",
    "Billing",
    "Event",
    "Gateway",
    "GatewayError",
    "GivenBack",
    "Invoices",
    "KeyReused",
    "NotConfigured",
    "OutcomeUnknown",
    "PaymentState",
    "Refused",
    "SentInvoice",
    "Session",
    "SubscriptionState",
    "TransferState",
    "event_of",
    "read_event",
]
