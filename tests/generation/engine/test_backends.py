"""One suite for every way to render: each against the compiled loops and against outside oracles.

A way that this machine lacks is skipped with the reason.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.engine import backends
from generation.engine.lines import lines_of
from generation.engine.render import Cache, render
from generation.engine.resample import ratio_of
from generation.recipe import Band, Clip, Compressor, Grains, Note, Strip, UnknownProcessor
from tests.generation.engine.drawing import assert_same, cuts_of, recipe_of, spoken, tones
from tests.generation.engine.material import RATE, busy, chord, hits, noise, plain_recipe
from tests.generation.engine.test_slices_and_grains import clicks
from tests.generation.engine.test_vocoder import CHORD, fitted, swing

ROOT = Path(__file__).resolve().parents[3]
LENGTH = 2 * RATE
SLOWER = ((0, 0), (LENGTH, round(0.8 * LENGTH)))
FASTER = ((0, 0), (30_000, 33_500), (LENGTH, round(1.1 * LENGTH)))


@pytest.fixture(scope="module", params=backends.NAMES)
def backend(request):
    reason = backends.missing(request.param)
    if reason is not None:
        pytest.skip(reason)
    return backends.backend_of(request.param)


def tonal(*places, processor="vocoder/3", **changes):
    return Clip(0, processor, 1_000, LENGTH, FASTER, *places, **changes)


NOISE, TONES = noise(3), chord(3)
DRUMS, ATTACKS = hits(3, every=9_000)
STRIPS = (
    Strip(0, 0, -3.0, 0.2, (Band("low_shelf", 120.0, 3.0),), None),
    Strip(0, 1, 1.0, -0.5, (Band("peak", 900.0, 6.0),), Compressor(-30.0, 3.0, 10.0, 60.0)),
)
WHOLE = ((0, 0), (LENGTH, LENGTH))
CASES = {
    "tones, 2048": (TONES, (tonal(2, 2_048),)),
    "tones, 4096": (TONES, (tonal(0, 4_096),)),
    "tones, 8192": (TONES, (tonal(-3, 8_192),)),
    "tones, the version before": (
        TONES,
        (tonal(-3, 8_192, processor="vocoder/2"), tonal(2, 8_192)),
    ),
    "a voice": (spoken(150.0), (tonal(-4, 2_048, formants=True),)),
    "noise, an octave down": (NOISE, (tonal(-12, 2_048, fade_in=9_000, fade_out=3_000),)),
    "noise": (NOISE, (tonal(2, 2_048),)),
    "tones over hiss": (TONES + np.float32(0.01) * NOISE, (tonal(2, 8_192),)),
    "verbatim": (NOISE, (Clip(0, "vocoder/3", 500, LENGTH, ((0, 700),)),)),
    "slices, slower": (DRUMS, (Clip(0, "slices/1", 1_000, LENGTH, SLOWER),)),
    "slices, faster": (DRUMS, (Clip(0, "slices/1", 1_000, LENGTH, FASTER),)),
    "grains": (
        NOISE,
        (Clip(0, "granular/1", 1_000, LENGTH, FASTER, 3, grains=Grains(90, 40, 50, 0.5, 7)),),
    ),
    "grains at pitch": (
        NOISE,
        (Clip(0, "granular/1", 0, LENGTH, SLOWER, 0, grains=Grains(200, 3, 0, 0, 7)),),
    ),
}

# Far below the loudest bin a spectrum is as good as its transform rounds, and what is a peak there
# is decided anew. So it is in noise under tones, and in noise read at half its pace, which leaves
# the upper half of the spectrum to what the reading's window lets pass.
LESS = {"noise, an octave down": 60.0, "tones over hiss": 40.0}


@pytest.mark.parametrize("name", CASES)
def test_every_clip_processor_sounds_as_the_loops_do(backend, name):
    stem, clips = CASES[name]
    recipe = plain_recipe(LENGTH, {"a": stem}, clips)
    material = ({"a": stem}, {"a": ATTACKS} if stem is DRUMS else {})
    found = backend.render(recipe, *material, 0, LENGTH, with_windows=False, with_parts=False)
    expected = render(recipe, *material, 0, LENGTH, with_windows=False, with_parts=False)
    assert np.abs(expected.audio).max() > 1e-3
    assert backends.snr_db(found.audio, expected.audio) >= LESS.get(name, backends.AGREED_DB)


def consoled(clip):
    recipe = plain_recipe(LENGTH, {"a": TONES}, (clip,), strips=STRIPS)
    one, other = replace(recipe.sections[0], end=50_000), replace(recipe.sections[0], start=50_000)
    return replace(recipe, sections=(one, other))


@pytest.mark.parametrize("clip", [tonal(2, 4_096), Clip(0, "vocoder/3", 0, LENGTH, WHOLE)])
def test_an_equalizer_sounds_as_the_loops_do_in_the_spectrum_and_outside_it(backend, clip):
    recipe = consoled(clip)
    found = backend.render(recipe, {"a": TONES}, {}, 0, LENGTH, with_windows=False)
    expected = render(recipe, {"a": TONES}, {}, 0, LENGTH, with_windows=False)
    assert backends.snr_db(found.audio, expected.audio) >= backends.AGREED_DB


def without_formants(recipe):
    """The desk's voice is noise, whose emptied upper half they raise by up to 24 dB, and with it
    what is decided anew there (see LESS).
    """
    return replace(recipe, clips=tuple(replace(clip, formants=False) for clip in recipe.clips))


@pytest.fixture(scope="module")
def desk():
    """Three stems through everything there is, and what the loops make of it."""
    recipe, stems, onsets = busy(5)
    recipe = without_formants(recipe)
    return recipe, stems, onsets, render(recipe, stems, onsets, 0, recipe.length)


@pytest.fixture(scope="module")
def heard(backend, desk):
    recipe, stems, onsets, _ = desk
    return backend.render(recipe, stems, onsets, 0, recipe.length)


def test_a_whole_desk_sounds_as_the_loops_do(heard, desk):
    assert backends.snr_db(heard.audio, desk[3].audio) >= backends.AGREED_DB


def test_every_part_sounds_as_the_loops_do(heard, desk):
    for found, expected in zip(heard.parts, desk[3].parts, strict=True):
        assert backends.snr_db(found, expected) >= backends.AGREED_DB


def test_parts_add_up_to_the_output(heard):
    assert np.abs(heard.parts.sum(axis=0) - heard.audio).max() <= 1e-6


def test_windows_and_lines_are_those_of_the_loops(heard, desk):
    found, expected = heard.windows, desk[3].windows
    assert np.abs(found - expected).max() <= 1e-3 * expected.max()
    names = list(desk[1])
    one, other = dict(lines_of(found, names)), dict(lines_of(expected, names))
    assert max(abs(one[name] - other[name]) for name in names) <= 50


FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
PAIRS = st.tuples(*[tones(("vocoder/3", "vocoder/2"))] * 2)


@FEW
@given(data=st.data())
def test_any_cuts_have_the_bits_of_the_whole(backend, desk, heard, data):
    """Of clips drawn at random, 4 s long and so past a checkpoint, or of the whole desk."""
    made = (desk[:3], heard)
    if data.draw(st.integers(0, 3)):
        drawn = recipe_of(data.draw(PAIRS), 4)
        made = (drawn, backend.render(*drawn, 0, drawn[0].length))
    material, whole = made
    cache = Cache()
    for start, end in data.draw(cuts_of(material[0].length, 3).flatmap(st.permutations)):
        tapes = data.draw(st.sampled_from([cache, None]))
        piece = backend.render(*material, start, end, cache=tapes)
        assert_same(whole, start, end, piece)


def test_a_mark_is_laid_as_the_loops_lay_it(backend):
    recipe = plain_recipe(LENGTH, {"a": NOISE}, CASES["verbatim"][1])
    gains = np.random.default_rng(5).uniform(0.7, 1.4, (60, 32)).astype(np.float32)
    found = backend.render(recipe, {"a": NOISE}, {}, 0, LENGTH, mark=gains, with_windows=False)
    expected = render(recipe, {"a": NOISE}, {}, 0, LENGTH, mark=gains, with_windows=False)
    plain = render(recipe, {"a": NOISE}, {}, 0, LENGTH, with_windows=False)
    assert backends.snr_db(plain.audio, expected.audio) < 30
    assert backends.snr_db(found.audio, expected.audio) >= backends.AGREED_DB


def test_a_chord_stays_forty_decibels_above_its_errors(backend):
    seconds, slope = 16, 124 / 112
    length = seconds * RATE
    stem = chord(seconds * slope + 1, CHORD)
    anchors = ((0, 0), (length, round(length * slope)))
    recipe = plain_recipe(
        length, {"a": stem}, [Clip(0, "vocoder/3", 0, length, anchors, 2, window=8_192)]
    )
    made = backend.render(recipe, {"a": stem}, {}, 0, length, with_parts=False, with_windows=False)
    out = made.audio[0, RATE : 15 * RATE].astype(np.float64)
    p, q = ratio_of(2)
    ratio, _ = fitted(out, [f * p / q for f in CHORD])
    assert ratio >= 40
    assert swing(out) - swing(stem[0, RATE : 15 * RATE].astype(np.float64)) < 0.3


def test_a_moved_click_keeps_its_energy_within_a_millisecond(backend):
    slope = 124 / 112
    stem, onsets = clicks(3, 11_025)
    clip = Clip(0, "slices/1", 0, LENGTH, ((0, 0), (LENGTH, round(LENGTH * slope))))
    recipe = plain_recipe(LENGTH, {"a": stem}, [clip])
    made = backend.render(
        recipe, {"a": stem}, {"a": onsets}, 0, LENGTH, with_parts=False, with_windows=False
    )
    out = made.audio[0].astype(np.float64)
    places = (onsets[0] / slope)[onsets[0] / slope < LENGTH - 2_000].round().astype(int)
    near = sum((out[place - 48 : place + 48] ** 2).sum() for place in places)
    before = sum((out[place - 1_000 : place - 48] ** 2).sum() for place in places)
    assert near >= 0.97 * (out[: LENGTH - 2_000] ** 2).sum()
    assert before <= 0.01 * near


def test_a_silent_stem_gives_silence(backend):
    stem = np.zeros((2, 3 * RATE), dtype=np.float32)
    recipe = plain_recipe(LENGTH, {"a": stem}, (tonal(2, 2_048), tonal(3, 4_096, formants=True)))
    made = backend.render(recipe, {"a": stem}, {}, 0, LENGTH)
    assert not made.audio.any()
    assert not made.windows.any()


# -- torch alone ----------------------------------------------------------------------------------


def test_torch_refuses_what_only_the_loops_can_play_and_the_loops_are_taken_instead():
    torch = backends.backend_of("torch-cpu")
    recipe = plain_recipe(LENGTH, {"a": TONES}, (replace(tonal(2), processor="vocoder/1"),))
    with pytest.raises(UnknownProcessor, match="vocoder/1"):
        torch.render(recipe, {"a": TONES}, {}, 0, LENGTH)
    assert backends.backend_for(recipe, torch).name == "numba"
    newer = plain_recipe(LENGTH, {"a": TONES}, (tonal(2),))
    assert backends.backend_for(newer, torch) is torch


def noted(recipe):
    """The recipe with a note of a net, which is a source of its own."""
    return replace(recipe, notes=(Note(0, 5_000, 20_000, 1_000, 30_000, 5, -6.0, "net"),))


@pytest.fixture
def threads():
    """Sets how many threads torch has, and puts it back."""
    import torch

    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@FEW
@given(data=st.data())
def test_a_batch_of_recipes_has_the_bits_of_each_alone_by_any_threads(threads, data):
    import torch

    from generation.engine.reference.rendering import Jobs, on_device

    cpu = torch.device("cpu")

    def made(drawn, lo):
        held = [{name: on_device(stem, cpu) for name, stem in one[1].items()} for one in drawn]
        recipes, onsets = [one[0] for one in drawn], [one[2] for one in drawn]
        jobs = Jobs(recipes, held, onsets, [None] * len(drawn), cpu)
        return [desk.sound(lo, lo + 9_600).numpy() for desk in jobs.desks]

    few = [recipe_of(pair, 2) for pair in data.draw(st.lists(PAIRS, min_size=1, max_size=3))]
    few.append((noted(few[0][0]), *few[0][1:]))
    batch = data.draw(st.lists(st.sampled_from(few), min_size=1, max_size=8))
    lo = data.draw(st.integers(0, 2 * RATE - 9_600))
    threads(1)
    alone = {id(one): made([one], lo)[0] for one in batch}
    threads(data.draw(st.integers(1, 4)))
    for one, found in zip(batch, made(batch, lo), strict=True):
        assert np.array_equal(found, alone[id(one)])
        assert np.abs(found).max() > 1e-3


def test_every_step_stays_on_its_device(desk):
    """On torch's "meta" device, which has shapes and no sound, a step on the CPU would raise."""
    import torch

    from generation.engine.reference.rendering import Jobs, on_device

    meta = torch.device("meta")
    recipe, stems, onsets, _ = desk
    recipe = replace(recipe, clips=(*recipe.clips, replace(tonal(3, 2_048), formants=True)))
    held = {name: on_device(stem, meta) for name, stem in stems.items()}
    mark = np.ones((60, 32), dtype=np.float32)
    made = Jobs([recipe], [held], [onsets], [mark], meta).desks[0]
    assert made.sound(0, recipe.length).shape == (2, recipe.length)
    # Three sources, and the notes that a net wrote for one of them.
    assert made.windows(0, 96_000).shape == (20, 4)
    assert made.parts(0, 9_600).device == meta


# -- choosing -------------------------------------------------------------------------------------


def test_a_machine_without_a_device_renders_by_the_loops():
    if backends.missing("torch-cuda") is None:
        pytest.skip("there is a CUDA device")
    assert backends.choose_backend().name == "numba"
    with pytest.raises(backends.BackendMissing, match="no CUDA device"):
        backends.choose_backend("torch-cuda")


def test_a_backend_that_is_asked_for_is_taken():
    assert backends.choose_backend("torch-cpu").name == "torch-cpu"
    assert backends.choose_backend("numba").name == "numba"
    with pytest.raises(ValueError, match="is not known"):
        backends.choose_backend("abacus")


def test_a_backend_agrees_with_the_loops_before_it_is_chosen(backend):
    assert backends.agreement_db(backend) >= backends.AGREED_DB


def test_rendering_by_the_loops_loads_no_torch():
    program = (
        "import sys, generation.engine.render, generation.engine.backends as b;"
        "b.choose_backend('numba'); print('torch' in sys.modules, 'triton' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
