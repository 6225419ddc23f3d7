"""Gain that follows level, over whole tensors: "compressor/1" and "limiter/1".

Levels and reductions are whole hundredths of a decibel on absolute steps. A release that is linear
in dB is a running maximum of a tilted line, so it needs no loop. Knows levels, not who made them.
Invariant: from the same integers come the same gains as from the compiled loops.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from generation.engine import dynamics
from generation.engine.dynamics import DEEPEST, FLOOR, LIMIT_STEP, PEAK_TAPS, PHASES, STEP
from generation.engine.reference.arithmetic import gain_of, log2_of
from generation.recipe import SAMPLE_RATE_HZ, Compressor, Limiter

_DB_PER_LOG2 = 602.0599913279624


def levels_of(sound: Tensor) -> Tensor:
    """Mean power of each step of STEP samples over both channels: [2, n] to int64 [n / STEP].

    In hundredths of dB re full scale.
    """
    steps = sound.double().square().sum(0).view(-1, STEP)
    power = steps.sum(-1) / (2 * STEP)
    level = torch.floor(0.5 * _DB_PER_LOG2 * log2_of(power.clamp_min(1e-12)) + 0.5)
    return torch.where(power > 1e-12, level.to(torch.int64), FLOOR)


def tops_of(sound: Tensor) -> Tensor:
    """The largest magnitude of each step of LIMIT_STEP samples, read at four times the rate.

    `sound` [2, PEAK_TAPS + n + PEAK_TAPS]; over both channels, float32 [n / LIMIT_STEP].
    """
    count = sound.shape[1] - 2 * PEAK_TAPS
    top = sound[:, PEAK_TAPS : PEAK_TAPS + count].abs()
    for phase in PHASES:
        between = torch.zeros_like(top)
        for tap, weight in enumerate(phase.tolist()):
            first = PEAK_TAPS // 2 + 1 + tap
            between += sound[:, first : first + count] * weight
        top = torch.maximum(top, between.abs())
    return top.view(2, -1, LIMIT_STEP).amax((0, 2))


def peaks_from(tops: Tensor) -> Tensor:
    """`tops` in hundredths of dBTP rounded up, int64."""
    level = torch.ceil(_DB_PER_LOG2 * log2_of(tops.double().clamp_min(1e-6)))
    return torch.where(tops > 1e-6, level.to(torch.int64), FLOOR)


def compressor_gain(compressor: Compressor, levels: Tensor, lead: int) -> Tensor:
    """The gain per sample after `lead` steps of run-in; `levels` as `levels_of` gives them."""
    over = (levels - round(compressor.threshold_db * 100)).double()
    slope = 1.0 - 1.0 / compressor.ratio
    knee = slope * (over + 300.0) * (over + 300.0) / 1200.0
    wanted = torch.where(over >= 300, slope * over, torch.where(over > -300, knee, 0.0))
    reductions = torch.floor(wanted + 0.5).to(torch.int64).clamp_max(DEEPEST)
    held = released(reductions, fall_of(compressor.release_db_per_s, STEP))
    width = max(1, round(compressor.attack_ms * SAMPLE_RATE_HZ / 1000 / STEP))
    return spread(eased(held, width, lead - 1, compressor.makeup_db), STEP)


def limiter_gain(limiter: Limiter, peaks: Tensor, lead: int) -> Tensor:
    """The gain per sample; `peaks` [lead + n + lookahead] of whole steps (`peaks_from`)."""
    ahead = dynamics.lookahead_steps(limiter)
    over = (peaks - math.floor(limiter.ceiling_dbtp * 100)).clamp(0, DEEPEST)
    most = pad(over, (1, ahead - 1)).unfold(0, ahead + 1, 1).amax(-1)
    held = released(most, fall_of(limiter.release_db_per_s, LIMIT_STEP))
    return spread(eased(held[: len(held) - ahead + 1], ahead, lead, 0.0), LIMIT_STEP)


def fall_of(db_per_s: float, step: int) -> int:
    """Hundredths of a dB that a reduction falls back in one step, at least one."""
    return max(1, round(db_per_s * 100 * step / SAMPLE_RATE_HZ))


def released(reductions: Tensor, fall: int) -> Tensor:
    """A reduction falls back by at most `fall` per step: int64 [n]."""
    tilt = fall * torch.arange(len(reductions), device=reductions.device)
    return (reductions + tilt).cummax(0).values - tilt


def eased(reductions: Tensor, width: int, lead: int, makeup_db: float) -> Tensor:
    """The mean reduction of `width` steps up to each from `lead` on, as a gain at its beginning."""
    sums = pad(reductions.cumsum(0), (width, 0))
    total = (sums[width:] - sums[:-width])[lead:]
    return gain_of(makeup_db - total.double() / (100.0 * width)).float()


def spread(gains: Tensor, step: int) -> Tensor:
    """Gains at the beginnings of steps as a straight line through every sample."""
    slope = (gains[1:] - gains[:-1]) / step
    ramp = torch.arange(step, device=gains.device, dtype=gains.dtype)
    return (gains[:-1, None] + slope[:, None] * ramp).flatten()
