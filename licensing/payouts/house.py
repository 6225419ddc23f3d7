"""The house's own money at the provider: where charges stand, and what goes to our bank.

It pays nobody. Invariant: a change of our balance at the provider is posted once, under the
provider's own id, and only where our books know why it happened; the rest is for reconciliation.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from licensing.ledger import rules as ledger
from licensing.ledger.booking import book
from licensing.ledger.models import JournalEntry
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.payouts.rules.due import micros_of
from licensing.payouts.rules.postings import BANK, PROVIDER, cash_at
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import BalanceLine, BankPayoutState, Gateway

CHARGES = ("charge", "payment")
REFUNDS = ("refund", "payment_refund", "dispute")
WON = "dispute_reversal"


def place_charges(*, lines: Iterable[BalanceLine], now: datetime) -> int:
    """Say of receipts that their money is at the provider: those whose key is a charge's id.

    The provider's fee pays what the receipt said is owed to it. A refund is a receipt below zero
    under the refund's id, and leaves the provider in the same way; what a dispute gives back has
    one of its own. What has no receipt of the same amount is left for reconciliation to show.
    Returns how many were posted now.
    """
    known = (*CHARGES, *REFUNDS, WON)
    charges = {_key_of(line): line for line in lines if line.category in known}
    receipts = Receipt.objects.filter(key__in=charges)
    return sum(_place(receipt, charges[receipt.key], now) for receipt in receipts)


@transaction.atomic
def _place(receipt: Receipt, line: BalanceLine, now: datetime) -> bool:
    gross = micros_of(line.net_minor + line.fee_minor, line.currency)
    key = f"charge:{_key_of(line)}"
    if (gross, line.currency) != (receipt.amount_micros, receipt.currency) or _is_posted(key):
        return False
    product = ("product", receipt.product)
    fee = AccountKey(ledger.PROCESSOR_FEE, *product, receipt.currency)
    came = [
        (cash_at(PROVIDER, receipt.currency), micros_of(line.net_minor, line.currency)),
        (fee, micros_of(line.fee_minor, line.currency)),
        (cash_at(product, receipt.currency), -gross),
    ]
    lines = [
        Line(account, DEBIT if micros > 0 else CREDIT, abs(micros), line.source)
        for account, micros in came
        if micros
    ]
    book(key=key, kind="charge", lines=lines, now=now)
    return True


def _key_of(line: BalanceLine) -> str:
    """The key of the receipt that a change of our balance would have."""
    return f"{line.source}:won" if line.category == WON else line.source


def unseen_receipts(since: date, until: date) -> list[Receipt]:
    """Receipts of these days that no line of the provider bears out: written by hand, or not there
    yet; the oldest first. What the house itself gives (a promotion) is no money that came in.
    """
    placed = JournalEntry.objects.filter(key=Concat(Value("charge:"), OuterRef("key")))
    days = {"received_at__date__gte": since, "received_at__date__lt": until}
    rows = Receipt.objects.filter(~Exists(placed), **days).exclude(kind="PROMOTION")
    return list(rows.exclude(amount_micros=0).order_by("received_at", "pk"))


def follow_house_payout(*, payout_id: str, gateway: Gateway, now: datetime) -> bool:
    """Post how far a bank payout of the house itself is: left, arrived, given back.

    Always True: it is ours by being ours. Raises GatewayError.
    """
    seen = gateway.get_bank_payout(payout_id)
    with transaction.atomic():
        _step(seen, "left", _under_way(seen), cash_at(PROVIDER, seen.currency), now)
        if seen.status == "paid":
            _step(seen, "arrived", cash_at(BANK, seen.currency), _under_way(seen), now)
        if seen.status in ("failed", "canceled"):
            arrived = _is_posted(f"house:{seen.id}:arrived")
            place = cash_at(BANK, seen.currency) if arrived else _under_way(seen)
            _step(seen, "returned", cash_at(PROVIDER, seen.currency), place, now)
    return True


def _step(
    seen: BankPayoutState, step: str, debit: AccountKey, credit: AccountKey, now: datetime
) -> None:
    key = f"house:{seen.id}:{step}"
    if _is_posted(key):
        return
    micros = micros_of(seen.amount_minor, seen.currency)
    lines = [Line(debit, DEBIT, micros, seen.id), Line(credit, CREDIT, micros, seen.id)]
    book(key=key, kind=f"house payout {step}", lines=lines, now=now)


def _under_way(seen: BankPayoutState) -> AccountKey:
    return AccountKey(ledger.TRANSIT, *BANK, seen.currency)


def _is_posted(key: str) -> bool:
    return JournalEntry.objects.filter(key=key).exists()
