"""What may be asked of a session, how far work goes ahead, when a minute is closed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generation.compose.stream import AHEAD, Place, place_as_written, standing
from generation.sessions import rules
from generation.variations.rules import RequestRefused

RATE = 48_000


def asked(**more):
    given = {
        "mode": "mood",
        "targets": {},
        "recordings": [],
        "artist": None,
        "seed": 1,
        "territory": "DE",
        "channel": "SITE",
    }
    return rules.check_session(**(given | more))


def test_wishes_have_the_ranges_of_a_variations_targets():
    found = asked(targets={"energy": 0.9, "tempo_bpm": 124.0})
    assert found.targets["energy"] == 0.9
    assert set(found.targets) == set(rules.WISHES)
    for wrong in ({"energy": 2}, {"seconds": 60}, {"key": "H dur"}, {"vocals": 1}):
        with pytest.raises(RequestRefused):
            asked(targets=wrong)


@pytest.mark.parametrize("mode", ["remix", "collaboration", "techno"])
def test_only_what_has_no_end_of_its_own_is_a_session(mode):
    with pytest.raises(RequestRefused, match="mood, focus or ambient"):
        asked(mode=mode)


def test_focus_never_sings():
    now = asked(mode="focus", targets={"vocals": True}).targets
    assert now["vocals"] is False
    assert rules.check_wishes("focus", now, {"vocals": True})["vocals"] is False


def test_a_wish_changes_itself_alone_and_none_is_no_wish():
    now = asked(targets={"energy": 0.9}).targets
    assert rules.check_wishes("mood", now, {"density": 0.2}) == now | {"density": 0.2}
    assert rules.check_wishes("mood", now | {"tempo_bpm": 99.0}, {"tempo_bpm": None}) == now
    with pytest.raises(RequestRefused):
        rules.check_wishes("mood", now, {})


def test_a_change_is_never_earlier_than_it_can_reach_the_listener():
    handed = 10 * RATE
    assert rules.change_from(handed, None) == handed + AHEAD
    assert rules.change_from(handed, 7 * RATE) == 7 * RATE + rules.REACTION
    # Nobody rewrites what was played long ago, nor what was never handed out.
    assert rules.change_from(handed, 0) == handed - rules.HELD_BACK + rules.REACTION
    assert rules.change_from(handed, 99 * RATE) == handed + rules.REACTION


def test_workers_go_ahead_a_little_and_never_beyond_the_plan():
    chain = [Place(0, 0, 20 * RATE)]
    assert rules.wanted_segments(chain, 0) == range(5)
    assert rules.wanted_segments(chain, 17 * RATE) == range(17, 19)
    assert len(rules.wanted_segments([], 0)) == 0
    # What a player waits for behind what it holds, as far back as it may not have played it.
    assert rules.wanted_segments(chain, 12 * RATE, 10) == range(10, 17)
    assert rules.wanted_segments(chain, 12 * RATE, 1) == range(3, 17)
    assert rules.wanted_segments(chain, 12 * RATE, 15) == range(12, 17)
    # Two bars of where they are: at 40 beats per minute they last twelve seconds.
    slow = [place_as_written(0, 0, 16 * RATE), place_as_written(1, 16 * RATE, 64 * RATE)]
    assert rules.wanted_segments(slow, 15 * RATE) == range(15, 20)
    assert rules.wanted_segments(slow, 16 * RATE) == range(16, 28)
    cut = [*standing([*slow, place_as_written(2, 22 * RATE, 70 * RATE)])]
    assert rules.wanted_segments(cut, 17 * RATE) == range(17, 29)
    assert rules.is_plan_due(20 * RATE, 9 * RATE)
    assert not rules.is_plan_due(20 * RATE, 7 * RATE)
    assert not rules.is_plan_due(rules.LONGEST, rules.LONGEST)


def test_a_minute_is_closed_when_nothing_in_it_can_be_replaced():
    minute = 60 * RATE
    assert rules.minutes_to_seal(minute, 0, is_over=False) == range(0)
    assert rules.minutes_to_seal(minute + rules.HELD_BACK, 0, is_over=False) == range(1)
    assert rules.minutes_to_seal(minute + 1, 0, is_over=True) == range(2)
    assert rules.minutes_to_seal(2 * minute, 1, is_over=True) == range(1, 2)
    assert rules.minutes_to_seal(0, 0, is_over=True) == range(0)
    assert [rules.minute_of(n) for n in (0, 59, 60)] == [0, 0, 1]


def test_nobody_listening_for_ten_minutes_is_idle():
    now = timezone.now()
    assert rules.is_idle(now - timedelta(minutes=10), now)
    assert not rules.is_idle(now - timedelta(minutes=9), now)
