"""Processor "vocoder/1": time and pitch of tonal stems by a phase-locked phase vocoder.

Frames stand on an absolute grid of output hops. A frame is analyzed with N samples and synthesized
with M, which moves the pitch by N/M exactly; the peaks of its spectrum carry phase from frame to
frame and the bins around a peak turn with it (identity locking, Laroche and Dolson 1999). Both
channels turn alike, so the stereo picture stands still. It knows one clip and one stem. Invariant:
the phase is a sum of int32 turns, so a frame has the same bits whether made in sequence or from a
checkpoint.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

from generation.engine.kernels import (
    ROTATIONS,
    Audio,
    Flags,
    Reals,
    Samples,
    Spectrum,
    Turns,
    exp2_of,
    kernel,
    log2_of,
    rotation_of,
    turns_of,
    wrapped,
)
from generation.engine.tape import Cache
from generation.engine.timemap import TimeMap
from generation.recipe import Clip

# (N, M) per 1,024 samples of window: N/M within 0.34 cent of the semitone, prime factors up to 29.
PAIRS = {
    0: (1024, 1024),
    1: (1001, 945),
    2: (1100, 980),
    3: (1156, 972),
    4: (1134, 900),
    5: (1248, 935),
    6: (1188, 840),
    7: (1248, 833),
    8: (1400, 882),
    9: (1421, 845),
    10: (1372, 770),
    11: (1444, 765),
    12: (1458, 729),
}
BATCH_SAMPLES = 16_384
CHECKPOINT_FRAMES = 32
RESET_DB = 9.0
FORMANT_HZ = 200.0
SILENT = 1e-9
FAINT = 1e-11


def frame_sizes(window: int, semitones: int) -> tuple[int, int]:
    """(N, M): the samples a frame is analyzed and synthesized with; window in 2048, 4096, 8192."""
    unit = window // 1024
    larger, smaller = PAIRS[abs(semitones)]
    pair = (larger, smaller) if semitones >= 0 else (smaller, larger)
    return pair[0] * unit, pair[1] * unit


def hann(length: int) -> Reals:
    """The periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)


@dataclass(frozen=True, slots=True)
class Lens:
    """How one clip is looked at: sizes, windows and the frames that touch it.

    `analysis` [N] and `synthesis` [M] are the windows; the second undoes the sum of overlaps.
    """

    n: int
    m: int
    hop: int
    analysis: Audio
    synthesis: Audio
    first: int
    last: int


