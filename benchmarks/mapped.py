"""Stems of any length as planar files, mapped into memory as the worker maps them.

Knows numpy's file format and the job's stems. Invariant: no more than a minute of sound is ever
held to write them.
"""

import mmap
from pathlib import Path

import numpy as np

from benchmarks.job import RATE, make_stems
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio

UNIT_S = 60.0


def mapped_stems(folder: Path, seconds: float) -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """The job's stems of `seconds`, a minute of each over and over; float32 [2, n], read only."""
    unit, onsets = make_stems(min(UNIT_S, seconds))
    total = round(seconds * RATE)
    stems = {}
    for name, sound in unit.items():
        path, size = folder / f"{name}.npy", sound.shape[1]
        kept = np.lib.format.open_memmap(path, "w+", np.float32, (2, total))
        for start in range(0, total, size):
            kept[:, start : start + size] = sound[:, : total - start]
        kept.flush()
        del kept
        stems[name] = np.load(path, mmap_mode="r")
    places, rises = onsets["drums"]
    turns = np.arange(-(-total // unit["drums"].shape[1])) * unit["drums"].shape[1]
    repeated = (turns[:, None] + places[None, :]).reshape(-1)
    heard = repeated < total
    return stems, {"drums": (repeated[heard], np.tile(rises, len(turns))[heard])}


def let_go(stems: dict[str, Audio]) -> None:
    """Gives the pages of the maps back, so that they do not count as this process's memory."""
    for stem in stems.values():
        held = getattr(stem, "_mmap", None)
        if isinstance(held, mmap.mmap):
            held.madvise(mmap.MADV_DONTNEED)
