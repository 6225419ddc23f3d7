"""A period that is told is one after which the frame is like itself."""

import numpy as np
import pytest

from generation.analysis.periods import RATE_HZ, periods_of

SECONDS = np.arange(8_192) / RATE_HZ


# Two tones that share no root: near twice their common lag another peak is higher than their own.
@pytest.mark.parametrize(
    ("hertz", "ratio", "second", "decay"),
    [(85.3, 1.642, 0.50, 9.1), (60.2, 2.373, 0.43, 6.4), (76.4, 2.345, 0.40, 4.6)],
)
def test_a_slope_towards_another_peak_does_not_move_the_period(hertz, ratio, second, decay):
    sound = np.sin(2 * np.pi * hertz * SECONDS)
    sound += second * np.sin(2 * np.pi * hertz * ratio * SECONDS)
    sound *= np.exp(-decay * SECONDS)
    told, clarity = (float(one[0]) for one in periods_of(sound[None].astype(np.float32)))
    lag = round(RATE_HZ / told)
    before, after = sound[:-lag], sound[lag:]
    likeness = 2.0 * before @ after / (before @ before + after @ after)
    assert likeness == pytest.approx(clarity, abs=0.1)
