"""From windows to attribution lines: policy "k-weighted-shapley/1".

Every window louder than -70 LUFS counts the same; its parts are clipped at zero and brought to a
sum of one; a line is the mean over windows. Knows digests, not parties. Invariant: lines are whole
parts per million that sum to 1,000,000 exactly, or there are none because nothing sounded.
"""

from collections.abc import Sequence

import numpy as np

from generation.engine.kernels import Reals
from licensing.money import allocate

WHOLE_PPM = 1_000_000
GATE = 10.0 ** ((-70.0 + 0.691) / 10.0)
_FINE = 1 << 40


def lines_of(windows: Reals, digests: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """(digest, ppm) of each source, in the order of `digests`; empty for silence.

    `windows` is float64 [n, n_sources] as `windows_of` makes it. Rounding: largest remainder, ties
    to the lower digest.
    """
    heard = windows[windows.sum(axis=1) > GATE]
    clipped = np.maximum(heard, 0.0)
    sums = clipped.sum(axis=1, keepdims=True)
    if not len(heard) or not np.all(sums > 0.0):
        return ()
    means = (clipped / sums).mean(axis=0)
    weights = [(digest, round(float(w) * _FINE)) for digest, w in zip(digests, means, strict=True)]
    shares = allocate(WHOLE_PPM, weights)
    return tuple((digest, shares[digest]) for digest in digests)
