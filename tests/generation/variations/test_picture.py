"""What of the picture a model wrote: it adds up to what was measured, and stands at its stem."""

import struct

import pytest
from django.utils import timezone

from generation.variations.models import Segment
from generation.variations.picture import Window, model_parts, stemma_table
from generation.variations.queries import variation_view
from portal.audio.pictures import HATCHED, layers_of, variation_picture
from tests.portal.listeners.made import granted_stage, sealed

NOW = timezone.now()
LEA = ("user", "5")
NET = "b" * 64


def test_one_player_gets_all_that_was_measured_of_models():
    assert model_parts(Window((0.3, 0.1), 0.06), [0]) == pytest.approx((0.06, 0.0))


def test_several_players_divide_it_by_what_they_give():
    found = model_parts(Window((0.3, 0.1, 0.5), 0.2), [0, 1])
    assert found == pytest.approx((0.15, 0.05, 0.0))


def test_no_stem_gives_more_for_models_than_it_sounds():
    assert model_parts(Window((0.3, -0.1), 0.9), [0, 1]) == pytest.approx((0.3, 0.0))
    assert model_parts(Window((0.3, 0.1), 0.5), []) == (0.0, 0.0)


@pytest.fixture
def half_written(db):
    """Eight seconds whose drums play a net's note in the first second, half of what they give."""
    row = sealed(LEA, granted_stage(), NOW, net=NET, model_ppm=50_000)
    for segment in row.segments.all():
        count = len(segment.windows) // 16
        notes = [0.015 if segment.index == 0 and n < 10 else 0.0 for n in range(count)]
        Segment.objects.filter(pk=segment.pk).update(generated=struct.pack(f"<{count}d", *notes))
    return row


def test_a_models_part_stands_where_it_sounds_beside_the_human_part_of_its_stem(half_written):
    table = stemma_table(half_written.pk, points=8)
    drums, vocals = table.model
    assert drums[0] == pytest.approx(table.values[0][0] / 2, rel=0.01)
    assert drums[1:] == (0.0,) * 7
    assert vocals == (0.0,) * 8
    layers = layers_of(table)
    assert [(one.label, one.is_model) for one in layers] == [
        ("Drums", False), ("Drums", True), ("Vocals", False),
    ]  # fmt: skip
    both = [a + b for a, b in zip(layers[0].values, layers[1].values, strict=True)]
    assert both == pytest.approx(list(table.values[0]), abs=1e-4)


def test_the_picture_says_in_words_what_is_hatched(half_written):
    view, table = variation_view(half_written.pk), stemma_table(half_written.pk)
    full, small = (variation_picture(view, table, size) for size in ("full", "small"))
    assert "what a model wrote for drums to play" in full.title
    assert [one.label for one in full.streams if one.is_model] == ["Drums"]
    assert (small.caption, full.caption) == (HATCHED, "")


def test_without_notes_of_nets_nothing_is_hatched(db):
    row = sealed(LEA, granted_stage(), NOW)
    picture = variation_picture(variation_view(row.pk), stemma_table(row.pk), "small")
    assert not any(one.is_model for one in picture.streams)
    assert "Hatched" not in picture.title + picture.caption
