"""The audio store: objects are written once under their digest and are never changed.

It refuses to know what the bytes mean and who may fetch them; signed addresses are the faces' job.
Invariant: an object is whole or absent, and a name, once written, keeps its first bytes. A row
makes an object visible; what no row names is removed by a sweep.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}/([0-9a-f]{2})/(\1[0-9a-f]{62})\.[a-z0-9]{1,8}")
_BLOCK_BYTES = 1 << 18


class OddObjectName(ValueError):
    """A name that is not `<kind>/<digest[:2]>/<digest>.<ext>`; the store takes no other."""


class BadRange(ValueError):
    """A range that does not lie inside the object."""


def object_name(kind: str, digest: str, extension: str) -> str:
    """Where an object of a kind lies: `<kind>/<digest[:2]>/<digest>.<ext>`."""
    return checked_name(f"{kind}/{digest[:2]}/{digest}.{extension}")


def checked_name(name: str) -> str:
    """`name` itself, when it is one of ours; a client's name never gets here."""
    if not _NAME.fullmatch(name):
        raise OddObjectName("An object's name is its kind, its digest and its extension.")
    return name


class LocalAudioStore(FileSystemStorage):
    """Write-once objects in a folder: written aside, synced, then linked to their name."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(checked_name(name)))
        if target.exists():
            return name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.parent / f".{target.name}.{secrets.token_hex(8)}"
        try:
            with open(aside, "xb") as out:
                for block in content.chunks(_BLOCK_BYTES):
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            self._link(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        return name

    def touch(self, name: str) -> None:
        """Make the object young again: somebody is about to name it in a row."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path(checked_name(name)))

    @staticmethod
    def _link(aside: Path, target: Path) -> None:
        """A hard link appears whole or not at all; who comes second finds the first's bytes."""
        try:
            os.link(aside, target)
        except FileExistsError:
            return

    def range_blocks(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes [start, end) of an object, in blocks."""
        with open(self.path(checked_name(name)), "rb") as source:
            source.seek(start)
            left = end - start
            while left > 0:
                block = source.read(min(left, _BLOCK_BYTES))
                if not block:
                    raise BadRange("The range reaches beyond the object.")
                left -= len(block)
                yield block


def audio_store() -> Storage:
    """The store of settings.STORAGES["audio"]: LocalAudioStore or S3AudioStore."""
    return storages["audio"]


def put_once(name: str, file: "IO[bytes] | File[Any]", *, store: Storage | None = None) -> str:
    """Store an object under one of our names, unless it is there already; returns the name.

    Safe to repeat and to run side by side: the first bytes stay, and are young again for the sweep.
    Raises OddObjectName.
    """
    place = store or audio_store()
    checked_name(name)
    if place.exists(name):
        place.touch(name)  # type: ignore[attr-defined]
        return name
    return place.save(name, file if isinstance(file, File) else File(file))


def put_path(name: str, path: Path, *, store: Storage | None = None) -> str:
    """Store the file at `path` (see put_once)."""
    with open(path, "rb") as file:
        return put_once(name, file, store=store)


def read_range(name: str, start: int, end: int, *, store: Storage | None = None) -> Iterator[bytes]:
    """The bytes [start, end) of an object, in blocks, without fetching the rest.

    Raises BadRange when 0 <= start < end <= size does not hold, FileNotFoundError for no object.
    """
    place = store or audio_store()
    if not 0 <= start < end <= place.size(checked_name(name)):
        raise BadRange("The range does not lie inside the object.")
    blocks: Iterator[bytes] = place.range_blocks(name, start, end)  # type: ignore[attr-defined]
    return blocks


def list_shard(shard: str, *, store: Storage | None = None) -> list[str]:
    """Names of every kind whose digest begins with `shard` (two hex digits), and what a writer that
    was killed left aside there (names that begin with a point)."""
    place = store or audio_store()
    found = []
    for kind in _listed(place, "")[0]:
        for file in _listed(place, f"{kind}/{shard}")[1]:
            whole = file[1:].rpartition(".")[0] if file.startswith(".") else file
            if _NAME.fullmatch(f"{kind}/{shard}/{whole}"):
                found.append(f"{kind}/{shard}/{file}")
    return found


def _listed(place: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        return place.listdir(folder)
    except FileNotFoundError:
        return [], []


def remove_old(name: str, before: datetime, *, store: Storage | None = None) -> bool:
    """Remove what `list_shard` found unless it was written or wanted again since `before`."""
    place = store or audio_store()
    try:
        if place.get_modified_time(name) > before:
            return False
    except FileNotFoundError:
        return False
    place.delete(name)
    return True


def remove(name: str, *, store: Storage | None = None) -> None:
    """Remove an object; only sweeps do, after the last row that could serve it is gone."""
    (store or audio_store()).delete(checked_name(name))
