"""Taste begins a live session: its open targets, and the recording that comes first."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation.sessions import rules
from generation.sessions.by_taste import start_by_taste
from generation.sessions.heard import heard_lately
from generation.sessions.models import LiveSession
from generation.taste.models import Decision, RecordingChoice
from generation.taste.operations import set_belief, switch_taste
from generation.variations.rules import RequestRefused
from licensing.clearance.operations import grant_use
from tests.generation.sessions.conftest import begin, work_off
from tests.portal.listeners.made import pay
from tests.studio import ACTOR, LISTENER, RATE, USES, build_studio, make_material

# Statements that a start by taste may take beyond one by hand, savepoints among them.
STATEMENTS = 11


def begin_by_taste(key="k1", taste_of=LISTENER, **more):
    given = {
        "requester": LISTENER,
        "mode": "mood",
        "targets": {},
        "seed": 5,
        "territory": "DE",
        "channel": "SITE",
        "now": timezone.now(),
    }
    return start_by_taste(taste_of=taste_of, key=key, **(given | more))


def lean(listener=LISTENER, **ideals):
    set_belief(listener=listener, ideals=ideals, now=timezone.now())


def test_what_was_left_open_is_what_taste_likes_and_its_propensity_is_kept(studio):
    lean(energy=0.9, brightness=-0.9)
    session = begin_by_taste()
    assert session.targets["energy"] > 0.6
    assert session.targets["brightness"] < 0.4
    assert session.targets["tempo_bpm"] is None
    kept = Decision.objects.get()
    assert kept.subject_ref == str(session.id)
    assert 0 < kept.propensity <= 1
    assert {name: session.targets[name] for name in kept.targets} == kept.targets


def test_what_was_sent_stands_and_the_same_key_is_the_same_session(studio):
    lean(energy=0.9, vocals=0.9)
    asked = {"energy": 0.1, "tempo_bpm": 100.0, "vocals": False}
    session = begin_by_taste(targets=asked)
    assert {name: session.targets[name] for name in asked} == asked
    assert begin_by_taste(targets=asked) == session
    assert Decision.objects.count() == 1


def test_where_taste_is_off_nothing_is_chosen(studio):
    lean(energy=0.9)
    switch_taste(listener=LISTENER, is_on=False, now=timezone.now())
    session = begin_by_taste()
    assert session.targets == begin("k2").targets
    work_off(kinds=[rules.PLAN])
    assert not Decision.objects.exists()
    assert not RecordingChoice.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"mode": "remix"}, {"targets": {"energy": 2}}, {"recordings": ["x"]}]
)
def test_what_cannot_be_asked_is_refused_and_nothing_was_decided(studio, wrong):
    with pytest.raises(RequestRefused):
        begin_by_taste(**wrong)
    assert not Decision.objects.exists()


def test_nobody_waits_for_more_than_a_few_statements_of_taste(studio):
    with CaptureQueriesContext(connection) as by_hand:
        begin("k1")
    LiveSession.objects.all().delete()
    with CaptureQueriesContext(connection) as by_taste:
        begin_by_taste("k2")
    assert len(by_taste) - len(by_hand) <= STATEMENTS


@pytest.fixture(scope="module")
def other():
    """A second recording, as quick as the first and with a voice in the place of its keys."""
    at = np.arange(RATE * 16) / RATE
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 261.63, 329.63))
    beat, noise = at % 0.5, np.random.default_rng(2).standard_normal(at.size)
    return make_material(
        {
            "drums": 0.4 * noise * np.exp(-beat * 30),
            "pad": 0.1 * chord,
            "vocals": 0.3 * np.sin(2 * np.pi * 440.0 * at),
        }
    )


@pytest.fixture
def two(studio, other):
    """Both studios, none of whose stems may be mixed with the other's."""
    both = (studio, build_studio(other))
    for one in both:
        for stem in one.stems:
            for party in one.parties:
                grant_use(
                    stem_id=stem.id,
                    party_id=party.id,
                    uses=USES,
                    limits={"with_others": False},
                    actor=ACTOR,
                    now=timezone.now(),
                )
    return both


@pytest.mark.parametrize(("ideal", "taken"), [(0.9, 1), (-0.9, 0)])
def test_the_recording_that_taste_likes_best_is_what_the_session_is_made_of(two, ideal, taken):
    lean(vocals=ideal)
    session = begin_by_taste(targets={"vocals": True})
    work_off(kinds=[rules.PLAN])
    session.refresh_from_db()
    assert set(session.stems) <= {str(stem.id) for stem in two[taken].stems}
    kept = RecordingChoice.objects.get()
    assert kept.subject_ref == str(session.id)
    assert kept.offered[kept.chosen]["recording"] == str(two[taken].recording.id)
    assert [one["novelty"] for one in kept.offered] == [1.0, 1.0]
    assert heard_lately(begin("later"), LISTENER) == {two[taken].recording.id}


def test_a_session_by_hand_or_by_a_strangers_taste_is_not_chosen_by_mine(two):
    lean(vocals=0.9)
    begin(targets={"vocals": True})
    work_off(kinds=[rules.PLAN])
    assert not RecordingChoice.objects.exists()
    stranger = ("user", "99")
    session = begin_by_taste("k2", taste_of=stranger, targets={"vocals": True})
    work_off(kinds=[rules.PLAN])
    kept = RecordingChoice.objects.get()
    assert (kept.listener_kind, kept.listener_ref) == stranger
    assert all("novelty" not in one for one in kept.offered)
    assert heard_lately(session, stranger) is None


def keep_from_taste(studio, now):
    for stem in studio.stems:
        for party in studio.parties:
            grant_use(
                stem_id=stem.id, party_id=party.id, uses=USES, limits={"by_taste": False},
                actor=ACTOR, now=now,
            )  # fmt: skip


def test_what_its_holders_keep_from_taste_sounds_by_hand_alone(two):
    lean(vocals=0.9)
    keep_from_taste(two[1], timezone.now())
    session = begin_by_taste(targets={"vocals": True})
    work_off(kinds=[rules.PLAN])
    session.refresh_from_db()
    assert session.by_taste
    assert set(session.stems) <= {str(stem.id) for stem in two[0].stems}
    assert session.record.clearance.by_taste
    by_hand = begin("k2", recordings=[str(two[1].recording.id)])
    work_off(kinds=[rules.PLAN])
    by_hand.refresh_from_db()
    assert set(by_hand.stems) <= {str(stem.id) for stem in two[1].stems}
    assert by_hand.record.clearance.by_taste is False


def test_a_session_by_taste_of_what_is_kept_from_it_says_who_does_not_let_it(studio):
    keep_from_taste(studio, timezone.now())
    session = begin_by_taste(recordings=[str(studio.recording.id)])
    work_off(kinds=[rules.PLAN])
    session.refresh_from_db()
    assert "listener’s taste profile" in session.end_sentence
    assert session.record is None


def test_who_never_paid_begins_nothing_by_taste(db):
    with pytest.raises(RequestRefused):
        begin_by_taste()
    pay(LISTENER, timezone.now())
    assert begin_by_taste().state == "OPENING"
