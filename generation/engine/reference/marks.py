"""Band gains of a watermark in torch, as `marking` defines them.

Knows plain numbers, not what they spell. Invariant: gains of one leave the sound as it is, and a
sample depends on at most FRAME samples to either side.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from generation.engine.marking import FRAME, HOP, SHAPE, band_edges


def marked(sound: Tensor, lo: int, mark: Tensor) -> Tensor:
    """`sound` [2, FRAME + n + FRAME] that begins at sample lo - FRAME, marked: [2, n].

    `mark` is float32 [frames, bands]; beyond its last row gains are one. lo and n are multiples of
    HOP.
    """
    shape = torch.from_numpy(SHAPE).to(sound.device)
    inner = sound[:, FRAME - HOP : -FRAME + HOP]
    frames = inner.unfold(-1, FRAME, HOP) * shape
    spectra = torch.fft.rfft(frames) * _deviation(mark, lo // HOP, frames.shape[1])
    pieces = (torch.fft.irfft(spectra, FRAME) * shape).view(2, -1, 2, HOP)
    late, early = pieces[:, :-1, 1], pieces[:, 1:, 0]
    out: Tensor = inner[:, HOP:-HOP] + late.flatten(1) + early.flatten(1)
    return out


def _deviation(mark: Tensor, first: int, count: int) -> Tensor:
    """Gains minus one for each bin, float32 [count, FRAME / 2 + 1], frames from `first` on."""
    edges = torch.tensor(band_edges(mark.shape[1]), device=mark.device)
    rows = mark[max(0, first) : max(0, first + count)] - 1.0
    wide = torch.repeat_interleave(rows, edges.diff(), dim=1, output_size=FRAME // 2)
    before = min(count, max(0, -first))
    return pad(wide, (1, 0, before, count - before - len(wide)))
