"""The one address from which audio of variations leaves the house.

It knows leave, listeners and rows of pieces and files. It refuses to tell apart what is missing,
forged, over, foreign or withdrawn: all of it is the same 404. Invariant: `may_serve` is asked for
every single answer, and what is sent of a piece is noted under the playback token it was fetched
with.
"""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.models import Segment, Variation, VariationFile
from licensing.royalties.operations import PlaybackRefused, note_fetched
from portal.audio.answers import stored_object
from portal.audio.reach import audible_for
from portal.audio.signing import Leave, read

BEARER_KINDS = frozenset({"client", "customer"})
CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg", "wav": "audio/wav"}


@dataclass(frozen=True, slots=True)
class _Found:
    """An object of the store; `until_ms`: how far the sound in it reaches, None for a file."""

    name: str
    size: int
    digest: str
    content_type: str
    save_as: str = ""
    until_ms: int | None = None


@require_safe
def serve(request: HttpRequest, leave: str) -> HttpResponseBase:
    """The piece or file that the leave names, or 404."""
    now = timezone.now()
    given = read(leave, now=now)
    if given is None or not _is_bearer(request, given):
        raise Http404
    variation = audible_for((given.listener_kind, given.listener_ref), given.subject_ref, now)
    if variation is None:
        raise Http404
    found = _find(variation, given.piece)
    if found is None:
        raise Http404
    _note(given, found)
    return stored_object(
        request,
        name=found.name,
        size=found.size,
        digest=found.digest,
        content_type=found.content_type,
        save_as=found.save_as,
    )


def _note(given: Leave, found: _Found) -> None:
    """Write down how far sound was handed out; what the token does not allow is not there."""
    if not given.playback or found.until_ms is None:
        return
    try:
        note_fetched(given.playback, found.until_ms)
    except PlaybackRefused as refused:
        raise Http404 from refused


def _is_bearer(request: HttpRequest, leave: Leave) -> bool:
    """A person must be logged in as the listener; for a machine the address is the credential."""
    if leave.listener_kind in BEARER_KINDS:
        return True
    user = request.user
    return (
        leave.listener_kind == "user"
        and user.is_authenticated
        and user.is_active
        and str(user.pk) == leave.listener_ref
    )


def _find(variation: Variation, piece: str) -> _Found | None:
    kind, _, which = piece.partition(":")
    if kind == "segment" and which.isdecimal():
        return _segment(variation.pk, int(which))
    return _file(variation, which) if kind == "file" else None


def _segment(variation_id: UUID, index: int) -> _Found | None:
    rows = Segment.objects.filter(variation_id=variation_id, index=index)
    row = rows.only("name", "bytes", "digest", "end").first()
    if row is None:
        return None
    until_ms = row.end * 1000 // SAMPLE_RATE_HZ
    return _Found(row.name, row.bytes, row.digest, CONTENT_TYPES["flac"], until_ms=until_ms)


def _file(variation: Variation, form: str) -> _Found | None:
    if variation.state != "READY" or form not in CONTENT_TYPES:
        return None
    row = VariationFile.objects.filter(variation=variation, format=form).first()
    if row is None:
        return None
    save_as = (
        f"stemma-{slugify(variation.title)[:60] or 'variation'}-{str(variation.pk)[:8]}.{form}"
    )
    return _Found(row.name, row.bytes, row.digest, CONTENT_TYPES[form], save_as)
