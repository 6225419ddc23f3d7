"""Processor "reverb/1" in torch: the room as blocks of spectra, a send as blocks that meet them.

Knows blocks on the absolute grid, not sources. Invariant: block b of a return depends on send
blocks b - P .. b only, summed in one order.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from generation.engine.reverb import impulse
from generation.recipe import BLOCK_SAMPLES, Reverb

_FRAME = 2 * BLOCK_SAMPLES

Meet = Callable[[Tensor, Tensor], Tensor]


class Room:
    """The impulse response as `spectra`, complex64 [P, 2, BLOCK + 1]."""

    def __init__(self, reverb: Reverb, device: torch.device) -> None:
        response = impulse(reverb)
        self.blocks = -(-response.shape[1] // BLOCK_SAMPLES)
        padded = np.zeros((2, self.blocks * BLOCK_SAMPLES), dtype=np.float32)
        padded[:, : response.shape[1]] = response
        parts = torch.from_numpy(padded).to(device).view(2, self.blocks, BLOCK_SAMPLES)
        self.spectra = torch.fft.rfft(parts.transpose(0, 1), _FRAME)

    def returned(self, sends: Tensor, meet: Meet) -> Tensor:
        """What comes back of `sends` [n, P * BLOCK + count * BLOCK]: [n, 2, count * BLOCK].

        Sends lead by P blocks; `meet` is `met` or a faster form of it.
        """
        heard = torch.fft.rfft(sends.unfold(-1, _FRAME, BLOCK_SAMPLES))
        tail: Tensor = torch.fft.irfft(meet(heard, self.spectra), _FRAME)[..., BLOCK_SAMPLES:]
        return tail.transpose(1, 2).flatten(-2)


@lru_cache(maxsize=8)
def room_of(reverb: Reverb, device: torch.device) -> Room:
    """The room of a recipe on a device, made once."""
    return Room(reverb, device)


def met(heard: Tensor, room: Tensor) -> Tensor:
    """Sends through the room, bin by bin: complex64 [n, count, 2, bins].

    Block b of `heard` [n, P - 1 + count, bins] meets part p of `room` [P, 2, bins] in block b + p
    of what comes back, p rising.
    """
    parts = len(room)
    count = heard.shape[1] - parts + 1
    out = heard.new_zeros((len(heard), count, 2, heard.shape[2]))
    for part in range(parts):
        first = parts - 1 - part
        out += heard[:, first : first + count, None] * room[part]
    return out
