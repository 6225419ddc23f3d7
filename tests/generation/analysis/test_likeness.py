"""Whether a variation keeps the song, on sound that was made without the engine."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import fftconvolve

from generation.analysis import likeness
from generation.analysis.carrying import expected_of
from generation.analysis.imprint import HOP, PITCH_HOP, imprint_of, imprints_of
from generation.analysis.likeness import likeness_of, sentence_of
from generation.analysis.presence import presence_of
from generation.recipe import Clip, Grains, Note, Section, Strip
from tests.generation.analysis.tunes import (
    BAR,
    BEAT,
    OTHER,
    RATE,
    clip,
    faster,
    rearranged,
    recipe_of,
    tune,
)

ORDER = (4, 5, 2, 3, 0, 1, 6, 7)


@pytest.fixture(scope="module")
def stems():
    return tune()


@pytest.fixture(scope="module")
def remix(stems):
    return rearranged(stems, ORDER)


def judged(recipe, stems, sound):
    found = likeness_of(recipe, stems, [(0, np.asarray(sound, dtype=np.float32))])
    return found, sentence_of(found, recipe)


def moved(recipe, samples):
    """The recipe with every clip reading so many samples later."""
    clips = [
        replace(one, anchors=tuple((out, src + samples) for out, src in one.anchors))
        for one in recipe.clips
    ]
    return replace(recipe, clips=tuple(clips))


def test_a_song_with_its_bars_in_another_order_is_kept(stems, remix):
    found, sentence = judged(remix[0], stems, remix[1])
    assert found.is_kept
    assert found.whole.chroma > 0.97
    assert found.whole.onsets > 0.97
    assert sentence.startswith("It keeps the song: chroma 0.9")


@pytest.mark.parametrize("semitones", [-5, -2, 3, 7])
def test_a_tape_run_faster_or_slower_is_kept(stems, semitones):
    recipe, sound = faster(stems, semitones)
    found, _ = judged(recipe, stems, sound)
    assert found.is_kept
    assert found.whole.chroma > 0.9
    assert found.whole.onsets > 0.8


def test_neither_level_nor_a_soft_room_costs_the_song(stems, remix):
    recipe, sound = remix
    room = np.random.default_rng(3).standard_normal(RATE // 2) * np.exp(-np.arange(RATE // 2) / 6e3)
    wet = np.stack([fftconvolve(side, room)[: sound.shape[1]] for side in sound])
    both = 0.02 * (sound + 0.2 * wet / np.abs(wet).max())
    assert judged(recipe, stems, both)[0].is_kept


def test_notes_a_semitone_off_are_refused_with_the_reason(stems, remix):
    recipe, sound = remix
    wrong = replace(recipe, clips=tuple(replace(one, semitones=1) for one in recipe.clips))
    found, sentence = judged(wrong, stems, sound)
    assert not found.is_kept
    assert found.whole.chroma < 0.4
    assert "its notes are like those of its sources by" in sentence


def test_attacks_half_a_beat_off_are_refused_with_the_reason(stems, remix):
    recipe, sound = remix
    found, sentence = judged(moved(recipe, BEAT // 2), stems, sound)
    assert not found.is_kept
    assert "its attacks are like those of its sources by" in sentence


def test_a_tempo_five_percent_off_is_refused(stems):
    recipe, sound = faster(stems, 0)
    length = round(recipe.length * 1.05)
    wrong = replace(
        recipe,
        clips=tuple(
            replace(one, anchors=((0, 0), (length, recipe.length))) for one in recipe.clips
        ),
    )
    assert not judged(wrong, stems, sound)[0].is_kept


def test_noise_silence_and_another_song_are_refused(stems, remix):
    recipe, sound = remix
    noise = 0.1 * np.random.default_rng(5).standard_normal(sound.shape)
    other = rearranged(tune(chords=OTHER, seed=9), (1, 0, 7, 2, 3, 6, 5, 4))[1]
    for wrong in (noise, np.zeros_like(sound), np.roll(other, BEAT // 2, axis=1)):
        assert not judged(recipe, stems, wrong)[0].is_kept


@pytest.mark.parametrize("role", ["drums", "bass", "keys"])
def test_a_source_that_is_not_heard_is_named(stems, remix, role):
    silent = stems | {role: np.zeros_like(stems[role])}
    found, sentence = judged(remix[0], stems, rearranged(silent, ORDER)[1])
    assert not found.is_kept
    assert found.missed == (list(stems).index(role),)
    assert role in sentence


def test_a_wrong_stem_in_the_place_of_another_is_refused(stems, remix):
    other = tune(chords=OTHER, seed=9)
    for role in ("bass", "keys"):
        wrong = rearranged(stems | {role: np.roll(other[role], BEAT // 2, axis=1)}, ORDER)[1]
        assert not judged(remix[0], stems, wrong)[0].is_kept


def test_one_wrong_section_is_refused_though_the_rest_is_right(stems):
    longer = rearranged(stems, ORDER * 4)
    length = longer[0].length
    names = ("one", "two", "three", "four")
    quarter = length // 4
    sections = tuple(Section(n, k * quarter, (k + 1) * quarter, 0.5) for k, n in enumerate(names))
    recipe = replace(longer[0], sections=sections)
    assert judged(recipe, stems, longer[1])[0].is_kept
    wrong = longer[1].copy()
    wrong[:, quarter : 2 * quarter] = np.roll(wrong[:, quarter : 2 * quarter], BAR + BEAT // 2, 1)
    found, sentence = judged(recipe, stems, wrong)
    assert found.whole.chroma > 0.7
    assert not found.is_kept
    assert "in the section two" in sentence


def test_drums_alone_are_judged_by_their_attacks(stems):
    recipe, sound = rearranged({"drums": stems["drums"]}, ORDER)
    found, _ = judged(recipe, stems, sound)
    assert found.is_kept
    assert found.whole.onsets > 0.9
    assert not judged(moved(recipe, BEAT // 2), stems, sound)[0].is_kept


def test_a_steady_chord_is_judged_by_its_notes():
    at = np.arange(12 * RATE) / RATE
    chord = 0.1 * sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.18, 329.63))
    stems = {"pad": np.stack([chord, chord]).astype(np.float32)}
    recipe, sound = faster(stems, 0)
    found, _ = judged(recipe, stems, sound)
    assert (found.is_kept, found.whole.onsets) == (True, None)
    assert found.whole.chroma > 0.95


@pytest.mark.parametrize("kind", ["silence", "noise"])
def test_what_has_neither_notes_nor_attacks_is_no_reason_to_refuse(kind):
    size = 12 * RATE
    noise = 0.1 * np.random.default_rng(2).standard_normal((2, size))
    stems = {"other": (noise if kind == "noise" else np.zeros((2, size))).astype(np.float32)}
    recipe, sound = faster(stems, 0)
    found, sentence = judged(recipe, stems, sound)
    assert found.is_kept
    assert found.whole.chroma is None
    assert "keeps the song" in sentence or "no notes or attacks" in sentence


def test_grains_are_judged_by_their_notes_only(stems):
    rng = np.random.default_rng(4)
    keys, length = stems["keys"], 3 * stems["keys"].shape[1]
    size = round(0.6 * RATE)
    sound = np.zeros((2, length + size))
    shape = np.hanning(size)
    for centre in np.sort(rng.integers(size, length - size, 12 * length // RATE)):
        at = centre // 3 + rng.integers(-9_600, 9_600)
        at = int(np.clip(at, size, keys.shape[1] - size))
        sound[:, centre - size // 2 :][:, :size] += shape * keys[:, at - size // 2 :][:, :size]
    grains = Grains(600.0, 12.0, 200.0, 0.0, 1)
    anchors = ((0, 0), (length, keys.shape[1]))
    laid = Clip(0, "granular/1", 0, length, anchors, grains=grains)
    recipe = recipe_of({"keys": keys}, length, [laid])
    found, _ = judged(recipe, {"keys": keys}, sound[:, :length])
    assert (found.is_kept, found.whole.onsets) == (True, None)
    assert found.whole.chroma > 0.8
    wrong = replace(recipe, clips=(replace(laid, semitones=1),))
    assert not judged(wrong, {"keys": keys}, sound[:, :length])[0].is_kept


def test_few_short_stretches_tell_the_same(stems, remix):
    recipe, sound = remix
    places = [(n * 2 * RATE, sound[:, n * 2 * RATE :][:, :40_960]) for n in range(6)]
    right = likeness_of(recipe, stems, places)
    assert right.is_kept
    assert right.whole.onsets > 0.9
    assert not likeness_of(moved(recipe, BEAT // 2), stems, places).is_kept


def test_a_stretch_leaves_and_should_leave_what_it_does_in_the_whole(stems, remix):
    recipe, sound = remix
    start, end = 6 * PITCH_HOP, 16 * PITCH_HOP
    part, whole = imprints_of([sound[:, start:end], sound])
    lo = start // HOP
    assert np.allclose(part.bands, whole.bands[lo:][: len(part.bands)], rtol=1e-4, atol=1e-12)
    assert np.allclose(part.pitch, whole.pitch[6:][: len(part.pitch)], rtol=1e-4, atol=1e-12)
    ought, all_of_it = (
        expected_of(recipe, stems, [span]) for span in ((start, end), (0, recipe.length))
    )
    bands = all_of_it.bands[:, lo:][:, : ought.bands.shape[1]]
    pitch = all_of_it.pitch[:, 6:][:, : ought.pitch.shape[1]]
    assert np.allclose(ought.bands, bands, rtol=1e-4, atol=1e-9)
    assert np.allclose(ought.pitch, pitch, rtol=1e-4, atol=1e-9)


def test_an_imprint_reads_mean_squares_and_names_the_pitch_class():
    at = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 440.0 * at)
    found = imprint_of(np.stack([tone, tone]).astype(np.float32))
    assert found.bands[5:-5].sum(axis=1) == pytest.approx(0.5, rel=0.03)
    assert np.all(found.pitch.argmax(axis=1) == 9)
    assert found.pitch[:, 9] / found.pitch.sum(axis=1) == pytest.approx(1.0, abs=0.15)


def test_strips_and_notes_stand_in_what_is_expected(stems):
    length = 4 * BAR
    laid = clip(0, 0, length, ((0, 0),))
    sections = (Section("soft", 0, length // 2, 0.2), Section("loud", length // 2, length, 0.9))
    strips = (Strip(0, 0, -20.0), Strip(0, 1, 0.0))
    keys = {"keys": stems["keys"]}
    flat = recipe_of(keys, length, [laid], sections=sections)
    plain = expected_of(flat, keys, [(0, length)]).bands.sum(axis=(0, 2))
    strips_in = expected_of(replace(flat, strips=strips), keys, [(0, length)])
    ratio = strips_in.bands.sum(axis=(0, 2)) / np.maximum(plain, 1e-12)
    half = length // 2 // HOP
    loud = plain > 1e-6
    assert ratio[: half - 2][loud[: half - 2]] == pytest.approx(0.01, rel=1e-3)
    assert ratio[half + 2 :][loud[half + 2 :]] == pytest.approx(1.0, rel=1e-3)
    note = Note(0, BAR, RATE // 2, 0, RATE, 12, -6.0, "net")
    struck = recipe_of(keys, length, [], notes=(note,))
    bands = expected_of(struck, keys, [(0, length)]).bands.sum(axis=(0, 2))
    assert bands[: BAR // HOP - 2].max() == 0.0
    assert bands[BAR // HOP : BAR // HOP + 12].min() > 0.0
    assert bands[(BAR + RATE // 2) // HOP + 2 :].max() == 0.0


def test_presence_finds_how_much_of_each_source_a_table_holds():
    rng = np.random.default_rng(8)
    each = rng.exponential(size=(3, 400, 8)).astype(np.float32)
    for amounts in ((1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)):
        heard = np.tensordot(np.array(amounts, np.float32), each, axes=1)
        presence, weight = presence_of([(heard, each)])
        assert presence == pytest.approx(amounts, abs=0.02)
        assert weight.sum() == pytest.approx(1.0)
        turned, _ = presence_of([(heard, each[::-1])])
        assert turned[::-1] == pytest.approx(presence, abs=1e-6)


def test_the_bounds_are_those_of_the_version_that_records_name():
    bounds = (
        *(likeness.CHROMA_AT_LEAST, likeness.ONSETS_AT_LEAST, likeness.PRESENCE_AT_LEAST),
        *(likeness.PRESENCE_IN_STRETCHES, likeness.WEIGHT_AT_LEAST, likeness.SECTION_S),
    )
    assert (likeness.THRESHOLDS, bounds) == ("keeps-the-song/1", (0.7, 0.5, 0.28, 0.15, 0.05, 8.0))
