"""Gain that follows level: compressors on strips and bus, and the true-peak limiter.

Levels and reductions are whole hundredths of a decibel on absolute steps; a reduction falls back
linearly in dB, so what a step owes to the past is bounded and a late start reaches the very same
integers. Invariant: a gain at a sample depends on the levels of a stated stretch before (and for
the limiter 5 ms after) it, and on nothing else.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generation.engine.kernels import Audio, Reals, Turns, gain_of, kernel, log2_of, within
from generation.engine.vectors import (
    fma,
    greater,
    highest_lane,
    load,
    magnitude,
    splat,
    store,
    total,
)
from generation.recipe import SAMPLE_RATE_HZ, Compressor, Limiter

STEP = 64
FLOOR = -12_000
DEEPEST = 3_000
LIMIT_STEP = 16
PEAK_TAPS = 12
_DB_PER_LOG2 = 602.0599913279624


def oversampler() -> Reals:
    """Three phases of the 4x interpolator by which libebur128 reads true peaks, float64 [3, TAPS].

    A Hann-windowed sinc of 49 taps; phase 0 is the sample itself. Source: libebur128, ebur128.c.
    """
    j = np.arange(4 * PEAK_TAPS + 1)
    taps = np.sinc((j - 2 * PEAK_TAPS) / 4.0) * (0.5 - 0.5 * np.cos(np.pi * j / (2 * PEAK_TAPS)))
    return np.array([taps[f : 4 * PEAK_TAPS : 4][::-1] for f in (1, 2, 3)])


PHASES: Audio = oversampler().astype(np.float32)
# How far a peak between samples may rise above all samples about it, and a little for rounding.
BETWEEN = 1.001 * float(np.abs(oversampler()).sum(axis=1).max())


def compressor_memory(compressor: Compressor) -> int:
    """Samples of the past that a compressor's gain depends on, whole steps."""
    release = math.ceil(DEEPEST / _fall(compressor.release_db_per_s, STEP))
    return (release + _attack(compressor) + 2) * STEP


def limiter_memory(limiter: Limiter) -> int:
    """Samples of the past that the limiter's gain depends on, whole steps."""
    release = math.ceil(DEEPEST / _fall(limiter.release_db_per_s, LIMIT_STEP))
    return (release + 2 * lookahead_steps(limiter) + 2) * LIMIT_STEP


def lookahead_steps(limiter: Limiter) -> int:
    """Steps that the limiter looks ahead, at least one."""
    return max(1, round(limiter.lookahead_ms * SAMPLE_RATE_HZ / 1000 / LIMIT_STEP))


def _fall(db_per_s: float, step: int) -> int:
    """Hundredths of a dB that a reduction falls back in one step, at least one."""
    return max(1, round(db_per_s * 100 * step / SAMPLE_RATE_HZ))


def _attack(compressor: Compressor) -> int:
    return max(1, round(compressor.attack_ms * SAMPLE_RATE_HZ / 1000 / STEP))


class Squeeze(NamedTuple):
    """A compressor in whole numbers: hundredths of dB and steps.

    `slope`: how much of what passes the threshold is taken away; `fall`: by how much a reduction
    falls back in a step; `width`: steps of the mean that is the attack.
    """

    threshold: int
    slope: float
    fall: int
    width: int
    makeup_db: float


def squeeze_of(compressor: Compressor) -> Squeeze:
    """The numbers of a compressor."""
    return Squeeze(
        round(compressor.threshold_db * 100), 1.0 - 1.0 / compressor.ratio,
        _fall(compressor.release_db_per_s, STEP), _attack(compressor), compressor.makeup_db,
    )  # fmt: skip


def compressor_steps(compressor: Compressor, levels: Turns, lead: int) -> Audio:
    """The gain at the beginning of each step after `lead` of run-in, and after the last.

    `levels` as `measure_levels` gives them. The static curve bends over 6 dB around the threshold;
    attack is a mean over attack_ms.
    """
    gains = np.empty(len(levels) - lead + 1, dtype=np.float32)
    squeeze(levels, squeeze_of(compressor), lead - 1, gains)
    return gains


def compressor_gain(compressor: Compressor, levels: Turns, lead: int) -> Audio:
    """The gain per sample after `lead` steps of run-in, as `compressor_steps` has it by steps."""
    return spread(compressor_steps(compressor, levels, lead), STEP)


