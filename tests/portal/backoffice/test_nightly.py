"""Every night: each duty once, again after a failure, and the desk says how it went."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from licensing.royalties.models import Anomaly, ListenerAllocation, Usage
from portal.accounts.powers import give_power
from portal.backoffice import nightly
from portal.backoffice.models import NightlyRun
from tests.bent import remove
from tests.licensing.royalties import long_ago
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk

EVENING = datetime(2026, 11, 28, 22, tzinfo=UTC)
NIGHT = datetime(2026, 11, 29, 3, 5, tzinfo=UTC)


def at(moment):
    return nightly.run_due(clock=lambda: moment)


@pytest.fixture
def broken_bank(settings, tmp_path):
    """A bank file that cannot be read, so that one duty fails."""
    settings.BANK_FILE = str(tmp_path / "nobody-put-it-here.csv")


def test_a_night_begins_at_its_hour(settings):
    settings.NIGHTLY_HOUR = 3
    assert nightly.night_of(NIGHT - timedelta(minutes=6)) == EVENING.date()
    assert nightly.night_of(NIGHT) == NIGHT.date()


def test_every_duty_runs_once_a_night_and_says_what_it_found(db):
    assert at(NIGHT) == len(nightly.duties())
    assert at(NIGHT + timedelta(hours=5)) == 0
    said = dict(NightlyRun.objects.values_list("duty", "said"))
    assert said["verify_books"].startswith("The books are as they were linked: 0 entries")
    assert said["fit_taste"].startswith("Prior ")
    assert set(NightlyRun.objects.values_list("state", flat=True)) == {"DONE"}
    assert at(NIGHT + timedelta(days=1)) == len(nightly.duties())


def test_odd_plays_are_held_by_the_night_itself(db):
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    piece = world.record("7QK2", [(stem, 10**6)])
    world.pay("l1")
    world.heard("l1", piece, 900)
    assert not Anomaly.objects.exists()
    at(world.AFTER_OCTOBER - timedelta(days=3))
    assert Anomaly.objects.get().plays == 900


def test_old_evidence_goes_by_night_and_the_desk_says_so(db):
    long_ago.live_through()
    nightly.run_due(clock=timezone.now)
    assert not ListenerAllocation.objects.exists()
    page = Desk("maker").browser.get("/admin/").content.decode()
    assert "● Done: August 2025: lists of " in page


def test_evidence_that_cannot_be_made_again_stays_and_the_desk_says_so(db):
    long_ago.live_through()
    remove(Usage.objects.filter(payer_ref="l2"))
    nightly.run_due(clock=timezone.now)
    assert ListenerAllocation.objects.exists()
    page = Desk("maker").browser.get("/admin/").content.decode()
    assert "■ Failed: The plays of 2025-08 do not give what its close divided" in page


def test_what_failed_is_tried_again_after_an_hour_and_three_times_at_most(db, broken_bank):
    for hours, runs in ((0, len(nightly.duties())), (0.9, 0), (1, 1), (2.1, 1), (3.2, 0)):
        assert at(NIGHT + timedelta(hours=hours)) == runs
    failed = NightlyRun.objects.get(state="FAILED")
    assert (failed.duty, failed.attempt) == ("reconcile", 3)
    assert failed.said


def test_a_run_that_was_lost_is_taken_over(db):
    NightlyRun.objects.create(
        duty="verify_books", night=NIGHT.date(), state="RUNNING", began_at=NIGHT
    )
    assert at(NIGHT + timedelta(hours=1)) == len(nightly.duties()) - 1
    assert at(NIGHT + timedelta(hours=6)) == 1
    assert NightlyRun.objects.get(duty="verify_books").state == "DONE"


def test_two_sweepers_at_once_run_each_duty_once(committed_db):
    ran = []

    def sweep():
        ran.append(at(NIGHT))
        connection.close()

    both = [threading.Thread(target=sweep) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum(ran) == NightlyRun.objects.count() == len(nightly.duties())


def test_the_desk_says_when_each_last_ran_and_what_failed(db, broken_bank):
    desk = Desk("maker")
    give_power(
        email=desk.user.email, power="money", because="A test.", actor="test", now=timezone.now()
    )
    page = desk.browser.get("/admin/").content.decode()
    assert page.count("No good run for over a day: is the sweeper up?") == len(nightly.duties())
    nightly.run_due(clock=timezone.now)
    page = desk.browser.get("/admin/").content.decode()
    assert "● Done: The books are as they were linked" in page
    assert "■ Failed: " in page
    assert page.count("No good run for over a day") == 1
    assert "Failed at night, this week" in page


def test_a_run_says_how_it_ended_or_has_not_ended(db):
    facts = {"duty": "fit_taste", "night": NIGHT.date(), "began_at": NIGHT, "state": "DONE"}
    with pytest.raises(IntegrityError, match="nightly_run_ends"), transaction.atomic():
        NightlyRun.objects.create(**facts)
