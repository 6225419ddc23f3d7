"""The addresses from which seconds of live sessions leave the house: one made, one still coming.

It knows leave, listeners and rows. It refuses to tell apart what is missing, forged, over, foreign,
stale, withdrawn or unpaid: all of it is the same 404; a play list says more. Invariant: every
answer asks whether what it holds still stands, and the minute it belongs to is a usage before its
first sound is sent. Whoever waits holds no database connection.
"""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from generation.compose.stream import version_of
from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.sessions.operations import hand_out
from generation.sessions.queries import find_segment, session_for, stand_of
from licensing.royalties.operations import PlaybackRefused, start_minute
from portal.audio.answers import stored_object
from portal.audio.objects import CONTENT_TYPES, Stored
from portal.audio.signing import Leave, read
from portal.audio.views import is_bearer
from portal.audio.waiting import first_answer

WAIT_S = 8.0


@require_safe
def serve(request: HttpRequest, leave: str) -> HttpResponseBase:
    """The second that the leave names, or 404. `at`: the sample that the listener hears now."""
    answer = _served(request, _given(leave))
    if answer is None:
        raise Http404
    return answer


@require_safe
async def serve_coming(request: HttpRequest, leave: str) -> HttpResponseBase:
    """The same for a second that is being made: it goes out as soon as it is stored."""
    given = _given(leave)
    number = given.piece.split(":")[1]
    answer = await first_answer(
        given.subject_ref, lambda: _served(request, given), lambda found: found is not None, WAIT_S,
        minds=lambda word: word == number or not word.isdecimal(),
    )  # fmt: skip
    if answer is None:
        raise Http404
    return answer


def _given(leave: str) -> Leave:
    given = read(leave, now=timezone.now())
    if given is None or piece_of(given.piece) is None:
        raise Http404
    return given


def _served(request: HttpRequest, given: Leave) -> HttpResponseBase | None:
    """What the leave names, handed out; None while it is not made, Http404 when it is not to be."""
    now, wanted = timezone.now(), piece_of(given.piece)
    session = session_for((given.listener_kind, given.listener_ref), given.subject_ref)
    if session is None or wanted is None or not is_bearer(request, given):
        raise Http404
    number, version = wanted
    if not rules.may_hand_out(session.state, session.handed, number):
        raise Http404
    stand = stand_of(session, now)
    if version_of(stand.chain, number) != version or not stand.may_sound(number):
        raise Http404
    found = find_segment(session, stand, number)
    if found is None:
        return None
    if request.method == "GET":
        # In the order in which everybody locks them: the session, then its record.
        with transaction.atomic():
            heard = _heard(request, session)
            hand_out(session=session, number=number, now=now, heard=heard, stand=stand)
            start(given, number)
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
