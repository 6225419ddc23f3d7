"""Where the beats lie: a path through tempo and phase that agrees with what begins in the music.

It refuses to know bars and instruments. Invariant: beats rise strictly; a piece that was played to
a click gets a straight grid, fitted to the attacks, and one that breathes gets a smooth one.
Method: the bar-pointer state space of Krebs, Boeck and Widmer (ISMIR 2015), held near one tempo.
"""

import numpy as np
import numpy.typing as npt

from generation.analysis.spectrum import FRAMES_PER_S, HOP, RATE_HZ

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
    high = np.percentile(curve[curve > 0], 90) if (curve > 0).any() else 1.0
    return np.clip(curve / (0.6 * high + curve + 1e-9), 0.02, 0.98)


def _best_path(activation: F64, periods: I64) -> I64:
    """The frames at which beats begin on the likeliest path (Viterbi in log probabilities)."""
    firsts = np.concatenate([[0], np.cumsum(periods)[:-1]])
    lasts = firsts + periods - 1
    size = int(periods.sum())
    phase = np.arange(size) - np.repeat(firsts, periods)
    is_beat = np.flatnonzero(phase * _BEAT_PART < np.repeat(periods, periods))
    change = -_CHANGE * np.abs(np.log(periods[None, :] / periods[:, None]))
    on, off = np.log(activation), np.log((1.0 - activation) / (_BEAT_PART - 1))
    value = -np.log(np.repeat(periods, periods)) - np.log(len(periods))
    came = np.zeros((activation.size, len(periods)), np.int32)
    for frame in range(activation.size):
        if frame:
            arriving = value[lasts][:, None] + change
            best = arriving.argmax(axis=0)
            came[frame] = best
            value[1:] = value[:-1].copy()
            value[firsts] = arriving[best, np.arange(len(periods))]
        value += off[frame]
        value[is_beat] += on[frame] - off[frame]
        value -= value.max()
    return _walk_back(value, came, periods, firsts)


def _walk_back(value: F64, came: npt.NDArray[np.int32], periods: I64, firsts: I64) -> I64:
    state = int(value.argmax())
    lane = int(np.searchsorted(firsts, state, side="right") - 1)
    frame = len(came) - 1 - (state - int(firsts[lane]))
    beats = []
    while frame >= 0:
        beats.append(frame)
        lane = int(came[frame, lane])
        frame -= int(periods[lane])
    return np.asarray(beats[::-1], np.int64)


def _centred(curve: F64, frames: I64) -> F64:
    """`frames` moved to the weight of the novelty within 3 frames, where there is some."""
    out = frames.astype(np.float64)
    for index, frame in enumerate(frames):
        low, high = max(0, frame - 3), min(curve.size, frame + 6)
        part = curve[low:high] ** 2
        if part.sum() > 1e-6:
            out[index] = float(part @ np.arange(low, high) / part.sum())
    return out


def settle(beats: F64, onsets: I64, strengths: F64, length: int) -> F64:
    """`beats` laid on a straight grid when the piece keeps one, else on a smooth curve.

    `onsets` in samples pull the grid to where sounds begin. The result covers the whole of
    `length`, extended at both ends by the tempo found there.
    """
    if beats.size < 4:
        return beats
    index = np.arange(beats.size, dtype=np.float64)
    line = _robust_line(index, beats)
    spread = float(np.percentile(np.abs(beats - np.polyval(line, index)), 80))
    if spread > STEADY_S * RATE_HZ:
        curve = _smooth(index, beats)
        return _extended(curve + _pull(curve, onsets, strengths), length)
    line = _fit_to_onsets(line, beats.size, onsets, strengths)
    return _extended(_line(line, index), length)


def _robust_line(index: F64, beats: F64) -> F64:
    """Slope and start of a line through the beats, outliers weighed down (Cauchy, 20 rounds)."""
    weights = np.ones(beats.size)
    line = np.polyfit(index, beats, 1)
    for _ in range(20):
        line = np.polyfit(index, beats, 1, w=weights)
        off = (beats - np.polyval(line, index)) / (0.008 * RATE_HZ)
        weights = 1.0 / np.sqrt(1.0 + off**2)
    return np.asarray(line)


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
        shift = np.polyfit(number.astype(np.float64), off, 1, w=np.sqrt(trust))
        line = line + shift
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
    """Each beat from a weighted line through its neighbors (Gaussian, 2.5 beats wide)."""
    out = np.empty_like(beats)
    for at in range(beats.size):
        low, high = max(0, at - 7), min(beats.size, at + 8)
        near = index[low:high] - at
        weights = np.exp(-0.5 * (near / 2.5) ** 2)
        degree = 2 if high - low > 8 else 1
        out[at] = np.polyval(np.polyfit(near, beats[low:high], degree, w=weights), 0.0)
    return np.asarray(np.maximum.accumulate(out))


def _extended(beats: F64, length: int) -> F64:
    first, last = beats[1] - beats[0], beats[-1] - beats[-2]
    before = beats[0] - first * np.arange(int((beats[0] + 0.06 * first) // first), 0, -1)
    after = beats[-1] + last * np.arange(1, 1 + max(0, int((length - 1 - beats[-1]) // last)))
    every = np.concatenate([before, beats, after])
    kept: F64 = every[(every > -0.06 * first) & (every < length)].clip(min=0.0)
    return kept
