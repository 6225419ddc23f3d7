"""Which bars are played: none that do not exist, no tails in the middle of a piece."""

from dataclasses import replace

import pytest

from generation.analysis.values import Part
from generation.compose.choice import Dice
from generation.compose.deck import deck_of
from generation.compose.form import Span, plan_form
from generation.compose.grid import anchors, free_grid, octave, respaced
from generation.compose.keys import Key, parse_key, way
from generation.compose.walk import home_bar, walk

from .songs import song


def span(kind="body", bars=8, energy=0.5):
    return Span(kind, kind, 0, bars, energy, 0.0, 1.0)


def with_parts(*parts, bars=32):
    whole = song(bars=bars)
    return deck_of(0, replace(whole, analysis=replace(whole.analysis, parts=parts)), vocals=True)


def test_a_lively_section_plays_a_lively_part():
    deck = with_parts(Part("A", 0, 8, 0.1), Part("B", 8, 8, 0.9), Part("A", 16, 16, 0.1))
    assert walk(deck, span(energy=0.9), Dice(1), []) == list(range(8, 16))


def test_the_tail_of_a_recording_is_not_taken_for_music():
    deck = with_parts(Part("A", 0, 30, 0.9), Part("B", 30, 2, 0.1))
    for seed in range(20):
        assert 31 not in walk(deck, span("intro", 2, 0.1), Dice(seed), [])


def test_a_section_that_leads_on_ends_where_its_part_ends():
    deck = with_parts(Part("A", 0, 16, 0.5), Part("B", 16, 16, 0.5))
    bars = walk(deck, span("build", 4), Dice(3), [])
    assert bars[-1] in (15, 30)


def test_home_is_the_first_bar_of_what_comes_back():
    deck = with_parts(Part("A", 0, 4, 0.2), Part("B", 4, 8, 0.8), Part("C", 12, 4, 0.5))
    again = with_parts(Part("A", 0, 4, 0.2), Part("B", 4, 8, 0.8), Part("B", 20, 8, 0.8))
    assert home_bar(deck) == 0
    assert home_bar(again) == 4


@pytest.mark.parametrize("bars", [1, 2, 3, 4, 7, 8, 13, 16, 31, 64, 450])
@pytest.mark.parametrize("mode", ["remix", "mood", "focus", "collaboration"])
def test_sections_fill_the_bars_exactly_and_end(mode, bars):
    form = plan_form(mode, bars, 2.0, 0.5, Dice(5))
    assert sum(one.bars for one in form) == bars
    assert all(one.bars > 0 for one in form)
    assert [one.bar for one in form] == [sum(o.bars for o in form[:n]) for n in range(len(form))]
    if bars > 1:
        assert form[-1].kind == "ending"


def test_trembling_beats_become_one_straight_line_and_bent_ones_stay():
    beats = [(n * 24_000.0, n * 24_000 + (-1) ** n * 90) for n in range(9)]
    (first, low), (last, high) = anchors(beats, 400_000)
    assert last - first == high - low
    bent = [(n * 24_000.0, n * 24_000 + 80 * n * n) for n in range(9)]
    assert len(anchors(bent, 400_000)) == 9


def test_counting_twice_and_half_as_fast_keeps_the_music():
    grid = free_grid(48_000 * 16, 24_000.0)
    timed = replace(grid, is_free=False)
    assert respaced(timed, 2.0).bars == 2 * timed.bars
    assert respaced(timed, 0.5).bars == timed.bars // 2
    assert respaced(timed, 0.5).points[1] == timed.points[2]
    assert [octave(100, t) for t in (40, 90, 110, 190)] == [0.5, 1.0, 1.0, 2.0]


def test_keys_are_read_and_reached_the_nearest_way():
    assert parse_key("bb minor") == Key(10, "min")
    assert parse_key("F# maj") == Key(6, "maj")
    assert way(parse_key("A min"), parse_key("G min")) == -2
    assert way(parse_key("A min"), parse_key("C maj")) == 0
    assert way(parse_key("C maj"), parse_key("F# maj")) == 6
    with pytest.raises(ValueError, match="not a key"):
        parse_key("H maj")
