"""Asking by taste: what each mode leaves open, and that request and decision stand together."""

import pytest

from generation.taste.models import Decision
from generation.taste.operations import erase_taste, switch_taste
from generation.variations.by_taste import chooses_in, near, open_bounds, request_by_taste
from generation.variations.models import Variation, VariationRequest
from generation.variations.rules import Mode, RequestRefused

LISTENER, STRANGER = ("user", "7"), ("user", "8")


@pytest.fixture
def by_taste(recording, now):
    def _ask(mode="focus", **more):
        bounds = open_bounds(Mode(mode), tempo_bpm=(80.0, 120.0), with_vocals=True)
        given = {
            "requester": LISTENER, "key": "k1", "mode": mode, "targets": {"seconds": 90.0},
            "bounds": bounds, "recordings": [str(recording.id)], "seed": 1, "territory": "DE",
            "channel": "SITE", "now": now,
        }  # fmt: skip
        return request_by_taste(**(given | more))

    return _ask


def test_mood_focus_and_ambient_leave_their_sound_to_taste():
    assert [mode.value for mode in Mode if chooses_in(mode)] == ["mood", "focus", "ambient"]


@pytest.mark.parametrize(
    ("mode", "tempo_bpm", "sung", "vocals", "has_tempo"),
    [
        (Mode.MOOD, (50.0, 200.0), True, (-1.0, 1.0), True),
        (Mode.MOOD, None, False, (-1.0, -1.0), False),
        (Mode.FOCUS, (50.0, 200.0), True, (-1.0, -1.0), True),
        (Mode.AMBIENT, (50.0, 200.0), True, (-1.0, 1.0), False),
    ],
)
def test_bounds_end_where_mode_and_permission_end(mode, tempo_bpm, sung, vocals, has_tempo):
    bounds = open_bounds(mode, tempo_bpm=tempo_bpm, with_vocals=sung)
    assert bounds["vocals"] == vocals
    assert bounds.get("tempo") == ((-1.0, 1.0) if has_tempo else None)
    assert bounds["energy"] == (-1.0, 1.0)


def test_taste_asks_for_tempi_near_those_that_there_are():
    assert near([]) is None
    assert near([100.0]) == pytest.approx((100 / 1.12, 112.0))
    assert near([120.0, 80.0]) == pytest.approx((80 / 1.12, 134.4))


def test_a_request_says_that_taste_chose_also_when_the_taste_is_erased(by_taste, now):
    made = by_taste()
    assert made.request.by_taste is True
    erase_taste(listener=LISTENER, now=now)
    assert VariationRequest.objects.get().by_taste is True
    assert by_taste(key="k2").request.by_taste is True


def test_where_taste_is_off_the_request_is_one_by_hand(by_taste, now):
    switch_taste(listener=LISTENER, is_on=False, now=now)
    assert by_taste().request.by_taste is False


def test_what_is_chosen_is_what_is_asked_and_names_what_came_of_it(by_taste):
    made, decision = by_taste(), Decision.objects.get()
    targets = made.request.targets
    assert {name: targets[name] for name in decision.targets} == decision.targets
    assert 79.9 <= targets["tempo_bpm"] <= 120.1
    assert (targets["seconds"], targets["vocals"]) == (90.0, False)
    assert (decision.subject_ref, decision.context) == (str(made.id), "focus")


def test_the_same_key_decides_once_and_another_listener_for_themselves(by_taste):
    assert by_taste().id == by_taste().id
    other = by_taste(requester=STRANGER)
    assert Decision.objects.count() == Variation.objects.count() == 2
    assert other.request.targets != Variation.objects.order_by("created_at").first().request.targets


def test_targets_given_are_not_chosen_over(by_taste):
    assert by_taste(targets={"energy": 0.125}).request.targets["energy"] == 0.125


def test_a_refused_request_leaves_no_decision(by_taste):
    with pytest.raises(RequestRefused):
        by_taste(territory="Germany")
    assert not Decision.objects.exists()


def test_with_taste_off_the_request_is_made_with_its_defaults(by_taste, now):
    switch_taste(listener=LISTENER, is_on=False, now=now)
    assert by_taste().request.targets["energy"] == 0.5
    assert not Decision.objects.exists()
