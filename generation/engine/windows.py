"""How loud each source is in each 100 ms of the mix, as the ear weighs it.

With K-weighted (ITU-R BS.1770) parts s_i and their sum m, a source's number is the inner product
<s_i, m>: the numbers add up to the window's energy. Knows parts, not parties. Invariant: a window
depends on its own samples and a run-in of fixed length, so windows too can be made piece by piece.
"""

import numpy as np

from generation.engine.eq import K_WEIGHTING, cascade
from generation.engine.kernels import Audio, Reals, kernel
from generation.recipe import WINDOW_SAMPLES

STRIDE = 4 * WINDOW_SAMPLES
RUN_IN = WINDOW_SAMPLES


def windows_of(parts: Audio) -> Reals:
    """Inner products over the windows of whole strides, float64 [n_windows, n_sources].

    `parts` is float32 [n_sources, 2, RUN_IN + n * STRIDE]: one run-in, then strides on the absolute
    grid. Unit: mean square over a window, summed over the channels; full-scale power is 1 a
    channel.
    """
    length = parts.shape[2] - RUN_IN
    weighted = np.empty((parts.shape[0], 2, length), dtype=np.float32)
    for source in range(parts.shape[0]):
        cascade(parts[source], K_WEIGHTING, STRIDE, RUN_IN, weighted[source])
    table = np.zeros((length // WINDOW_SAMPLES, parts.shape[0]))
    multiply(weighted, WINDOW_SAMPLES, table)
    return table


@kernel
def multiply(weighted: Audio, size: int, table: Reals) -> None:
    """table[w, i] = <s_i, sum of all s> over window w, divided by `size`."""
    total = np.empty(size)
    for w in range(table.shape[0]):
        for channel in range(2):
            total[:] = 0.0
            for source in range(weighted.shape[0]):
                line = weighted[source, channel, w * size : (w + 1) * size]
                for i in range(size):
                    total[i] += line[i]
            for source in range(weighted.shape[0]):
                line = weighted[source, channel, w * size : (w + 1) * size]
                product = 0.0
                for i in range(size):
                    product += line[i] * total[i]
                table[w, source] += product / size
