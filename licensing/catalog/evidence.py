"""Documents that a consent rests on: stored once under their digest, beside the audio.

It refuses to know what they say and who may read them. Invariant: a row names the digest of bytes
that are there, written in the transaction of the consent that rests on it; what a row names is
never swept, and one that was refused goes after a day.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

from django.core.files.base import File

from licensing.catalog.given_rows import Evidence
from licensing.catalog.rules import CatalogRefused
from licensing.catalog.store import object_name, put_once

KIND, ENDING = "evidence", "pdf"
LARGEST_BYTES = 8 * 2**20
_BEGINS = b"%PDF-"


def keep_evidence(*, document: "IO[bytes] | File[Any]", kept_by: str, now: datetime) -> str:
    """Store a PDF of at most 8 MiB; its SHA-256 in hex. The same one again is the same object.

    Raises CatalogRefused: odd_document.
    """
    document.seek(0)
    content = document.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES or not content.startswith(_BEGINS):
        raise CatalogRefused("odd_document", "Hand in the document as a PDF of at most 8 MiB.")
    digest = hashlib.sha256(content).hexdigest()
    document.seek(0)
    put_once(evidence_name(digest), document)
    Evidence.objects.get_or_create(
        digest=digest, defaults={"size": len(content), "kept_by": kept_by, "kept_at": now}
    )
    return digest


def evidence_name(digest: str) -> str:
    """Where the document of a digest lies in the store."""
    return object_name(KIND, digest, ENDING)


def named_evidence(names: Sequence[str]) -> set[str]:
    """Those of `names`, objects of the store, that are documents with a row."""
    wanted = {
        name.rpartition("/")[2].partition(".")[0]: name
        for name in names
        if name.startswith(f"{KIND}/")
    }
    found = Evidence.objects.filter(pk__in=list(wanted)).values_list("pk", flat=True)
    return {wanted[digest] for digest in found} if wanted else set()