def lens_of(clip: Clip) -> Lens:
    """The lens of a clip."""
    n, m = frame_sizes(clip.window, clip.semitones)
    hop = clip.window // 4
    shape = hann(m)
    overlap = np.zeros(hop)
    for start in range(0, m, hop):
        part = shape[start : start + hop] ** 2
        overlap[: len(part)] += part
    synthesis = shape / overlap[np.arange(m) % hop] * (m / n)
    first = (clip.start - m // 2) // hop + 1
    last = -(-(clip.end + m // 2) // hop)
    return Lens(n, m, hop, hann(n).astype(np.float32), synthesis.astype(np.float32), first, last)


class Vocoder:
    """One clip of one stem, ready to be sounded in any pieces.

    `stem` is float32 [2, n]; `onsets` are rises of the stem (samples, dB): those of 9 dB and more
    hide a fresh start of the phase.
    """

    def __init__(
        self, clip: Clip, digest: str, stem: Audio, onsets: tuple[Samples, Reals], cache: Cache
    ) -> None:
        self._stem, self._cache = stem, cache
        self._map = TimeMap(clip.anchors)
        self.lens = lens = lens_of(clip)
        self._hidden = onsets[0][onsets[1] >= RESET_DB]
        hidden = hash(self._hidden.tobytes())
        self._key = (
            "vocoder/1", digest, hidden, clip.anchors, clip.semitones, clip.window, clip.start,
        )  # fmt: skip
        self._width = max(2, round(FORMANT_HZ * lens.n / 48_000)) if clip.formants else 0
        self._resume: tuple[int, Turns] | None = None

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the variation into float32 [2, hi - lo], fades not yet applied."""
        lens = self.lens
        out[:] = 0.0
        first = max(lens.first, (lo - lens.m // 2) // lens.hop + 1)
        last = min(lens.last, -(-(hi + lens.m // 2) // lens.hop))
        onward = (hi - lens.m // 2) // lens.hop
        for number, spectra in self._frames(first, last, onward):
            pieces = fft.irfft(spectra, n=lens.m, axis=-1, overwrite_x=True)
            lay(out, pieces, lens.synthesis, number * lens.hop - lens.m // 2 - lo, lens.hop)

    def _start(self, first: int) -> tuple[int, Turns | None]:
        """The newest frame before `first` whose phase is known, and that phase."""
        at = (first - 1) // CHECKPOINT_FRAMES * CHECKPOINT_FRAMES
        if self._resume is not None and at < self._resume[0] < first:
            return self._resume[0], self._resume[1].copy()
        while at > self.lens.first:
            state = self._cache.state((*self._key, at))
            if state is not None:
                return at, state.copy()
            at -= CHECKPOINT_FRAMES
        return self.lens.first, None

    def _frames(self, first: int, last: int, onward: int) -> Iterator[tuple[int, Spectrum]]:
        """Turned spectra of frames [first, last) in batches: (number of the first, spectra).

        The phase of frame `onward` is remembered for the next call. Rows are made in full batches,
        so that every transform takes the same path through the library.
        """
        lens, batch = self.lens, BATCH_SAMPLES // self.lens.hop
        at, state = self._start(first)
        given = state is not None
        turns = np.zeros(lens.n // 2 + 1, dtype=np.int32) if state is None else state
        before = np.zeros((2, lens.n // 2 + 1), dtype=np.complex64)
        places = self._map.sources(np.arange(at - 1, max(at, last) + batch) * lens.hop)
        hops, resets, begin = np.diff(places), self._resets(places), at
        kept = np.zeros((2, lens.n // 2 + 1), dtype=np.int32)
        while at < last:
            count, j = min(batch, last - at), at - begin
            frames = np.empty((2 * batch, lens.n), dtype=np.float32)
            gather(self._stem, places[j + 1 : j + 1 + batch], lens.analysis, frames)
            spectra = fft.rfft(frames, axis=-1, overwrite_x=True)
            out = np.empty((2 * batch, lens.m // 2 + 1), dtype=np.complex64)
            silent = max(0, first - at)
            marked = -at % CHECKPOINT_FRAMES
            follow(
                spectra, before, turns, hops[j:], resets[j:], count,
                at == lens.first and not given, given, silent, lens.hop, lens.n, lens.m,
                self._width, ROTATIONS, out, kept, marked, onward - at,
            )  # fmt: skip
            if marked < count:
                self._cache.keep_state((*self._key, at + marked), kept[0].copy())
            if 0 <= onward - at < count:
                self._resume = (onward, kept[1].copy())
            if at + count > first:
                yield at + silent, out[2 * silent : 2 * count]
            at, given = at + count, False

    def _resets(self, places: Samples) -> Flags:
        """Whether a hidden onset lies between each place and the one before."""
        passed = np.searchsorted(self._hidden, places, side="right")
        return np.diff(passed) > 0


@kernel
def gather(stem: Audio, places: Samples, window: Audio, frames: Audio) -> None:
    """Cuts a windowed frame around each place; zeros lie outside the stem."""
    length, n = stem.shape[1], window.shape[0]
    for j in range(places.shape[0]):
        begin = places[j] - n // 2
        lo, hi = min(max(0, -begin), n), max(min(n, length - begin), 0)
        for channel in range(2):
            row = frames[2 * j + channel]
            if lo >= hi:
                row[:] = 0.0
                continue
            row[:lo] = 0.0
            row[hi:] = 0.0
            line = stem[channel, begin + lo : begin + hi]
            for i in range(hi - lo):
                row[lo + i] = line[i] * window[lo + i]


@kernel
def lay(out: Audio, pieces: Audio, window: Audio, offset: int, hop: int) -> None:
    """Adds the windowed pieces [2 * count, M] to `out`; the first begins at `offset`."""
    m, length = window.shape[0], out.shape[1]
    for j in range(pieces.shape[0] // 2):
        begin = offset + j * hop
        lo, hi = max(0, -begin), min(m, length - begin)
        for channel in range(2):
            row = pieces[2 * j + channel]
            for i in range(lo, hi):
                out[channel, begin + i] += row[i] * window[i]


@kernel
def weigh(left: Spectrum, right: Spectrum, power: Audio) -> float:
    """The power of each bin over both channels; returns the largest."""
    for k in range(power.shape[0]):
        a, b = left[k], right[k]
        power[k] = a.real * a.real + a.imag * a.imag + b.real * b.real + b.imag * b.imag
    top = np.float32(0.0)
    for k in range(power.shape[0]):
        top = max(top, power[k])
    return float(top)


@kernel
def find_peaks(power: Audio, floor: float, peaks: Turns, edges: Turns) -> int:
    """Bins above `floor` and their two neighbors on either side; returns how many.

    Ties go to the lower bin. `edges[j]` is the first bin of region j + 1: the weakest bin between
    two peaks.
    """
    bins, count, least = power.shape[0], 0, np.float32(floor)
    for k in range(2, bins - 2):
        p = power[k]
        if p <= power[k - 1] or p < power[k + 1] or p < least:
            continue
        if p > power[k - 2] and p >= power[k + 2]:
            peaks[count] = k
            count += 1
    for j in range(count - 1):
        low, least = peaks[j] + 1, power[peaks[j] + 1]
        for k in range(peaks[j] + 2, peaks[j + 1]):
            if power[k] < least:
                low, least = k, power[k]
        edges[j] = low
    edges[max(0, count - 1)] = bins
    return count


@kernel
def settle(
    pair: Spectrum, before: Spectrum, turns: Turns, peaks: Turns, edges: Turns, found: int,
    move: int, hop: int, n: int, m: int,
) -> None:  # fmt: skip
    """In place: the turns of every bin in this frame, region by region.

    A peak's phase step since the frame before, freed of whole turns by the step its bin would
    make in the `move` source samples between them, gives the step to make in `hop` samples.
    """
    centre_step, own_step = (move << 44) // n, (hop << 44) // m
    stretch = float(n) * hop / (float(m) * max(1, move))
    same, lo = n == m and move == hop, 0
    for p in range(found):
        peak = int(peaks[p])
        real, imag = 0.0, 0.0
        for channel in range(2):
            a, b = pair[channel, peak], before[channel, peak]
            real += a.real * b.real + a.imag * b.imag
            imag += a.imag * b.real - a.real * b.imag
        seen = turns_of(imag, real)
        by = int(turns[peak])
        if move <= 0:
            by = wrapped(by - seen)
        elif not same:
            beside = wrapped(seen - ((peak * centre_step) >> 12))
            scaled = int(np.floor(beside * stretch + 0.5))
            by = wrapped(by + ((peak * own_step) >> 12) + scaled - seen)
        turns[lo : edges[p]] = by
        lo = edges[p]


@kernel
def envelope(power: Audio, width: int, ratio: float, gains: Audio) -> None:
    """Gains that put the spectral envelope back where it was before a shift by `ratio`.

    The envelope joins the tops of partials: the greatest power within `width` bins, then the mean
    of its logarithm over as many. At most 24 dB are given or taken.
    """
    bins = power.shape[0]
    sums = np.zeros(bins + 1)
    for k in range(bins):
        top = np.float32(1e-12)
        for i in range(max(0, k - width), min(bins, k + width + 1)):
            top = max(top, power[i])
        sums[k + 1] = sums[k] + log2_of(float(top))
    smooth = np.empty(bins)
    for k in range(bins):
        lo, hi = max(0, k - width), min(bins, k + width + 1)
        smooth[k] = (sums[hi] - sums[lo]) / (hi - lo)
    for k in range(gains.shape[0]):
        wanted = smooth[min(bins - 1, int(k * ratio + 0.5))]
        change = wanted - smooth[min(bins - 1, k)]
        gains[k] = exp2_of(0.5 * min(max(change, -8.0), 8.0))


@kernel
def turn(
    source: Spectrum, turns: Turns, edges: Turns, count: int, table: Spectrum, out: Spectrum
) -> None:
    """Writes one channel's bins, each turned with its region; what does not fit is dropped."""
    top, lo = min(source.shape[0], out.shape[0] - 1), 0
    for j in range(count):
        hi = min(edges[j], top)
        if lo >= hi:
            break
        by = rotation_of(int(turns[lo]), table)
        re, im = np.float32(by.real), np.float32(by.imag)
        for k in range(lo, hi):
            x = source[k]
            out[k] = np.complex64(complex(x.real * re - x.imag * im, x.real * im + x.imag * re))
        lo = hi
    out[lo:] = 0.0


@kernel
def follow(
    spectra: Spectrum, before: Spectrum, turns: Turns, hops: Samples, resets: Flags, count: int,
    fresh: bool, given: bool, silent: int, hop: int, n: int, m: int, width: int,
    table: Spectrum, out: Spectrum, kept: Turns, marked: int, onward: int,
) -> None:  # fmt: skip
    """Carries the phase through `count` frames and writes those from `silent` on.

    `fresh`: the first frame starts the clip; `given`: its phase is already in `turns`. `before`
    is the spectrum of the frame before and is left as that of the last; `kept` gets the turns of
    frames `marked` and `onward`.
    """
    bins = n // 2 + 1
    power = np.empty(bins, dtype=np.float32)
    peaks, edges = np.empty(bins, dtype=np.int32), np.empty(bins, dtype=np.int32)
    gains = np.ones(m // 2 + 1, dtype=np.float32)
    for j in range(count):
        pair = spectra[2 * j : 2 * j + 2]
        loudest = weigh(pair[0], pair[1], power)
        found = find_peaks(power, loudest * FAINT, peaks, edges)
        if (fresh and j == 0) or resets[j] or loudest < SILENT or found == 0:
            turns[:] = 0
        elif not (given and j == 0):
            last = before if j == 0 else spectra[2 * j - 2 : 2 * j]
            settle(pair, last, turns, peaks, edges, found, hops[j], hop, n, m)
        if j == marked:
            kept[0] = turns
        if j == onward:
            kept[1] = turns
        if j >= silent:
            write(pair, power, turns, edges, found, width, n / m, gains, table, out, 2 * j)
    before[:] = spectra[2 * count - 2 : 2 * count]


@kernel
def write(
    pair: Spectrum, power: Audio, turns: Turns, edges: Turns, found: int, width: int, ratio: float,
    gains: Audio, table: Spectrum, out: Spectrum, row: int,
) -> None:  # fmt: skip
    """One frame's turned bins into rows `row` and `row + 1`, its formants put back if asked."""
    if width > 0:
        envelope(power, width, ratio, gains)
    for channel in range(2):
        turn(pair[channel], turns, edges, max(1, found), table, out[row + channel])
        if width > 0:
            out[row + channel] *= gains
