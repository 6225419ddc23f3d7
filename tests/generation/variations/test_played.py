"""From reports of plays to taste: heard out, left for another, and what says nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generation.taste.models import PlayHeard
from generation.taste.playing import let_plays_teach
from generation.variations.played import learn_of_play
from licensing.royalties.operations import issue_token, note_fetched, report_play
from tests.portal.listeners.made import granted_stage, pay, sealed

NOW = timezone.now()
LEA = ("user", "5")


@pytest.fixture
def stage(db):
    pay(LEA, NOW)
    let_plays_teach(listener=LEA, agrees=True, now=NOW)
    return granted_stage()


def hear(row, ms, at_s, listener=LEA, duration_ms=90_000):
    """Leave to play `row`, `at_s` seconds on, and one report of its first `ms`."""
    issued = NOW + timedelta(seconds=at_s)
    _, text = issue_token(
        record_id=row.record_id, listener=listener, client_key="b", duration_ms=duration_ms,
        now=issued,
    )  # fmt: skip
    note_fetched(text, ms)
    until = issued + timedelta(milliseconds=ms)
    told = report_play(token_text=text, client_id="1", from_ms=0, until_ms=ms, now=until)
    assert told.accepted, told.reason
    learn_of_play(token_text=text, now=until)
    return text


def learned():
    return dict(PlayHeard.objects.values_list("subject_ref", "ended"))


def test_a_piece_heard_to_its_end_is_told_with_what_is_known_of_it(stage):
    row = sealed(LEA, stage, NOW)
    hear(row, 85_000, 0)
    kept = PlayHeard.objects.get()
    assert (kept.subject_ref, kept.ended, kept.context) == (str(row.pk), "OUT", "remix")
    assert kept.known["vocals"] == pytest.approx(1.0)


def test_a_piece_left_for_another_was_not_liked(stage):
    first, second = sealed(LEA, stage, NOW, seed=1), sealed(LEA, stage, NOW, seed=2)
    hear(first, 10_000, 0)
    assert learned() == {}
    hear(second, 5_000, 12)
    assert learned() == {str(first.pk): "LEFT"}


def test_going_on_late_or_to_the_same_piece_again_says_nothing(stage):
    first, second = sealed(LEA, stage, NOW, seed=1), sealed(LEA, stage, NOW, seed=2)
    hear(first, 10_000, 0)
    hear(first, 40_000, 12)
    hear(second, 5_000, 60)
    assert learned() == {}


def test_only_the_first_report_says_what_was_left_for_it(stage):
    first, second = sealed(LEA, stage, NOW, seed=1), sealed(LEA, stage, NOW, seed=2)
    hear(first, 10_000, 0)
    text = hear(second, 5_000, 12)
    PlayHeard.objects.all().delete()
    note_fetched(text, 10_000)
    later = NOW + timedelta(seconds=30)
    report_play(token_text=text, client_id="2", from_ms=5_000, until_ms=10_000, now=later)
    learn_of_play(token_text=text, now=later)
    assert learned() == {}


def test_who_could_hear_no_more_did_not_leave(stage):
    poor = ("user", "6")
    let_plays_teach(listener=poor, agrees=True, now=NOW)
    first, second = sealed(LEA, stage, NOW, seed=1), sealed(LEA, stage, NOW, seed=2)
    hear(first, 29_000, 0, listener=poor)
    hear(second, 5_000, 32, listener=poor)
    assert learned() == {}


def test_a_token_that_is_none_of_ours_says_nothing(stage):
    learn_of_play(token_text="forged", now=NOW)
    assert learned() == {}


def test_a_listener_who_did_not_agree_is_not_read(stage, django_assert_num_queries):
    row = sealed(LEA, stage, NOW)
    text = hear(row, 85_000, 0, listener=LEA)
    let_plays_teach(listener=LEA, agrees=False, now=NOW)
    with django_assert_num_queries(2):
        learn_of_play(token_text=text, now=NOW)
    assert learned() == {}
