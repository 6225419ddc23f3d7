"""Plays that nobody had paid for are funded by a promotional receipt, while their month is open."""

from datetime import timedelta

import pytest

from licensing.audit.models import Fact
from licensing.ledger.queries import trial_balance
from licensing.royalties.closing import close_period
from licensing.royalties.funding import record_promotion
from licensing.royalties.models import Usage
from licensing.royalties.queries import statement_for
from tests.licensing.royalties import small_world as world

LATE = world.OCTOBER + timedelta(days=20)


@pytest.fixture
def piece(db):
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    return world.record("piece", [(stem, 10**6)])


def promote(payer="l1", begins=world.OCTOBER, until=world.NOVEMBER, **more):
    values = {
        "key": f"promo {payer} {begins}", "payer": ("user", payer), "amount_micros": 1_000_000,
        "currency": "EUR", "covers_from": begins, "covers_until": until, "country": "FR",
        "actor": ("user", "desk"), "now": LATE,
    }  # fmt: skip
    return record_promotion(**(values | more))


def states(payer="l1"):
    rows = Usage.objects.filter(payer_ref=payer).order_by("played_at")
    return list(rows.values_list("state", flat=True))


def earned(month):
    view = statement_for(world.ref("Ana"), month.date())
    return sorted((line.kind, line.plays, line.amount_micros) for line in view.lines if line.plays)


def test_what_was_heard_without_a_receipt_is_paid_by_the_house(piece):
    """A euro, whole into the pool; Ana holds both sides: half a euro each, for three plays."""
    world.play("l1", piece, 3)
    world.play("l2", piece, 2)
    assert states() == ["UNFUNDED"] * 3
    receipt, funded = promote()
    assert (receipt.pool_micros, receipt.tax_micros, funded) == (1_000_000, 0, 3)
    assert states() == ["COUNTED"] * 3
    assert states("l2") == ["UNFUNDED"] * 2
    close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
    assert earned(world.OCTOBER) == [
        ("EARNING", 3, 500_000), ("EARNING", 3, 500_000), ("UNFUNDED", 2, 0),
    ]  # fmt: skip
    assert not any(trial_balance().differences().values())


def test_the_same_promotion_again_changes_nothing_and_the_log_says_what_it_paid_for(piece):
    world.play("l1", piece, 2)
    first, again = promote(), promote()
    assert (first[0], first[1], again) == (again[0], 2, (first[0], 0))
    fact = Fact.objects.get(verb="fund_plays")
    assert (fact.actor_ref, fact.after) == ("desk", {"plays": 2})


def test_only_plays_of_its_span_are_funded(piece):
    middle = world.OCTOBER + timedelta(days=10)
    for at in (world.OCTOBER, middle, world.NOVEMBER):
        world.play("l1", piece, since=at)
    assert promote(begins=middle, now=world.NOVEMBER + timedelta(days=1))[1] == 1
    assert states() == ["UNFUNDED", "COUNTED", "UNFUNDED"]


def test_a_closed_month_stays_as_its_statements_say(piece):
    world.play("l1", piece, 2)
    world.pay("l2")
    world.heard("l2", piece, 1)
    close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
    receipt, funded = promote(now=world.AFTER_OCTOBER)
    assert funded == 0
    assert [part.month for part in receipt.pool_parts.all()] == [world.NOVEMBER.date()]
    assert states() == ["UNFUNDED"] * 2


def test_a_promotion_kept_from_before_a_close_funds_nothing_after_it(piece):
    receipt, _ = promote()
    world.heard("l1", piece, 2, state="UNFUNDED")
    close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
    assert promote(now=world.AFTER_OCTOBER) == (receipt, 0)
    assert states() == ["UNFUNDED"] * 2


def test_what_came_late_into_the_open_month_is_funded_in_it(piece):
    """Played in October, reported after its close: it counts in November, where the pool is."""
    world.pay("l2")
    world.heard("l2", piece, 1)
    close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
    world.play("l1", piece, 1, received_at=world.AFTER_OCTOBER)
    assert promote(now=world.AFTER_OCTOBER)[1] == 1
    close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    assert earned(world.NOVEMBER) == [("ADJUSTMENT", 1, 500_000)] * 2


def test_ones_own_plays_and_previews_stay_what_they_are(piece):
    world.play("l1", piece, 1, listener_parties=[world.ref("Ana")])
    (stem,) = world.recording("P", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.play("l1", world.record("own", [(stem, 10**6)], use="PREVIEW"), since=LATE)
    assert promote()[1] == 0
    assert set(states()) == {"SELF", "PREVIEW"}
