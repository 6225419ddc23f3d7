"""What recordings would become, as something that taste can compare."""

import uuid
from types import SimpleNamespace

import pytest
from django.utils import timezone

from generation.taste.models import RecordingChoice
from generation.taste.operations import set_belief
from generation.variations.by_taste import open_bounds, request_by_taste
from generation.variations.choosing import Candidate, as_near, choose, offered
from generation.variations.operations import request_variation
from generation.variations.rules import Mode
from generation.worker.material import Heard
from generation.worker.preferring import preference_for

LEA = ("user", "5")
NOW = timezone.now()

pytestmark = pytest.mark.django_db


def recording(tempo, **loudness):
    """A recording with a stem of each role so loud (LUFS), and what was measured in them."""
    stems = {role: uuid.uuid4() for role in loudness}
    one = Candidate(
        recording=str(uuid.uuid4()),
        stems=tuple((str(stem), role) for role, stem in stems.items()),
        tempo_bpm=tempo,
        key=None,
        with_others=False,
    )
    heard = {stems[role]: SimpleNamespace(loudness_lufs=lufs) for role, lufs in loudness.items()}
    return one, heard


def asked_by_taste(mode="mood", listener=None):
    return request_by_taste(
        requester=LEA, listener=listener, key=str(uuid.uuid4()), mode=mode, targets={},
        bounds=open_bounds(Mode(mode), tempo_bpm=None, with_vocals=False), recordings=[], seed=1,
        territory="DE", channel="SITE", now=NOW,
    )  # fmt: skip


def prefer(row, *recordings):
    prefer_one = preference_for(row, lambda: NOW)
    heard = Heard({}, {stem: known for _one, alone in recordings for stem, known in alone.items()})
    return prefer_one([one for one, _alone in recordings], heard)


def test_what_was_asked_by_hand_has_no_preference():
    row = request_variation(
        requester=LEA, key="k", mode="mood", targets={}, recordings=[], seed=1, territory="DE",
        channel="SITE", now=NOW,
    )  # fmt: skip
    assert preference_for(row, lambda: NOW) is None


def test_who_likes_drums_gets_the_recording_with_drums():
    set_belief(listener=LEA, ideals={"drums": 1.0}, now=NOW)
    calm, driving = recording(100.0, pad=-14.0), recording(100.0, pad=-20.0, drums=-14.0)
    taken = [prefer(asked_by_taste(listener=LEA), calm, driving) for _ in range(3)]
    assert taken == [driving[0].recording] * 3
    offers = RecordingChoice.objects.latest("pk").offered
    assert [one["drums"] for one in offers] == [-1.0, 1.0]
    assert [one["novelty"] for one in offers] == [1.0, 1.0]


def test_a_partners_listener_is_chosen_for_by_their_own_taste_without_novelty():
    customer = ("customer", "a:runner")
    set_belief(listener=customer, ideals={"tempo": 0.9}, now=NOW)
    slow, fast = recording(60.0, pad=-14.0), recording(170.0, pad=-14.0)
    assert prefer(asked_by_taste(listener=customer), slow, fast) == fast[0].recording
    kept = RecordingChoice.objects.get()
    assert (kept.listener_kind, kept.listener_ref) == customer
    assert all("novelty" not in one for one in kept.offered)


def test_what_is_preferred_comes_first_and_what_is_not_offered_changes_nothing():
    among = [recording(100.0, pad=-14.0)[0] for _ in range(4)]
    wish = {"tempo_bpm": None, "key": None, "vocals": True, "seed": 4}
    order = offered(among, Mode.MOOD, **wish)
    last = order[-1]
    assert choose(among, Mode.MOOD, **wish, taken=last.recording) == [last.stems[0][0]]
    assert choose(among, Mode.MOOD, **wish, taken="gone") == [order[0].stems[0][0]]


def test_only_what_must_be_moved_as_little_is_compared():
    among = [recording(bpm, pad=-14.0)[0] for bpm in (120.0, 125.0, 160.0)]
    order = offered(among, Mode.MOOD, tempo_bpm=120.0, key=None, vocals=True, seed=1)
    assert [one.tempo_bpm for one in order[: as_near(order, 120.0, None)]] == [120.0, 125.0]
    assert as_near([], 120.0, None) == 0
