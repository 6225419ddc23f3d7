"""The address from which seconds of live sessions leave the house.

It knows leave, listeners and rows. It refuses to tell apart what is missing, forged, over, foreign,
stale, withdrawn or unpaid: all of it is the same 404; a play list says more. Invariant: every
answer asks whether what it holds still stands, and the minute it belongs to is a usage before its
first sound is sent.
"""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.sessions.operations import hand_out
from generation.sessions.queries import find_segment, session_for, stand_of
from licensing.royalties.operations import PlaybackRefused, start_minute
from portal.audio.answers import stored_object
from portal.audio.objects import CONTENT_TYPES, Stored
from portal.audio.signing import Leave, read
from portal.audio.views import is_bearer


@require_safe
def serve(request: HttpRequest, leave: str) -> HttpResponseBase:
    """The second that the leave names, or 404. `at`: the sample that the listener hears now."""
    now = timezone.now()
    given = read(leave, now=now)
    if given is None or not is_bearer(request, given):
        raise Http404
    session = session_for((given.listener_kind, given.listener_ref), given.subject_ref)
    wanted = piece_of(given.piece)
    if session is None or wanted is None:
        raise Http404
    if not rules.may_hand_out(session.state, session.handed, wanted[0]):
        raise Http404
    stand = stand_of(session, now)
    found = find_segment(session, stand, wanted[0])
    if found is None or found.version != wanted[1]:
        raise Http404
    if request.method == "GET":
        start(given, found.number)
        heard = _heard(request, session)
        hand_out(session=session, number=found.number, now=now, heard=heard, stand=stand)
    stored = Stored(found.name, found.bytes, found.digest, CONTENT_TYPES["flac"])
    return stored_object(request, stored)


def start(given: Leave, number: int) -> None:
    """The minute of a segment is begun under the token, or there is nothing."""
    try:
        start_minute(token_text=given.playback, minute=rules.minute_of(number), now=timezone.now())
    except PlaybackRefused as refused:
        raise Http404 from refused


def piece_of(text: str) -> tuple[int, int] | None:
    """(number, version) of "live:12:3"."""
    kind, _, rest = text.partition(":")
    number, _, version = rest.partition(":")
    if kind != "live" or not (number.isdecimal() and version.isdecimal()):
        return None
    return int(number), int(version)


def _heard(request: HttpRequest, session: LiveSession) -> int | None:
    """What the player says it plays; nonsense counts as nothing said."""
    text = request.GET.get("at", "")
    return min(int(text), session.planned) if text.isdecimal() and len(text) < 12 else None
