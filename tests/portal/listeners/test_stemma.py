"""The stemma's geometry: order, shared edges, integers, and what is left out."""

import math
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.audio.stemma import (
    FULL_HEIGHT,
    FULL_POINTS,
    ORDER,
    SMALL_HEIGHT,
    SMALL_POINTS,
    WIDTH,
    Layer,
    columns_of,
    curves,
    draw,
    edges_of,
    in_order,
    resampled,
)

_values = st.lists(st.floats(0, 50), min_size=FULL_POINTS, max_size=FULL_POINTS).map(tuple)


def _layer(role: str, *, model: bool = False, height: float = 1.0, label: str = "") -> Layer:
    return Layer(role, label or role.title(), model, (height,) * 300)


def _numbers(path: str) -> list[str]:
    return re.findall(r"-?[\d.]+", path)


def test_layers_stand_in_the_one_fixed_order() -> None:
    shuffled = [_layer(role) for role in ("drums", "keys", "vocals", "strings", "bass", "pad")]
    assert [one.role for one in in_order(shuffled)] == [
        "strings",
        "vocals",
        "pad",
        "keys",
        "bass",
        "drums",
    ]


def test_a_models_part_lies_directly_below_the_human_layer_of_its_role() -> None:
    layers = [_layer("keys", model=True), _layer("bass"), _layer("keys"), _layer("guitar")]
    assert [(one.role, one.is_model) for one in in_order(layers)] == [
        ("guitar", False),
        ("keys", False),
        ("keys", True),
        ("bass", False),
    ]


def test_an_unknown_role_stands_with_other() -> None:
    drawn = draw([_layer("theremin"), _layer("bass")], points=FULL_POINTS, height=FULL_HEIGHT)
    assert [one.role for one in drawn] == ["other", "bass"]


def test_a_full_stemma_has_97_points_and_a_small_one_49() -> None:
    for points, height in ((FULL_POINTS, FULL_HEIGHT), (SMALL_POINTS, SMALL_HEIGHT)):
        (stream,) = draw([_layer("bass")], points=points, height=height)
        there, back = stream.path.split("c")[1:]
        assert len(_numbers(there.split("V")[0])) == (points - 1) * 6
        assert len(_numbers(back)) == (points - 1) * 6


def test_every_coordinate_is_an_integer() -> None:
    wave = tuple(1.3 + math.sin(i / 7) for i in range(500))
    drawn = draw(
        [Layer("keys", "Keys", False, wave), _layer("drums", height=0.37)],
        points=FULL_POINTS,
        height=FULL_HEIGHT,
    )
    assert all("." not in number for one in drawn for number in _numbers(one.path))


def test_layers_too_faint_to_divide_by_are_drawn_as_silence() -> None:
    faint = edges_of([Layer("other", "x", False, (0.0, 5e-324, 0.0))], FULL_HEIGHT)
    silent = edges_of([Layer("other", "x", False, (0.0, 0.0, 0.0))], FULL_HEIGHT)
    assert faint == silent


@given(st.lists(_values, min_size=1, max_size=6))
def test_edges_never_cross_and_stay_inside_the_picture(columns: list[tuple[float, ...]]) -> None:
    edges = edges_of([Layer("other", "x", False, one) for one in columns], FULL_HEIGHT)
    assert len(edges) == len(columns) + 1
    for upper, lower in pairwise(edges):
        assert all(a <= b for a, b in zip(upper, lower, strict=True))
    assert min(map(min, edges)) >= 0
    assert max(map(max, edges)) <= FULL_HEIGHT


@given(st.lists(st.integers(0, 300), min_size=97, max_size=97).map(tuple))
def test_a_curve_never_leaves_the_span_of_its_two_points(ys: tuple[int, ...]) -> None:
    xs = columns_of(97)
    pieces = curves(xs, ys)
    assert sum(piece[4] for piece in pieces) == WIDTH
    for piece, start, end in zip(pieces, ys, ys[1:], strict=False):
        for control in (start + piece[1], start + piece[3]):
            assert min(start, end) - 1 <= control <= max(start, end) + 1


def test_neighbours_share_one_edge_coordinate_for_coordinate() -> None:
    upper, lower = draw(
        [
            Layer("keys", "Keys", False, tuple(2 + math.sin(i / 9) for i in range(97))),
            Layer("drums", "Drums", False, tuple(1 + math.cos(i / 5) for i in range(97))),
        ],
        points=97,
        height=300,
    )
    shared_back = _walk(upper.path.split("c")[2])
    shared_there = _walk(lower.path.split("c")[1].split("V")[0])
    assert [tuple(-x for x in step) for step in reversed(shared_back)] == shared_there


def _walk(text: str) -> list[tuple[int, int]]:
    numbers = [int(one) for one in _numbers(text)]
    return [(numbers[i + 4], numbers[i + 5]) for i in range(0, len(numbers), 6)]


def test_a_stem_that_never_sounds_is_left_out_and_silence_draws_nothing() -> None:
    drawn = draw([_layer("bass"), _layer("keys", height=0)], points=49, height=100)
    assert [one.role for one in drawn] == ["bass"]
    assert draw([_layer("keys", height=0)], points=49, height=100) == ()
    assert draw([], points=49, height=100) == ()


def test_thickness_is_in_proportion_to_what_sounds() -> None:
    edges = edges_of([_layer("bass", height=3), _layer("drums", height=1)], 300)
    thick, thin = edges[1][5] - edges[0][5], edges[2][5] - edges[1][5]
    assert abs(thick - 3 * thin) <= 3


def test_a_name_stands_inside_only_where_its_stream_is_thick_enough() -> None:
    thick, thin = draw(
        [_layer("strings", height=9, label="Strings"), _layer("bass", height=0.3, label="Bass")],
        points=FULL_POINTS,
        height=FULL_HEIGHT,
    )
    assert thick.place is not None
    assert 0 < thick.place.x < 10_000
    assert thin.place is None


def test_resampling_keeps_the_mean_and_takes_short_pieces() -> None:
    assert resampled([1.0] * 1000, 97) == (1.0,) * 97
    assert len(resampled([2.0, 4.0], 49)) == 49
    assert resampled([], 3) == (0.0, 0.0, 0.0)


def test_the_order_names_every_role_an_analysis_may_give() -> None:
    from generation.analysis.values import ROLES

    assert set(ROLES) == set(ORDER)
