"""Where the bytes of an upload lie until they are sound: one folder each, made and removed here.

Names are ours alone: the upload's id, the number of a part, a digest. Invariant: a file under its
final name is complete, because it is written beside it and renamed.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings

_BLOCK = 1 << 20


def folder_of(upload_id: UUID) -> Path:
    """The folder of one upload."""
    return Path(settings.UPLOAD_DIR) / str(upload_id)


def whole_of(upload_id: UUID) -> Path:
    """The complete file, once all parts are joined."""
    return folder_of(upload_id) / "whole"


def part_of(upload_id: UUID, index: int, digest: str) -> Path:
    """One part, by number and SHA-256."""
    return folder_of(upload_id) / f"{index}-{digest}"


def keep_part(
    upload_id: UUID, index: int, body: IO[bytes], length: int, declared: str = ""
) -> tuple[str, int]:
    """Write at most `length` + 1 bytes of `body`; returns their SHA-256 and count.

    Only a part of that length, and of the SHA-256 declared if there is one, is kept.
    """
    folder = folder_of(upload_id)
    folder.mkdir(parents=True, exist_ok=True)
    digest, count = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(prefix="new-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            while count <= length and (block := body.read(min(_BLOCK, length + 1 - count))):
                digest.update(block)
                file.write(block)
                count += len(block)
        if count == length and declared in ("", digest.hexdigest()):
            os.replace(name, part_of(upload_id, index, digest.hexdigest()))
    finally:
        Path(name).unlink(missing_ok=True)
    return digest.hexdigest(), count


def join_parts(upload_id: UUID, parts: Iterable[tuple[int, str]]) -> str:
    """Write the parts, given in order, as one file; returns its SHA-256."""
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(prefix="new-", dir=folder_of(upload_id))
    with os.fdopen(handle, "wb") as whole:
        for index, part_digest in parts:
            with part_of(upload_id, index, part_digest).open("rb") as part:
                while block := part.read(_BLOCK):
                    digest.update(block)
                    whole.write(block)
    os.replace(name, whole_of(upload_id))
    return digest.hexdigest()


def forget_part(upload_id: UUID, index: int, digest: str) -> None:
    """Remove a part that came after its upload had ended, and its folder when that is empty."""
    part_of(upload_id, index, digest).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder_of(upload_id).rmdir()


def remove(upload_id: UUID) -> None:
    """Leave nothing of the upload behind."""
    shutil.rmtree(folder_of(upload_id), ignore_errors=True)
