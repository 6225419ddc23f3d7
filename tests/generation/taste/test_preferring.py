"""One of several recordings is taken first by taste, once, and all that was offered is kept."""

from datetime import UTC, datetime

import numpy as np
import pytest

from generation.taste import operations
from generation.taste.models import RecordingChoice
from generation.taste.preferring import Offer, prefer_recording, who_asked_by_taste
from generation.taste.queries import current_belief
from generation.taste.rules import choosing
from generation.taste.rules.attributes import vector_of

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
ILSE = ("user", "ilse")
OFFERS = [Offer("slow", {"tempo": -0.8}), Offer("middle", {}), Offer("fast", {"tempo": 0.8})]

pytestmark = pytest.mark.django_db


def prefer(subject="v1", offers=OFFERS, listener=ILSE):
    return prefer_recording(
        listener=listener, subject_ref=subject, context="mood", offers=offers, now=NOW
    )


def like(tempo):
    operations.set_belief(listener=ILSE, ideals={"tempo": tempo}, now=NOW)


@pytest.mark.parametrize(("tempo", "first"), [(0.8, "fast"), (-0.8, "slow")])
def test_the_recording_that_is_liked_best_comes_first(tempo, first):
    like(tempo)
    taken = [prefer(f"v{n}") for n in range(10)]
    assert taken.count(first) >= 9


def test_a_choice_can_be_drawn_again_from_its_row():
    like(0.3)
    prefer()
    row = RecordingChoice.objects.get()
    table = np.stack([vector_of(dict(one) | {}) for one in (_known(o) for o in row.offered)])
    chance = np.random.default_rng(row.seed)
    taken = choosing.choose(current_belief(ILSE).belief, table, row.context, chance)
    assert (taken.index, taken.propensity) == (row.chosen, row.propensity)
    assert [one["recording"] for one in row.offered] == ["slow", "middle", "fast"]


def _known(offered):
    return {name: value for name, value in offered.items() if name != "recording"}


def test_the_same_thing_is_chosen_for_once_and_only_among_what_is_still_offered():
    like(0.8)
    assert prefer() == "fast"
    like(-0.8)
    assert prefer() == "fast"
    assert prefer(offers=OFFERS[:2]) is None
    assert RecordingChoice.objects.count() == 1


def test_with_the_switch_off_or_nothing_to_choose_from_nothing_is_chosen():
    assert prefer(offers=OFFERS[:1]) is None
    assert prefer(offers=[]) is None
    operations.switch_taste(listener=ILSE, is_on=False, now=NOW)
    assert prefer() is None
    assert not RecordingChoice.objects.exists()


def test_who_asked_by_taste_is_known_until_it_is_erased():
    assert who_asked_by_taste("v1") is None
    made = operations.decide_targets(
        listener=ILSE, key="k", context="mood", bounds={"energy": (-1.0, 1.0)}, now=NOW
    )
    operations.name_subject(decision=made.decision, subject_ref="v1")
    assert who_asked_by_taste("v1") == ILSE
    operations.erase_taste(listener=ILSE, now=NOW)
    assert who_asked_by_taste("v1") is None
