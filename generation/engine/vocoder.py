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
    kernel,
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
BATCH = 8
CHECKPOINT_FRAMES = 32
RESET_DB = 9.0
FORMANT_HZ = 450.0


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
        self._clip, self._stem, self._cache = clip, stem, cache
        self._map = TimeMap(clip.anchors)
        self.lens = lens_of(clip)
        self._hidden = onsets[0][onsets[1] >= RESET_DB]
        hidden = hash(self._hidden.tobytes())
        self._key = (
            "vocoder/1", digest, hidden, clip.anchors, clip.semitones, clip.window, clip.start,
        )  # fmt: skip

    def sound(self, lo: int, hi: int) -> Audio:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], fades not yet applied."""
        lens = self.lens
        out = np.zeros((2, hi - lo), dtype=np.float32)
        first = max(lens.first, (lo - lens.m // 2) // lens.hop + 1)
        last = min(lens.last, -(-(hi + lens.m // 2) // lens.hop))
        for number, spectra in self._frames(first, last):
            pieces = fft.irfft(spectra, n=lens.m, axis=-1, overwrite_x=True)
            lay(out, pieces, lens.synthesis, number * lens.hop - lens.m // 2 - lo, lens.hop)
        return out

    def warm_to(self, lo: int) -> None:
        """Carries the phase to just before sample `lo` without making sound."""
        frame = max(self.lens.first, (lo - self.lens.m // 2) // self.lens.hop + 1)
        for _ in self._frames(frame, frame):
            pass

    def _start(self, first: int) -> tuple[int, Turns | None]:
        """The newest frame before `first` whose phase is known, and that phase."""
        lens = self.lens
        at = (first - 1) // CHECKPOINT_FRAMES * CHECKPOINT_FRAMES
        while at > lens.first:
            state = self._cache.state((*self._key, at))
            if state is not None:
                return at, state.astype(np.int32)
            at -= CHECKPOINT_FRAMES
        return lens.first, None

    def _frames(self, first: int, last: int) -> Iterator[tuple[int, Spectrum]]:
        """Rotated spectra of frames [first, last) in batches: (number of the first, spectra)."""
        lens, formants = self.lens, self._clip.formants
        at, state = self._start(first)
        turns = np.zeros(lens.n // 2 + 1, dtype=np.int32) if state is None else state
        before = np.zeros((2, lens.n // 2 + 1), dtype=np.complex64)
        given = state is not None
        width = max(2, round(FORMANT_HZ * lens.n / 48_000)) if formants else 0
        while at < last:
            places = self._map.sources(np.arange(at - 1, at + BATCH) * lens.hop)
            hops, resets = np.diff(places), self._resets(places)
            spectra = fft.rfft(self._windowed(places[1:]), axis=-1, overwrite_x=True)
            out = np.zeros((2 * BATCH, lens.m // 2 + 1), dtype=np.complex64)
            count = min(BATCH, last - at)
            fresh = at == lens.first and not given
            marks = np.zeros((BATCH, len(turns)), dtype=np.int32)
            for_sound = max(0, first - at)
            follow(
                spectra, before, turns, hops, resets, count, fresh, given, for_sound,
                lens.hop, lens.n, lens.m, width, ROTATIONS, out, marks,
            )  # fmt: skip
            self._remember(at, count, marks)
            if at + count > first:
                yield at + for_sound, out[2 * for_sound : 2 * count]
            at, given = at + count, False

    def _remember(self, at: int, count: int, marks: Turns) -> None:
        for number in range(at, at + count):
            if number % CHECKPOINT_FRAMES == 0:
                self._cache.keep_state((*self._key, number), marks[number - at].copy())

    def _resets(self, places: Samples) -> Flags:
        """Whether a hidden onset lies between each place and the one before."""
        passed = np.searchsorted(self._hidden, places, side="right")
        return np.diff(passed) > 0

    def _windowed(self, places: Samples) -> Audio:
        """Windowed frames around `places`, float32 [2 * BATCH, N], channels interleaved."""
        frames = np.empty((2 * BATCH, self.lens.n), dtype=np.float32)
        gather(self._stem, places, self.lens.analysis, frames)
        return frames


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
    top = np.float32(0.0)
    for k in range(power.shape[0]):
        a, b = left[k], right[k]
        power[k] = a.real * a.real + a.imag * a.imag + b.real * b.real + b.imag * b.imag
        top = max(top, power[k])
    return float(top)


@kernel
def find_peaks(power: Audio, peaks: Turns, edges: Turns) -> int:
    """Bins above their two neighbors on either side, and where their regions end; returns how many.

    Ties go to the lower bin. `edges[j]` is the first bin of region j + 1: the weakest bin between
    two peaks.
    """
    bins, count = power.shape[0], 0
    for k in range(2, bins - 2):
        p = power[k]
        if p > power[k - 1] and p >= power[k + 1] and p > power[k - 2] and p >= power[k + 2]:
            peaks[count] = k
            count += 1
    for j in range(count - 1):
        low = peaks[j] + 1
        for k in range(peaks[j] + 2, peaks[j + 1]):
            if power[k] < power[low]:
                low = k
        edges[j] = low
    if count > 0:
        edges[count - 1] = bins
    return count


@kernel
def advance(
    spectra: Spectrum,
    before: Spectrum,
    turns: Turns,
    peak: int,
    move: int,
    hop: int,
    n: int,
    m: int,
) -> int:
    """The turns of a peak's region in this frame, from its phase step since the frame before.

    `move` is the step in the source; the step of the same partial in the variation follows from it.
    """
    real, imag = 0.0, 0.0
    for channel in range(2):
        a, b = spectra[channel, peak], before[channel, peak]
        real += a.real * b.real + a.imag * b.imag
        imag += a.imag * b.real - a.real * b.imag
    seen = turns_of(imag, real)
    if move <= 0:
        return wrapped(int(turns[peak]) - seen)
    centre = peak * move % n * 4294967296 // n
    beside = wrapped(seen - centre)
    own = peak * hop % m * 4294967296 // m
    scaled = int(np.floor(beside * (float(n) * hop / (float(m) * move)) + 0.5))
    if n == m and move == hop:
        own, scaled = centre, beside
    return wrapped(int(turns[peak]) + own + scaled - seen)


@kernel
def envelope(power: Audio, width: int, ratio: float, gains: Audio) -> None:
    """Gains that put the spectral envelope back where it was before a shift by `ratio`.

    The envelope is the power smoothed twice by a box of `width` bins either side; at most 18 dB.
    """
    bins = power.shape[0]
    smooth = power.astype(np.float64)
    sums = np.empty(bins + 1)
    for _ in range(2):
        sums[0] = 0.0
        for k in range(bins):
            sums[k + 1] = sums[k] + smooth[k]
        for k in range(bins):
            lo, hi = max(0, k - width), min(bins, k + width + 1)
            smooth[k] = (sums[hi] - sums[lo]) / (hi - lo)
    for k in range(gains.shape[0]):
        wanted = smooth[min(bins - 1, int(k * ratio))]
        had = smooth[min(bins - 1, k)] + 1e-20
        gains[k] = np.sqrt(min(max(wanted / had, 1.0 / 64.0), 64.0))


@kernel
def turn(
    source: Spectrum, turns: Turns, edges: Turns, count: int, table: Spectrum, out: Spectrum
) -> None:
    """Writes one channel's bins, each turned with its region; bins beyond `out` are dropped."""
    top = min(source.shape[0], out.shape[0] - 1)
    lo = 0
    for j in range(count):
        hi = min(edges[j], top)
        if lo >= hi:
            break
        by = rotation_of(int(turns[lo]), table)
        re, im = np.float32(by.real), np.float32(by.imag)
        for k in range(lo, hi):
            x = source[k]
            out[k] = complex(x.real * re - x.imag * im, x.real * im + x.imag * re)
        lo = hi


