"""Which of the expected sources are in a sound, and how strongly.

What is heard in each band and pitch class is taken apart into what the sources give there: the
amounts, none below zero, whose sum comes nearest to it (non-negative least squares; Lawson and
Hanson, Solving Least Squares Problems, 1974, chapter 23, solved coordinate by coordinate). It knows
tables of power. It refuses to know recipes. Invariant: the level of the whole does not matter, and
neither does the order of the sources.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from generation.engine.kernels import kernel

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_FLOOR = 1e-3
_SHARE_AT_LEAST = 1e-4
_ROUNDS = 60
_TINY = 1e-12


def presence_of(tables: Sequence[tuple[F32, F32]]) -> tuple[F64, F64]:
    """(presence, weight) of each source, both from 0 to 1.

    `tables`: what is heard [n, columns] beside what is expected of each source [sources, n,
    columns]. Presence is how much of a source is there, beside how much there is of all of them;
    the weight says how far the source decides what is heard. All zero where nothing is expected.
    """
    taken = [_amounts(heard, each) for heard, each in tables]
    amounts = np.concatenate([one for one, _ in taken])
    weights = np.concatenate([one for _, one in taken])
    total = weights.sum()
    if total <= _TINY:
        return np.zeros(amounts.shape[1]), np.zeros(amounts.shape[1])
    mean = max(_TINY, float((weights * amounts).sum() / total))
    there = (weights * np.minimum(1.0, amounts / mean)).sum(axis=0)
    return there / np.maximum(weights.sum(axis=0), _TINY), weights.sum(axis=0) / total


def _amounts(heard: F32, each: F32) -> tuple[F64, F64]:
    """(amounts, weights) float64 [columns, sources]: how much of each source each column holds."""
    whole = each.sum(axis=0)
    level = float(heard.sum(dtype=np.float64)) / max(_TINY, float(whole.sum(dtype=np.float64)))
    if level <= 0.0 or not whole.size:
        return np.zeros((whole.shape[1], len(each))), np.zeros((whole.shape[1], len(each)))
    sound = heard / np.float32(level)
    # Soft moments count like loud ones.
    scale = 1.0 / (whole + sound + np.float32(_FLOOR * whole.mean()))
    parts = each * scale
    columns = np.ascontiguousarray(parts.transpose(2, 0, 1), dtype=np.float64)
    squares = columns @ columns.transpose(0, 2, 1)
    wanted = columns @ (sound * scale).T[:, :, None]
    found = np.zeros(wanted.shape[:2])
    nearest(squares, np.ascontiguousarray(wanted[:, :, 0]), _ROUNDS, found)
    share = whole.sum(axis=0, dtype=np.float64) / whole.sum(dtype=np.float64)
    counts = np.sqrt(np.where(share >= _SHARE_AT_LEAST, share, 0.0))
    return found, np.einsum("css->cs", squares) * counts[:, None] / len(whole)


@kernel
def nearest(squares: F64, wanted: F64, rounds: int, found: F64) -> None:
    """found >= 0 [columns, sources]: the least x' A x / 2 - b' x of each column, from zero on."""
    columns, sources = wanted.shape
    for column in range(columns):
        for _ in range(rounds):
            for source in range(sources):
                own = squares[column, source, source]
                if own <= 1e-12:
                    continue
                missing = wanted[column, source]
                for other in range(sources):
                    missing -= squares[column, source, other] * found[column, other]
                found[column, source] = max(0.0, found[column, source] + missing / own)
