"""Live sessions for a listener's player: begin, follow, steer, end.

It refuses to draw pages and to know sound and rights. Invariants: a stranger gets the same 404 as
for a session that does not exist; while an answer waits no database connection is held.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from generation.compose.stream import AHEAD, SEGMENT_SAMPLES, segment_at
from generation.sessions import rules
from generation.sessions.asking import latest_control
from generation.sessions.by_taste import start_by_taste
from generation.sessions.jobs import keep_going
from generation.sessions.models import LiveSession
from generation.sessions.operations import end_session, start_session, steer_session
from generation.sessions.queries import session_for, stand_of
from generation.sessions.steered import tell_taste
from generation.variations.rules import SEED_AT_MOST, RequestRefused
from portal.accounts.access import parties_of
from portal.accounts.models import User
from portal.audio.hls import live_address
from portal.audio.live import News, coming_of, known_live, live_list, news_of, open_live
from portal.audio.playlists import Playback
from portal.audio.reach import Listener
from portal.audio.waiting import first_answer
from portal.listeners.asking import BY_TASTE
from portal.listeners.live_place import addresses_of
from portal.listeners.playing import client_key, listener_of

WAIT_S = 8.0
_POSITION_MOST = rules.LONGEST
Asked = tuple[LiveSession, News]


def session_of(listener: Listener, session_id: UUID | str) -> LiveSession:
    """The listener's session, or the 404 that everybody else gets."""
    session = session_for(listener, session_id)
    if session is None:
        raise Http404
    return session


@never_cache
@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin a session out of JSON: mode, wishes, `artist` or `recordings` where named, and `by`:
    "taste" where that shall choose what the wishes leave open.
    """
    user = cast(User, request.user)
    given = _json(request)
    try:
        session = begin(user, given)
    except RequestRefused as refused:
        return _refusal(refused.code, refused.sentence)
    return JsonResponse(addresses_of(session), status=201)


def begin(user: User, given: Mapping[str, Any]) -> LiveSession:
    """Start what was asked for; raises RequestRefused."""
    listener, recordings = listener_of(user), given.get("recordings") or []
    asked: dict[str, Any] = {
        "requester": listener,
        "key": str(given.get("key") or secrets.token_urlsafe(16))[:120],
        "mode": str(given.get("mode", "")),
        "targets": _wishes(given),
        "recordings": [str(one) for one in recordings],
        "artist": _uuid(given.get("artist")),
        "seed": secrets.randbelow(SEED_AT_MOST),
        "territory": user.country,
        "channel": settings.OWN_CHANNEL,
        "now": timezone.now(),
    }
    if given.get("by") == BY_TASTE:
        return start_by_taste(taste_of=listener, **asked)
    return start_session(**asked)


def _wishes(given: Mapping[str, Any]) -> dict[str, Any]:
    wishes = given.get("wishes", {})
    if not isinstance(wishes, dict):
        raise RequestRefused("bad_target", "Wishes are names with values.")
    return wishes


def _uuid(text: object) -> UUID | None:
    if text in (None, ""):
        return None
    try:
        return UUID(str(text))
    except ValueError:
        raise RequestRefused("no_such_artist", "There is no such artist.", "artist") from None


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        given = json.loads(request.body or b"{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Http404
    return given


def _refusal(code: str, sentence: str) -> JsonResponse:
    return JsonResponse({"code": code, "sentence": sentence}, status=422)


@never_cache
@require_POST
async def play(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Open a playback; answers when there is a second to fetch or to wait for, or no hope of one.

    Leave is given while the first one is being rendered, as soon as a record is open: `coming` is
    the address that answers when that second is there.
    """
    user = cast(User, await request.auser())
    listener = listener_of(user)

    def is_begun(session: LiveSession) -> bool:
        return session.state not in rules.UNDER_WAY or session.record_id is not None

    session = await first_answer(
        str(session_id), lambda: session_of(listener, session_id), is_begun, WAIT_S
    )
    if session.record_id is None:
        return JsonResponse(_unopened(session))
    return JsonResponse(await sync_to_async(_opened)(request, user, session, listener))


def _unopened(session: LiveSession) -> dict[str, Any]:
    return {
        "state": session.state,
        "is_over": session.state not in rules.UNDER_WAY,
        "sentence": session.end_sentence,
        "token": "",
    }


