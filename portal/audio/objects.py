"""Which stored object a piece of a variation is: a segment by its number, a file by its format.

It refuses to know who may have it. Invariant: a file is found only of a finished variation.
"""

from dataclasses import dataclass
from uuid import UUID

from django.utils.text import slugify

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.models import Segment, Variation, VariationFile
from generation.variations.rules import State

CONTENT_TYPES = {
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "opus": "audio/ogg; codecs=opus",
}
# How pages name them.
LABELS = {"flac": "FLAC", "mp3": "MP3", "m4a": "M4A", "opus": "Opus"}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the store; `until_ms`: how far the sound in it reaches, None for a file."""

    name: str
    size: int
    digest: str
    content_type: str
    save_as: str = ""
    until_ms: int | None = None


def find_piece(variation: Variation, piece: str) -> Stored | None:
    """The object behind "segment:12" or "file:flac", or None when there is none."""
    kind, _, which = piece.partition(":")
    if kind == "segment" and which.isdecimal():
        return _segment(variation.pk, int(which))
    return _file(variation, which) if kind == "file" else None


def _segment(variation_id: UUID, index: int) -> Stored | None:
    rows = Segment.objects.filter(variation_id=variation_id, index=index)
    row = rows.only("name", "bytes", "digest", "end").first()
    if row is None:
        return None
    until_ms = row.end * 1000 // SAMPLE_RATE_HZ
    return Stored(row.name, row.bytes, row.digest, CONTENT_TYPES["flac"], until_ms=until_ms)


def _file(variation: Variation, form: str) -> Stored | None:
    if variation.state != State.READY or form not in CONTENT_TYPES:
        return None
    row = VariationFile.objects.filter(variation=variation, format=form).first()
    if row is None:
        return None
    title = slugify(variation.title)[:60] or "variation"
    save_as = f"stemma-{title}-{str(variation.pk)[:8]}.{form}"
    return Stored(row.name, row.bytes, row.digest, CONTENT_TYPES[form], save_as)
