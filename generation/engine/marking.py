"""The place for a watermark: small gains per frame and band, between the parts and the limiter.

It takes plain numbers; what they spell is the provenance room's affair. Invariant: gains of one
leave the sound as it is, to the bit, and a sample depends on at most FRAME samples to either side.
"""

import numpy as np
from scipy import fft

from generation.engine.kernels import Audio, Reals

FRAME = 2_048
HOP = 1_024
_ROWS = 16
_SHAPE: Reals = np.sqrt(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FRAME) / FRAME))
SHAPE: Audio = _SHAPE.astype(np.float32)


def band_edges(bands: int) -> list[int]:
    """The first bin of each band and the end of the last: equal shares of bins 1 to 1,024."""
    return [1 + band * (FRAME // 2) // bands for band in range(bands + 1)]


def marked(sound: Audio, lo: int, mark: Audio) -> Audio:
    """`sound` [2, FRAME + n + FRAME] that begins at sample lo - FRAME, marked: [2, n].

    `mark` is float32 [frames, bands]: gains of the frame whose middle is sample HOP * frame; beyond
    its last row gains are one. lo and n are multiples of HOP.
    """
    first, count = lo // HOP, (sound.shape[1] - 2 * FRAME) // HOP + 1
    rows = np.zeros((-(-2 * count // _ROWS) * _ROWS, FRAME), dtype=np.float32)
    for j in range(count):
        rows[2 * j : 2 * j + 2] = sound[:, FRAME - HOP + j * HOP :][:, :FRAME] * SHAPE
    spectra = fft.rfft(rows, axis=-1, overwrite_x=True)
    spectra *= _deviation(mark, first, len(rows) // 2)
    pieces = fft.irfft(spectra, n=FRAME, axis=-1, overwrite_x=True) * SHAPE
    out = sound[:, FRAME - HOP : -FRAME + HOP].copy()
    for j in range(count):
        out[:, j * HOP : j * HOP + FRAME] += pieces[2 * j : 2 * j + 2]
    return out[:, HOP:-HOP]


def _deviation(mark: Audio, first: int, count: int) -> Audio:
    """Gains minus one for each bin, float32 [2 * count, FRAME // 2 + 1], frames from `first` on."""
    edges = band_edges(mark.shape[1])
    out = np.zeros((2 * count, FRAME // 2 + 1), dtype=np.float32)
    for j in range(count):
        if 0 <= first + j < len(mark):
            gains = mark[first + j] - np.float32(1.0)
            out[2 * j : 2 * j + 2, 1:] = np.repeat(gains, np.diff(edges))
    return out
