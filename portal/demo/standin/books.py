"""The state behind the stand-in: accounts, balances, transfers, bank payouts, events.

It knows no HTTP and no signatures. Invariants: a balance is the sum of its balance transactions and
no call draws its available part below zero; a transfer is reversed at most whole; every change
leaves an event. Rules as Stripe documents them (Connect, separate charges and transfers; payouts).
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from portal.demo.standin import shapes
from portal.demo.standin.shapes import Json

PLATFORM = ""
"""Whose balance it is when no account is named."""


class Declined(Exception):
    """A call that changes nothing; told as `status` with Stripe's words."""

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Books:
    """All that one platform account has. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.accounts: dict[str, Json] = {}
        self.transfers: dict[str, Json] = {}
        self.payouts: dict[tuple[str, str], Json] = {}
        self.lines: dict[str, list[Json]] = defaultdict(list)
        self.events: list[Json] = []
        self.refusing: set[str] = set()
        self._made = 0

    def __getstate__(self) -> dict[str, Any]:
        """All but the clock: whoever takes the books up has a clock of their own."""
        return {name: kept for name, kept in vars(self).items() if name != "clock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Books that were kept before banks could refuse have none that does."""
        vars(self).update({"refusing": set()} | state)

    # -- what the API offers ---------------------------------------------------------------------

    def open_account(self, asked: Json) -> Json:
        """A connected account, which cannot receive before its questions are answered."""
        country = asked.get("country", "DE")
        made = shapes.account(self.new_id("acct"), self.now(), country, asked.get("metadata", {}))
        self.accounts[made["id"]] = made
        return made

    def account(self, id: str) -> Json:
        """The account, or Declined."""
        if id not in self.accounts:
            raise Declined(404, "resource_missing", f"No such account: '{id}'")
        return self.accounts[id]

    def balance(self, owner: str) -> Json:
        """What an owner has, available and pending."""
        sums: dict[str, dict[str, int]] = {"available": {"eur": 0}, "pending": {"eur": 0}}
        for line in self.lines[owner]:
            of = sums[line["status"]]
            of[line["currency"]] = of.get(line["currency"], 0) + line["net"]
        return shapes.balance(sums["available"], sums["pending"])

    def send_transfer(self, asked: Json) -> Json:
        """Move money to an account; declined when there is not enough or it may not receive."""
        account = self.account(asked["destination"])
        if account["capabilities"]["transfers"] != "active":
            raise Declined(
                400,
                "insufficient_capabilities_for_transfer",
                "Your destination account needs to have at least one of the following"
                " capabilities enabled: transfers",
            )
        self._draw(PLATFORM, asked)
        id, payment = self.new_id("tr"), self.new_id("py")
        left = self.enter(PLATFORM, asked, ("transfer", "transfer"), -asked["amount"], id)
        self.enter(account["id"], asked, ("payment", "charge"), asked["amount"], payment)
        made = shapes.transfer(id, self.now(), asked, left["id"], payment)
        self.transfers[id] = made
        self.tell("transfer.created", made)
        return made

    def transfer(self, id: str) -> Json:
        """The transfer, or Declined."""
        if id not in self.transfers:
            raise Declined(404, "resource_missing", f"No such transfer: '{id}'")
        return self.transfers[id]

    def reverse_transfer(self, id: str, asked: Json) -> Json:
        """Bring a transfer back, whole or in part, out of what its account has available."""
        transfer = self.transfer(id)
        left = transfer["amount"] - transfer["amount_reversed"]
        amount = asked.get("amount", left)
        if amount > left or amount <= 0:
            raise Declined(400, None, f"Transfer {id} has only {left} left to reverse")
        moved = {"amount": amount, "currency": transfer["currency"]}
        self._draw(transfer["destination"], moved)
        back, refund = self.new_id("trr"), self.new_id("pyr")
        kind = ("transfer_refund", "transfer_reversal")
        line = self.enter(PLATFORM, moved, kind, amount, back)
        self.enter(transfer["destination"], moved, ("payment_refund", "refund"), -amount, refund)
        metadata = asked.get("metadata", {})
        made = shapes.reversal(back, self.now(), transfer, amount, metadata, line["id"])
        transfer["reversals"]["data"].insert(0, made)
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        self.tell("transfer.reversed", transfer)
        return made

    def send_payout(self, owner: str, asked: Json) -> Json:
        """Send money from a balance to its owner's bank; it is pending until the bank says more."""
        if owner and not self.account(owner)["payouts_enabled"]:
            raise Declined(400, "payouts_not_allowed", "Cannot create payouts: not enabled")
        self._draw(owner, asked)
        id = self.new_id("po")
        line = self.enter(owner, asked, ("payout", "payout"), -asked["amount"], id)
        made = shapes.payout(id, self.now(), asked, line["id"])
        self.payouts[owner, id] = made
        self.tell("payout.created", made, owner)
        return made

    def payout(self, owner: str, id: str) -> Json:
        """The bank payout of this owner, or Declined."""
        if (owner, id) not in self.payouts:
            raise Declined(404, "resource_missing", f"No such payout: '{id}'")
        return self.payouts[owner, id]

    # -- what happens in the world ---------------------------------------------------------------

    def fund(self, amount: int, currency: str = "eur") -> Json:
        """The platform tops up its balance from its bank; returns the balance transaction."""
        asked = {"amount": amount, "currency": currency}
        return self.enter(PLATFORM, asked, ("topup", "topup"), amount, self.new_id("tu"))

    def charge(self, amount: int, fee: int, currency: str = "eur") -> Json:
        """A customer paid; pending until `mature`. Returns the balance transaction."""
        asked = {"amount": amount, "currency": currency}
        line = self.enter(PLATFORM, asked, ("charge", "charge"), amount, self.new_id("ch"), fee)
        line["status"] = "pending"
        return line

    def refund(self, amount: int, currency: str = "eur") -> Json:
        """A customer got money back, the charge's fee stays; returns the balance transaction."""
        asked = {"amount": amount, "currency": currency}
        return self.enter(PLATFORM, asked, ("refund", "refund"), -amount, self.new_id("re"))

    def mature(self) -> None:
        """Time passes: what is pending becomes available."""
        for line in (line for lines in self.lines.values() for line in lines):
            line["status"] = "available"

    def answer_questions(self, id: str, *, bank_refuses: bool = False) -> Json:
        """The payee told all that was asked: the account may receive and pay out.

        Their bank takes what comes, or refuses it as one whose account was closed.
        """
        account = self.account(id)
        if bank_refuses:
            self.refusing.add(id)
        account["capabilities"]["transfers"] = "active"
        account["payouts_enabled"] = account["details_submitted"] = True
        account["requirements"] = shapes.requirements(due=(), reason=None)
        self.tell("account.updated", account, id)
        return account

    def ask_again(self, id: str, due: str) -> Json:
        """Something more is asked, and nothing is paid meanwhile."""
        account = self.account(id)
        account["capabilities"]["transfers"] = "inactive"
        account["payouts_enabled"] = False
        account["requirements"] = shapes.requirements(due=(due,), reason="requirements.past_due")
        self.tell("account.updated", account, id)
        return account

    def banks_act(self, *, after_s: int = 0) -> None:
        """Every payout that is that old is taken by its bank, or refused by one that refuses."""
        pending = [key for key, payout in self.payouts.items() if payout["status"] == "pending"]
        for owner, id in pending:
            if self.payout(owner, id)["created"] + after_s > self.now():
                continue
            (self.bounce if owner in self.refusing else self.arrive)(owner, id)

    def arrive(self, owner: str, id: str) -> Json:
        """The bank took a payout."""
        payout = self.payout(owner, id)
        payout["status"] = "paid"
        self.tell("payout.paid", payout, owner)
        return payout

    def bounce(self, owner: str, id: str, code: str = "account_closed") -> Json:
        """The bank refused a payout, at once or after it had been reported as paid."""
        payout = self.payout(owner, id)
        kind = ("payout_failure", "payout_reversal")
        line = self.enter(owner, payout, kind, payout["amount"], id)
        payout["status"] = "failed"
        payout["failure_balance_transaction"] = line["id"]
        payout["failure_code"] = code
        payout["failure_message"] = f"The bank refused the payout ({code.replace('_', ' ')})."
        self.tell("payout.failed", payout, owner)
        return payout

    # -- underneath, also for billing.py ---------------------------------------------------------

    def _draw(self, owner: str, asked: Json) -> None:
        available = {of["currency"]: of["amount"] for of in self.balance(owner)["available"]}
        if asked["amount"] <= 0:
            raise Declined(400, "parameter_invalid_integer", "This value must be greater than 0.")
        if available.get(asked["currency"], 0) < asked["amount"]:
            raise Declined(400, "balance_insufficient", "You have insufficient available funds.")

    def enter(
        self, owner: str, of: Json, kind: tuple[str, str], amount: int, source: str, fee: int = 0
    ) -> Json:
        made = shapes.balance_transaction(
            self.new_id("txn"), self.now(), of["currency"], kind, amount, fee, source
        )
        self.lines[owner].append(made)
        return made

    def tell(self, type: str, about: Json, owner: str = PLATFORM) -> None:
        told = copy.deepcopy(about)
        self.events.append(shapes.event(self.new_id("evt"), self.now(), type, told, owner))

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_standin{self._made:06d}"

    def now(self) -> int:
        return int(self.clock())


def rows_of(books: Books, path: str, owner: str) -> list[Any]:
    """Everything a list call goes over, newest first."""
    rows = {
        "/v1/transfers": list(books.transfers.values()),
        "/v1/balance_transactions": books.lines[owner],
        "/v1/events": [one for one in books.events if one.get("account", PLATFORM) == owner],
        "/v1/payouts": [one for (whose, _), one in books.payouts.items() if whose == owner],
    }[path]
    return list(reversed(rows))
