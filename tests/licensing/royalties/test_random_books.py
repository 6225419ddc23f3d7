"""Random small books: the SQL of a close gives the micro-units that the pure rules give."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.ledger.queries import list_balances
from licensing.receipts.rules import pool_by_rate
from licensing.royalties.agreeing import check_month
from licensing.royalties.closing import close_period
from licensing.royalties.models import ListenerAllocation, Statement, VariationSum
from licensing.royalties.remaking import lists_of
from licensing.royalties.rules.division import (
    Division,
    divide,
    pro_rata,
    sources_of_minutes,
    sums,
    user_centric,
)
from licensing.royalties.rules.payees import Held, payee_of
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
RIGHTS = [("MASTER", 500_000), ("PUBLISHING", 500_000)]
MASTER = {"Tide": {"Ana": 700_001, "Ben": 299_999}, "Lamp": {"Cleo": 1_000_000}}
PUBLISHING = {"Tide": {"Ana": 333_333, "Ben": 666_667}, "Lamp": {"Cleo": 500_000, "Dov": 500_000}}
BY_RIGHT = {"MASTER": MASTER, "PUBLISHING": PUBLISHING}
SHARES = [
    (right, title, name)
    for right, titles in BY_RIGHT.items()
    for title, shares in titles.items()
    for name in shares
]
PLACES = {"A": "DE", "B": "FR", "C": "US", "S": "AT", "T": "FR"}
"""For which territory a piece or session is licensed."""


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
    return {
        name: (world.record(name, lines, territory=PLACES[name]), lines)
        for name, lines in sources.items()
    }


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
        (listener, name): (
            world.session(f"{listener} {name}", [*tide, *lamp], lines, territory=PLACES[name]),
            lines,
        )
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


COLLECTED = st.dictionaries(
    st.sampled_from(SHARES),
    st.tuples(
        st.sampled_from(["GEMA", "SACEM"]),
        st.sets(st.sampled_from(["DE", "AT", "FR", "GB"]), max_size=3),
    ),
    min_size=2,
)
"""Which shares are collected by whom, and in which territories."""
BILLED = st.dictionaries(
    st.sampled_from([1, 4_999, 5_000, 20_000]),
    st.dictionaries(st.sampled_from("ABC"), st.integers(0, 9), min_size=1).filter(
        lambda counts: any(counts.values())
    ),
    max_size=3,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(BOOK, st.lists(BILLED, max_size=2), st.integers(1, 10**7), COLLECTED)
def test_what_was_billed_by_use_weighs_by_its_prices_in_sql_and_in_the_rules(
    pieces, sessions, book, partners, amount, collected
):
    """Beside listeners, partners whose plays were billed at prices of their own."""
    savepoint = transaction.savepoint()
    billed = {f"partner {n}": rates for n, rates in enumerate(partners) if rates}
    collect(collected)
    live(*book, pieces, sessions, billed, amount, collected)
    transaction.savepoint_rollback(savepoint)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(BOOK, COLLECTED)
def test_sql_gives_the_same_micros_to_the_same_payees_as_the_rules(
    pieces, sessions, book, collected
):
    savepoint = transaction.savepoint()
    collect(collected)
    live(*book, pieces, sessions, collected=collected)
    transaction.savepoint_rollback(savepoint)


def collect(collected):
    """Second versions of the sheets, with the same shares, of which societies collect these."""
    for right, titles in BY_RIGHT.items():
        for title, shares in titles.items():
            if any((right, title, name) in collected for name in shares):
                world.sheet(
                    right,
                    {
                        name: (ppm, *collected.get((right, title, name), ("",)))
                        for name, ppm in shares.items()
                    },
                    since=world.LONG_AGO + timedelta(days=1),
                    version=2,
                    **({"recording_id": world.ref(title)} if right == "MASTER" else {}),
                    **({"work_id": world.ref(f"work {title}")} if right != "MASTER" else {}),
                )


def live(paid, plays, started, pieces, sessions, billed=(), amount=0, collected=()):
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
    for payer in billed:
        of_rates, priced = bill(payer, billed[payer], amount, pieces)
        pools |= of_rates
        counted |= priced
    period = close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert evidence_made_again(period) == evidence_kept(period)
    check_month(period)
    sources |= {record: sources_of_minutes(minutes) for record, minutes in heard.items()}
    places = {str(made.pk): made.clearance.territory for made, _ in pieces.values()}
    places |= {str(made.pk): made.clearance.territory for made, _ in sessions.values()}
    payees = Payees(places, dict(collected))
    compare({name: pool for name, pool in pools.items() if pool}, counted, sources, payees)


def evidence_kept(period):
    """What stands there of who gave what to each sum."""
    rows = ListenerAllocation.objects.filter(variation_sum__period=period)
    return {row.pk: (row.pools, row.plays, row.amounts_micros) for row in rows}


def evidence_made_again(period):
    """The same out of the plays."""
    lists = lists_of(period)
    runs = dict(lists.runs())
    columns = (lists.pools, lists.plays, lists.amounts)
    return {total: tuple(one[run].tolist() for one in columns) for total, run in runs.items()}


def bill(payer, rates, amount, pieces):
    """A partner paid `amount` for plays at these prices; (pools, plays) by payer and price."""
    counted = {}
    for rate, counts in rates.items():
        counted[payer, rate] = {str(pieces[one][0].pk): n for one, n in counts.items() if n}
        for one, times in counts.items():
            world.heard(payer, pieces[one][0], times, rate=rate)
    worth = {rate: rate * sum(counted[payer, rate].values()) for rate in rates}
    receipt = world.pay(payer, amount=amount, tax=0, kind="PARTNER", rates=worth)
    pools = {(payer, r): n for r, n in pool_by_rate(receipt.pool_micros, worth).items()}
    return pools, counted


def named(lines):
    return [(str(stem.pk), ppm) for stem, ppm in lines]


@dataclass
class Payees:
    """For which territory each record is licensed, and who collects which share where."""

    places: dict
    collected: dict

    def payee(self, record, stem, right, party):
        """Who is paid a part of a record; a record without sources keeps its own."""
        if not stem:
            return "record", party
        share = (right, TITLES[stem], NAMES[party])
        society, places = self.collected.get(share, ("", ()))
        return payee_of(Held(party, society, tuple(places)), self.places[record])


def compare(pools, counted, sources, payees):
    """The rules' micros beside those that the close wrote down."""
    counted = {listener: counts for listener, counts in counted.items() if counts}
    expected = sums(user_centric(pools, counted))
    written = {str(s.record_id): s.amount_micros for s in VariationSum.objects.all()}
    assert written == expected
    parts = reached(expected, sources, payees)
    other = reached(sums(pro_rata(pools, counted)), sources, payees)
    owed = list_balances(kind="payable") | list_balances(kind="unallocated", owner_kind="record")
    paid = {(account.owner_kind, account.owner_ref): n for account, n in owed.items()}
    assert paid == {payee: n for payee, n in parts.items() if n}
    statements = Statement.objects.values_list("payee_kind", "payee_ref", "other_model_micros")
    would_have = {(kind, ref): micros for kind, ref, micros in statements}
    assert would_have == {payee: other.get(payee, 0) for payee in would_have}
    assert set(parts) <= set(would_have)


def reached(totals, sources, payees):
    """What each payee gets of these sums; a record without sources keeps its own."""
    out = {}
    for record, amount in totals.items():
        parts = {("", "", record): amount}
        if sources[record]:
            parts = divide(amount, division(sources[record]))
        for place, micros in parts.items():
            payee = payees.payee(record, *place)
            out[payee] = out.get(payee, 0) + micros
    return out


NAMES = {str(world.ref(name)): name for _, _, name in SHARES}
TITLES = {str(world.ref(f"{title} {n}")): title for title in MASTER for n in range(3)}


def division(sources):
    sheets = {
        (stem, right): [
            (str(world.ref(name)), ppm) for name, ppm in BY_RIGHT[right][TITLES[stem]].items()
        ]
        for stem, _ in sources
        for right, _ in RIGHTS
    }
    return Division(sources, RIGHTS, sheets)
