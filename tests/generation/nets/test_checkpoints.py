"""What does not load: weights without a card, other weights, nets nobody knows, weak ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generation.nets import checkpoints, registry
from generation.nets.checkpoints import Checkpoint, CheckpointError
from tests.generation.nets.material import card

TENSORS = {"weight": np.arange(6, dtype=np.int16).reshape(2, 3)}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return checkpoints.save(Checkpoint(card(), TENSORS), tmp_path)


def test_a_released_checkpoint_loads_with_its_tensors_and_its_digest(saved: Path) -> None:
    loaded = checkpoints.load(saved)
    assert len(loaded.card.weights_sha256) == 64
    assert np.array_equal(loaded.tensors["weight"], TENSORS["weight"])


def test_a_checkpoint_without_a_card_does_not_load(saved: Path) -> None:
    saved.with_suffix(".json").unlink()
    with pytest.raises(CheckpointError, match="no card"):
        checkpoints.load(saved)


def test_a_card_without_weights_does_not_load(saved: Path) -> None:
    saved.unlink()
    with pytest.raises(CheckpointError, match="no weights"):
        checkpoints.load(saved)


def test_weights_that_changed_by_one_bit_do_not_load(saved: Path) -> None:
    written = bytearray(saved.read_bytes())
    written[-1] ^= 1
    saved.write_bytes(written)
    with pytest.raises(CheckpointError, match="not those that its card names"):
        checkpoints.load(saved)


def test_a_card_that_is_not_whole_does_not_load(saved: Path) -> None:
    aside = saved.with_suffix(".json")
    aside.write_text(aside.read_text().replace("CC0-1.0", ""))
    with pytest.raises(CheckpointError, match="licence"):
        checkpoints.load(saved)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"net": "choir"}, "no net called 'choir'"), ({"architecture": "reader/9"}, "this reads")],
)
def test_what_no_code_here_reads_does_not_load(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    strange = Checkpoint(replace(card(), **change), TENSORS)
    with pytest.raises(CheckpointError, match=told):
        checkpoints.load(checkpoints.save(strange, tmp_path))


def test_figures_below_a_threshold_do_not_load_but_as_a_draft(tmp_path: Path) -> None:
    good = card()
    weak = replace(good, figures=(replace(good.figures[0], reached=2.36), *good.figures[1:]))
    path = checkpoints.save(Checkpoint(weak, TENSORS), tmp_path)
    with pytest.raises(CheckpointError, match=r"chord is 2\.36, not <= 2\.35"):
        checkpoints.load(path)
    assert checkpoints.load_draft(path).card.figures[0].reached == 2.36


def test_versions_lie_side_by_side_and_the_newest_is_found(tmp_path: Path) -> None:
    for version in (1, 2, 10):
        checkpoints.save(Checkpoint(replace(card(), version=version), TENSORS), tmp_path)
    assert checkpoints.versions("harmony", tmp_path) == [1, 2, 10]
    assert checkpoints.newest("harmony", tmp_path).card.version == 10
    with pytest.raises(CheckpointError, match="No version of the line net"):
        checkpoints.newest("line", tmp_path)


@pytest.mark.parametrize("name", sorted(registry.NETS))
def test_every_net_is_found_under_its_own_name_with_thresholds(name: str) -> None:
    found = registry.find(name)
    assert found.name == name
    assert found.thresholds
