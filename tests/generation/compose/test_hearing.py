"""A mix net is heard before it is released: what sound says stands on its card, or no release."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from generation.compose.hearing import measuring, songs
from generation.compose.hearing.measuring import Size, figures_of, heard_of
from generation.nets import cards, checkpoints
from generation.nets.checkpoints import Checkpoint, CheckpointError
from generation.nets.mix.asked import HEARD, PEAK, STILL, THRESHOLDS
from generation.nets.mix.model import MixNet, MixSizes
from generation.nets.mix_stems import FILE_NAME
from tests.generation.nets.material import card
from tests.generation.nets.noise import noise_song

SIZES = {"width": 16, "layers": 1, "heads": 2}


def untaught() -> Checkpoint:
    """A mix net that learned nothing and cannot be settled: a unit so large that nothing counts."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        net = MixNet(MixSizes(16, 1, 2))
    net.scale.fill_(1e-3)
    tensors = {name: one.numpy() for name, one in net.state_dict().items()}
    return Checkpoint(replace(card("mix"), settings=SIZES, figures=()), tensors)


def written(folder: Path, seconds: float) -> None:
    """A data folder of the mix net: a song of noise to learn from, the same one held out."""
    song = noise_song(seconds)
    stems = [{"role": one.role, "bands": one.bands} for one in song.stems]
    pieces = [{"name": one, "split": one, "stems": stems} for one in ("train", "test")]
    origin = {"source": "here", "licence": "CC0-1.0", "attribution": "Noise by nobody."}
    (folder / FILE_NAME).write_text(json.dumps(origin | {"pieces": pieces}))
    songs.keep(folder, 0, song, seconds)


def test_every_threshold_on_sound_is_measured_under_its_name() -> None:
    found = heard_of(untaught(), [noise_song(0.5)], Size(1, 3, 1), lambda line: None)
    figures = {one.name: one for one in figures_of(found, 3)}
    asked = [one.name for one in THRESHOLDS if one.name.startswith("heard")]
    assert len(asked) == 12
    assert set(asked) <= set(figures)
    assert set(figures[HEARD].baselines or {}) >= {"best of 3", "flat mix", "random"}
    assert figures[STILL].reached == 0.0
    assert figures[PEAK].reached <= -1.0


def test_sound_held_out_reads_back_to_the_bit(tmp_path: Path) -> None:
    written(tmp_path, 0.5)
    (read,) = songs.held_out(tmp_path, 8)
    for one, other in zip(read.stems, noise_song(0.5).stems, strict=True):
        assert np.array_equal(one.sound, other.sound)
        assert one.role == other.role
        assert list(one.bands["levels_db"]) == list(other.bands["levels_db"])


def test_a_net_that_is_far_from_what_is_asked_when_heard_is_not_released(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "OF_A_RELEASE", Size(1, 2, 1))
    written(tmp_path, 0.5)
    draft = checkpoints.save(untaught(), tmp_path / "drafts")
    told = StringIO()
    with pytest.raises(CommandError, match=r"Not released: .*heard: error to target is"):
        call_command(
            "release_net", "mix", data=tmp_path, checkpoint=draft, into=tmp_path / "released",
            stdout=told,
        )  # fmt: skip
    assert "heard: error to target" in told.getvalue()
    assert not (tmp_path / "released").exists()


def test_without_held_out_sound_nothing_is_measured(db: None, tmp_path: Path) -> None:
    written(tmp_path, 0.5)
    draft = checkpoints.save(untaught(), tmp_path / "drafts")
    (tmp_path / songs.HELD_OUT).rename(tmp_path / "elsewhere")
    with pytest.raises(CommandError, match="sound of held-out pieces is not in"):
        call_command("release_net", "mix", data=tmp_path, checkpoint=draft, stdout=StringIO())


def test_a_mix_net_whose_card_was_never_heard_does_not_load(tmp_path: Path) -> None:
    whole = card("mix")
    deaf = tuple(one for one in whole.figures if not one.name.startswith("heard"))
    path = checkpoints.save(Checkpoint(replace(whole, figures=deaf), untaught().tensors), tmp_path)
    with pytest.raises(CheckpointError, match="heard: error to target was not measured"):
        checkpoints.load(path)
    assert cards.missed(whole.figures, THRESHOLDS) == []
