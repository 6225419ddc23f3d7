"""Products of long real frames, modulo x^24576 + 1, against whole numbers."""

import numpy as np
from scipy.signal import fftconvolve

from generation.engine.fourier import plan_of, rows_of, transform
from generation.engine.kernels import aligned
from generation.engine.negacyclic import (
    FRAME,
    POWERS,
    ROOTS,
    SIZE,
    TURNS,
    UNFOLDED,
    fold,
    multiply,
    spectra_of,
    unfold,
)


def multiplied(sounds, factors):
    """Samples 8,192 on of the sum of both ears' products."""
    rows, plan, met = rows_of(6, SIZE), plan_of(SIZE), aligned(2 * ROOTS, SIZE)
    (spectra,) = spectra_of((factors / (ROOTS * SIZE)).astype(np.float32)[None], rows, plan)
    for root in range(ROOTS):
        ears = aligned(2, 2, SIZE)
        for ear, sound in zip(ears, sounds.astype(np.float32), strict=True):
            fold(sound, POWERS[root], TURNS[root], ear[0], ear[1])
            transform(ear[0], ear[1], rows[2:], plan)
        multiply(ears[0], ears[1], spectra[root], met[2 * root], met[2 * root + 1])
        transform(met[2 * root + 1], met[2 * root], rows[2:], plan)
    found = aligned(UNFOLDED)
    unfold(met, TURNS, found)
    return found


def test_what_goes_round_the_circle_comes_back_negated():
    rng = np.random.default_rng(3)
    factors = rng.integers(-9, 10, (2, FRAME))
    for length in (9_600, FRAME):
        sounds = rng.integers(-9, 10, (2, length))
        whole = fftconvolve(sounds.astype(float), factors.astype(float), axes=1).sum(axis=0)
        wanted = whole[:FRAME].copy()
        wanted[: length - 1] -= whole[FRAME:]
        found = multiplied(sounds, factors)
        assert np.abs(found - wanted[-UNFOLDED:]).max() < 2e-6 * np.abs(wanted).max()
