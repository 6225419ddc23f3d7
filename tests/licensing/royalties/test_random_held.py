"""Random small books with plays that are held and decided: a close gives what the rules give.

The rules of division are the oracle here too; what a pool keeps for held plays, and where that goes
with a decision, is reckoned beside them. What was divided is made again out of the plays.
"""

from collections import defaultdict
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.ledger.queries import list_balances
from licensing.money import allocate
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import release_plays, uphold_plays
from licensing.royalties.models import Anomaly, HeldPart, HeldPool, Usage
from licensing.royalties.rules.anomalies import Bounds
from licensing.royalties.rules.division import sums, user_centric
from licensing.royalties.scoring import score_usages
from tests.bent import rewrite
from tests.licensing.royalties import small_world as world
from tests.licensing.royalties.test_random_books import (
    LISTENERS,
    MASTER,
    MONTH,
    PUBLISHING,
    Payees,
    evidence_kept,
    evidence_made_again,
    named,
    reached,
)


@pytest.fixture
def pieces(db):
    tide = world.recording("Tide", master=MASTER["Tide"], publishing=PUBLISHING["Tide"], stems=3)
    lamp = world.recording("Lamp", master=MASTER["Lamp"], publishing=PUBLISHING["Lamp"], stems=2)
    sources = {
        "A": [(tide[0], 400_000), (tide[1], 400_000), (lamp[0], 200_000)],
        "B": [(tide[0], 333_333), (tide[2], 333_333), (lamp[1], 333_334)],
        "C": [(lamp[0], 1_000_000), (lamp[1], 0)],
    }
    return {name: (world.record(name, lines), lines) for name, lines in sources.items()}


NEXT = date(2026, 11, 1)
COUNTS = st.dictionaries(st.sampled_from("ABC"), st.integers(1, 40))
BOOKS = st.dictionaries(
    st.sampled_from(LISTENERS),
    st.tuples(st.integers(2, 10**7), COUNTS, COUNTS, st.booleans()),
    min_size=1,
)
"""By listener: what was paid, plays that count, plays that are held, whether they are released."""


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(books=BOOKS)
def test_held_plays_keep_their_part_and_decisions_send_it_where_the_rules_say(
    pieces,
    books,
):
    savepoint = transaction.savepoint()
    keys = {name: str(made.pk) for name, (made, _) in pieces.items()}
    sources = {str(made.pk): named(lines) for made, lines in pieces.values()}
    october = play_and_hold(pieces, books)
    payees = Payees({made: "DE" for made in keys.values()}, {})
    november = Month(keys, sources, payees)
    for listener, of in october.items():
        november.take_in(listener, *of)
    more = november.more
    plays = {name: by_record(of[1], keys) for name, of in october.items() if of[1]}
    first = reached(sums(user_centric(november.left, plays)), sources, payees)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    if plays:
        assert payable() == {payee: n for payee, n in first.items() if n}
        assert waiting() == {name: n for name, n in november.kept.items() if n}
    decide(october)
    period = close_period(month=NEXT, now=world.AFTER_NOVEMBER)
    assert evidence_made_again(period) == evidence_kept(period)
    last = reached(sums(user_centric(november.pools, november.plays)), sources, payees)
    for part in (first, last):
        for payee, micros in part.items():
            more[payee] += micros
    assert payable() == {payee: n for payee, n in more.items() if n}
    assert waiting() == {}
    assert sum(list_balances(kind="pool").values()) == 0
    transaction.savepoint_rollback(savepoint)


class Month:
    """What October keeps and leaves, what November has to divide, and what is given along lines."""

    def __init__(self, keys, sources, payees):
        self.kept, self.left, self.pools, self.plays = {}, {}, {}, {}
        self.keys, self.sources, self.payees = keys, sources, payees
        self.more = defaultdict(int)

    def take_in(self, listener, pool, counted, held, is_released):
        whole = sum(counted.values()) + sum(held.values())
        kept = pool * sum(held.values()) // whole if whole else 0
        self.kept[listener], self.left[listener] = kept, pool - kept
        if held and is_released:
            self.pools[f"{listener} held"] = kept
            self.plays[f"{listener} held"] = by_record(held, self.keys)
        elif held and counted:
            gets = gained(pool, kept, by_record(counted, self.keys), self.sources, self.payees)
            for payee, micros in gets.items():
                self.more[payee] += micros
        elif held:
            self.pools[listener] = kept


def play_and_hold(pieces, books):
    """Pay and play it, and hold what is to be held."""
    for listener, (_, _, held, _) in books.items():
        for piece, times in held.items():
            world.heard(listener, pieces[piece][0], times)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=MONTH, now=world.NOVEMBER, bounds=Bounds(repeats=400))
    october = {}
    for listener, (amount, counted, held, is_released) in books.items():
        paid = world.pay(listener, amount=amount, tax=0)
        for piece, times in counted.items():
            since = world.OCTOBER + timedelta(days=9)
            world.heard(listener, pieces[piece][0], times, since=since)
        october[listener] = (paid.pool_micros, counted, held, is_released)
    Usage.objects.filter(repeat_score=0, state="HELD").update(state="COUNTED")
    return october


def decide(october):
    """Everything of a listener at once."""
    for listener, (_, _, held, is_released) in october.items():
        if held:
            verb = release_plays if is_released else uphold_plays
            first = Anomaly.objects.filter(listener_ref=listener, state="OPEN").first()
            verb(
                anomaly_id=first.pk, reason="r", actor=("user", "7"), now=world.AFTER_OCTOBER,
                of_whole_listener=True,
            )  # fmt: skip


def gained(pool, kept, counted, sources, payees):
    """What each payee has more where all of a pool is divided than without what was kept."""
    then = reached(allocate(pool, list(counted.items())), sources, payees)
    before = reached(allocate(pool - kept, list(counted.items())), sources, payees)
    return {payee: micros - before[payee] for payee, micros in then.items()}


def by_record(counts, keys):
    return {keys[piece]: times for piece, times in counts.items()}


def payable():
    found = list_balances(kind="payable").items()
    return {(key.owner_kind, key.owner_ref): n for key, n in found if n}


def waiting():
    """What waits, by listener; what a decision let go stands as a part."""
    assert not HeldPart.objects.filter(amount_micros=0).exists()
    rows = HeldPool.objects.filter(amount_micros__gt=0)
    return dict(rows.values_list("payer_ref", "amount_micros"))