@kernel
def settle(
    pair: Spectrum,
    before: Spectrum,
    turns: Turns,
    peaks: Turns,
    edges: Turns,
    found: int,
    move: int,
    hop: int,
    n: int,
    m: int,
) -> None:
    """In place: the turns of every bin in this frame, region by region."""
    fresh, lo = np.empty(turns.shape[0], dtype=np.int32), 0
    for p in range(found):
        by = advance(pair, before, turns, int(peaks[p]), move, hop, n, m)
        fresh[lo : edges[p]] = by
        lo = edges[p]
    turns[:] = fresh


@kernel
def follow(
    spectra: Spectrum, before: Spectrum, turns: Turns, hops: Samples, resets: Flags, count: int,
    fresh: bool, given: bool, for_sound: int, hop: int, n: int, m: int, width: int,
    table: Spectrum, out: Spectrum, marks: Turns,
) -> None:  # fmt: skip
    """Carries the phase through `count` frames and writes those from `for_sound` on.

    `fresh`: the first frame starts the clip; `given`: its phase is already in `turns`. `before`
    is the spectrum of the frame before and is left as that of the last; `marks` gets every
    frame's turns.
    """
    bins = n // 2 + 1
    power = np.empty(bins, dtype=np.float32)
    peaks, edges = np.empty(bins, dtype=np.int32), np.empty(bins, dtype=np.int32)
    gains = np.ones(m // 2 + 1, dtype=np.float32)
    for j in range(count):
        pair = spectra[2 * j : 2 * j + 2]
        loudest = weigh(pair[0], pair[1], power)
        found = find_peaks(power, peaks, edges)
        if (fresh and j == 0) or resets[j] or loudest < 1e-9 or found == 0:
            turns[:] = 0
        elif not (given and j == 0):
            settle(pair, before, turns, peaks, edges, found, hops[j], hop, n, m)
        marks[j] = turns
        before[:] = pair
        if j >= for_sound:
            write(pair, power, turns, edges, found, width, n / m, gains, table, out, 2 * j)


@kernel
def write(
    pair: Spectrum, power: Audio, turns: Turns, edges: Turns, found: int, width: int, ratio: float,
    gains: Audio, table: Spectrum, out: Spectrum, row: int,
) -> None:  # fmt: skip
    """One frame's turned bins into rows `row` and `row + 1`, its formants put back if asked."""
    if found == 0:
        edges[0] = power.shape[0]
    if width > 0:
        envelope(power, width, ratio, gains)
    for channel in range(2):
        turn(pair[channel], turns, edges, max(1, found), table, out[row + channel])
        if width > 0:
            out[row + channel] *= gains
