"""Both adapters on tiny random pipelines of the real classes, offline, two steps."""

import json
import os

import numpy as np
import pytest

from generation.nets.external.ace_step import AceStep
from generation.nets.external.admission import INDEX, KNOWN
from generation.nets.external.opening import open_external
from generation.nets.external.stable_audio import StableAudio
from generation.nets.external.values import (
    RATE_HZ,
    Conditioning,
    ExternalNetError,
    ExternalPlan,
    Task,
)
from generation.nets.values import Signature
from tests.generation.nets.external import tiny

SECONDS = 0.4
STEMS = [
    Conditioning(
        "d" * 64,
        np.sin(np.linspace(0, 300, 2 * RATE_HZ)).reshape(2, -1).astype(np.float32),
    )
]


def plan(task=Task.WORDS, seconds=SECONDS):
    return ExternalPlan(task, seconds, ("calm", "pad", "bass"), 92.0, Signature((3, 4), 9, "min"))


@pytest.fixture(scope="module")
def ace():
    return AceStep(KNOWN["ace-step"], tiny.ace_step(), steps=2)


@pytest.fixture(scope="module")
def stable():
    return StableAudio(KNOWN["stable-audio"], tiny.stable_audio(), steps=2)


@pytest.fixture(params=["ace", "stable"])
def net(request):
    return request.getfixturevalue(request.param)


def test_sound_is_as_long_as_asked_stereo_finite_and_not_silent(net) -> None:
    sound = net.generate(plan(), [], 7)
    assert sound.audio.shape == (2, round(SECONDS * RATE_HZ))
    assert sound.audio.dtype == np.float32
    assert np.isfinite(sound.audio).all()
    assert np.abs(sound.audio).max() > 0
    assert sound.conditioned_on == ()


@pytest.mark.parametrize(("name", "task"), [("ace", Task.ACCOMPANY), ("stable", Task.FOLLOW)])
def test_the_same_seed_gives_the_same_samples_and_another_seed_others(name, task, request) -> None:
    net = request.getfixturevalue(name)
    for asked, stems in ((plan(), []), (plan(task), STEMS)):
        first, again, other = (net.generate(asked, stems, seed).audio for seed in (7, 7, 8))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize(("name", "task"), [("ace", Task.ACCOMPANY), ("stable", Task.FOLLOW)])
def test_stems_steer_and_are_named(name, task, request) -> None:
    net = request.getfixturevalue(name)
    silent = [Conditioning("e" * 64, np.zeros((2, 10), np.float32))]
    found = [net.generate(plan(task), stems, 7) for stems in (STEMS, silent)]
    assert not np.array_equal(found[0].audio, found[1].audio)
    assert [one.conditioned_on for one in found] == [("d" * 64,), ("e" * 64,)]


def test_what_weights_can_do_follows_from_what_they_hold(ace, stable) -> None:
    assert ace.capabilities == {Task.WORDS, Task.ACCOMPANY}
    turbo = AceStep(KNOWN["ace-step"], tiny.ace_step(turbo=True), steps=2)
    assert turbo.capabilities == {Task.WORDS}
    assert stable.capabilities == {Task.WORDS, Task.FOLLOW}
    with pytest.raises(ExternalNetError, match="cannot make sound after the stems"):
        ace.generate(plan(Task.FOLLOW), STEMS, 7)


def test_terms_are_told_by_what_is_open(ace, stable) -> None:
    assert (ace.licence, ace.commercial_ok) == ("MIT", True)
    assert stable.commercial_ok is False
    assert "Freesound" in stable.training_data_note
    assert "not document" in ace.training_data_note


def test_longer_than_the_weights_know_is_refused(stable) -> None:
    with pytest.raises(ExternalNetError, match=r"at most 0\.7 s at once"):
        stable.generate(plan(seconds=1.0), [], 7)


def test_weights_at_another_rate_are_refused() -> None:
    with pytest.raises(ExternalNetError, match="48 kHz"):
        AceStep(KNOWN["ace-step"], tiny.ace_step(rate_hz=32_000), steps=2)


def test_a_folder_is_opened_offline_and_plays_as_what_was_saved(tmp_path, ace) -> None:
    tiny.ace_step().save_pretrained(tmp_path)
    opened = open_external("ace-step", tmp_path, is_commercial=True)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    opened._steps = 2
    assert np.array_equal(opened.generate(plan(), [], 7).audio, ace.generate(plan(), [], 7).audio)


def test_a_folder_that_does_not_read_is_refused_in_one_sentence(tmp_path) -> None:
    (tmp_path / INDEX).write_text(json.dumps({"_class_name": "AceStepPipeline"}))
    with pytest.raises(ExternalNetError, match=r"The weights of ACE-Step 1\.5 do not read"):
        open_external("ace-step", tmp_path, is_commercial=True)
