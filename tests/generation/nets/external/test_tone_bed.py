"""The external net without weights: in key, as long as asked, the same for the same seed."""

import numpy as np
import pytest

from generation.nets.external.admission import BED, problems
from generation.nets.external.opening import open_external, version_of
from generation.nets.external.values import RATE_HZ, ExternalNetError, ExternalPlan, Task
from generation.nets.values import Signature


@pytest.fixture(scope="module")
def net():
    return open_external(BED, None, is_commercial=True)


def plan(*words, seconds=2.0, signature=None):
    return ExternalPlan(Task.WORDS, seconds, words or ("calm",), 0.0, signature)


def spectrum(sound):
    power = np.abs(np.fft.rfft(sound.audio[0] * np.hanning(sound.audio.shape[1]))) ** 2
    return np.fft.rfftfreq(sound.audio.shape[1], 1.0 / RATE_HZ), power


def test_it_needs_no_weights_and_is_free_in_every_deployment():
    assert problems(BED, None, is_commercial=True) == []
    assert len(version_of(BED, None)) == 64


@pytest.mark.parametrize("seconds", [0.25, 2.0])
def test_it_is_as_long_as_asked_at_minus_20_dbfs(net, seconds):
    sound = net.generate(plan(seconds=seconds), (), 7)
    assert sound.audio.shape == (2, round(seconds * RATE_HZ))
    assert np.sqrt(np.mean(sound.audio**2)) == pytest.approx(0.1, rel=1e-3)


def test_the_same_seed_sounds_the_same_and_another_does_not(net):
    one, same, other = (net.generate(plan(), (), seed).audio for seed in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("mode", "third"), [("maj", 4), ("min", 3)])
def test_its_chord_is_the_one_of_the_key(net, mode, third):
    hz, power = spectrum(net.generate(plan(signature=Signature((4, 4), 0, mode)), (), 1))

    def near(semitones):
        middle = 261.626 * 2.0 ** (semitones / 12.0)
        return power[np.abs(1_200 * np.log2(np.maximum(hz, 1.0) / middle)) < 40].sum()

    other = 7 - third
    assert near(third) > 100.0 * near(other)
    assert near(0) > 100.0 * near(1)


def test_bright_is_brighter_than_dark(net):
    centers = []
    for word in ("dark", "bright"):
        hz, power = spectrum(net.generate(plan(word), (), 2))
        centers.append(float((hz * power).sum() / power.sum()))
    assert centers[1] > 1.3 * centers[0]


def test_it_follows_no_stems(net):
    with pytest.raises(ExternalNetError, match="cannot make sound after the stems"):
        net.generate(ExternalPlan(Task.FOLLOW, 1.0, ("calm",)), (), 0)


def test_weights_are_named_by_every_byte_of_their_folder(tmp_path):
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "weights").write_bytes(b"one")
    first = version_of("ace-step", tmp_path)
    version_of.cache_clear()
    assert version_of("ace-step", tmp_path) == first
    (tmp_path / "part" / "weights").write_bytes(b"two")
    version_of.cache_clear()
    assert version_of("ace-step", tmp_path) != first