def limiter_steps(limiter: Limiter, peaks: Turns, lead: int) -> Audio:
    """The gain at the beginning of each step, and after the last.

    `peaks` [lead + n + lookahead] of whole steps (`measure_peaks`).
    """
    ahead = lookahead_steps(limiter)
    gains = np.empty(len(peaks) - lead - ahead + 1, dtype=np.float32)
    ceiling = math.floor(limiter.ceiling_dbtp * 100)
    limit(peaks, ceiling, ahead, _fall(limiter.release_db_per_s, LIMIT_STEP), lead, gains)
    return gains


def limiter_gain(limiter: Limiter, peaks: Turns, lead: int) -> Audio:
    """The gain per sample, as `limiter_steps` has it by steps."""
    return spread(limiter_steps(limiter, peaks, lead), LIMIT_STEP)


def reductions_of(limiter: Limiter, excess: Turns) -> Turns:
    """What the limiter holds off per step, given by how much each step passes the ceiling."""
    held = np.empty(len(excess), dtype=np.int32)
    fall = _fall(limiter.release_db_per_s, LIMIT_STEP)
    hold_off(excess, 0, lookahead_steps(limiter), fall, held)
    return held


@kernel
def measure_levels(sound: Audio, step: int, levels: Turns) -> None:
    """Mean power of each step over both channels, in hundredths of dB re full scale.

    `step` is a multiple of 16.
    """
    for j in range(levels.shape[0]):
        held = splat(np.float32(0.0))
        for i in range(j * step, (j + 1) * step, 16):
            left, right = load(sound[0], i), load(sound[1], i)
            held = fma(left, left, fma(right, right, held))
        power = float(total(held)) / (2 * step)
        level = FLOOR
        if power > 1e-12:
            level = int(np.floor(0.5 * _DB_PER_LOG2 * log2_of(power) + 0.5))
        levels[j] = level


@kernel
def shave(levels: Turns, threshold: int, slope: float, reductions: Turns) -> None:
    """The static curve: how far each level is to be brought down."""
    for j in range(levels.shape[0]):
        over = levels[j] - threshold
        wanted = 0.0
        if over >= 300:
            wanted = slope * over
        elif over > -300:
            wanted = slope * (over + 300.0) * (over + 300.0) / 1200.0
        reductions[j] = min(DEEPEST, int(np.floor(wanted + 0.5)))


@kernel
def release(reductions: Turns, fall: int) -> None:
    """In place: a reduction falls back by at most `fall` per step."""
    held = 0
    for j in range(reductions.shape[0]):
        held = max(reductions[j], held - fall)
        reductions[j] = held


@kernel
def hold(over: Turns, ahead: int, held: Turns) -> None:
    """At each step's beginning, the most that the step before it or the `ahead` to come ask.

    Runs of 2, 4, 8 ... steps first: two of them that overlap make up the run asked for.
    """
    size, run = over.shape[0], 1
    padded = np.zeros(size + ahead + 1, dtype=np.int32)
    padded[1 : size + 1] = over
    while 2 * run <= ahead + 1:
        for j in range(size + ahead + 1 - run):
            padded[j] = max(padded[j], padded[j + run])
        run *= 2
    for j in range(size):
        held[j] = max(padded[j], padded[j + ahead + 1 - run])


@kernel
def hold_off(peaks: Turns, ceiling: int, ahead: int, fall: int, held: Turns) -> None:
    """What a limiter holds off per step: what passes the ceiling, held ahead and let go again."""
    over = np.empty_like(held)
    for j in range(over.shape[0]):
        over[j] = min(max(peaks[j] - ceiling, 0), DEEPEST)
    hold(over, ahead, held)
    release(held, fall)


@kernel
def limit(peaks: Turns, ceiling: int, ahead: int, fall: int, lead: int, gains: Audio) -> None:
    """A limiter's gains from the peaks of steps, one after another."""
    held = np.empty(peaks.shape[0], dtype=np.int32)
    hold_off(peaks, ceiling, ahead, fall, held)
    ease(held, ahead, lead, 0.0, gains)


