"""HTTP Live Streaming for clients that are not our player: play lists, init parts, segments.

It encodes nothing: a segment that nobody asked for today is made by a worker while the request
waits, and no database connection is held meanwhile. It tells apart no more than `views` does.
Invariant: log-in, playback token and what the sound rests on are asked for every single answer, and
a segment is noted under its token exactly as a piece is.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generation.engine import hls
from generation.variations import encodings
from generation.variations.encodings import Wanted
from portal.audio import streams
from portal.audio.answers import stored_object
from portal.audio.objects import Stored
from portal.audio.playlists import Playback
from portal.audio.signing import Leave, read, sign
from portal.audio.streams import Stream, stream_of
from portal.audio.views import is_bearer
from portal.audio.waiting import Answer, first_answer

WAIT_S = 8.0


def master_address(variation_id: UUID, playback: Playback) -> str:
    """Where an HLS client of a variation begins."""
    return reverse("audio:hls_master", args=[_leave(variation_id, playback, streams.VARIATION)])


def live_address(session_id: UUID, playback: Playback) -> str:
    """Where an HLS client of a live session begins."""
    return reverse("audio:hls_master", args=[_leave(session_id, playback, streams.SESSION)])


def live_master(session_id: UUID, playback: Playback, form: str) -> str:
    """The master play list of a live session, to be read at any address of ours."""
    beside = live_address(session_id, playback).removesuffix("master.m3u8")
    return hls.master_play_list([hls.RENDITIONS[form]], beside)


def _leave(subject_id: UUID, playback: Playback, piece: str) -> str:
    """Leave that lasts as long as the playback it belongs to.

    Addresses of a play list must not change while it grows, so one leave covers what it names.
    """
    token = playback.token
    leave = Leave(
        subject_ref=str(subject_id),
        piece=piece,
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        playback=playback.text,
        expires_at=int(token.expires_at.timestamp()),
    )
    return sign(leave)


def _admitted(request: HttpRequest, leave: str, now: datetime) -> Stream:
    """What whoever asks may hear now; Http404 for everybody else."""
    given = read(leave, now=now)
    stream = stream_of(given, now) if given is not None and is_bearer(request, given) else None
    if stream is None:
        raise Http404
    return stream


def _rendition(form: str) -> hls.Rendition:
    try:
        return hls.RENDITIONS[form]
    except KeyError:
        raise Http404 from None


@never_cache
@require_safe
def master(request: HttpRequest, leave: str, form: str) -> HttpResponse:
    """The way to one codec. Never to both: a client would change between them with the weather of
    its network, and Chromium breaks off where a stream changes its codec.
    """
    _admitted(request, leave, timezone.now())
    text = hls.master_play_list([_rendition(form)])
    return _dressed(HttpResponse(text, content_type=hls.CONTENT_TYPE))


@never_cache
@require_safe
def init(request: HttpRequest, leave: str, form: str) -> HttpResponse:
    """What a player reads before the first segment."""
    _admitted(request, leave, timezone.now())
    body = hls.init_segment(_rendition(form))
    return _dressed(HttpResponse(body, content_type=hls.SEGMENT_TYPE))


@never_cache
@require_safe
async def index(request: HttpRequest, leave: str, form: str) -> HttpResponse:
    """The segments there are by now; waits a while for the first."""
    rendition = _rendition(form)

    def ask() -> tuple[str, bool]:
        now = timezone.now()
        return _admitted(request, leave, now).play_list(rendition, now)

    text, _ = await _patiently(leave, ask, lambda answer: answer[1])
    return _dressed(HttpResponse(text, content_type=hls.CONTENT_TYPE))


@never_cache
@require_safe
async def segment(request: HttpRequest, leave: str, form: str, number: int) -> HttpResponseBase:
    """One segment, from the store or made while this waits; 503 when that takes too long."""
    _rendition(form)

    def ask() -> tuple[Stream, Wanted, int | None]:
        now = timezone.now()
        stream = _admitted(request, leave, now)
        wanted = stream.wanted(form, number, now)
        if wanted is None:
            raise Http404
        size = encodings.size_of(wanted)
        if size is None:
            encodings.ask_for(stream.subject(), wanted, now)
        return stream, wanted, size

    stream, wanted, size = await _patiently(leave, ask, lambda answer: answer[2] is not None)
    if size is None:
        return _dressed(HttpResponse(status=503, headers={"Retry-After": "1"}))
    if request.method == "GET":
        await sync_to_async(streams.note)(stream, wanted, timezone.now())
    stored = Stored(wanted.name, size, wanted.digest, hls.SEGMENT_TYPE)
    return await sync_to_async(stored_object)(request, stored)


async def _patiently(
    leave: str, ask: Callable[[], Answer], is_news: Callable[[Answer], bool]
) -> Answer:
    given = read(leave, now=timezone.now())
    return await first_answer(given.subject_ref if given else "", ask, is_news, WAIT_S)


def _dressed(answer: HttpResponse) -> HttpResponse:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
