"""From a checkpoint of the drum net back to the net and its index of passages."""

import numpy as np
import torch

from generation.nets.checkpoints import Checkpoint
from generation.nets.drums.copies import I64
from generation.nets.drums.model import DrumNet, DrumSizes

FILE_NAME = "groove_drums.json"
PASSAGES = "passages"


def net_of(checkpoint: Checkpoint) -> DrumNet:
    """The net with the checkpoint's weights."""
    asked = checkpoint.card.settings
    names = ("width", "layers", "entry", "chain", "touch")
    net = DrumNet(DrumSizes(*(int(asked[one]) for one in names)))
    weights = {k: torch.from_numpy(np.array(v)) for k, v in checkpoint.tensors.items()}
    weights.pop(PASSAGES)
    net.load_state_dict(weights)
    return net.eval()


def index_in(checkpoint: Checkpoint) -> I64:
    """The digests of passages that are not to be played."""
    return np.asarray(checkpoint.tensors[PASSAGES], np.int64)
