"""Reading the table of windows: who sounds in which tenth of a second, and how much.

Pure, standard library only, so that pages and API read what the device measured without loading it.
A table is little-endian float64, row by row: one row per 100 ms window, one column per source of
the recipe; a cell is the source's part of the window's K-weighted energy, as a mean square.
Invariant: shares are clipped at zero and sum to 1, or the window is silent and has none.
"""

import math
import struct
from collections.abc import Iterable, Sequence

WINDOW_MS = 100
SILENCE_LUFS = -70.0
_FLOOR = 10.0 ** ((SILENCE_LUFS + 0.691) / 10.0)

Row = tuple[float, ...]


def rows_of(table: bytes, sources: int) -> list[Row]:
    """The rows of a table for that many sources; raises ValueError when it does not divide."""
    if sources <= 0 or len(table) % (8 * sources):
        raise ValueError("the table of windows does not fit its sources")
    return list(struct.iter_unpack(f"<{sources}d", table))


def shares_of(row: Row) -> Row | None:
    """Each source's share of a window, 0 to 1; None below -70 LUFS."""
    parts = [max(0.0, part) for part in row]
    whole = sum(parts)
    if sum(row) <= _FLOOR or whole <= 0.0:
        return None
    return tuple(part / whole for part in parts)


def mean_shares(rows: Iterable[Row]) -> Row | None:
    """The mean of the shares over the windows that sound; None when none does."""
    heard = [shares for row in rows if (shares := shares_of(row)) is not None]
    if not heard:
        return None
    return tuple(sum(column) / len(heard) for column in zip(*heard, strict=True))


def loudness_of(rows: Sequence[Row]) -> float:
    """How loud the windows are together, from 0 (-50 LUFS) to 1 (-8 LUFS), linear in dB."""
    energy = sum(sum(row) for row in rows) / len(rows) if rows else 0.0
    if energy <= _FLOOR:
        return 0.0
    lufs = -0.691 + 10.0 * math.log10(energy)
    return min(1.0, max(0.0, (lufs + 50.0) / 42.0))


def in_ppm(shares: Row) -> tuple[int, ...]:
    """Shares in parts per million that sum to exactly 1,000,000; ties go to the earlier source."""
    exact = [share * 1_000_000 for share in shares]
    floors = [math.floor(value) for value in exact]
    rest = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], at))
    for at in rest[: 1_000_000 - sum(floors)]:
        floors[at] += 1
    return tuple(floors)
