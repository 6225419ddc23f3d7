"""What the player talks to: play lists that wait for more, reports of what was heard, credits.

It refuses to draw pages. Invariants: whoever may not hear a variation gets the same 404 as for one
that does not exist; while an answer waits for the next piece no database connection is held.
"""

import hashlib
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from generation.variations.played import learn_of_play
from generation.variations.queries import credits_at
from licensing.royalties.operations import PlaybackRefused, read_token, report_play
from portal.accounts.access import parties_of
from portal.accounts.models import User
from portal.audio.hls import master_address
from portal.audio.playlists import Playback, PlayList, known_playback, open_playback, play_list
from portal.audio.reach import Listener, audible_for
from portal.audio.waiting import first_answer

WAIT_S = 8.0
_POSITION_MOST_MS = 10**9


def listener_of(user: User | AnonymousUser) -> Listener:
    """Who listens, as the lower rooms name them; nobody in particular is a 404."""
    if not isinstance(user, User):
        raise Http404
    return ("user", str(user.pk))


def _answer(found: PlayList, playback: Playback, more: str, hls: str) -> JsonResponse:
    segments = [
        {
            "index": piece.index,
            "start": piece.start,
            "end": piece.end,
            "url": piece.url,
            "shares": piece.shares,
        }
        for piece in found.pieces
    ]
    return JsonResponse(
        {
            "state": found.state,
            "length": found.length,
            "audible": found.audible,
            "complete": found.complete,
            "good_for_s": found.good_for_s,
            "token": playback.text,
            "more": f"{more}?token={playback.text}",
            "hls": hls,
            "segments": segments,
        }
    )


@never_cache
@require_POST
def play(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Open a playback: a token, and every piece there is so far."""
    now = timezone.now()
    listener = listener_of(request.user)
    variation = audible_for(listener, variation_id, now)
    if variation is None:
        raise Http404
    playback = open_playback(
        variation,
        listener,
        client_key=client_key(request),
        now=now,
        listener_parties=list(parties_of(request.user).values_list("pk", flat=True)),
    )
    found = play_list(variation, playback, after=0, now=now)
    hls = master_address(variation_id, playback)
    return _answer(found, playback, f"{request.path}more/", hls)


def client_key(request: HttpRequest) -> str:
    """Names the browser without telling its session."""
    return hashlib.sha256((request.session.session_key or "").encode()).hexdigest()[:32]


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise Http404
    return int(text)


@never_cache
@require_GET
async def more(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """The pieces from number `after` on; waits up to WAIT_S for the first of them."""
    after = _whole(request.GET.get("after", "0"))
    user = await request.auser()
    listener = listener_of(user)
    ask = _asker(variation_id, listener, request.GET.get("token", ""), after)
    found, playback = await first_answer(str(variation_id), ask, _is_news, WAIT_S)
    return _answer(found, playback, request.path, master_address(variation_id, playback))


def _asker(
    variation_id: UUID, listener: Listener, token: str, after: int
) -> Callable[[], tuple[PlayList, Playback]]:
    def ask() -> tuple[PlayList, Playback]:
        now = timezone.now()
        variation = audible_for(listener, variation_id, now)
        playback = known_playback(token, variation, listener, now) if variation else None
        if variation is None or playback is None:
            raise Http404
        return play_list(variation, playback, after=after, now=now), playback

    return ask


def _is_news(answer: tuple[PlayList, Playback]) -> bool:
    return answer[0].complete or bool(answer[0].pieces)


@require_POST
def plays(request: HttpRequest) -> HttpResponse:
    """Take a report of what was heard: token, client_id, from_ms, until_ms."""
    given, now = request.POST, timezone.now()
    token = given.get("token", "")
    if not _is_theirs(token, listener_of(request.user)):
        raise Http404
    result = report_play(
        token_text=token,
        client_id=given.get("client_id", "").replace("\0", "")[:100],
        from_ms=_position(given.get("from_ms", "")),
        until_ms=_position(given.get("until_ms", "")),
        now=now,
    )
    if result.accepted:
        learn_of_play(token_text=token, now=now)
    return JsonResponse({"accepted": result.accepted, "reason": result.reason})


def _is_theirs(token: str, listener: Listener) -> bool:
    try:
        row = read_token(token)
    except PlaybackRefused:
        return False
    return (row.listener_kind, row.listener_ref) == listener


def _position(text: str) -> int:
    position = _whole(text)
    if position > _POSITION_MOST_MS:
        raise Http404
    return position


@never_cache
@require_GET
def credits_now(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Who sounds in the second that holds `at_ms`, loudest first, in ppm."""
    at_ms = _whole(request.GET.get("at_ms", "0"))
    if audible_for(listener_of(request.user), variation_id, timezone.now()) is None:
        raise Http404
    heard = [
        {
            "stem": str(credit.source.stem_id),
            "label": credit.source.label,
            "role": credit.source.role,
            "party": credit.source.party_name,
            "recording": credit.source.recording_title,
            "ppm": credit.ppm,
        }
        for credit in credits_at(variation_id, at_ms)
    ]
    return JsonResponse({"at_ms": at_ms, "credits": heard})
