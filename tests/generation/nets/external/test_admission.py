"""Who is opened and who is not, in words; what may be asked; what such sound is called."""

import sys
from pathlib import Path

import numpy as np
import pytest

from generation.nets.external import admission, values
from generation.nets.external.admission import KNOWN, problems
from generation.nets.external.opening import open_external
from generation.nets.external.values import (
    Conditioning,
    ExternalNetError,
    ExternalPlan,
    Task,
    checked,
    mixed,
    sound_of,
)
from generation.nets.values import Signature
from licensing.attribution.rules import UNATTRIBUTED

CALM = ("calm", "pad")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / admission.INDEX).write_text("{}")
    return tmp_path


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch):
    """Which packages are there; all of them to begin with."""
    there = {one for terms in KNOWN.values() for one in terms.packages}
    monkeypatch.setattr(admission, "find_spec", lambda name: name if name in there else None)
    return there


def test_what_is_free_for_everybody_is_opened_in_every_deployment(folder, packages) -> None:
    for is_commercial in (True, False):
        assert problems("ace-step", folder, is_commercial=is_commercial) == []


def test_what_is_free_on_conditions_is_refused_where_the_deployment_is_commercial(
    folder, packages
) -> None:
    (told,) = problems("stable-audio", folder, is_commercial=True)
    assert "Stability AI Community License" in told
    assert told.endswith("and this deployment is commercial.")
    assert problems("stable-audio", folder, is_commercial=False) == []
    with pytest.raises(ExternalNetError, match="this deployment is commercial"):
        open_external("stable-audio", folder, is_commercial=True)


def test_missing_packages_and_weights_are_named_in_a_sentence_each(tmp_path, packages) -> None:
    packages -= {"torchsde", "diffusers"}
    told = problems("stable-audio", tmp_path, is_commercial=False)
    assert told[0].startswith("Stable Audio Open needs diffusers, torchsde, which is not installed")
    assert "model_index.json is missing" in told[1]
    (unset,) = problems("ace-step", None, is_commercial=False)[1:]
    assert unset == "ACE-Step 1.5 needs the folder of its weights, and none is set."


def test_a_net_that_nobody_knows_is_named_with_those_that_are_known() -> None:
    with pytest.raises(
        ExternalNetError, match=r"“choir”; there are ace-step, stable-audio, tone-bed"
    ):
        open_external("choir", None, is_commercial=False)


def test_asking_what_is_missing_loads_nothing_heavy() -> None:
    assert not {"diffusers", "transformers"} & set(vars(admission))
    assert "import torch" not in Path(admission.__file__).read_text()
    assert admission.__name__ in sys.modules


@pytest.mark.parametrize("words", [("like", "somebody"), (), ("calm", "in the manner of X")])
def test_nobody_asks_in_free_text(words) -> None:
    with pytest.raises(ExternalNetError, match="closed list"):
        ExternalPlan(Task.WORDS, 1.0, words)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 601.0, float("nan")])
def test_a_plan_has_a_length(seconds) -> None:
    with pytest.raises(ExternalNetError, match="more than 0"):
        ExternalPlan(Task.WORDS, seconds, CALM)


def test_keys_are_said_as_people_say_them() -> None:
    said = [
        ExternalPlan(Task.WORDS, 1.0, CALM, 0.0, Signature((4, 4), tonic, mode)).key
        for tonic, mode in ((9, "min"), (3, "maj"))
    ]
    assert said == ["A minor", "Eb major"]


def test_stems_that_condition_are_summed_and_cut_to_the_plan() -> None:
    stems = [
        Conditioning("a", np.full((2, 3), 0.25, np.float32)),
        Conditioning("b", np.full((2, 9), 0.5, np.float32)),
    ]
    assert mixed(stems, 5).tolist() == [[0.75, 0.75, 0.75, 0.5, 0.5]] * 2


def test_such_sound_is_nobodys_share_and_names_what_steered_it() -> None:
    plan = ExternalPlan(Task.FOLLOW, 4 / values.RATE_HZ, CALM)
    sound = sound_of(np.ones((2, 3), np.float32), plan, [Conditioning("a", np.ones((2, 1)))], "X")
    assert sound.audio.tolist() == [[1, 1, 1, 0]] * 2
    assert (sound.share_of, sound.conditioned_on) == (UNATTRIBUTED, ("a",))
    assert sound.note == "attribution: conditioning only"


def test_samples_that_are_not_finite_never_leave() -> None:
    plan = ExternalPlan(Task.WORDS, 1.0, CALM)
    with pytest.raises(ExternalNetError, match="not finite"):
        sound_of(np.array([[np.nan], [0.0]], np.float32), plan, [], "X")


def test_a_task_that_the_weights_cannot_do_is_refused_with_those_that_they_can() -> None:
    plan = ExternalPlan(Task.ACCOMPANY, 1.0, CALM)
    with pytest.raises(ExternalNetError, match=r"sound beside the stems; .* from words"):
        checked(plan, [], frozenset({Task.WORDS}), "X")
    with pytest.raises(ExternalNetError, match="needs at least one stem"):
        checked(plan, [], frozenset({Task.ACCOMPANY}), "X")
