"""Checkpoints for tests of serving: sound ones that learned nothing, in a folder of the test."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from generation.nets import checkpoints
from generation.nets.cards import Permitted
from generation.nets.checkpoints import Checkpoint
from tests.generation.nets.material import card


def release(
    folder: Path, version: int, net: str = "harmony", permitted: tuple[Permitted, ...] = ()
) -> str:
    """A version with weights of its own and a whole card; its digest."""
    tensors = {"weight": np.full(4, version, dtype=np.int16)}
    path = checkpoints.save(
        Checkpoint(replace(card(net), version=version, permitted=permitted), tensors), folder
    )
    return checkpoints.read_card(path).weights_sha256
