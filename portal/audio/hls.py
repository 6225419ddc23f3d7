"""HTTP Live Streaming for clients that are not our player: play lists, init parts, segments.

It encodes nothing: a segment that nobody asked for today is made by a worker while the request
waits, and no database connection is held meanwhile. It tells apart no more than `views` does.
Invariant: log-in, playback token and `may_serve` are asked for every single answer, and a segment
is noted under its token exactly as a piece is.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
from generation.variations.models import Variation
from generation.variations.rules import UNDER_WAY
from portal.audio.answers import stored_object
from portal.audio.objects import Stored
from portal.audio.playlists import PREVIEW_SAMPLES, Playback, known_playback
from portal.audio.reach import audible_for
from portal.audio.signing import Leave, read, sign
from portal.audio.views import is_bearer, note
from portal.audio.waiting import Answer, first_answer

PIECE = "hls"
WAIT_S = 8.0


@dataclass(frozen=True, slots=True)
class _Admitted:
    """Who asks, for what, and where the sound ends for them by now."""

    leave: Leave
    variation: Variation
    reached: int
    end: int


def master_address(variation_id: UUID, playback: Playback) -> str:
    """Where an HLS client begins. The leave in it lasts as long as the playback it belongs to.

    Addresses of a play list must not change while it grows, so one leave covers what it names.
    """
    token = playback.token
    leave = Leave(
        subject_ref=str(variation_id),
        piece=PIECE,
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        playback=playback.text,
        expires_at=int(token.expires_at.timestamp()),
    )
    return reverse("audio:hls_master", args=[sign(leave)])


def _admitted(request: HttpRequest, leave: str, now: datetime) -> _Admitted:
    """Whoever may hear this now; Http404 for everybody else."""
    given = read(leave, now=now)
    if given is None or given.piece != PIECE or not is_bearer(request, given):
        raise Http404
    listener = (given.listener_kind, given.listener_ref)
    variation = audible_for(listener, given.subject_ref, now)
    playback = known_playback(given.playback, variation, listener, now) if variation else None
    if variation is None or playback is None:
        raise Http404
    reached = encodings.reached_by(variation)
    audible = PREVIEW_SAMPLES if playback.token.is_preview else variation.length
    return _Admitted(given, variation, reached, encodings.end_of(variation, audible, reached))


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

    def ask() -> _Admitted:
        return _admitted(request, leave, timezone.now())

    def is_news(found: _Admitted) -> bool:
        waits = found.variation.state in UNDER_WAY
        return not waits or hls.count_ready(rendition, found.reached, found.end) > 0

    found = await _patiently(leave, ask, is_news)
    text = hls.media_play_list(rendition, reached=min(found.reached, found.end), end=found.end)
    return _dressed(HttpResponse(text, content_type=hls.CONTENT_TYPE))


@never_cache
@require_safe
async def segment(request: HttpRequest, leave: str, form: str, number: int) -> HttpResponseBase:
    """One segment, from the store or made while this waits; 503 when that takes too long."""
    _rendition(form)

    def ask() -> tuple[_Admitted, Stored | None]:
        now = timezone.now()
        found = _admitted(request, leave, now)
        wanted = encodings.wanted_segment(found.variation, form, number, found.end)
        if wanted is None:
            raise Http404
        size = encodings.size_of(wanted)
        if size is None:
            encodings.ask_for(found.variation, wanted, now)
            return found, None
        return found, Stored(
            wanted.name, size, wanted.digest, hls.SEGMENT_TYPE, until_ms=wanted.until_ms
        )

    found, stored = await _patiently(leave, ask, lambda answer: answer[1] is not None)
    if stored is None:
        return _dressed(HttpResponse(status=503, headers={"Retry-After": "1"}))
    if request.method == "GET":
        await sync_to_async(note)(found.leave, stored)
    return stored_object(request, stored)


async def _patiently(
    leave: str, ask: Callable[[], Answer], is_news: Callable[[Answer], bool]
) -> Answer:
    given = read(leave, now=timezone.now())
    return await first_answer(given.subject_ref if given else "", ask, is_news, WAIT_S)


def _dressed(answer: HttpResponse) -> HttpResponse:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
