"""What of a training folder may be sound of somebody: by bytes, by what it decodes to, by name.

A net of notes or settings learns from files without sound; a stem of the catalog is then nowhere in
them unless they say so. So three digests are looked for: of each sound file's bytes, of the PCM
that it decodes to (a stem's own), and any that a data file names, for what was measured or written
out from a stem. It refuses to know the catalog. Invariant: a sound file that cannot be read is
never passed over.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generation.ingest.decode import Refused, decode
from generation.ingest.sniff import sniff

_NAMED = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class UnreadableSound(ValueError):
    """A sound file of which nobody can tell what it is; the message names it."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Digests in hex by which stems may be found: of PCM, and of the files they came in."""

    pcm: frozenset[str]
    files: frozenset[str]

    @property
    def are_none(self) -> bool:
        """Whether no sound is there and no digest is named."""
        return not self.pcm and not self.files


def traces_in(folder: Path) -> Traces:
    """Every trace of sound under `folder`. Raises UnreadableSound, FileNotFoundError."""
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    pcm: set[str] = set()
    files: set[str] = set()
    for path in _files(folder):
        with path.open("rb") as file:
            is_sound = sniff(file) is not None
        if is_sound:
            pcm.add(_pcm_of(path))
            files.add(_sha256(path))
        else:
            named = {one.decode() for one in _NAMED.findall(path.read_bytes())}
            pcm |= named
            files |= named
    return Traces(frozenset(pcm), frozenset(files))


def _files(folder: Path) -> Iterator[Path]:
    """Every file below, links followed, each folder once, in the order of names."""
    seen: set[Path] = set()
    for where, below, names in os.walk(folder, followlinks=True):
        real = Path(where).resolve()
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below.sort()
        yield from (Path(where) / name for name in sorted(names) if (Path(where) / name).is_file())


def _pcm_of(path: Path) -> str:
    """The digest that a stem of this sound would have."""
    with tempfile.TemporaryDirectory(prefix="training-") as room:
        found = decode(path, Path(room))
    if isinstance(found, Refused):
        raise UnreadableSound(f"{path.name} sounds like audio and is not read: {found.sentence}")
    return found.digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
