"""Long real convolutions as three transforms of 4,096 complex points.

A real frame of 24,576 samples modulo x^24576 + 1 is three complex frames, each modulo x^4096 - w
for one of the roots w = e^(i pi / 6), i and e^(5 i pi / 6); the three other roots are their
conjugates and tell nothing new. Turned by w^(n / 4096), sample n of such a frame lies on an
ordinary circle (a discrete weighted transform: Crandall and Fagin, Mathematics of Computation 62,
1994, pages 305 to 324). So nothing is worked out twice for being real, and no bin has a mirror
image. It knows frames of numbers, not sound. Invariant: what comes back depends on both factors
alone, in one order.
"""

from typing import Any

import numpy as np

from generation.engine.fourier import Plan, transform
from generation.engine.kernels import Audio, Reals, aligned, kernel, within
from generation.engine.vectors import fma, load, negated, splat, store

SIZE, ROOTS = 4_096, 3
FRAME = 2 * ROOTS * SIZE
# Numbers in a row of a spectrum: a little more than its bins, so that equal places of two rows do
# not fall on one set of the cache.
ROW = SIZE + 80
# Samples of a frame that are unfolded: its last four sixths.
UNFOLDED = 4 * SIZE
_ANGLES = np.pi * np.arange(1, 2 * ROOTS, 2)[:, None] / (2 * ROOTS)
_COS_30, _HALF = np.float32(0.8660254037844386), np.float32(0.5)


def _cos_and_sin(angles: Reals) -> Audio:
    found = aligned(ROOTS, 2, angles.shape[1])
    found[:, 0], found[:, 1] = np.cos(angles), np.sin(angles)
    return found


# Float32 [ROOTS, 2, ...], real and imaginary: w^m for m = 0 to 5, and w^(n / SIZE) for a frame's n.
POWERS = _cos_and_sin(_ANGLES * np.arange(2 * ROOTS))
TURNS = _cos_and_sin(_ANGLES * np.arange(SIZE) / SIZE)


def spectra_of(frames: Audio, rows: Audio, plan: Plan) -> Audio:
    """Of real frames [n, 2, up to FRAME], left and right; float32 [n, ROOTS, 4 * SIZE].

    Sixteen real parts of the left, as many imaginary ones, the same of the right, and so on.
    """
    spectra = aligned(len(frames), ROOTS, 4 * SIZE, blank=False)
    lay_spectra(frames, POWERS, TURNS, rows, plan, spectra)
    return spectra


@kernel
def fold(sound: Audio, powers: Audio, turns: Audio, real: Audio, imag: Audio) -> None:
    """A sound of up to FRAME samples, whole lanes, modulo one root's polynomial and turned."""
    length, cosines, sines = sound.shape[0], powers[0], powers[1]
    for i in range(0, SIZE, 16):
        re, im = load(sound, i), splat(np.float32(0.0))
        m = 1
        for at in range(i + SIZE, length, SIZE):
            lanes = load(sound, at)
            re, im = fma(lanes, splat(cosines[m]), re), fma(lanes, splat(sines[m]), im)
            m += 1
        c, s = load(turns[0], i), load(turns[1], i)
        store(real, i, fma(re, c, negated(im * s)))
        store(imag, i, fma(re, s, im * c))


@kernel
def lay_spectra(
    frames: Audio, powers: Audio, turns: Audio, rows: Audio, plan: Plan, spectra: Audio
) -> None:
    """See `spectra_of`; `rows` [6, at least SIZE] is for working in."""
    real, imag = rows[0, :SIZE], rows[1, :SIZE]
    for n in range(frames.shape[0]):
        for root in range(ROOTS):
            for ear in range(2):
                fold(frames[n, ear], powers[root], turns[root], real, imag)
                transform(real, imag, rows[2:], plan)
                for i in range(0, SIZE, 16):
                    store(spectra[n, root], 4 * i + 32 * ear, load(real, i))
                    store(spectra[n, root], 4 * i + 32 * ear + 16, load(imag, i))


@kernel
def multiply(left: Audio, right: Audio, spectrum: Audio, real: Audio, imag: Audio) -> None:
    """Left times left plus right times right: the former [2, SIZE], the latter as laid down."""
    lr, li, rr, ri = left[0], left[1], right[0], right[1]
    for i in range(0, SIZE, 16):
        x, y, u, v = load(lr, i), load(li, i), load(rr, i), load(ri, i)
        a, b = load(spectrum, 4 * i), load(spectrum, 4 * i + 16)
        c, d = load(spectrum, 4 * i + 32), load(spectrum, 4 * i + 48)
        store(real, i, fma(x, a, fma(negated(y), b, fma(u, c, negated(v * d)))))
        store(imag, i, fma(x, b, fma(y, a, fma(u, d, v * c))))


@within
def turned_back(frames: Any, root: int, turns: Any, n: int) -> Any:
    """Sixteen numbers of one root's frame without their turn."""
    re, im = load(frames[2 * root], n), load(frames[2 * root + 1], n)
    c, s = load(turns[root, 0], n), load(turns[root, 1], n)
    return fma(re, c, im * s), fma(im, c, negated(re * s))


@kernel
def unfold(frames: Audio, turns: Audio, out: Audio) -> None:
    """The last four sixths of a real frame, [UNFOLDED].

    `frames` [2 * ROOTS, SIZE] are those of the roots, divided by ROOTS. Sixth m is the real part of
    the sum over the roots of frame times w^-m; the last root is the mirror image of the first.
    """
    half, wide = splat(_HALF), splat(_COS_30)
    for n in range(0, SIZE, 16):
        ar, ai = turned_back(frames, 0, turns, n)
        br, bi = turned_back(frames, 1, turns, n)
        cr, ci = turned_back(frames, 2, turns, n)
        sr, si, dr, di = ar + cr, ai + ci, ar - cr, ai - ci
        store(out, n, fma(half, sr, fma(wide, di, negated(br))))
        store(out, n + SIZE, si - bi)
        store(out, n + 2 * SIZE, fma(wide, di, fma(negated(half), sr, br)))
        store(out, n + 3 * SIZE, fma(half, si, fma(negated(wide), dr, bi)))
