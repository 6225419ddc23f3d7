"""What runs, the provider, banks and late news do to the books, beside what a dict says of it.

The provider is the stand-in over HTTP. Which of its events is delivered, when, how often and in
what order is drawn; so is which of its answers are lost. Invariant: what a payout becomes follows
from what the bank did with it and from whether anybody looked, never from the order of the news.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from licensing.four_eyes import SecondFactor
from licensing.ledger.rules import AccountKey
from licensing.payouts import operations
from licensing.payouts.inbox import handle_event, take_event
from licensing.payouts.models import Payout
from licensing.payouts.rules.postings import PROVIDER, cash_at, payable_of
from licensing.payouts.rules.states import PayoutRefused
from licensing.payouts.sending import advance_payout
from licensing.stripe_gateway import GatewayError, read_event
from tests.licensing.royalties import small_world as world

NAMES = ("Ana", "Cleo")
CURRENCIES = ("EUR", "USD")
CENT, LEAST = 10_000, 2_000
LOST = {"rate_limited": False, "silent_before": False, "silent_after": True, "broken_after": True}
"""How an answer gets lost, and whether the deed was done all the same."""


def payee(name):
    return ("party", str(world.ref(name)))


def payable(name, currency="EUR"):
    return payable_of(payee(name), currency)


@dataclass
class OnItsWay:
    """One payout as the dict has it. `bank`: what the bank did; `is_known`: we have its id."""

    pk: UUID
    name: str
    currency: str
    minor: int
    state: str = "DRAFT"
    is_transferred: bool = False
    bank: str = ""
    is_known: bool = False
    is_back: bool = False

    @property
    def micros(self):
        return self.minor * CENT

    def account(self, kind):
        return AccountKey(kind, *payee(self.name), self.currency)


class PayoutSteps(RuleBasedStateMachine):
    """Steps of payouts for a machine that has `holds` (micros by account) and `now`.

    `purse`: the platform at the stand-in; whoever is paid has an account there already.
    """

    purse = None

    def __init__(self):
        super().__init__()
        self.payouts, self.open_runs = [], {}
        self.funds, self.told = defaultdict(int), set()

    @property
    def books(self):
        return self.purse.standin.books

    # -- our side ----------------------------------------------------------------------------------

    @precondition(lambda self: self.open_runs or any(self.dues()))
    @rule(currency=st.sampled_from(CURRENCIES), how_far=st.integers(0, 3))
    def a_run_is_opened(self, currency, how_far):
        """And nothing more, or approved at once, or sent as well, or taken by the bank."""
        due = {name: minor for name in NAMES if (minor := self.due(name, currency))}
        asked = {"currency": currency, "opened_by": "maker", "now": self.now}
        if not due or currency in self.open_runs:
            with pytest.raises(PayoutRefused):
                operations.open_payout_run(**asked)
            return
        run = operations.open_payout_run(**asked)
        rows = Payout.objects.filter(run=run).select_related("account")
        drafts = {row.account.payee_ref: row for row in rows}
        assert {ref: row.amount_minor for ref, row in drafts.items()} == {
            payee(name)[1]: minor for name, minor in due.items()
        }
        self.open_runs[currency] = run.pk
        fresh = [OnItsWay(drafts[payee(name)[1]].pk, name, currency, due[name]) for name in due]
        self.payouts += fresh
        if how_far:
            self.verdict(currency, "approve")
        for one in fresh if how_far > 1 else ():
            self.watch(one)
            if one.bank and how_far > 2:
                self.the_bank_acts(one, is_taken=True)

    def dues(self):
        return [self.due(name, currency) for name in NAMES for currency in CURRENCIES]

    def due(self, name, currency):
        busy = {(one.name, one.currency) for one in self.payouts if one.state in UNFINISHED}
        minor = self.holds[payable(name, currency)] // CENT
        return 0 if minor < LEAST or (name, currency) in busy else minor

    @precondition(lambda self: self.open_runs)
    @rule(n=st.integers(0, 1), verdict=st.sampled_from(["approve", "approve", "drop", "own"]))
    def a_run_is_decided(self, n, verdict):
        self.verdict(sorted(self.open_runs)[n % len(self.open_runs)], verdict)

    def verdict(self, currency, verdict):
        asked = {"run_id": self.open_runs[currency], "now": self.now}
        proof = SecondFactor("totp", self.now - timedelta(minutes=1))
        if verdict == "own":
            with pytest.raises(PayoutRefused), transaction.atomic():
                operations.approve_payout_run(approver="maker", proof=proof, **asked)
            return
        if verdict == "approve":
            operations.approve_payout_run(approver="checker", proof=proof, **asked)
        else:
            operations.drop_payout_run(dropped_by="maker", reason="r", **asked)
        del self.open_runs[currency]
        for one in self.payouts:
            if (one.state, one.currency) == ("DRAFT", currency):
                self.decide(one, is_approved=verdict == "approve")

    def decide(self, one, *, is_approved):
        """What is not payable any more is dropped."""
        if not is_approved or self.holds[payable(one.name, one.currency)] < one.micros:
            one.state = "DROPPED"
            return
        self.move(one, "payable", "payout")
        one.state = "APPROVED"

    @precondition(lambda self: self.payouts)
    @rule(n=st.integers(0, 9), lost=st.sampled_from([None, None, *LOST]))
    def a_payout_is_looked_at(self, n, lost):
        self.watch(self.payouts[n % len(self.payouts)], lost)

    def watch(self, one, lost=None):
        path = self.next_deed(one)
        lost = lost if path else None
        if lost:
            self.purse.standin.board.fail_next(lost, path)
        try:
            advance_payout(payout_id=one.pk, gateway=self.purse.gateway, now=self.now)
        except GatewayError:
            assert lost
        else:
            assert not lost
        self.look(one, lost)

    def next_deed(self, one):
        """Where the next call leads that moves money; "" where there is none."""
        if one.state == "APPROVED" and not one.is_transferred:
            return "/v1/transfers" if self.funds[one.currency] >= one.minor else ""
        if one.state in ("APPROVED", "SENT") and not one.bank:
            return "/v1/payouts"
        comes_back = one.state in ("APPROVED", "SENT", "PAID") and one.bank == "failed"
        return "/v1/transfers" if comes_back and not one.is_back else ""

    # -- the provider's and the bank's -------------------------------------------------------------

    @rule(currency=st.sampled_from(CURRENCIES), minor=st.integers(LEAST, 9_999))
    def money_comes_to_the_provider(self, currency, minor):
        self.books.fund(minor, currency.lower())
        self.funds[currency] += minor

    @precondition(lambda self: self.at_the_bank())
    @rule(n=st.integers(0, 9), is_taken=st.booleans())
    def a_bank_takes_or_returns_it(self, n, is_taken):
        one = self.at_the_bank()[n % len(self.at_the_bank())]
        self.the_bank_acts(one, is_taken=is_taken and one.bank != "paid")

    def the_bank_acts(self, one, *, is_taken):
        found = [key for key, told in self.books.payouts.items() if entry_of(told) == one.pk]
        (self.books.arrive if is_taken else self.books.bounce)(*found[0])
        one.bank = "paid" if is_taken else "failed"

    def at_the_bank(self):
        return [one for one in self.payouts if one.bank in ("pending", "paid")]

    @precondition(lambda self: self.books.events)
    @rule(n=st.integers(0, 99), times=st.integers(1, 2))
    def news_come_late_and_twice(self, n, times):
        """Any news of all there ever were, in no order."""
        told = self.books.events[-1 - n % len(self.books.events)]
        body, signature = self.purse.standin.signed(told)
        secrets = [self.purse.standin.secret]
        for _ in range(times):
            event = read_event(body, signature, secrets=secrets, now=self.now)
            is_new = take_event(event=event, body=body, now=self.now)
            assert is_new == (event.id not in self.told)
            self.told.add(event.id)
            handle_event(event_id=event.id, gateway=self.purse.gateway, now=self.now)
        about = entry_of(told["data"]["object"])
        for one in self.payouts:
            if one.pk == about:
                self.look(one)

    # -- what that makes of the money --------------------------------------------------------------

    def look(self, one, lost=None):
        """What our looking at a payout does; the answer to its next deed gets lost as `lost`."""
        if one.state == "APPROVED":
            self.transfer(one, lost)
            if lost and one.state == "APPROVED":
                return
        if one.state == "SENT" and not one.is_known:
            if lost and not one.bank:
                one.bank = "pending" if LOST[lost] else ""
                return
            one.bank, one.is_known = one.bank or "pending", True
        if one.is_known and one.state in ("SENT", "PAID"):
            self.follow(one, lost)

    def transfer(self, one, lost):
        if not one.is_transferred:
            if self.funds[one.currency] < one.minor or (lost and not LOST[lost]):
                return
            one.is_transferred = True
            self.funds[one.currency] -= one.minor
            if lost:
                return
        self.holds[cash_at(PROVIDER, one.currency)] -= one.micros
        self.holds[one.account("transit")] += one.micros
        one.state = "SENT"

    def follow(self, one, lost):
        if one.bank == "paid" and one.state == "SENT":
            self.holds[one.account("payout")] -= one.micros
            self.holds[one.account("transit")] -= one.micros
            one.state = "PAID"
        if one.bank == "failed":
            self.bring_back(one, lost)

    def bring_back(self, one, lost):
        if not one.is_back:
            one.is_back = not lost or LOST[lost]
            self.funds[one.currency] += one.minor if one.is_back else 0
            if lost:
                return
        if one.state == "PAID":
            self.holds[one.account("payout")] += one.micros
            self.holds[one.account("transit")] += one.micros
        self.move(one, "payout", "payable")
        self.holds[one.account("transit")] -= one.micros
        self.holds[cash_at(PROVIDER, one.currency)] += one.micros
        one.state = "FAILED"

    def move(self, one, out_of, into):
        self.holds[one.account(out_of)] -= one.micros
        self.holds[one.account(into)] += one.micros

    def check_payouts(self):
        """Rows, the provider's balance and the dict say the same."""
        rows = dict(Payout.objects.values_list("pk", "state"))
        assert rows == {one.pk: one.state for one in self.payouts}
        there = {of["currency"].upper(): of["amount"] for of in self.books.balance("")["available"]}
        assert {k: v for k, v in there.items() if v} == {k: v for k, v in self.funds.items() if v}


UNFINISHED = ("DRAFT", "APPROVED", "SENT")


def entry_of(told):
    """The payout that an object of the provider was made for, None for an account."""
    _, _, pk = told.get("metadata", {}).get("ledger_entry", "").partition(":")
    return UUID(pk) if pk else None
