"""Documents that a consent rests on: stored once under their digest, beside the audio.

It refuses to know what they say and who may read them. Invariant: a row names the digest of bytes
that are there; what a row names is never swept, and a document that was refused is never stored.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

from django.core.files.base import File
from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.catalog.given_rows import Evidence
from licensing.catalog.rules import CatalogRefused, clean_name
from licensing.catalog.store import object_name, put_once

KIND, ENDING = "evidence", "pdf"
LARGEST_BYTES = 8 * 2**20
_BEGINS = b"%PDF-"


@transaction.atomic
def keep_evidence(
    *, document: "IO[bytes] | File[Any]", title: str, kept_by: str, now: datetime
) -> str:
    """Store a PDF of at most 8 MiB; its SHA-256 in hex. The same one again keeps its first title.

    Raises CatalogRefused: odd_document, and what `clean_name` says of the title.
    """
    named = clean_name(title, "title", 100)
    document.seek(0)
    content = document.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES or not content.startswith(_BEGINS):
        raise CatalogRefused("odd_document", "Hand in the document as a PDF of at most 8 MiB.")
    digest = hashlib.sha256(content).hexdigest()
    document.seek(0)
    put_once(evidence_name(digest), document)
    row, is_new = Evidence.objects.get_or_create(
        digest=digest,
        defaults={"title": named, "size": len(content), "kept_by": kept_by, "kept_at": now},
    )
    if is_new:
        record_fact(
            actor=("user", kept_by),
            verb="keep_evidence",
            object_kind="evidence",
            object_ref=row.pk,
            after={"title": named, "size": row.size},
            at=now,
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
