"""A choice of nets is a value, and what runs for it is what it names."""

from dataclasses import replace
from pathlib import Path

import pytest

from generation.nets import checkpoints, chosen, registry
from generation.nets.checkpoints import CheckpointError
from generation.nets.chosen import Choice, Chosen, Shelf
from tests.generation.nets.material import untaught_harmony

A, B = Choice("drums", 1, "a" * 64), Choice("line", 2, "b" * 64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three versions of a harmony net that learned nothing; their weights are alike."""
    made = untaught_harmony()
    for version in (1, 2, 10):
        checkpoints.save(replace(made, card=replace(made.card, version=version)), tmp_path)
    return tmp_path


def test_equal_choices_are_equal_in_whatever_order_they_were_made() -> None:
    assert Chosen((A, B)) == Chosen((B, A))
    assert hash(Chosen((A, B))) == hash(Chosen((B, A)))
    assert Chosen((B, A)).of("drums") == A
    assert Chosen((A,)).of("line") is None


def test_a_net_is_chosen_once() -> None:
    with pytest.raises(ValueError, match="once"):
        Chosen((A, replace(A, version=2)))


def test_the_newest_is_the_highest_number_and_needs_no_weights(folder: Path) -> None:
    checkpoints.path_of(folder, "harmony", 10).write_bytes(b"")
    (newest,) = chosen.newest(folder)
    assert (newest.net, newest.version, len(newest.digest)) == ("harmony", 10, 64)


def test_a_version_without_a_whole_card_is_no_choice(folder: Path) -> None:
    checkpoints.path_of(folder, "harmony", 2).with_suffix(".json").write_text("{}")
    assert [one.version for one in chosen.choices_in("harmony", folder)] == [1, 10]


def test_every_net_that_ships_is_chosen() -> None:
    assert {one.net for one in chosen.newest()} == set(registry.NETS)


def test_versions_stand_side_by_side_and_the_longest_unasked_is_put_away(folder: Path) -> None:
    shelf = Shelf((folder,), most=2)
    first, second, third = (Chosen((one,)) for one in chosen.choices_in("harmony", folder))
    runs = shelf.load(first)["harmony"].runs
    shelf.load(second)
    assert shelf.load(first)["harmony"].runs is runs
    shelf.load(third)
    assert shelf.held == (*first, *third)


def test_a_choice_of_other_weights_is_refused(folder: Path) -> None:
    (one, *_) = chosen.choices_in("harmony", folder)
    with pytest.raises(CheckpointError, match="not the one that was chosen"):
        Shelf((folder,)).load(Chosen((replace(one, digest="0" * 64),)))


def test_a_choice_that_lies_in_no_folder_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="not on the shelf"):
        Shelf((folder, folder.parent)).load(Chosen((Choice("harmony", 3, "0" * 64),)))
