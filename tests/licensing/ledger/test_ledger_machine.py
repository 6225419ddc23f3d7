"""Any sequence of postings, repeats and reversals, held against a plain dict of balances."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from licensing.ledger import rules
from licensing.ledger.operations import post, reverse_entry
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey
from tests.hypotheses import in_every_run, walk
from tests.licensing.ledger.sums import balances, check_entries

AT = datetime(2026, 10, 3, tzinfo=UTC)
KINDS = ("cash", "pool", "payable")
ACCOUNTS = [
    AccountKey(kind, "test", owner, currency)
    for kind in KINDS
    for owner in ("a", "b")
    for currency in ("EUR", "JPY")
]
AMOUNTS = st.integers(1, 1_000)


class Books(RuleBasedStateMachine):
    """The ledger, and beside it a dict that says what each account must hold."""

    def __init__(self):
        super().__init__()
        self.held = defaultdict(int)
        self.entries = []
        self.reversed = set()
        self.savepoint = transaction.savepoint()

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    def expect(self, lines):
        """Balances after these lines, or None where a floor forbids them."""
        after = dict(self.held)
        for account, side, amount in lines:
            change = rules.signed(account.kind, *((amount, 0) if side == "debit" else (0, amount)))
            after[account] = after.get(account, 0) + change
        low = [a for a in after if a.kind == "pool" and after[a] < min(0, self.held[a])]
        return None if low else after

    def settle(self, lines, write):
        after = self.expect(lines)
        if after is None:
            with pytest.raises(rules.BalanceTooLow), transaction.atomic():
                write()
            return None
        entry = write()
        self.held = defaultdict(int, after)
        assert balance_of(lines[0][0]) == self.held[lines[0][0]]
        return entry

    @rule(
        pair=st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS)),
        amounts=st.lists(AMOUNTS, min_size=1, max_size=3),
    )
    def post_something(self, pair, amounts):
        debit, credit = pair[0], pair[1]._replace(currency=pair[0].currency)
        lines = [(debit, "debit", amount) for amount in amounts]
        lines.append((credit, "credit", sum(amounts)))
        key = f"k{len(self.entries)}"
        entry = self.settle(lines, lambda: self.write(key, lines))
        if entry:
            self.entries.append((entry, lines))

    def write(self, key, lines):
        return post(key=key, kind="test", postings=lines, effective_at=AT, now=AT)

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def repeat_an_entry(self, data):
        entry, lines = data.draw(st.sampled_from(self.entries))
        assert self.write(entry.key, lines[::-1]) == entry

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def take_a_key_again(self, data):
        entry, lines = data.draw(st.sampled_from(self.entries))
        more = [(account, side, amount + len(lines)) for account, side, amount in lines[:1]]
        more.append((lines[-1][0], "credit", more[0][2]))
        with pytest.raises(rules.KeyTaken), transaction.atomic():
            self.write(entry.key, more)

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def reverse_something(self, data):
        entry, lines = data.draw(st.sampled_from(self.entries))
        key = f"r{entry.pk}-{len(self.reversed)}"
        if entry.pk in self.reversed:
            with pytest.raises(rules.AlreadyReversed), transaction.atomic():
                self.undo(key, entry)
            return
        other = {"debit": "credit", "credit": "debit"}
        undone = [(account, other[side], amount) for account, side, amount in lines]
        if self.settle(undone, lambda: self.undo(key, entry)):
            self.reversed.add(entry.pk)

    def undo(self, key, entry):
        return reverse_entry(key=key, entry_id=entry.pk, effective_at=AT, now=AT)

    @invariant()
    def every_balance_is_as_the_dict_says(self):
        assert balances(KINDS) == {key: micros for key, micros in self.held.items() if micros}

    @invariant()
    def books_balance_in_every_currency(self):
        check_entries()
        assert not any(trial_balance().differences().values())


def test_books_hold_through_any_sequence(db):
    """2,000 steps in every run, or as many as a slow machine takes in a minute; 20,000 in a long
    one."""
    asked = {"steps": in_every_run(2_000, long=20_000), "seconds": in_every_run(60, long=3_600)}
    assert walk(Books, **asked) >= 200
