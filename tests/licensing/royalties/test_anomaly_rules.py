"""What looks odd, on plain values: each sign begins at its bound, and none accuses a fan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.royalties.rules.anomalies import (
    BOUNDS,
    HELD_FROM_PPM,
    REASONS,
    Bounds,
    Evidence,
    in_words,
    is_held,
    score_of,
    signs_of,
)

NOON = datetime(2026, 10, 10, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)


def play(number=0, at=NOON, listener="l", record="A", **more):
    """One play of half a minute, of a record with one recording of one party."""
    facts = {
        "listener": ("user", listener),
        "payer": ("user", more.pop("payer", listener)),
        "parties": frozenset({more.pop("party", "Ana")}),
        "recordings": frozenset({f"recording {record}"}),
        "heard_ms": 30_000,
        "repeats": 0,
    }
    return Evidence(id=number, record=record, played_at=at, **(facts | more))


def every(minutes, times, since=MIDNIGHT, first=0, **more):
    return [play(first + n, since + timedelta(minutes=minutes * n), **more) for n in range(times)]


def marked(plays, reason, bounds=BOUNDS):
    return {pk for pk, reasons in signs_of(plays, bounds).items() if reason in reasons}


def test_a_repeat_is_odd_from_the_two_hundredth_in_a_day_on():
    plays = [play(n, repeats=n) for n in range(203)]
    assert marked(plays, "REPEATS") == {200, 201, 202}


def test_a_fan_who_loops_a_song_for_a_working_day_shows_no_sign():
    plays = [play(n, MIDNIGHT + timedelta(minutes=3 * n), repeats=n) for n in range(160)]
    assert signs_of(plays) == {}


def test_a_day_holds_a_day_of_sound_and_a_tenth():
    """26.4 hours are 1584 minutes: one more millisecond is more than a day has."""
    full = [play(n, MIDNIGHT, heard_ms=60_000, party=f"p{n}") for n in range(1584)]
    assert marked(full, "SOUND") == set()
    assert marked([*full, play(1584, MIDNIGHT, heard_ms=1)], "SOUND") == set(range(1585))


def test_sound_of_two_days_is_no_sound_of_one():
    plays = [play(n, MIDNIGHT + timedelta(days=n), heard_ms=80_000_000) for n in range(2)]
    assert marked(plays, "SOUND") == set()


def test_twenty_hours_without_half_an_hour_of_pause_are_odd_over_midnight_too():
    """41 plays half an hour apart last exactly twenty hours; 42 last longer."""
    assert marked(every(30, 41), "CLOCK") == set()
    assert marked(every(30, 42, since=NOON), "CLOCK") == set(range(42))


def test_a_pause_of_more_than_half_an_hour_begins_anew():
    late = MIDNIGHT + timedelta(hours=10, minutes=31)
    plays = every(30, 21) + every(30, 21, since=late, first=21)
    assert marked(plays, "CLOCK") == set()


def test_one_artist_alone_four_hundred_times_a_day_is_odd():
    alone = every(2, 399)
    assert marked(alone, "ONE_PARTY") == set()
    more = [*alone, play(399)]
    assert marked(more, "ONE_PARTY") == set(range(400))
    assert marked([*more, play(400, party="Cleo")], "ONE_PARTY") == set()


CLUSTER = Bounds(cluster_listeners=3, cluster_plays=4, cluster_top=2)


def same_list(listener, first, counts, payer="house"):
    records = [record for record, times in counts.items() for _ in range(times)]
    return [
        play(first + n, listener=listener, payer=payer, record=record)
        for n, record in enumerate(records)
    ]


def test_accounts_of_one_payer_with_the_same_most_played_records_are_a_cluster():
    """The two most played are A and B each time; a third record and the counts are free."""
    plays = (
        same_list("x", 0, {"A": 2, "B": 2})
        + same_list("y", 10, {"B": 5, "A": 3, "C": 1})
        + same_list("z", 20, {"A": 3, "B": 2, "D": 2})
    )
    assert marked(plays, "CLUSTER", CLUSTER) == {play.id for play in plays}


@pytest.mark.parametrize(
    "third",
    [
        same_list("z", 20, {"A": 2, "C": 2}),
        same_list("z", 20, {"A": 2, "B": 1}),
        same_list("z", 20, {"A": 2, "B": 2}, payer="another"),
    ],
    ids=["another list", "too few plays", "another payer"],
)
def test_two_alike_are_no_cluster(third):
    plays = same_list("x", 0, {"A": 2, "B": 2}) + same_list("y", 10, {"A": 2, "B": 2}) + third
    assert marked(plays, "CLUSTER", CLUSTER) == set()


JUMP = Bounds(jump_plays=5, jump_times=10, jump_days=7)


@pytest.mark.parametrize(("before", "now", "is_jump"), [(0, 4, False), (0, 5, True), (4, 5, False),
                                                        (4, 6, True), (7, 10, False),
                                                        (7, 11, True)])  # fmt: skip
def test_a_jump_is_ten_times_the_mean_of_the_seven_days_before(before, now, is_jump):
    """4 plays in seven days: 5 x 7 is less than ten times 4, 6 x 7 is more."""
    earlier = [play(n, NOON - timedelta(days=n % 7 + 1), listener=f"e{n}") for n in range(before)]
    today = [play(100 + n, listener=f"t{n}") for n in range(now)]
    assert marked(earlier + today, "JUMP", JUMP) == {one.id for one in today if is_jump}


def test_what_is_eight_days_old_is_not_measured_against():
    old = [play(n, NOON - timedelta(days=8)) for n in range(4)]
    today = [play(100 + n) for n in range(5)]
    assert marked(old + today, "JUMP", JUMP) == {one.id for one in today}


def test_a_partner_without_named_customers_shows_no_sign_of_a_person():
    plays = [
        replace(play(n, MIDNIGHT + timedelta(minutes=n), repeats=500), listener=("client", "p"))
        for n in range(1440)
    ]
    assert {reason for found in signs_of(plays).values() for reason in found} == {"JUMP"}


def test_a_jump_or_a_cluster_holds_nothing_alone_and_both_together_do():
    assert not is_held(["JUMP"])
    assert not is_held(["CLUSTER"])
    assert is_held(["JUMP", "CLUSTER"])
    assert score_of(["CLUSTER", "JUMP"]) == HELD_FROM_PPM == 800_000
    assert score_of(REASONS) == 1_000_000


def test_reasons_are_told_in_words():
    told = in_words({"REPEATS", "JUMP"})
    assert told == "a sudden jump of this recording; the same piece over and over"


@given(st.sets(st.sampled_from(sorted(REASONS))), st.sampled_from(sorted(REASONS)))
def test_a_further_sign_never_makes_a_play_look_better(reasons, more):
    assert 0 <= score_of(reasons) <= score_of({*reasons, more}) <= 1_000_000


@given(st.permutations(every(30, 43) + every(7, 12, first=50, listener="m", record="B")))
def test_the_order_in_which_plays_come_changes_nothing(plays):
    bounds = Bounds(party_plays=10, cluster_listeners=1, cluster_plays=10, jump_plays=10)
    assert signs_of(plays, bounds) == signs_of(sorted(plays, key=lambda one: one.id), bounds)
