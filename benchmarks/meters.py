"""Loudness and true peak as libebur128 reads them: the same outside meter for everybody.

Knows sound only. Invariant: nothing of the engine takes part in the reading.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyebur128

RATE = 48_000
Audio = npt.NDArray[np.float32]


def metered(chunks: Iterable[Audio], *, with_peak: bool = True) -> tuple[float, float]:
    """(integrated LUFS, true peak in dBTP) of chunks float32 [2, n] at 48 kHz.

    Silence reads minus infinity; so does the peak when it is not asked for.
    """
    modes = pyebur128.MeasurementMode
    mode = modes.MODE_I | modes.MODE_TRUE_PEAK if with_peak else modes.MODE_I
    state = pyebur128.R128State(2, RATE, mode)
    for chunk in chunks:
        pairs = np.ascontiguousarray(chunk.T, dtype=np.float32).reshape(-1)
        state.add_frames(pairs, chunk.shape[1])
    peak = 0.0
    if with_peak:
        peak = max(pyebur128.get_true_peak(state, channel) for channel in (0, 1))
    loudness = pyebur128.get_loudness_global(state)
    return loudness, 20.0 * math.log10(peak) if peak > 0.0 else -math.inf
