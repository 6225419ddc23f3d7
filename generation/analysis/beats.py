"""Where the beats lie: a path through tempo and phase that agrees with what begins in the music.

It refuses to know bars and instruments. Invariant: beats rise strictly; a piece that was played to
a click gets a straight grid, fitted to the attacks, and one that breathes gets a smooth one.
Method: the bar-pointer state space of Krebs, Boeck and Widmer (ISMIR 2015), held near one tempo.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.curves import percentile
from generation.analysis.pyramid import HOP
from generation.analysis.spectrum import FRAMES_PER_S, RATE_HZ
from generation.engine.kernels import inlined, kernel, within
from generation.engine.vectors import WIDTH, greater, load, splat, store

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_AROUND = 0.16
_CHANGE = 90.0
_BEAT_PART = 14
NOVELTY_LEAD = -240.0
STEADY_S = 0.018
_NEAR_S = 0.045


def track(curve: F64, bpm: float) -> F64:
    """Beats in samples (fractional) for the novelty `curve`, tempo within 16 % of `bpm`."""
    period = 60.0 * FRAMES_PER_S / bpm
    shortest, longest = int(period * (1 - _AROUND)), int(np.ceil(period * (1 + _AROUND)))
    periods = np.arange(max(8, shortest), max(longest, 9) + 1)
    if curve.size < 2 * periods[-1]:
        return np.zeros(0)
    frames = _best_path(_activation(curve), periods)
    return _centred(curve, frames) * HOP + NOVELTY_LEAD


def _activation(curve: F64) -> F64:
    """`curve` squeezed into 0.02 .. 0.98, its 90th percentile of peaks near the upper end."""
    rising = curve[curve > 0]
    high = percentile(rising, 90) if rising.size else 1.0
    return np.minimum(np.maximum(curve / (curve + (0.6 * high + 1e-9)), 0.02), 0.98)


def _best_path(activation: F64, periods: I64) -> I64:
    """The frames at which beats begin on the likeliest path (Viterbi in log probabilities)."""
    on, off = np.log(activation), np.log((1.0 - activation) / (_BEAT_PART - 1))
    longest = int(periods[-1])
    heaps = np.zeros((2, longest + activation.size + longest))
    for heap, values in zip(heaps, (on, off), strict=True):
        np.cumsum(values, out=heap[longest + 1 : longest + 1 + values.size])
        heap[longest + 1 + values.size :] = heap[longest + values.size]
    change = -_CHANGE * np.abs(np.log(periods[None, :] / periods[:, None]))
    starts = -np.log(periods) - np.log(len(periods))
    arriving = np.empty((activation.size + 2 * longest, len(periods)))
    _run(heaps[0], heaps[1], periods, change, starts, arriving)
    frames = np.empty(activation.size, np.int64)
    count = _trace(heaps[0], heaps[1], periods, change, arriving, frames)
    return frames[:count][::-1]


@kernel
def _run(on: F64, off: F64, periods: I64, change: F64, starts: F64, arriving: F64) -> None:
    """Fills `arriving` [t, lanes]: the best a path may have when a beat of a lane ends at t, which
    counts from a longest period before the first frame.

    Between two beats a lane's evidence is a difference of the running sums `on` (its first
    fourteenth) and `off`: so only beats are decided upon, not every state of the bar-pointer model,
    to the same path. Sixteen lanes are compared at once, as their distances from one of them.
    """
    lanes, before = len(periods), periods[-1]
    reach = _reach(before)
    room = -(-lanes // WIDTH) * WIDTH
    costs = _costs(change, reach, room)
    here = np.full(room + 2 * reach + WIDTH, np.float32(-np.inf), np.float32)
    best = np.empty(room, np.float32)
    for lane in range(lanes):
        for start in range(before):
            passed = _evidence(on, off, start, periods[lane], 1 << 60)
            arriving[start + periods[lane], lane] = starts[lane] + passed
    for t in range(before, len(arriving) - before):
        middle = arriving[t, lanes // 2]
        for lane in range(lanes):
            here[reach + lane] = np.float32(arriving[t, lane] - middle)
        for block in range(0, room, WIDTH):
            heap = splat(np.float32(-np.inf))
            for move in range(2 * reach + 1):
                came = load(here, move + block) + load(costs, move * room + block)
                heap = greater(came, heap)
            store(best, block, heap)
        for lane in range(lanes):
            passed = _evidence(on, off, t, periods[lane], 1 << 60)
            arriving[t + periods[lane], lane] = middle + best[lane] + passed


@inlined
def _reach(longest: int) -> int:
    """How many lanes on a path may go at a beat."""
    return max(2, int(0.05 * longest))


@kernel
def _costs(change: F64, reach: int, room: int) -> F32:
    """[2 reach + 1, room] what it costs to come from `move` - reach lanes on; nothing comes from
    beyond the outermost."""
    lanes = len(change)
    costs = np.full((2 * reach + 1, room), np.float32(-np.inf), np.float32)
    for lane in range(lanes):
        for other in range(max(0, lane - reach), min(lanes, lane + reach + 1)):
            costs[other - lane + reach, lane] = np.float32(change[other, lane])
    return costs.reshape(costs.size)


@kernel
def _trace(on: F64, off: F64, periods: I64, change: F64, arriving: F64, frames: I64) -> int:
    """Fills `frames` with the beats of the best path, the last first; returns how many."""
    before, lanes = periods[-1], len(periods)
    reach, count = _reach(before), 0
    last, lane = _best_end(on, off, periods, arriving)
    while last >= 0:
        frames[count] = last
        count += 1
        best, source = -np.inf, 0
        for other in range(max(0, lane - reach), min(lanes, lane + reach + 1)):
            here = arriving[before + last, other] + change[other, lane]
            if here > best:
                best, source = here, other
        lane = source
        last -= periods[lane]
    return count


@kernel
def _best_end(on: F64, off: F64, periods: I64, arriving: F64) -> tuple[int, int]:
    """(frame, lane) of the last beat on the best path: one whose period reaches past the end."""
    before, end = periods[-1], len(arriving) - periods[-1]
    best, at, chosen = -np.inf, 0, 0
    for lane in range(len(periods)):
        period = periods[lane]
        for start in range(end - period, end):
            begun = arriving[start + period, lane] - _evidence(on, off, start, period, 1 << 60)
            here = begun + _evidence(on, off, start, period, end)
            if here > best:
                best, at, chosen = here, start - before, lane
    return at, chosen


@within
def _evidence(on: F64, off: F64, start: int, period: int, end: int) -> float:
    """What speaks for a beat at `start` followed by `period` frames, as far as `end`."""
    middle = min(end, start + (period + _BEAT_PART - 1) // _BEAT_PART)
    last = min(end, start + period)
    return float(on[middle] - on[start] + off[last] - off[middle])


def _centred(curve: F64, frames: I64) -> F64:
    """`frames` moved to the weight of the novelty within 3 frames before and 5 after, where there
    is some."""
    index = frames[:, None] + np.arange(-3, 6)[None, :]
    inside = (index >= 0) & (index < curve.size)
    part = np.where(inside, curve[np.clip(index, 0, curve.size - 1)] ** 2, 0.0)
    whole = part.sum(axis=1)
    middle = (part * index).sum(axis=1) / np.maximum(whole, 1e-6)
    return np.where(whole > 1e-6, middle, frames.astype(np.float64))


def settle(beats: F64, onsets: I64, strengths: F64, length: int) -> F64:
    """`beats` laid on a straight grid when the piece keeps one, else on a smooth curve.

    `onsets` in samples pull the grid to where sounds begin. The result covers the whole of
    `length`, extended at both ends by the tempo found there.
    """
    if beats.size < 4:
        return beats
    index = np.arange(beats.size, dtype=np.float64)
    line = _robust_line(index, beats)
    spread = percentile(np.abs(beats - _line(line, index)), 80)
    if spread > STEADY_S * RATE_HZ:
        curve = _smooth(index, beats)
        return _extended(curve + _pull(curve, onsets, strengths), length)
    line = _fit_to_onsets(line, beats.size, onsets, strengths)
    return _extended(_line(line, index), length)


@kernel
def _robust_line(index: F64, beats: F64) -> F64:
    """Slope and start of a line through the beats, outliers weighed down (Cauchy, 20 rounds)."""
    weights = np.ones(beats.size)
    line = _weighted_line(index, beats, weights)
    for _ in range(20):
        for at in range(beats.size):
            off = (beats[at] - line[0] * index[at] - line[1]) / (0.008 * RATE_HZ)
            weights[at] = 1.0 / (1.0 + off * off)
        line = _weighted_line(index, beats, weights)
    return line


@kernel
def _weighted_line(x: F64, y: F64, weights: F64) -> F64:
    """Slope and start of the least-squares line."""
    whole, middle, height = 0.0, 0.0, 0.0
    for at in range(x.size):
        whole += weights[at]
        middle += weights[at] * x[at]
        height += weights[at] * y[at]
    middle, height = middle / whole, height / whole
    both, square = 0.0, 0.0
    for at in range(x.size):
        away = weights[at] * (x[at] - middle)
        both += away * (y[at] - height)
        square += away * (x[at] - middle)
    slope = both / square
    return np.array([slope, height - slope * middle])


def _line(line: F64, index: F64) -> F64:
    """The points of a line (slope, start) at `index`."""
    return np.asarray(line[0] * index + line[1], np.float64)


def _nearest(beats: F64, onsets: I64, strengths: F64) -> tuple[I64, F64, F64]:
    """(beat numbers, distances, weights) of the strong onsets that lie near a beat."""
    places = onsets.astype(np.float64)
    number = np.clip(np.searchsorted(beats, places), 1, beats.size - 1)
    number -= (places - beats[number - 1]) < (beats[number] - places)
    off = places - beats[number]
    near = np.abs(off) < _NEAR_S * RATE_HZ
    return number[near], off[near], np.clip(strengths[near], 0.0, 30.0)


def _fit_to_onsets(line: F64, count: int, onsets: I64, strengths: F64) -> F64:
    for _ in range(3):
        beats = _line(line, np.arange(count, dtype=np.float64))
        number, off, weight = _nearest(beats, onsets, strengths)
        if number.size < 8 or np.ptp(number) < count // 2:
            return line
        middle = _weighted_median(off, weight)
        trust = weight / (1.0 + ((off - middle) / (0.006 * RATE_HZ)) ** 2)
        line = line + _weighted_line(number.astype(np.float64), off, trust)
    return line


def _pull(beats: F64, onsets: I64, strengths: F64) -> float:
    if not onsets.size:
        return 0.0
    number, off, weight = _nearest(beats, onsets, strengths)
    return _weighted_median(off, weight) if number.size >= 4 else 0.0


def _weighted_median(values: F64, weights: F64) -> float:
    order = np.argsort(values)
    heap = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heap, heap[-1] / 2.0)])


def _smooth(index: F64, beats: F64) -> F64:
    """Each beat from a weighted parabola through its neighbors (Gaussian, 2.5 beats wide); a line
    where there are few."""
    out = np.empty_like(beats)
    for at in range(beats.size):
        low, high = max(0, at - 7), min(beats.size, at + 8)
        out[at] = _middle(low - at, high - at) @ beats[low:high]
    return np.asarray(np.maximum.accumulate(out))


@cache
def _middle(low: int, high: int) -> F64:
    """The weights by which values at `low` .. `high` - 1 give their fitted curve at 0."""
    near = np.arange(low, high, dtype=np.float64)
    weights = np.exp(-((near / 2.5) ** 2))
    powers = np.vander(near, 3 if near.size > 8 else 2, increasing=True)
    normal = powers.T @ (weights[:, None] * powers)
    return np.asarray(np.linalg.solve(normal, powers.T * weights)[0])


def _extended(beats: F64, length: int) -> F64:
    first, last = beats[1] - beats[0], beats[-1] - beats[-2]
    before = beats[0] - first * np.arange(int((beats[0] + 0.06 * first) // first), 0, -1)
    after = beats[-1] + last * np.arange(1, 1 + max(0, int((length - 1 - beats[-1]) // last)))
    every = np.concatenate([before, beats, after])
    kept: F64 = every[(every > -0.06 * first) & (every < length)].clip(min=0.0)
    return kept
