"""A card is whole or it does not read, and says which part is missing."""

import json
from dataclasses import replace

import pytest

from generation.nets import cards
from generation.nets.cards import CardError, Figure, Threshold, Training
from tests.generation.nets.material import card

WHOLE = replace(card(), weights_sha256="a" * 64)


def test_a_card_reads_back_as_it_was_written() -> None:
    assert cards.from_json(cards.to_json(WHOLE)) == WHOLE


def test_equal_cards_have_one_text_whatever_the_order_of_their_settings() -> None:
    turned = replace(WHOLE, settings=dict(reversed(WHOLE.settings.items())))
    text = cards.to_json(turned)
    assert text == cards.to_json(WHOLE)
    assert ": " not in text.split('"attribution"')[0]


def test_a_card_that_lacks_things_names_each_of_them() -> None:
    poor = replace(
        WHOLE,
        data=(replace(WHOLE.data[0], licence="", attribution=" ", sha256="12"),),
        limits=(),
        split="",
    )
    with pytest.raises(CardError) as told:
        cards.from_json(cards.to_json(poor))
    for phrase in (
        "licence of tunes",
        "attribution of tunes",
        "sha256 of tunes",
        "limits",
        "split",
    ):
        assert phrase in str(told.value)


@pytest.mark.parametrize("field", ["net", "data", "split", "seed", "figures", "limits", "settings"])
def test_a_card_without_a_field_does_not_read(field: str) -> None:
    data = json.loads(cards.to_json(WHOLE))
    del data[field]
    with pytest.raises(CardError, match=field):
        cards.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"net": 1}', "null"])
def test_what_is_no_card_is_refused_as_a_card(text: str) -> None:
    with pytest.raises(CardError):
        cards.from_json(text)


def test_a_draft_may_have_no_figures_and_a_release_may_not() -> None:
    draft = replace(WHOLE, figures=())
    assert cards.from_json(cards.to_json(draft), is_draft=True) == draft
    with pytest.raises(CardError, match="figures"):
        cards.from_json(cards.to_json(draft))


@pytest.mark.parametrize(
    ("training", "phrase"),
    [
        (None, "how it was trained"),
        (Training({"epochs": 3}, 1_801.0, "a processor"), "a training within 1800 s of CPU"),
        (Training({}, 60.0, " "), "the plan of its training; the machine"),
    ],
)
def test_a_release_says_how_it_was_trained_within_half_an_hour_of_a_core(training, phrase) -> None:
    with pytest.raises(CardError, match=phrase):
        cards.from_json(cards.to_json(replace(WHOLE, training=training)))


def test_figures_without_any_baseline_do_not_stand() -> None:
    alone = replace(WHOLE, figures=(Figure("chord", 2.0),))
    with pytest.raises(CardError, match="baselines"):
        cards.from_json(cards.to_json(alone))


def test_thresholds_come_from_the_net_and_not_from_the_card() -> None:
    lenient = (Figure("chord", 9.0, reach=10.0, is_floor=False),)
    asked = (Threshold("chord", 2.35, is_floor=False), Threshold("top-1", 0.56))
    assert cards.missed(lenient, asked) == ["chord is 9, not <= 2.35", "top-1 was not measured"]
    assert cards.missed((Figure("chord", 2.35), Figure("top-1", 0.56)), asked) == []
