"""Beliefs in words: they say what the numbers say, and nothing where nothing is known."""

import pytest

from generation.taste.rules import model
from generation.taste.rules.attributes import ATTRIBUTES, vector_of
from generation.taste.rules.words import WORDS, leanings

NEUTRAL = model.neutral_prior()


def about(belief, attribute):
    return next(one for one in leanings(belief) if one.attribute == attribute)


def test_every_attribute_has_words():
    assert tuple(WORDS) == ATTRIBUTES
    assert [one.attribute for one in leanings(NEUTRAL)] == list(ATTRIBUTES)


def test_of_somebody_unknown_nothing_is_claimed():
    for one in leanings(NEUTRAL):
        assert one.sentence == "Nothing certain is known yet."
        assert abs(one.best) < 0.1


@pytest.mark.parametrize(("ideal", "word"), [(-0.8, "calm"), (0.8, "lively")])
def test_what_was_set_is_said(ideal, word):
    one = about(model.with_ideal(NEUTRAL, "energy", ideal), "energy")
    assert f"You prefer it {word}" in one.sentence
    assert one.best == pytest.approx(ideal, abs=0.05)
    assert one.low <= one.best <= one.high


def test_many_likes_of_bright_sound_are_read_back_as_bright():
    belief = NEUTRAL
    for value, reward in [(0.9, 1.0), (-0.9, 0.0)] * 30:
        belief = model.observed(
            belief, model.liking(vector_of({"brightness": value}), "mood", reward)
        )
    one = about(belief, "brightness")
    assert one.sentence == "You prefer it bright, strongly. This is quite sure."
    assert one.high - one.low < 0.8
    assert about(belief, "tempo").sentence == about(NEUTRAL, "tempo").sentence


def test_what_does_not_matter_is_said_to():
    one = about(model.with_ideal(NEUTRAL, "drums", None), "drums")
    assert one.sentence == "It does not seem to matter to you."