def _opened(
    request: HttpRequest, user: User, session: LiveSession, listener: Listener
) -> dict[str, Any]:
    """What a player learns at first: all that is there, else the second that comes."""
    now, parties = timezone.now(), list(parties_of(user).values_list("pk", flat=True))
    playback = open_live(
        session, listener, client_key=client_key(request), now=now, listener_parties=parties
    )
    stand, after = stand_of(session, now), session.handed // SEGMENT_SAMPLES
    news = news_of(session, stand, after=after, have=-1, now=now)
    is_to_come = not (news.rows or news.sentence or news.is_over)
    coming = coming_of(session, stand, playback, after, now) if is_to_come else None
    return as_json(session, playback, news) | {"coming": coming and asdict(coming)}


def as_json(session: LiveSession, playback: Playback, news: News) -> dict[str, Any]:
    """News as the player reads them."""
    found = live_list(session, playback, news, timezone.now())
    more = reverse("listeners:live_more", args=[session.id])
    return {
        "state": found.state,
        "is_over": found.is_over,
        "sentence": found.sentence,
        "is_waiting": found.is_waiting,
        "good_for_s": found.good_for_s,
        "token": playback.text,
        "more": f"{more}?token={playback.text}",
        "hls": live_address(session.id, playback),
        "after": session.handed // SEGMENT_SAMPLES,
        "ahead": AHEAD,
        "sources": [
            {
                "stem": str(one.stem_id),
                "label": one.label,
                "role": one.role,
                "party": one.party_name,
                "recording": one.recording_title,
            }
            for one in found.sources
        ],
        "sections": [asdict(one) for one in found.plan],
        "segments": [asdict(one) for one in found.pieces],
    }


@never_cache
@require_GET
async def more(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Seconds from number `after` on and sections newer than `have`; waits for the first news.

    A second that is not wanted soon waits for the one made with it.
    """
    listener = listener_of(await request.auser())
    after, have = _number(request, "after"), _number(request, "have")
    was_waiting = request.GET.get("waiting") == "1"
    playback: Playback | None = None
    is_early = False

    def ask() -> Asked:
        nonlocal playback, is_early
        now, session = timezone.now(), session_of(listener, session_id)
        playback = playback or _playback_of(request, session, listener, now)
        is_early = after > segment_at(session.handed)
        stand = stand_of(session, now)
        news = news_of(session, stand, after=after, have=have, now=now)
        # Who has news goes on by what they fetch of it.
        if session.state in rules.UNDER_WAY and not news.is_any(was_waiting):
            keep_going(session, now, stand, since=after)
        return session, news

    def is_told(found: Asked) -> bool:
        news = found[1]
        is_lone = len(news.rows) == 1 and not news.places
        return news.is_any(was_waiting) and not (is_early and is_lone)

    def is_minded(word: str) -> bool:
        return not (is_early and word == str(after))

    session, news = await first_answer(str(session_id), ask, is_told, WAIT_S, minds=is_minded)
    assert playback is not None
    return JsonResponse(await sync_to_async(as_json)(session, playback, news))


def _playback_of(
    request: HttpRequest, session: LiveSession, listener: Listener, now: datetime
) -> Playback:
    playback = known_live(request.GET.get("token", ""), session, listener, now)
    if playback is None:
        raise Http404
    return playback


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "0")
    if not text.isdecimal() or len(text) > 9:
        raise Http404
    return int(text)


@never_cache
@login_required
@require_POST
def steer(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Change wishes from the next bar line on; `at` is the sample that is heard now, `undoes` the
    change that this one takes back.
    """
    listener = listener_of(request.user)
    session = session_of(listener, session_id)
    given = _json(request)
    _, before = latest_control(session)
    try:
        control = steer_session(
            session_id=session.id,
            wishes=_wishes(given),
            heard_at=_position(given.get("at")),
            now=timezone.now(),
        )
    except RequestRefused as refused:
        return _refusal(refused.code, refused.sentence)
    undoes = given.get("undoes")
    tell_taste(listener, session, before, control, undoes if isinstance(undoes, int) else None)
    return JsonResponse({"control": control.index, "targets": control.targets})


def _position(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _POSITION_MOST:
        raise RequestRefused("bad_position", "A position is a sample of the session.", "at")
    return value


@login_required
@require_POST
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Stop listening; what was heard is sealed and paid."""
    session = session_of(listener_of(request.user), session_id)
    end_session(session_id=session.id, now=timezone.now())
    return JsonResponse({"state": "ENDED"})
