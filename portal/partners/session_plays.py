"""The sound of live sessions for partners: play lists under a playback token, and single seconds.

Invariant: a second that goes out starts its minute first, under a token of this client and session.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.compose.stream import SEGMENT_SAMPLES
from generation.engine import hls
from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions import rules
from generation.sessions.jobs import keep_going
from generation.sessions.models import LiveSegment, LiveSession
from generation.sessions.operations import hand_out
from generation.sessions.queries import MOST_SEGMENTS, find_segment, session_for, stand_of
from licensing.receipts.queries import is_funded
from licensing.royalties.operations import PlaybackRefused, start_minute
from portal.audio.answers import stored_object
from portal.audio.hls import live_address, live_master
from portal.audio.live import LiveList, known_live, live_list, news_of, open_live, payer_of
from portal.audio.objects import CONTENT_TYPES, Stored
from portal.audio.playlists import Playback
from portal.partners import session_shapes as shapes
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint
from portal.partners.patience import MOST_S, Patient
from portal.partners.problems import Problem
from portal.partners.sessions import SCOPE, own_session, source

TOKEN = OpenApiParameter("playback_token", str)
NEEDED_TOKEN = OpenApiParameter("playback_token", str, required=True)
FORMAT = OpenApiParameter("format", str, enum=list(hls.RENDITIONS))
NOT_READY = "Nothing of this session can be heard yet; look again soon."
OVER = "This session is over; start another one."
NO_POOL = "No receipt of yours covers this moment, so the session waits."


def sounding(session: LiveSession) -> LiveSession:
    """The session, when a playback of it can be opened now; else a problem."""
    if session.state not in rules.UNDER_WAY:
        raise Problem(409, "session_over", session.end_sentence or OVER)
    paid(session)
    if session.record_id is None:
        raise Problem(409, "not_ready", NOT_READY)
    return session


def paid(session: LiveSession) -> None:
    """A problem where the partner's receipts do not cover this moment."""
    if not is_funded(payer_of(session), timezone.now()):
        raise Problem(402, "no_pool", NO_POOL)


def playback_of(request: Request, session: LiveSession, now: datetime) -> Playback:
    """The playback that is named, or a new one; 404 where it is none of this session."""
    listener = (session.listener_kind, session.listener_ref)
    text = request.query_params.get("playback_token", "")
    if not text:
        key = caller_of(request).requester[1]
        return open_live(sounding(session), listener, client_key=key, now=now)
    playback = known_live(text, session, listener, now)
    if playback is None:
        raise Problem(404, "unknown_token", "This playback token is over, or not of this session.")
    return playback


