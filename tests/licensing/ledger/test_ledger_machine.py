"""Any sequence of postings, repeats and reversals, held against a plain dict of balances."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from licensing.ledger import rules
from licensing.ledger.operations import post, reverse_entry
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey

AT = datetime(2026, 10, 3, tzinfo=UTC)
ACCOUNTS = [
    AccountKey(kind, "test", owner, currency)
    for kind in ("cash", "pool", "payable")
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

    @rule(data=st.data())
    def repeat_an_entry(self, data):
        if self.entries:
            entry, lines = data.draw(st.sampled_from(self.entries))
            assert self.write(entry.key, lines[::-1]) == entry

    @rule(data=st.data())
    def take_a_key_again(self, data):
        if self.entries:
            entry, lines = data.draw(st.sampled_from(self.entries))
            more = [(account, side, amount + len(lines)) for account, side, amount in lines[:1]]
            more.append((lines[-1][0], "credit", more[0][2]))
            with pytest.raises(rules.KeyTaken), transaction.atomic():
                self.write(entry.key, more)

    @rule(data=st.data())
    def reverse_something(self, data):
        if not self.entries:
            return
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
        assert {a: balance_of(a) for a in ACCOUNTS} == {a: self.held[a] for a in ACCOUNTS}

    @invariant()
    def books_balance_in_every_currency(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert not any(trial_balance().differences().values())


def test_books_hold_through_any_sequence(db):
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