@kernel
def squeeze(levels: Turns, by: Squeeze, lead: int, gains: Audio) -> None:
    """A compressor's gains from its levels: static curve, release and attack, one after another."""
    reductions = np.empty(levels.shape[0], dtype=np.int32)
    shave(levels, by.threshold, by.slope, reductions)
    release(reductions, by.fall)
    ease(reductions, by.width, lead, by.makeup_db, gains)


@kernel
def ease(reductions: Turns, width: int, lead: int, makeup_db: float, gains: Audio) -> None:
    """The mean reduction of `width` steps up to each, as a gain at its beginning."""
    total, open_gain = 0, gain_of(makeup_db)
    for j in range(lead - width + 1, lead):
        total += reductions[j] if j >= 0 else 0
    for j in range(gains.shape[0]):
        total += reductions[lead + j]
        gains[j] = gain_of(makeup_db - total / (100.0 * width)) if total else open_gain
        gone = lead + j - width + 1
        total -= reductions[gone] if gone >= 0 else 0


@kernel
def spread(gains: Audio, step: int) -> Audio:
    """Gains at the beginnings of steps as a straight line through every sample.

    `step` is a multiple of 16.
    """
    out = np.empty((gains.shape[0] - 1) * step, dtype=np.float32)
    spread_into(gains, step, out)
    return out


@kernel
def spread_into(gains: Audio, step: int, out: Audio) -> None:
    """As `spread`, into `out` [(len(gains) - 1) * step]."""
    ramp = np.arange(step).astype(np.float32)
    for j in range(gains.shape[0] - 1):
        slope = slope_of(gains, j, step)
        for i in range(0, step, 16):
            store(out, j * step + i, fma(slope, load(ramp, i), splat(gains[j])))


@within
def slope_of(gains: Any, j: int, step: int) -> Any:
    """How much the gain grows from sample to sample in step j."""
    return splat((gains[j + 1] - gains[j]) / np.float32(step))


@kernel
def amplify(sound: Audio, gains: Audio, step: int, gain: float, out: Audio) -> None:
    """`sound` [2, n] times `gain` and a line through `gains`, and that curve: `out` [3, n]."""
    whole, ramp = splat(np.float32(gain)), np.arange(step).astype(np.float32)
    for j in range(gains.shape[0] - 1):
        slope = slope_of(gains, j, step)
        for i in range(0, step, 16):
            at, g = j * step + i, whole * fma(slope, load(ramp, i), splat(gains[j]))
            store(out[0], at, load(sound[0], at) * g)
            store(out[1], at, load(sound[1], at) * g)
            store(out[2], at, g)


@within
def between_sixteen(line: Any, at: int, phases: Any) -> Any:
    """The largest magnitudes on and between 16 samples from `at` on, lane by lane."""
    top = magnitude(load(line, at))
    a = b = c = splat(np.float32(0.0))
    for k in range(PEAK_TAPS):
        x = load(line, at - PEAK_TAPS // 2 + 1 + k)
        a = fma(x, splat(phases[0, k]), a)
        b = fma(x, splat(phases[1, k]), b)
        c = fma(x, splat(phases[2, k]), c)
    return greater(greater(top, magnitude(a)), greater(magnitude(b), magnitude(c)))


@within
def about_sixteen(line: Any, at: int) -> Any:
    """The largest magnitudes of the samples that 16 from `at` on are read between, and of more."""
    return greater(magnitude(load(line, at - 8)), magnitude(load(line, at + 8)))


@kernel
def measure_peaks(
    sound: Audio, margin: int, phases: Audio, peaks: Turns, least: float = 0.0
) -> None:
    """The true peak of each step of LIMIT_STEP samples, in hundredths of dBTP rounded up.

    `sound` [2, margin + n * LIMIT_STEP + margin]. A step whose samples show that its peak lies
    below `least` (linear) is not looked at further and given as FLOOR.
    """
    for j in range(peaks.shape[0]):
        at = margin + j * LIMIT_STEP
        near = highest_lane(greater(about_sixteen(sound[0], at), about_sixteen(sound[1], at)))
        if near * np.float32(BETWEEN) < least:
            peaks[j] = FLOOR
            continue
        left = between_sixteen(sound[0], at, phases)
        top = float(highest_lane(greater(left, between_sixteen(sound[1], at, phases))))
        peaks[j] = FLOOR
        if top > 1e-6:
            peaks[j] = int(np.ceil(_DB_PER_LOG2 * log2_of(top)))
