"""Random small books: the SQL of a close gives the micro-units that the pure rules give."""

from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.ledger.queries import list_balances
from licensing.royalties.closing import close_period
from licensing.royalties.models import StatementLine, VariationSum
from licensing.royalties.rules.division import (
    Division,
    divide,
    pro_rata,
    sources_of_minutes,
    sums,
    user_centric,
)
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
RIGHTS = [("MASTER", 500_000), ("PUBLISHING", 500_000)]
MASTER = {"Tide": {"Ana": 700_001, "Ben": 299_999}, "Lamp": {"Cleo": 1_000_000}}
PUBLISHING = {"Tide": {"Ana": 333_333, "Ben": 666_667}, "Lamp": {"Cleo": 500_000, "Dov": 500_000}}


@pytest.fixture
def stems(db):
    tide = world.recording("Tide", master=MASTER["Tide"], publishing=PUBLISHING["Tide"], stems=3)
    lamp = world.recording("Lamp", master=MASTER["Lamp"], publishing=PUBLISHING["Lamp"], stems=2)
    return tide, lamp


@pytest.fixture
def pieces(stems):
    tide, lamp = stems
    sources = {
        "A": [(tide[0], 400_000), (tide[1], 400_000), (lamp[0], 200_000)],
        "B": [(tide[0], 333_333), (tide[2], 333_333), (lamp[1], 333_334)],
        "C": [(lamp[0], 1_000_000), (lamp[1], 0)],
    }
    return {name: (world.record(name, lines), lines) for name, lines in sources.items()}


@pytest.fixture
def sessions(stems):
    """One of each for every listener. S sounds but for minute 3; minute 4 is never sealed. T is
    silent.
    """
    tide, lamp = stems
    minutes = {
        "S": [
            [(tide[0], 1_000_000)],
            [(tide[0], 333_333), (tide[1], 333_333), (lamp[0], 333_334)],
            [(lamp[1], 700_001), (tide[2], 299_999), (lamp[0], 0)],
            [],
        ],
        "T": [[]],
    }
    return {
        (listener, name): (world.session(f"{listener} {name}", [*tide, *lamp], lines), lines)
        for listener in LISTENERS
        for name, lines in minutes.items()
    }


LISTENERS = ["l1", "l2", "l3"]
BOOK = st.tuples(
    st.dictionaries(st.sampled_from(LISTENERS), st.integers(1, 10**7)),
    st.dictionaries(
        st.sampled_from(LISTENERS),
        st.dictionaries(st.sampled_from("ABC"), st.integers(1, 40), min_size=1),
    ),
    st.dictionaries(
        st.sampled_from(LISTENERS),
        st.dictionaries(
            st.sampled_from("ST"),
            st.lists(st.integers(0, 4), min_size=1, unique=True),
            min_size=1,
        ),
    ),
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(BOOK)
def test_sql_gives_the_same_micros_as_the_rules(pieces, sessions, book):
    savepoint = transaction.savepoint()
    live(*book, pieces, sessions)
    transaction.savepoint_rollback(savepoint)


def live(paid, plays, started, pieces, sessions):
    """A month in which this was paid, played and started, closed and compared."""
    pools = {name: world.pay(name, amount=n).pool_micros for name, n in paid.items()}
    counted = {name: {} for name in paid}
    sources = {str(made.pk): named(lines) for made, lines in pieces.values()}
    heard = {str(made.pk): [] for made, _ in sessions.values()}
    for listener, counts in plays.items():
        for piece, times in counts.items():
            made, state = pieces[piece][0], "COUNTED" if listener in paid else "UNFUNDED"
            world.heard(listener, made, times, state=state)
            counted.get(listener, {})[str(made.pk)] = times
    for listener, minutes_of in started.items():
        for session, minutes in minutes_of.items():
            (made, lines), state = (
                sessions[listener, session],
                "COUNTED" if listener in paid else "SELF",
            )
            world.heard(listener, made, minutes=minutes, state=state)
            counted.get(listener, {})[str(made.pk)] = len(minutes)
            sounded = [named(lines[minute]) if minute < len(lines) else [] for minute in minutes]
            heard[str(made.pk)] += [(listener in paid, dict(one)) for one in sounded]
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    sources |= {record: sources_of_minutes(minutes) for record, minutes in heard.items()}
    compare({name: pool for name, pool in pools.items() if pool}, counted, sources)


def named(lines):
    return [(str(stem.pk), ppm) for stem, ppm in lines]


def compare(pools, counted, sources):
    """The rules' micros beside those that the close wrote down."""
    counted = {listener: counts for listener, counts in counted.items() if counts}
    expected = sums(user_centric(pools, counted))
    written = {str(s.record_id): s.amount_micros for s in VariationSum.objects.all()}
    assert written == expected
    parts = reached(expected, sources)
    other = reached(sums(pro_rata(pools, counted)), sources)
    paid = {a.owner_ref: n for a, n in list_balances(kind="payable").items()}
    waiting = list_balances(kind="unallocated", owner_kind="record")
    paid |= {a.owner_ref: n for a, n in waiting.items()}
    assert paid == {payee: n for payee, n in parts.items() if n}
    would_have = dict(
        StatementLine.objects.values_list(
            "statement__payee_ref", "statement__other_model_micros"
        ).distinct()
    )
    assert would_have == {payee: other.get(payee, 0) for payee in would_have}
    assert set(parts) <= set(would_have)


def reached(totals, sources):
    """What each payee gets of these sums; a record without sources keeps its own."""
    out = {}
    for record, amount in totals.items():
        parts = {("", "", record): amount}
        if sources[record]:
            parts = divide(amount, division(sources[record]))
        for (_, _, payee), micros in parts.items():
            out[payee] = out.get(payee, 0) + micros
    return out


TITLES = {str(world.ref(f"{title} {n}")): title for title in MASTER for n in range(3)}


def division(sources):
    by_right = {"MASTER": MASTER, "PUBLISHING": PUBLISHING}
    sheets = {
        (stem, right): [
            (str(world.ref(name)), ppm) for name, ppm in by_right[right][TITLES[stem]].items()
        ]
        for stem, _ in sources
        for right, _ in RIGHTS
    }
    return Division(sources, RIGHTS, sheets)
