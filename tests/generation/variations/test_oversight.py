"""One wish of a person, and it is guided; what taste chose is the choice of the house."""

import pytest

from generation.taste.operations import erase_taste
from generation.taste.queries import chosen_by_taste
from generation.variations.by_taste import open_bounds, request_by_taste
from generation.variations.oversight import oversight_of
from generation.variations.rules import Mode, check_targets
from generation.worker.origins import level_of
from licensing.attribution.particulars import Oversight

LISTENER = ("user", "7")


def told(mode="mood", *, by_taste=None, is_named=False, **targets):
    return oversight_of(
        mode=mode,
        targets=check_targets(Mode(mode), targets),
        by_taste=by_taste or {},
        is_named=is_named,
    )


@pytest.mark.parametrize("mode", ["mood", "focus", "ambient"])
def test_who_says_nothing_but_mode_and_length_leaves_it_to_the_house(mode):
    assert told(mode, seconds=600.0) == Oversight.AUTONOMOUS


@pytest.mark.parametrize(
    "wish",
    [
        {"energy": 0.9},
        {"tempo_bpm": 96.0},
        {"key": "A min"},
        {"vocals": False},
        {"line": "melody"},
        {"external": ["calm"]},
    ],
)
def test_one_wish_of_a_person_guides_it(wish):
    assert told(**wish) == Oversight.GUIDED


def test_naming_a_recording_guides_it():
    assert told(is_named=True) == Oversight.GUIDED


def test_what_taste_chose_is_no_wish_and_what_stands_instead_is():
    chosen = {"energy": 0.8, "vocals": False}
    assert told(energy=0.8, vocals=False, by_taste=chosen) == Oversight.AUTONOMOUS
    assert told(energy=0.7, vocals=False, by_taste=chosen) == Oversight.GUIDED


def asked(now, key, sent, bounds):
    return request_by_taste(
        requester=LISTENER,
        key=key,
        mode="mood",
        targets={"seconds": 90.0} | sent,
        bounds=bounds,
        recordings=[],
        seed=1,
        territory="DE",
        channel="SITE",
        now=now,
    )


def test_a_request_by_taste_alone_is_autonomous_and_one_with_a_word_is_not(db, now):
    opened = open_bounds(Mode.MOOD, tempo_bpm=(80.0, 120.0), with_vocals=True)
    alone = asked(now, "k1", {}, opened)
    pinned = asked(now, "k2", {"energy": 0.75}, opened | {"energy": (0.5, 0.5)})
    levels = [_level_of(one) for one in (alone, pinned)]
    assert levels == [Oversight.AUTONOMOUS, Oversight.GUIDED]
    assert "energy" not in chosen_by_taste(str(pinned.pk))


def test_what_taste_chose_and_its_listener_erased_has_no_level_any_more(db, now):
    opened = open_bounds(Mode.MOOD, tempo_bpm=(80.0, 120.0), with_vocals=True)
    alone = asked(now, "k1", {}, opened)
    erase_taste(listener=LISTENER, now=now)
    assert chosen_by_taste(str(alone.pk)) is None
    assert _level_of(alone) is None
    assert _level_of(alone, is_named=True) == Oversight.GUIDED


def _level_of(made, *, is_named=False):
    """As sealing asks it."""
    return level_of(
        str(made.pk),
        made.request.mode,
        made.request.targets,
        is_named=is_named,
        was_by_taste=bool(made.request.by_taste),
    )
