"""What may be uploaded, in which parts, and under which name it is shown.

Pure: no rows, no files, no clock. A client's file name is text for a page, never a path.
Invariant: a file has exactly one division into parts, so any part can be sent in any order, and
sent again.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PART_BYTES = 8 * 1024 * 1024
LABEL_LENGTH = 80


class State(StrEnum):
    """Where an upload stands."""

    OPEN = "OPEN"
    CHECKING = "CHECKING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's limits: bytes per stem, bytes in flight per party, hours until removal."""

    stem_bytes: int
    in_flight_bytes: int
    hours: int


class UploadRefused(ValueError):
    """An upload, or a part of one, that cannot be taken: a stable code and one sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class PartsMissing(ValueError):
    """The file cannot be completed yet: `missing` are the numbers of the parts still to be sent."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        super().__init__("Some parts of the file have not come yet.")
        self.missing = missing


_SHA256 = re.compile(r"^[0-9a-f]{64}$")


def check_sha256(text: str) -> str:
    """The client's SHA-256 in lower case, or "" where it sent none; raises UploadRefused."""
    lowered = text.strip().lower()
    if lowered and not _SHA256.match(lowered):
        raise UploadRefused("bad_checksum", "A SHA-256 has 64 hexadecimal digits.")
    return lowered


def check_begin(size_bytes: int, in_flight_bytes: int, limits: Limits) -> None:
    """Raise UploadRefused unless a file of `size_bytes` may be sent beside those in flight."""
    if size_bytes <= 0:
        raise UploadRefused("empty", "The file is empty.")
    if size_bytes > limits.stem_bytes:
        raise UploadRefused(
            "too_large", f"A stem may have at most {_size(limits.stem_bytes)}; this file has more."
        )
    if in_flight_bytes + size_bytes > limits.in_flight_bytes:
        raise UploadRefused(
            "too_much_in_flight",
            f"At most {_size(limits.in_flight_bytes)} can be under way; let some finish first.",
        )


def _size(count: int) -> str:
    return f"{count // 1024**3} GiB" if count >= 1024**3 else f"{count // 1024} KiB"


def part_count(size_bytes: int) -> int:
    """How many parts a file of `size_bytes` is sent in."""
    return -(-size_bytes // PART_BYTES)


def part_length(size_bytes: int, index: int) -> int:
    """How many bytes part `index` (from 0) has; raises UploadRefused for a part beyond."""
    if not 0 <= index < part_count(size_bytes):
        raise UploadRefused("no_such_part", "The file has no such part.")
    return min(PART_BYTES, size_bytes - index * PART_BYTES)


def missing_parts(size_bytes: int, have: set[int]) -> tuple[int, ...]:
    """The numbers of the parts still to be sent, rising."""
    return tuple(index for index in range(part_count(size_bytes)) if index not in have)


def label_of(client_name: str) -> str:
    """A first label for the stem: the file's name without its ending, underscores as blanks."""
    stem, dot, _ending = client_name.rpartition(".")
    name = stem if dot and stem else client_name
    return name.replace("_", " ")[:LABEL_LENGTH].strip() or "unnamed"


def expires_at(begun_at: datetime, limits: Limits) -> datetime:
    """When an unfinished upload is removed."""
    return begun_at + timedelta(hours=limits.hours)
