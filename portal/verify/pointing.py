"""From an address of ours to what a notice is about, and back.

It refuses to say what a page shows: whoever has an address may name it in a notice, and reads
neither title nor owner here. Invariant: a stem is named only together with something it is in.
"""

from collections.abc import Collection
from urllib.parse import urlsplit
from uuid import UUID

from django.urls import Resolver404, resolve, reverse

from generation.sessions.models import LiveSession
from generation.variations.models import Variation
from licensing.attribution.models import LicenceRecord, LicenceSource
from licensing.attribution.rules import SESSION
from licensing.catalog.models import Recording, Stem
from licensing.catalog.queries import is_uuid
from licensing.clearance.models import Hold

Kind = Hold.TargetKind
Ref = tuple[str, str]
"""(kind of target, reference), as holds and notices name it."""


def named_by(text: str, hosts: Collection[str]) -> Ref | None:
    """What an address, or the number of a licence record, means; None for anything else.

    `hosts`: the names under which we are reached; an address of somebody else means nothing here.
    """
    said = text.strip()
    if is_uuid(said):
        return _known(Kind.RECORD, LicenceRecord.objects.filter(pk=said).exists(), said)
    try:
        parts = urlsplit(said)
        if parts.netloc and parts.netloc not in hosts:
            return None
        found = resolve(parts.path)
    except (ValueError, Resolver404):
        return None
    return _behind(found.view_name, found.kwargs)


def _behind(page: str, ids: dict[str, UUID]) -> Ref | None:
    if page == "listeners:recording":
        ref = ids["recording_id"]
        return _known(Kind.RECORDING, Recording.objects.filter(pk=ref).exists(), ref)
    record: UUID | None = None
    if page in {"listeners:variation", "listeners:licence"}:
        row = Variation.objects.filter(pk=ids["variation_id"]).first()
        record = row.record_id if row else None
    elif page in {"listeners:live", "listeners:live_licence"}:
        session = LiveSession.objects.filter(pk=ids["session_id"]).first()
        record = session.record_id if session else None
    return _known(Kind.RECORD, record is not None, record)


def _known(kind: str, is_there: bool, ref: object) -> Ref | None:
    return (str(kind), str(ref)) if is_there else None


def stem_in(target: Ref, stem: str) -> Ref | None:
    """The stem as a target, when it is one of a recording's or sounds in a record; else None."""
    if not is_uuid(stem):
        return None
    kind, ref = target
    if kind == Kind.RECORDING:
        is_in = Stem.objects.filter(pk=stem, recording_id=ref).exists()
    else:
        is_in = LicenceSource.objects.filter(stem_id=stem, record=UUID(ref)).exists()
    return _known(Kind.STEM, is_in, stem)


def page_of(kind: str, ref: str) -> str:
    """The address of the page that a target is on; of a stem, its recording's."""
    if kind == Kind.RECORD:
        record = LicenceRecord.objects.get(pk=ref)
        name = "live" if record.subject_kind == SESSION else "variation"
        return reverse(f"listeners:{name}", args=[record.subject_ref])
    recording = Stem.objects.get(pk=ref).recording_id if kind == Kind.STEM else ref
    return reverse("listeners:recording", args=[recording])
