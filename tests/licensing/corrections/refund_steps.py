"""What refunds, chargebacks and winning them do to the books, beside what a dict says of it."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.winning import win_back
from licensing.ledger.rules import AccountKey
from licensing.money import allocate
from licensing.royalties.models import StatementLine
from tests.licensing.corrections.payout_steps import PayoutSteps, payable

DESK = ("user", "desk")
RIGHTS = (("MASTER", 1), ("PUBLISHING", 1))


def suspense(dispute):
    return AccountKey("suspense", "dispute", str(dispute), "EUR")


class RefundSteps(PayoutSteps):
    """Steps for a machine that has `receipts`, what is `contested` and `taxed`, and the pieces."""

    def __init__(self):
        super().__init__()
        self.receipts, self.charged, self.decided = [], [], {}

    @precondition(lambda self: self.receipts)
    @rule(n=st.integers(0, 9), kind=st.sampled_from(["REFUND", "CHARGEBACK"]))
    def a_payment_goes_back(self, n, kind):
        receipt, month, plays = of = self.receipts.pop(n % len(self.receipts))
        row = refund_receipt(
            key=f"re {receipt.pk} {self.count()}", receipt_id=receipt.pk,
            amount_micros=receipt.amount_micros, kind=kind, actor=DESK, now=self.now,
        )  # fmt: skip
        weights = [(str(self.pieces[name].pk), times) for name, times in plays.items()]
        of_pieces = allocate(receipt.pool_micros, weights)
        taken, income = [], {}
        for name in plays:
            of_stems = allocate(of_pieces[str(self.pieces[name].pk)], self.weights[name])
            lost = 0
            for stem, of_stem in of_stems.items():
                for right, micros in allocate(of_stem, RIGHTS).items():
                    lost += self.give_back((month, name, stem, right), micros, taken)
            if self.is_us:
                back, income[name] = self.taxed.take_back(name, month, lost)
                self.holds[payable(name)] += back
        if kind == "CHARGEBACK":
            self.charged.append((row, of, taken, income))

    def count(self):
        return StatementLine.objects.count() + len(self.charged)

    def give_back(self, where, micros, taken):
        """Out of what a dispute holds of the line, then out of payable; how much of that."""
        name, stem = where[1:3]
        for dispute, of in self.disputes:
            key = (dispute, *where)
            if of == stem and self.contested[key]:
                part = min(micros, self.contested[key])
                self.contested[key] -= part
                self.holds[suspense(dispute)] -= part
                taken.append((key, part))
                micros -= part
        self.holds[payable(name)] -= micros
        taken.append(((None, *where), micros))
        return micros

    @precondition(lambda self: self.charged)
    @rule(n=st.integers(0, 9))
    def a_chargeback_is_won(self, n):
        """Everybody has again what it took of them, and nobody else anything."""
        row, of, taken, income = self.charged.pop(n % len(self.charged))
        win_back(
            key=f"{row.key}:won", chargeback_id=row.pk, amount_micros=-row.amount_micros,
            actor=DESK, now=self.now,
        )  # fmt: skip
        for (dispute, *where), micros in taken:
            if dispute is None or dispute in self.decided:
                is_hers = self.decided.get(dispute, False)
                self.holds[payable("Eve" if is_hers else where[1])] += micros
            else:
                self.contested[dispute, *where] += micros
                self.holds[suspense(dispute)] += micros
        for name, us in income.items():
            self.holds[payable(name)] -= self.taxed.let_in(name, of[1], us)
        self.receipts.append(of)
