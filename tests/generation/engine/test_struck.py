"""Notes of "struck/2" are in tune by the cent, begin and end without a click, and last as asked."""

from dataclasses import replace

import numpy as np
import pytest

from generation.engine.accord import snr_db
from generation.engine.reference.rendering import TorchBackend
from generation.engine.render import render
from generation.recipe import Note, OutOfRange, from_json, to_json
from tests.generation.engine.material import RATE, plain_recipe, stereo

LENGTH = 3 * RATE


def sines(*hertz, seconds=4.0, level=0.2):
    time = np.arange(int(seconds * RATE)) / RATE
    return stereo(sum(level * np.sin(2 * np.pi * tone * time) for tone in hertz))


def note(**changes):
    plain = Note(0, 4_800, 120_000, 9_600, 180_000, 0, 0.0, "", "struck/2")
    return replace(plain, **changes)


def heard(stem, *notes, length=LENGTH):
    recipe = plain_recipe(length, {"a": stem}, [], notes=notes)
    assert from_json(to_json(recipe)) == recipe
    return render(recipe, {"a": stem}, {}, 0, length).audio


def pitch_hz(sound, near):
    """Where the phase of a tone near `near` Hz runs, between two halves of what was heard."""
    size = len(sound) // 2
    window = np.hanning(size) * np.exp(-2j * np.pi * near * np.arange(size) / RATE)
    first, last = (window * sound[:size]).sum(), (window * sound[size : 2 * size]).sum()
    turn = np.angle(last * np.conj(first) * np.exp(-2j * np.pi * near * size / RATE))
    return near + turn / (2 * np.pi) * RATE / size


def above_db(sound, hertz):
    """The energy above a frequency against all of it, in dB."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    first = int(hertz * len(sound) / RATE)
    return 10 * np.log10(power[first:].sum() / power.sum())


@pytest.mark.parametrize(("semitones", "cents"), [(3, 0), (-3, 0), (0, 37), (2, -50), (-1, -9)])
def test_a_note_is_in_tune_to_a_hundredth_of_a_cent(semitones, cents):
    sound = heard(sines(441.3), note(semitones=semitones, cents=cents))[0, 9_600:105_600]
    wanted = 441.3 * 2 ** ((100 * semitones + cents) / 1200)
    assert abs(1200 * np.log2(pitch_hz(sound.astype(float), wanted) / wanted)) < 0.01


def test_a_moved_tone_stays_a_pure_tone():
    for hertz in (110.0, 1_760.0, 7_000.0):
        sound = heard(sines(hertz), note(semitones=-2, cents=21))[0, 9_600:105_600].astype(float)
        pace = hertz * 2 ** (-179 / 1200)
        time = np.arange(len(sound)) / RATE
        basis = np.stack([f(2 * np.pi * pace * time) for f in (np.sin, np.cos)], axis=1)
        fit = basis @ np.linalg.lstsq(basis, sound, rcond=None)[0]
        assert 10 * np.log10((fit**2).sum() / ((sound - fit) ** 2).sum()) > 80


def test_a_note_at_the_slices_own_pitch_is_the_stem_itself():
    stem = sines(300.0, 1_234.5)
    sound = heard(stem, note())
    assert np.array_equal(sound[:, 4_800:124_800], stem[:, 9_600:129_600])
    assert not sound[:, :4_800].any()
    assert not sound[:, 124_800:].any()


def test_a_note_ends_with_its_slice_where_there_is_no_loop():
    sound = heard(sines(300.0), note(slice_end=9_600 + 24_000, semitones=-3, fade_out=480))
    last = 4_800 + int(24_000 * 2 ** (3 / 12))
    assert not sound[:, last:].any()
    assert np.abs(sound[0, last - 2_400 : last]).max() > 0.1


def test_a_loop_of_whole_periods_holds_a_tone_as_long_as_it_is_asked_to():
    # 48,000 / 160 = 300 samples a period.
    looped = note(slice_end=40_000, loop=(20_000, 20_000 + 40 * 300), semitones=1, fade_in=96)
    sound = heard(sines(160.0, 320.0), looped)[0, 9_600:105_600].astype(float)
    levels = np.sqrt((sound.reshape(-1, 4_800) ** 2).mean(axis=1))
    assert 20 * np.log10(levels.max() / levels.min()) < 0.1
    assert above_db(sound * np.hanning(len(sound)), 1_000) < -90
    assert abs(1200 * np.log2(pitch_hz(sound, 160.0 * 2 ** (1 / 12)) / (160 * 2 ** (1 / 12)))) < 0.1


def test_a_loop_of_broken_periods_is_blended_and_does_not_click():
    broken = note(slice_end=40_000, loop=(20_000, 20_000 + 12_111), length=130_000, fade_out=2_400)
    sound = heard(sines(160.0), replace(broken, fade_in=2_400))[0].astype(float)
    assert above_db(sound, 2_000) < -80


def test_fades_take_the_click_off_both_ends():
    plain, faded = note(slice_start=9_675), note(slice_start=9_675, fade_in=480, fade_out=720)
    clicks = [above_db(heard(sines(160.0), one)[0].astype(float), 5_000) for one in (plain, faded)]
    assert clicks[0] > -50
    assert clicks[1] < -90


def test_notes_are_the_same_bits_whatever_is_cut():
    stem = sines(160.0, 520.0)
    notes = (
        note(slice_end=40_000, loop=(20_000, 31_000), semitones=-2, cents=13, fade_in=96),
        note(start=30_001, slice_start=0, length=50_000, semitones=3, net="n", fade_out=999),
    )
    recipe = plain_recipe(LENGTH, {"a": stem}, [], notes=notes)
    whole = render(recipe, {"a": stem}, {}, 0, LENGTH)
    for lo, hi in ((0, 96_000), (4_800, 4_801), (62_400, 110_000), (96_000, LENGTH)):
        part = render(recipe, {"a": stem}, {}, lo, hi)
        assert np.array_equal(part.audio, whole.audio[:, lo:hi])
        if lo % 4_800 == 0:
            first = lo // 4_800
            assert np.array_equal(part.windows, whole.windows[first:][: len(part.windows)])
            assert np.array_equal(part.generated, whole.generated[first:][: len(part.windows)])


def test_torch_plays_notes_as_the_loops_do():
    stem = sines(160.0, 2_520.0)
    notes = (
        note(slice_end=40_000, loop=(20_000, 31_000), semitones=-2, cents=13, fade_in=96),
        note(start=30_001, length=50_000, semitones=3, cents=-4, net="n", fade_out=999),
    )
    recipe = plain_recipe(LENGTH, {"a": stem}, [], notes=notes)
    one = render(recipe, {"a": stem}, {}, 0, LENGTH)
    other = TorchBackend("cpu").render(recipe, {"a": stem}, {}, 0, LENGTH)
    assert snr_db(other.audio, one.audio) > 100
    assert np.allclose(other.generated, one.generated, rtol=1e-5, atol=1e-9)
    assert one.generated.max() > 1e-3


@pytest.mark.parametrize(
    "changes",
    [
        {"cents": 101},
        {"fade_in": -1},
        {"fade_in": 60_000, "fade_out": 60_001},
        {"loop": (9_599, 20_000)},
        {"loop": (20_000, 180_001)},
        {"loop": (20_000, 20_255)},
        {"processor": "struck/1", "cents": 3},
        {"processor": "struck/1", "loop": (20_000, 30_000)},
    ],
)
def test_a_note_that_cannot_be_played_is_refused(changes):
    with pytest.raises(OutOfRange):
        heard(sines(300.0), note(**changes))
