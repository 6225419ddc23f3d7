"""Processor "reverb/1" in torch: the room as blocks of spectra, a send as blocks that meet them.

Knows blocks on the absolute grid, not sources. Invariant: block b of a return depends on send
blocks b - P .. b only, summed in one order.
"""

import numpy as np
import torch
from torch import Tensor

from generation.engine.reverb import impulse
from generation.recipe import BLOCK_SAMPLES, Reverb

_FRAME = 2 * BLOCK_SAMPLES


class Room:
    """The impulse response as `spectra`, complex64 [P, 2, BLOCK + 1]."""

    def __init__(self, reverb: Reverb, device: torch.device) -> None:
        response = impulse(reverb)
        self.blocks = -(-response.shape[1] // BLOCK_SAMPLES)
        padded = np.zeros((2, self.blocks * BLOCK_SAMPLES), dtype=np.float32)
        padded[:, : response.shape[1]] = response
        parts = torch.from_numpy(padded).to(device).view(2, self.blocks, BLOCK_SAMPLES)
        self.spectra = torch.fft.rfft(parts.transpose(0, 1), _FRAME)

    def returned(self, sends: Tensor) -> Tensor:
        """What comes back of `sends` [n, P * BLOCK + count * BLOCK]: [n, 2, count * BLOCK].

        Sends lead by P blocks.
        """
        blocks = sends.unfold(-1, _FRAME, BLOCK_SAMPLES)
        heard = torch.fft.rfft(blocks)[:, :, None]
        count = heard.shape[1] - self.blocks + 1
        mixed = torch.zeros_like(heard[:, :count]).expand(-1, -1, 2, -1).clone()
        for part in range(self.blocks):
            first = self.blocks - 1 - part
            mixed += heard[:, first : first + count] * self.spectra[part]
        tail: Tensor = torch.fft.irfft(mixed, _FRAME)[..., BLOCK_SAMPLES:]
        return tail.transpose(1, 2).flatten(-2)
