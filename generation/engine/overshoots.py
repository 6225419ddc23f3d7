"""Where a lossy coder passes the permitted peak, and a gain that dips there and nowhere else.

It knows decoded sound and positions, not codecs or files. Invariant: a dip depends on the position
in the file alone, so the same cuts on the same sound give the same samples however it is chunked.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from generation.engine.kernels import Audio, Reals
from generation.engine.loudness import true_peak_dbtp

BLOCK = 256
_FADE = 480
_EDGE = 16
# A true peak this far over its samples is rare; one that is missed lowers the whole file instead.
_BETWEEN_DB = 2.0

# Number of the block from the beginning -> dB by which it is turned down.
Cuts = Mapping[int, float]


class Finder:
    """Reads decoded sound as it passes and notes the blocks over a peak."""

    def __init__(self, peak_dbtp: float) -> None:
        self.over: dict[int, float] = {}
        self._peak = peak_dbtp
        self._near = 10.0 ** ((peak_dbtp - _BETWEEN_DB) / 20.0)
        self._held = np.zeros((2, _EDGE), dtype=np.float32)
        self._block = 0

    def passing(self, chunks: Iterable[Audio]) -> Iterator[Audio]:
        """The same chunks; when they have ended, `over` holds dB over the peak by block."""
        for chunk in chunks:
            yield chunk
            self._held = np.concatenate((self._held, chunk), axis=1)
            self._look((self._held.shape[1] - 2 * _EDGE) // BLOCK)
        self._look(-(-(self._held.shape[1] - _EDGE) // BLOCK))

    def _look(self, blocks: int) -> None:
        """Read the next blocks; what is held begins _EDGE samples before the first of them."""
        for number in range(blocks):
            lo = number * BLOCK
            near = self._held[:, lo : lo + BLOCK + 2 * _EDGE]
            if np.abs(near[:, _EDGE:]).max(initial=0.0) < self._near:
                continue
            peak = true_peak_dbtp(np.ascontiguousarray(near))
            if peak is not None and peak > self._peak:
                self.over[self._block + number] = peak - self._peak
        self._block += max(0, blocks)
        self._held = self._held[:, max(0, blocks) * BLOCK :]


def added(cuts: Cuts, over: Cuts, margin_db: float) -> dict[int, float]:
    """The cuts, deeper by what was over and a margin where something was."""
    deeper = dict(cuts)
    for block, excess in over.items():
        deeper[block] = deeper.get(block, 0.0) + excess + margin_db
    return deeper


def softened(chunks: Iterable[Audio], cuts: Cuts) -> Iterator[Audio]:
    """The sound, turned down in the blocks of `cuts` and eased over 10 ms to either side (a raised
    cosine in dB); where two cuts meet the deeper one holds.
    """
    start = 0
    for chunk in chunks:
        dip = _dip(cuts, start, start + chunk.shape[1])
        start += chunk.shape[1]
        yield chunk if dip is None else chunk * (10.0 ** (-dip / 20.0)).astype(np.float32)


def _dip(cuts: Cuts, start: int, stop: int) -> Reals | None:
    """dB by which [start, stop) is turned down; None: not at all."""
    blocks = range((start - _FADE) // BLOCK, (stop + _FADE) // BLOCK + 1)
    found = [block for block in blocks if block in cuts]
    if not found:
        return None
    dip = np.zeros(stop - start)
    for block in found:
        lo, hi = max(start, block * BLOCK - _FADE), min(stop, (block + 1) * BLOCK + _FADE)
        if lo >= hi:
            continue
        at = np.arange(lo, hi)
        away = np.maximum(0, np.maximum(block * BLOCK - at, at - (block + 1) * BLOCK + 1))
        ease = 0.5 + 0.5 * np.cos(np.pi * np.minimum(1.0, away / _FADE))
        dip[lo - start : hi - start] = np.maximum(dip[lo - start : hi - start], cuts[block] * ease)
    return dip
