"""The planar, memory-mapped form of stems: a cache with a byte budget, keyed by digest.

The archive is the authority; what is here can be dropped and made again at any time, by any
process. It refuses to know where archives are kept: the caller opens them. Invariant: a file under
its final name is complete, and its samples have the digest that it is named by.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import soundfile

from generation.recipe import DigestMismatch

Planar = npt.NDArray[np.float32]
FULL_SCALE = 8_388_608
_BLOCK = 1 << 17


class BrokenArchive(DigestMismatch):
    """An archive does not hold the samples that its digest promises."""


@dataclass(frozen=True, slots=True)
class PlanarCache:
    """A folder of .npy files, float32 [2, n] at 48 kHz, of at most `budget_bytes` together.

    One file larger than the whole budget is still kept until the next one comes. A file that is
    dropped while somebody has it mapped stays readable for them.
    """

    folder: Path
    budget_bytes: int

    def load(self, digest: str, open_archive: Callable[[], IO[bytes]]) -> Planar:
        """The stem named `digest` as a read-only memmap [2, n]; made from the archive when missing.

        Raises BrokenArchive when the archive holds other samples, and what `open_archive` raises.
        """
        path = self.folder / f"{digest}.npy"
        found = _open(path)
        if found is not None:
            return found
        with open_archive() as archive:
            self._admit(path, lambda room: _unpack(archive, digest, room))
        made = _open(path)
        if made is None:
            raise BrokenArchive(f"The planar form of {digest[:12]} vanished while it was made.")
        return made

    def keep(self, digest: str, made: Path) -> None:
        """Takes over a planar file that decoding has just made; `made` is gone afterwards."""
        self._admit(self.folder / f"{digest}.npy", lambda room: os.replace(made, room))

    def _admit(self, path: Path, fill: Callable[[Path], None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="new-", dir=self.folder)
        os.close(handle)
        room = Path(name)
        try:
            fill(room)
            with self._locked():
                self._make_space(room.stat().st_size, path)
                os.replace(room, path)
        finally:
            room.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_space(self, wanted: int, spared: Path) -> None:
        """Drops the files that were not used for the longest time until `wanted` bytes fit."""
        files = [(path.stat(), path) for path in self.folder.glob("*.npy") if path != spared]
        files.sort(key=lambda item: item[0].st_mtime_ns)
        held = sum(stat.st_size for stat, _ in files)
        for stat, path in files:
            if held + wanted <= self.budget_bytes:
                return
            path.unlink(missing_ok=True)
            held -= stat.st_size


def _open(path: Path) -> Planar | None:
    try:
        os.utime(path)
        found: Planar = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError):
        return None
    return found if found.ndim == 2 and found.dtype == np.float32 else None


def _unpack(archive: IO[bytes], digest: str, room: Path) -> None:
    """Writes the archive's samples planar to `room`, after checking them against `digest`."""
    found = hashlib.sha256()
    with soundfile.SoundFile(archive) as flac:
        if flac.channels != 2:
            raise BrokenArchive(f"The archive of {digest[:12]} is not stereo.")
        planar = np.lib.format.open_memmap(room, mode="w+", dtype="<f4", shape=(2, flac.frames))
        at = 0
        for block in flac.blocks(_BLOCK, dtype="int32", always_2d=True):
            samples = block >> 8
            quads = np.ascontiguousarray(samples.astype("<i4")).view(np.uint8).reshape(-1, 4)
            found.update(np.ascontiguousarray(quads[:, :3]).tobytes())
            planar[:, at : at + len(samples)] = samples.T / np.float32(FULL_SCALE)
            at += len(samples)
        planar.flush()
    if found.hexdigest() != digest:
        raise BrokenArchive(
            f"The archive of {digest[:12]} does not hold the samples of its digest."
        )
