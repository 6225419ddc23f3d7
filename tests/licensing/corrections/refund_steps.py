"""What refunds, chargebacks and winning them do to the books, beside what two dicts say of it.

Where lines lie is told by `lines_told`, what waits and is taxed of payees by `income_taxed`.
"""

from collections import defaultdict
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.winning import win_back
from licensing.ledger.rules import AccountKey
from tests.licensing.corrections.payout_steps import NAMES, PayoutSteps, payable, payee

DESK = ("user", "desk")
EVERYBODY = (*NAMES, "Eve")
PART = st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 9_999_999))
"""0: all that is left."""


def suspense(dispute):
    return AccountKey("suspense", "dispute", str(dispute), "EUR")


@dataclass
class Paid:
    """One receipt, which is one pool of one month, and what is left of it."""

    row: object
    month: object
    plays: list
    left: int
    times: int = 0

    def key(self):
        """Another one each time."""
        self.times += 1
        return f"{self.row.pk} {self.times}"


@dataclass
class Charged:
    """A chargeback: what it took of payees, and what of that waited or was taxed, by name."""

    row: object
    paid: Paid
    took: dict
    untaxed: dict


class RefundSteps(PayoutSteps):
    """Steps for a machine that has `receipts`, `where` lines lie, and what is `taxed`."""

    def __init__(self):
        super().__init__()
        self.receipts, self.charged = [], []

    def what_moved(self):
        """Between suspense and payees, as the dict of lines has it; by name, what payees got."""
        got = defaultdict(int)
        for ((kind, ref), _), micros in self.where.since().items():
            of = AccountKey("payable", kind, ref, "EUR") if kind == "party" else suspense(ref)
            self.holds[of] += micros
            for name in EVERYBODY:
                got[name] += micros if (kind, ref) == payee(name) else 0
        return got

    @precondition(lambda self: self.receipts)
    @rule(
        n=st.integers(0, 9),
        kind=st.sampled_from(["REFUND", "CHARGEBACK"]),
        parts=st.lists(PART, min_size=1, max_size=3),
    )
    def a_payment_goes_back(self, n, kind, parts):
        """In parts, from a micro-unit on, or all that is left of it."""
        paid = self.receipts[n % len(self.receipts)]
        for part in parts:
            self.a_part_goes_back(paid, kind, part)

    def a_part_goes_back(self, paid, kind, part):
        micros = part if 0 < part < paid.left else paid.left
        if not micros:
            return
        made = refund_receipt(
            key=f"re {paid.key()}", receipt_id=paid.row.pk, amount_micros=micros,
            kind=kind, actor=DESK, now=self.now,
        )  # fmt: skip
        paid.left -= micros
        self.where.refund(paid.month, paid.row, paid.plays, -made.pool_micros)
        took = {name: -micros for name, micros in self.what_moved().items()}
        untaxed = self.untax(paid.month, took)
        if kind == "CHARGEBACK":
            self.charged.append(Charged(made, paid, took, untaxed))

    def untax(self, month, took):
        """Of what was taken of payees, what had waited or was taxed; what waits no more is theirs
        again, and so is the tax.
        """
        untaxed = {}
        for name, lost in took.items() if self.is_us else ():
            if lost > 0:
                back, untaxed[name] = self.taxed.take_back(name, month, lost)
                self.holds[payable(name)] += back
        return untaxed

    @precondition(lambda self: self.charged)
    @rule(n=st.integers(0, 9), part=PART)
    def a_chargeback_is_won(self, n, part):
        """Whole or in part, it goes where it had come from, or where decisions sent that since; as
        much is taxed again as was untaxed, and all that is new to its payee.
        """
        charged = self.charged.pop(n % len(self.charged))
        whole, paid = -charged.row.amount_micros, charged.paid
        micros = part if 0 < part < whole else whole
        made = win_back(
            key=f"won {paid.key()}", chargeback_id=charged.row.pk, amount_micros=micros,
            actor=DESK, now=self.now,
        )  # fmt: skip
        paid.left += micros
        self.where.refund(paid.month, paid.row, paid.plays, -made.pool_micros)
        got = self.what_moved()
        for name in EVERYBODY if self.is_us else ():

            def share(of):
                return of * made.pool_micros // -charged.row.pool_micros

            new = max(0, got[name] - share(charged.took.get(name, 0)))
            us = min(got[name], share(charged.untaxed.get(name, 0)) + new)
            if us > 0:
                self.holds[payable(name)] -= self.taxed.let_in(name, paid.month, us)
