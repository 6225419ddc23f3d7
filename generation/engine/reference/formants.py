"""Gains that leave a voice's formants where they were when its pitch is moved.

Knows the power of frames, not what is in them. Invariant: a frame's gains follow from its own power
alone.
"""

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

from generation.engine.reference.arithmetic import exp2_of, log2_of


def envelope_gains(power: Tensor, width: int, ratio: float) -> Tensor:
    """What puts the spectral envelope back as before a shift by `ratio`: [frames, bins].

    The envelope is the greatest power within `width` bins, then the mean of its logarithm over as
    many. At most 24 dB are given or taken.
    """
    bins = power.shape[-1]
    tops = max_pool1d(power[:, None], 2 * width + 1, 1, width)[:, 0]
    sums = pad(log2_of(tops.double().clamp_min(1e-12)).cumsum(-1), (1, 0))
    k = torch.arange(bins, device=power.device)
    lo, hi = (k - width).clamp_min(0), (k + width + 1).clamp_max(bins)
    smooth = (sums[:, hi] - sums[:, lo]) / (hi - lo)
    wanted = smooth[:, (k * ratio + 0.5).long().clamp_max(bins - 1)]
    return exp2_of(0.5 * (wanted - smooth).clamp(-8.0, 8.0)).float()