def number_in(request: Request, name: str, otherwise: int, most: int = MOST_SEGMENTS) -> int:
    """A whole number of the query, at least -1; 422 for anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return otherwise
    if len(text) > 10 or not text.removeprefix("-").isdecimal() or not -1 <= int(text) <= most:
        rows = [{"pointer": f"?{name}", "detail": f"From -1 to {most}.", "code": "invalid"}]
        raise Problem(422, "bad_query", f"`{name}` is a whole number up to {most}.", errors=rows)
    return int(text)


class SessionPlaylistView(Patient):
    """GET /api/v1/sessions/{id}/playlist."""

    scopes: ClassVar[dict[str, str]] = {"GET": SCOPE}

    @extend_schema(
        operation_id="get_session_playlist",
        parameters=[
            TOKEN,
            OpenApiParameter("after", int, description="Seconds from this number on."),
            OpenApiParameter("have", int, description="The newest section that you know."),
            OpenApiParameter(
                "wait_s", int, description=f"Wait so long for the first news, up to {MOST_S}."
            ),
        ],
        responses=shapes.SessionPlaylistShown,
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        """The seconds that can be fetched by now, at addresses good for ten minutes.

        Without `playback_token` a new one is issued and the list begins where the session is; send
        it back with `after` and `have` to follow the same play. A section that is new to you may
        change seconds before `after`: those are listed again, in a higher version. An address is
        its own credential, and fetching it starts its minute; `at` in its query may say which
        sample is played at this moment. `hls_url` is the same play for any HTTP Live Streaming
        client.
        """
        session, now = own_session(request, session_id), timezone.now()
        playback = playback_of(request, session, now)
        after = number_in(request, "after", session.handed // SEGMENT_SAMPLES)
        have = number_in(request, "have", -1)
        stand = stand_of(session, now)
        if session.state in rules.UNDER_WAY:
            paid(session)
            keep_going(session, now, stand, since=max(0, after))
        news = news_of(session, stand, after=max(0, after), have=have, now=now)
        return Response(_as_json(session, playback, live_list(session, playback, news, now)))

    def news(self, request: HttpRequest, caller: tuple[str, str], kwargs: Any) -> bool:
        """Whether waiting is over; see Patient."""
        session = session_for(caller, kwargs["session_id"])
        if session is None or session.state not in rules.UNDER_WAY:
            return True
        now = timezone.now()
        if not is_funded(payer_of(session), now):
            return True
        after = _plain(request, "after", session.handed // SEGMENT_SAMPLES)
        stand = stand_of(session, now)
        keep_going(session, now, stand, since=after)
        newest = session.sections.order_by("-index").values_list("index", flat=True).first()
        is_planned = newest is not None and newest > _plain(request, "have", -1)
        return is_planned or find_segment(session, stand, after) is not None


def _plain(request: HttpRequest, name: str, otherwise: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise


def _as_json(session: LiveSession, playback: Playback, found: LiveList) -> dict[str, Any]:
    return {
        "state": found.state,
        "is_over": found.is_over,
        "sentence": found.sentence,
        "is_waiting": found.is_waiting,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "good_for_s": found.good_for_s,
        "sources": [source(one) for one in found.sources],
        "sections": [asdict(one) for one in found.plan],
        "segments": [asdict(one) for one in found.pieces],
        "playback_token": playback.text,
        "hls_url": live_address(session.id, playback),
    }


class SessionSegmentView(Endpoint):
    """GET /api/v1/sessions/{id}/segments/{n}."""

    scopes: ClassVar[dict[str, str]] = {"GET": SCOPE}

    @extend_schema(
        operation_id="get_session_segment",
        parameters=[
            NEEDED_TOKEN,
            OpenApiParameter("version", int, description="The version that you saw listed."),
            OpenApiParameter("at", int, description="The sample that is played at this moment."),
        ],
        responses={(200, "audio/flac"): bytes},
    )
    def get(self, request: Request, session_id: UUID, number: int) -> HttpResponseBase:
        """One second as 24-bit FLAC, in its present version. Its minute is started.

        409 `not_ready` while it is not made, 409 `changed` where `version` is not the present one,
        410 `withdrawn` where a holder withdrew and the session goes on without at the next line.
        """
        session, now = own_session(request, session_id), timezone.now()
        if not request.query_params.get("playback_token"):
            sentence = "Open a play list first and send its playback_token."
            raise Problem(404, "unknown_token", sentence)
        playback = playback_of(request, session, now)
        heard = number_in(request, "at", -1, rules.LONGEST)
        wanted = number_in(request, "version", -1)
        found = _second(session, number, now)
        if wanted not in (-1, found.version):
            sentence = f"This second is in version {found.version} by now."
            raise Problem(409, "changed", sentence, version=found.version)
        _start(playback, number, now)
        at = min(heard, session.planned) if heard >= 0 else None
        hand_out(session=session, number=number, now=now, heard=at)
        kind = CONTENT_TYPES["flac"]
        return stored_object(request._request, Stored(found.name, found.bytes, found.digest, kind))


def _second(session: LiveSession, number: int, now: datetime) -> LiveSegment:
    """The second in its present version when it may be heard; else a problem that says why not."""
    if session.state not in rules.UNDER_WAY:
        raise Problem(409, "session_over", session.end_sentence or OVER)
    stand = stand_of(session, now)
    found = find_segment(session, stand, number) if number <= MOST_SEGMENTS else None
    if found is not None:
        return found
    keep_going(session, now, stand, since=number)
    if not stand.may_sound(number):
        raise Problem(410, "withdrawn", "A holder has withdrawn; this second is not served.")
    raise Problem(409, "not_ready", "This second is not made yet; look again soon.")


def _start(playback: Playback, number: int, now: datetime) -> None:
    try:
        minute = rules.minute_of(number)
        start_minute(token_text=playback.text, minute=minute, now=now)
    except PlaybackRefused as refused:
        if refused.code == "no_pool":
            raise Problem(402, "no_pool", NO_POOL) from refused
        raise Problem(404, "unknown_token", "This playback token is over.") from refused


class SessionStreamView(Endpoint):
    """GET /api/v1/sessions/{id}/playlist.m3u8."""

    scopes: ClassVar[dict[str, str]] = {"GET": SCOPE}

    @extend_schema(
        operation_id="get_session_stream",
        parameters=[TOKEN, FORMAT],
        responses={(200, hls.CONTENT_TYPE): str},
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponse:
        """A master play list for HTTP Live Streaming; what it names needs no bearer token.

        AAC, or FLAC where `format` says so. The media play list slides on while it is asked for,
        at the pace of the clock, and nothing that it named is changed any more.
        """
        session = own_session(request, session_id)
        form = request.query_params.get("format", "aac")
        if form not in hls.RENDITIONS:
            sentence = f"There is no such stream; there are: {', '.join(hls.RENDITIONS)}."
            raise Problem(404, "no_such_format", sentence)
        playback = playback_of(request, session, timezone.now())
        return HttpResponse(live_master(session.id, playback, form), content_type=hls.CONTENT_TYPE)
