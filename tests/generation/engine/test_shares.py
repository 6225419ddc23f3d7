"""What nets wrote is told apart from what people played, exactly, and changes nobody's line."""

from dataclasses import replace

import numpy as np
import pytest

from generation.engine.lines import lines_of
from generation.engine.reference.rendering import TorchBackend
from generation.engine.render import render
from generation.engine.shares import generated_of, model_ppm_of
from generation.recipe import Band, Clip, Compressor, Limiter, Note, Reverb, Section, Strip
from tests.generation.engine.material import RATE, plain_recipe, stereo

LENGTH = 2 * RATE
SQUEEZE = Compressor(-30.0, 4.0, 8.0, 90.0)


def played(net, gain_db=0.0, source=0, start=0, length=LENGTH):
    return Note(source, start, length, 1_000, 1_000 + length, 0, gain_db, net, "struck/2")


@pytest.fixture(scope="module")
def stems():
    rng = np.random.default_rng(4)
    return {name: stereo(0.05 * rng.standard_normal(3 * RATE)) for name in ("a", "b")}


def busy(stems, notes):
    """Clips of both sources and `notes`, through EQ, compressors, room, bus and limiter."""
    own = [Clip(n, "vocoder/2", 0, LENGTH, ((0, 0),)) for n in range(2)]
    base = plain_recipe(LENGTH, stems, own, notes=notes)
    strips = (
        Strip(0, 0, -3.0, 0.2, (Band("peak", 900.0, 6.0),), SQUEEZE, -9.0),
        Strip(0, 1, -6.0, -0.4, (Band("high_shelf", 3_000.0, -6.0),), SQUEEZE, -6.0),
        Strip(1, 0, 0.0, 0.0, (), None, -12.0),
    )
    room = Reverb("reverb/1", 0.5, 10.0, 4_000.0, 0.0, 3)
    bus = replace(base.bus, reverb=room, compressor=SQUEEZE, limiter=Limiter())
    sections = (Section("A", 0, 40_000, 0.5), Section("B", 40_000, LENGTH, 0.5))
    return replace(base, sections=sections, strips=strips, bus=bus, gain_db=6.0)


def test_a_note_of_a_net_beside_an_equal_clip_is_half_of_the_sound(stems):
    # The note and the clip play the very same samples, so each is half of the amplitude.
    clip = Clip(0, "vocoder/2", 0, LENGTH, ((0, 1_000),))
    recipe = plain_recipe(LENGTH, stems, [clip], notes=(played("net"),))
    got = render(recipe, stems, {}, 0, LENGTH)
    assert np.allclose(got.generated, got.windows[:, 0] / 2, rtol=1e-5)
    assert model_ppm_of(got.windows, got.generated) == 500_000


def test_a_note_twice_as_loud_has_two_thirds_of_the_sound(stems):
    clip = Clip(0, "vocoder/2", 0, LENGTH, ((0, 1_000),))
    note = played("net", 20 * np.log10(2))
    recipe = plain_recipe(LENGTH, stems, [clip], notes=(note,))
    got = render(recipe, stems, {}, 0, LENGTH)
    assert abs(model_ppm_of(got.windows, got.generated) - 666_667) <= 2


def test_notes_that_rules_wrote_are_peoples(stems):
    got = render(busy(stems, (played(""),)), stems, {}, 0, LENGTH)
    assert not got.generated.any()
    assert model_ppm_of(got.windows, got.generated) == 0


def test_all_by_nets_is_all_and_silence_is_nobodys(stems):
    recipe = plain_recipe(LENGTH, stems, [], notes=(played("net"), played("other", source=1)))
    got = render(recipe, stems, {}, 0, LENGTH)
    assert model_ppm_of(got.windows, got.generated) == 1_000_000
    assert model_ppm_of(np.zeros((20, 2)), np.zeros(20)) == 0


def test_who_wrote_a_note_changes_no_sound_and_no_line(stems):
    """The notes of a stem are the stem's sound: its line is the same whoever wrote them."""
    by_rules, by_nets = (
        render(busy(stems, (played(net, -3.0), played(net, 0.0, 1, 9_000, 30_000))), stems, {}, 0,
               LENGTH)
        for net in ("", "net")
    )  # fmt: skip
    assert np.array_equal(by_rules.audio, by_nets.audio)
    assert np.allclose(by_rules.windows, by_nets.windows, rtol=1e-6, atol=1e-9)
    assert lines_of(by_rules.windows, ["a", "b"]) == lines_of(by_nets.windows, ["a", "b"])


def test_a_stem_that_is_heard_in_notes_alone_has_its_line(stems):
    clip = Clip(0, "vocoder/2", 0, LENGTH, ((0, 0),))
    recipe = plain_recipe(LENGTH, stems, [clip], notes=(played("net", source=1),))
    got = render(recipe, stems, {}, 0, LENGTH)
    lines = dict(lines_of(got.windows, ["a", "b"]))
    assert abs(lines["b"] - model_ppm_of(got.windows, got.generated)) <= 1
    assert abs(lines["b"] - 500_000) < 20_000


def test_what_people_and_nets_give_adds_up_through_the_whole_desk(stems):
    """Of two notes either alone may be the net's; their parts and the clips' are the whole."""
    notes = (played("", -3.0), played("", -6.0, 0, 20_000, 60_000))
    tables = []
    for which in ((0,), (1,), (0, 1)):
        written = tuple(replace(n, net="net" if k in which else "") for k, n in enumerate(notes))
        got = render(busy(stems, written), stems, {}, 0, LENGTH)
        tables.append(got.generated)
    assert np.allclose(tables[0] + tables[1], tables[2], rtol=1e-5, atol=1e-9)
    assert 0 < model_ppm_of(got.windows, got.generated) < 1_000_000


def test_torch_tells_nets_apart_as_the_loops_do(stems):
    recipe = busy(stems, (played("net", -3.0), played("net", 0.0, 1, 9_000, 30_000)))
    one = render(recipe, stems, {}, 0, LENGTH)
    other = TorchBackend("cpu").render(recipe, stems, {}, 0, LENGTH)
    assert np.allclose(other.generated, one.generated, rtol=1e-3, atol=1e-9)
    assert np.allclose(other.windows, one.windows, rtol=1e-3, atol=1e-9)


def test_a_part_is_clipped_at_nothing_and_at_its_source():
    windows = np.array([[0.5, 2.0], [1.5, 2.0], [-0.5, 2.0], [0.5, 2.0]])
    notes = np.array([[-0.5], [0.5], [0.5], [0.75]])
    assert generated_of(windows, notes, (0,)).tolist() == [0.0, 0.5, 0.0, 0.5]
