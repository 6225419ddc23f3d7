"""The two commands: what is trained is a draft, and a draft that falls short is not released."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from generation.nets import checkpoints, registry
from generation.nets.checkpoints import CheckpointError
from tests.generation.nets.material import tune_file


def test_a_net_that_learned_little_is_a_draft_and_is_refused(db: None, tmp_path: Path) -> None:
    tune_file(tmp_path, tunes=6, bars=16)
    told = StringIO()
    call_command("train_net", "harmony", data=tmp_path, out=tmp_path, seed=3, stdout=told)
    number = (checkpoints.versions("harmony") or [0])[-1] + 1
    draft = checkpoints.path_of(tmp_path, "harmony", number)
    assert told.getvalue().splitlines()[-1] == str(draft)
    card = checkpoints.load_draft(draft).card
    assert (card.seed, card.figures) == (3, ())
    assert card.training is not None
    assert card.training.plan == registry.find("harmony").plan
    assert 0 < card.training.cpu_s < 600
    assert "torch" in card.training.machine
    with pytest.raises(CheckpointError, match="figures"):
        checkpoints.load(draft)
    # Tunes that all stand on one chord make the thresholds easy; a bar of bits is not met by them.
    told = StringIO()
    with pytest.raises(CommandError, match="Not released"):
        call_command(
            "release_net", "harmony", data=tmp_path, checkpoint=draft, into=tmp_path / "released",
            stdout=told,
        )  # fmt: skip
    assert "unigram" in told.getvalue()
    assert not (tmp_path / "released").exists()


def test_data_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"data of the line net is not there.*hymns|lieder"):
        call_command("train_net", "line", data=tmp_path, out=tmp_path, stdout=StringIO())
