"""The one address from which audio of variations leaves the house.

It knows leave, listeners and rows of pieces and files. It refuses to tell apart what is missing,
forged, over, foreign or withdrawn: all of it is the same 404. Invariant: `may_serve` is asked for
every single answer, and what is sent of a piece is noted under the playback token it was fetched
with.
"""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from licensing.royalties.operations import PlaybackRefused, note_fetched
from portal.audio.answers import stored_object
from portal.audio.objects import Stored, find_piece
from portal.audio.reach import audible_for
from portal.audio.signing import Leave, read

BEARER_KINDS = frozenset({"client", "customer"})


@require_safe
def serve(request: HttpRequest, leave: str) -> HttpResponseBase:
    """The piece or file that the leave names, or 404."""
    now = timezone.now()
    given = read(leave, now=now)
    if given is None or not is_bearer(request, given):
        raise Http404
    variation = audible_for((given.listener_kind, given.listener_ref), given.subject_ref, now)
    if variation is None:
        raise Http404
    found = find_piece(variation, given.piece)
    if found is None:
        raise Http404
    if request.method == "GET":
        note(given, found)
    return stored_object(request, found)


def note(given: Leave, found: Stored) -> None:
    """Write down how far sound was handed out; what the token does not allow is not there."""
    if not given.playback or found.until_ms is None:
        return
    try:
        note_fetched(given.playback, found.until_ms)
    except PlaybackRefused as refused:
        raise Http404 from refused


def is_bearer(request: HttpRequest, leave: Leave) -> bool:
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
