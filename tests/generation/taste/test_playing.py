"""Plays teach a little, only where somebody agreed; and all of it can be taken out again."""

from datetime import UTC, datetime

import numpy as np
import pytest

from generation.taste import operations, queries
from generation.taste.models import PlayHeard
from generation.taste.playing import learn_play, let_plays_teach
from generation.taste.rules import model, playing
from generation.taste.rules.attributes import Heard, vector_of
from licensing.audit.models import Fact

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
ILSE, JORUN = ("user", "ilse"), ("customer", "a:jorun")
HARBOUR = Heard("variation-1", {"energy": 0.6, "tempo": -0.2}, "focus")
LANTERNS = Heard("variation-2", {"energy": -0.7}, "mood")


def belief(listener=ILSE):
    return queries.current_belief(listener).belief


def same(one, other):
    assert np.allclose(one.mean, other.mean, atol=2e-6)
    assert np.allclose(one.precision, other.precision, rtol=1e-5, atol=1e-4)


def play(heard, ended="OUT", listener=ILSE):
    return learn_play(listener=listener, heard=heard, ended=ended, now=NOW)


def agree(agrees=True, listener=ILSE):
    let_plays_teach(listener=listener, agrees=agrees, now=NOW)


def quarter(heard, reward):
    """A quarter of a verdict of `reward`."""
    return model.liking(vector_of(heard.known), heard.context, reward, 0.25)


@pytest.mark.parametrize(
    ("heard_ms", "is_out"), [(160_000, False), (162_000, True), (180_000, True)]
)
def test_nine_tenths_of_a_piece_are_its_end(heard_ms, is_out):
    assert playing.is_heard_out(heard_ms, 180_000) is is_out


@pytest.mark.parametrize(("heard_ms", "duration_ms", "is_left"), [
    (1_999, 180_000, False), (2_000, 180_000, True), (29_999, 180_000, True),
    (30_000, 180_000, False), (9_999, 20_000, True), (10_000, 20_000, False),
])  # fmt: skip
def test_left_is_what_was_judged_before_half_a_minute_and_half_the_piece(
    heard_ms, duration_ms, is_left
):
    assert playing.is_left(heard_ms, duration_ms) is is_left


def test_nothing_was_heard_of_a_piece_without_a_length():
    assert not playing.is_heard_out(0, 0)


@pytest.mark.django_db
class TestLearning:
    def test_without_agreement_plays_teach_nothing(self):
        assert play(HARBOUR) is False
        assert not PlayHeard.objects.exists()
        same(belief(), model.neutral_prior())

    def test_a_play_is_a_quarter_of_a_verdict(self):
        agree()
        assert play(HARBOUR)
        assert play(LANTERNS, "LEFT")
        rows = [quarter(HARBOUR, 0.6), quarter(LANTERNS, 0.0)]
        same(belief(), model.observed_all(model.neutral_prior(), rows))
        view = queries.taste_view(ILSE)
        assert (view.said, view.plays) == (0, 2)
        assert queries.is_known(ILSE)

    def test_the_newest_play_of_a_thing_counts_once(self):
        agree()
        play(HARBOUR, "LEFT")
        play(HARBOUR, "OUT")
        play(HARBOUR, "OUT")
        same(belief(), model.observed(model.neutral_prior(), quarter(HARBOUR, 0.6)))
        assert PlayHeard.objects.get().ended == "OUT"

    def test_what_is_said_outright_stands_alone(self):
        agree()
        play(HARBOUR, "LEFT")
        operations.record_feedback(listener=ILSE, heard=HARBOUR, said="LIKE", now=NOW)
        assert play(HARBOUR, "OUT") is False
        liked = model.liking(vector_of(HARBOUR.known), "focus", 1.0)
        same(belief(), model.observed(model.neutral_prior(), liked))
        assert not PlayHeard.objects.exists()

    def test_more_of_something_does_not_silence_plays(self):
        agree()
        operations.critique(listener=ILSE, heard=HARBOUR, attribute="energy", said="MORE", now=NOW)
        assert play(HARBOUR)
        assert queries.taste_view(ILSE).plays == 1

    def test_ending_the_agreement_forgets_plays_and_keeps_words(self):
        agree()
        operations.record_feedback(listener=ILSE, heard=LANTERNS, said="SKIP", now=NOW)
        spoken = belief()
        play(HARBOUR)
        agree(False)
        same(belief(), spoken)
        assert not PlayHeard.objects.exists()
        assert queries.taste_view(ILSE).said == 1
        assert play(HARBOUR) is False
        facts = Fact.objects.filter(verb="let_plays_teach").order_by("sequence")
        assert [one.after for one in facts] == [{"agrees": True}, {"agrees": False}]

    def test_the_switch_stops_plays_too(self):
        agree()
        operations.switch_taste(listener=ILSE, is_on=False, now=NOW)
        assert play(HARBOUR) is False
        assert not queries.learns_plays(ILSE)

    def test_one_listeners_agreement_is_nobody_elses(self):
        agree()
        assert play(HARBOUR, listener=JORUN) is False

    def test_what_taste_chose_keeps_the_chance_it_had(self):
        agree()
        made = operations.decide_targets(
            listener=ILSE, key="k", context="focus", bounds={"energy": (-1.0, 1.0)}, now=NOW
        )
        operations.name_subject(decision=made.decision, subject_ref=HARBOUR.subject_ref)
        play(HARBOUR)
        play(LANTERNS)
        kept = dict(PlayHeard.objects.values_list("subject_ref", "propensity"))
        assert 0 < kept["variation-1"] <= 1
        assert kept["variation-2"] is None

    def test_an_end_that_says_nothing_is_refused(self):
        with pytest.raises(ValueError, match="says nothing"):
            play(HARBOUR, "PAUSED")
