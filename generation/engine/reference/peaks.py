"""What stands out in a spectrum, and which bins belong to it.

A frame is one complex transform: left is its real part, right its imaginary part. Peaks stand above
their neighbors on either side, ties to the lower bin; a region ends at the weakest bin between two
peaks, or midway. Knows spectra, not sound or time. Invariant: a frame's regions follow from that
frame alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from generation.engine.phases import FAINT, reach_of


@dataclass(frozen=True, slots=True)
class Regions:
    """Peaks and regions of frames.

    `peaks`: int64 [frames, most], bins, as many as `counts` [frames] says; `numbers`: int64
    [frames, bins], the region of each bin, which is the number of its peak.
    """

    peaks: Tensor
    counts: Tensor
    numbers: Tensor


def most_of(size: int) -> int:
    """The most peaks that a frame of `size` samples can have."""
    return size // 2 // (reach_of(size) + 1) + 2


def power_of(spectra: Tensor) -> Tensor:
    """The power of each bin over both channels, doubled: [frames, size / 2 + 1]."""
    size = spectra.shape[-1]
    square = spectra.real * spectra.real + spectra.imag * spectra.imag
    half = square[..., : size // 2 + 1]
    mirrored = torch.cat((square[..., :1], square[..., size // 2 :].flip(-1)), dim=-1)
    return half + mirrored


def crests_of(power: Tensor, size: int) -> Tensor:
    """Which bins are peaks: bool [frames, bins]."""
    bins, reach = power.shape[-1], reach_of(size)
    floor = (power.amax(-1, keepdim=True).double() * FAINT).float()
    wide = torch.nn.functional.pad(power, (reach, reach))
    found = power >= floor
    for away in range(1, reach + 1):
        found &= power > wide[:, reach - away : reach - away + bins]
        found &= power >= wide[:, reach + away : reach + away + bins]
    found[:, :2] = False
    found[:, bins - 2 :] = False
    return found


def regions_of(power: Tensor, size: int, is_midway: bool) -> Regions:
    """The peaks of each frame and the regions about them."""
    crests, most = crests_of(power, size), most_of(size)
    counts = crests.sum(-1)
    ranks = crests.cumsum(-1) - 1
    bins = torch.arange(power.shape[-1], device=power.device).expand_as(ranks)
    peaks = ranks.new_zeros((len(power), most + 1))
    peaks.scatter_(1, torch.where(crests, ranks, most), bins)
    if is_midway:
        return Regions(peaks[:, :most], counts, _midway(peaks, counts, ranks))
    between = ~crests & (ranks >= 0) & (ranks < counts[:, None] - 1)
    gaps = torch.where(between, ranks, most)
    least = power.new_full((len(power), most + 1), torch.inf)
    least = least.scatter_reduce(1, gaps, power, "amin")
    weakest = between & (power == least.gather(1, gaps))
    first = bins.new_full((len(power), most + 1), power.shape[-1])
    first = first.scatter_reduce(1, gaps, torch.where(weakest, bins, power.shape[-1]), "amin")
    borders = weakest & (bins == first.gather(1, gaps))
    return Regions(peaks[:, :most], counts, borders.cumsum(-1))


def _midway(peaks: Tensor, counts: Tensor, ranks: Tensor) -> Tensor:
    """The region of each bin where one ends midway to the next peak, rounded up.

    `ranks` [frames, bins]: the last peak up to each bin.
    """
    here, last = ranks.clamp_min(0), (counts[:, None] - 1).clamp_min(0)
    after = torch.minimum(here + 1, last)
    borders = (peaks.gather(1, here) + peaks.gather(1, after) + 1) // 2
    bins = torch.arange(ranks.shape[1], device=ranks.device)
    return torch.where((bins >= borders) & (ranks >= 0), after, here)
