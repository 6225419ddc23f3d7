"""A withdrawal stops what is made and what is being made; what is finished follows the choice."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from licensing.attribution import operations, queries
from licensing.clearance import operations as clearance
from licensing.clearance.effects import COPIES_GONE_WITHIN, deadline_of
from licensing.clearance.models import Grant, Withdrawal
from licensing.clearance.refusals import ClearanceRefused
from tests.licensing import stage as on
from tests.licensing.attribution.test_records import LATER, clear, opened, seal

LAST = LATER + timedelta(days=30)


@pytest.fixture
def stage(db):
    return on.open_stage()


@pytest.fixture
def finished(stage):
    record = opened(stage, stage.pad)
    seal(record, [(stage.pad.id, 1_000_000)])
    return record


def withdraw(stage, effect, now=LATER, served_until=None):
    return operations.withdraw_uses(
        party_id=stage.cleo.id,
        stem_ids=[stage.pad.id],
        effect=effect,
        served_until=served_until,
        actor=on.ACTOR,
        now=now,
    )


def test_what_is_kept_is_served_and_nothing_new_is_cleared(stage, finished):
    withdraw(stage, "KEEP")
    assert queries.may_serve(finished.id, LATER + timedelta(days=9_999))
    assert not clear(stage, stage.pad).allowed


def test_a_sunset_ends_with_its_last_day(stage, finished):
    withdraw(stage, "SUNSET", served_until=LAST)
    assert queries.may_serve(finished.id, LAST - timedelta(microseconds=1))
    assert not queries.may_serve(finished.id, LAST)
    assert queries.may_serve_each([finished.id], LAST) == frozenset()
    assert not clear(stage, stage.pad).allowed


def test_what_is_taken_down_stops_at_once(stage, finished):
    withdraw(stage, "TAKE_DOWN")
    assert not queries.may_serve(finished.id, LATER)


@pytest.mark.parametrize(("effect", "until"), [("KEEP", None), ("SUNSET", LAST)])
def test_what_is_being_made_stops_whatever_becomes_of_the_finished(stage, effect, until):
    making = opened(stage, stage.pad)
    assert withdraw(stage, effect, served_until=until).being_made == 1
    assert not queries.may_serve(making.id, LATER)
    assert seal(making, [(stage.pad.id, 1_000_000)]) == "WITHDRAWN"
    assert not queries.may_serve(making.id, LATER)


def test_a_choice_becomes_stricter_and_never_looser(stage, finished):
    withdraw(stage, "KEEP")
    told = withdraw(stage, "SUNSET", served_until=LAST)
    assert told.records == 1
    earlier = LAST - timedelta(days=9)
    withdraw(stage, "SUNSET", served_until=earlier)
    for looser, until in (("KEEP", None), ("SUNSET", LAST)):
        withdraw(stage, looser, served_until=until)
    assert Withdrawal.objects.count() == 3
    assert not queries.may_serve(finished.id, earlier)
    withdraw(stage, "TAKE_DOWN", now=LATER + timedelta(hours=1))
    assert not queries.may_serve(finished.id, LATER + timedelta(hours=2))
    assert withdraw(stage, "TAKE_DOWN").records == 0
    assert Withdrawal.objects.count() == 4


def test_one_holder_who_takes_down_outweighs_another_who_keeps(stage):
    record = opened(stage, stage.drums)
    seal(record, [(stage.drums.id, 1_000_000)])
    for party, effect in ((stage.ana, "KEEP"), (stage.ben, "TAKE_DOWN")):
        assert queries.may_serve(record.id, LATER)
        operations.withdraw_uses(
            party_id=party.id, stem_ids=[stage.drums.id], effect=effect, actor=on.ACTOR, now=LATER
        )
    assert not queries.may_serve(record.id, LATER)


@pytest.mark.parametrize(
    ("effect", "until"),
    [
        ("SUNSET", None),
        ("SUNSET", LATER),
        ("SUNSET", LATER + timedelta(days=400)),
        ("KEEP", LAST),
        ("TAKE_DOWN", LAST),
        ("FORGET", None),
    ],
)
def test_an_effect_that_means_nothing_is_refused(stage, effect, until):
    with pytest.raises(ClearanceRefused) as refused:
        withdraw(stage, effect, served_until=until)
    assert refused.value.code == "odd_effect"
    assert not Withdrawal.objects.exists()


def test_the_database_refuses_a_sunset_without_a_day(stage):
    grant = Grant.objects.first()
    facts = {"grant": grant, "uses": ["REMIX"], "at": LATER, "by": "user:1"}
    for odd in ({"effect": "SUNSET"}, {"effect": "KEEP", "served_until": LAST}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Withdrawal.objects.create(**facts, **odd)


def test_a_partner_has_until_the_last_day_or_a_week():
    assert deadline_of("TAKE_DOWN", None, LATER) == LATER + COPIES_GONE_WITHIN
    assert deadline_of("SUNSET", LAST, LATER) == LAST
    assert deadline_of("KEEP", None, LATER) is None


def test_deleting_a_stem_takes_down_what_was_kept(stage, finished):
    clearance.withdraw_grant(
        grant_id=Grant.objects.get(stem=stage.pad).id, effect="KEEP", actor=on.ACTOR, now=LATER
    )
    operations.delete_stem(stem_id=stage.pad.id, actor=on.ACTOR, now=LATER)
    assert not queries.may_serve(finished.id, LATER)
