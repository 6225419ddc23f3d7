"""Playing for partners: play lists under a playback token, and bulk reports of what was heard."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.models import Variation
from generation.variations.played import learn_of_play
from licensing.royalties.operations import PlaybackRefused, read_token, report_play
from portal.audio.hls import master_address
from portal.audio.playlists import Playback, known_playback, open_playback, play_list
from portal.audio.reach import Listener, asker_of, customer_of
from portal.partners import shapes
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint
from portal.partners.idempotency import once
from portal.partners.problems import Problem, checked
from portal.partners.variations import servable_variation

CUSTOMER = OpenApiParameter(
    "customer",
    str,
    description="Your own reference of who listens; kept as you send it, never shown to artists.",
)


class PlaylistView(Endpoint):
    """GET /api/v1/variations/{id}/playlist."""

    scopes: ClassVar[dict[str, str]] = {"GET": "variations:write"}

    @extend_schema(
        operation_id="get_playlist",
        parameters=[CUSTOMER, OpenApiParameter("playback_token", str)],
        responses=shapes.PlaylistShown,
    )
    def get(self, request: Request, variation_id: UUID) -> Response:
        """The segments there are by now, at addresses good for ten minutes.

        Without `playback_token` a new one is issued; send it back, with the same `customer`, to see
        more of the same play. An address is its own credential: hand it to the customer's player.
        `hls_url` is the same play for any HTTP Live Streaming client; it ends with the token.
        """
        row = servable_variation(request, variation_id)
        now = timezone.now()
        playback = self._playback(request, row, now)
        found = play_list(row, playback, after=0, now=now)
        segments = [
            {"index": one.index, "start": one.start, "end": one.end, "url": one.url}
            for one in found.pieces
        ]
        body = {
            "is_complete": found.complete,
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "segments": segments,
            "playback_token": playback.text,
            "hls_url": master_address(row.pk, playback),
        }
        return Response(body)

    def _playback(self, request: Request, row: Variation, now: datetime) -> Playback:
        """A new playback, or the one that is named; 404 when it is none of this customer's."""
        client = caller_of(request).requester
        customer = request.query_params.get("customer", "").replace("\0", "")[:60]
        listener = customer_of(client, customer) if customer else client
        token = request.query_params.get("playback_token", "")
        if not token:
            return open_playback(row, listener, client_key=client[1], now=now, payer=client)
        playback = known_playback(token, row, listener, now)
        if playback is None:
            sentence = "This playback token is over, or not of this variation and customer."
            raise Problem(404, "unknown_token", sentence)
        return playback


class UsagesView(Endpoint):
    """POST /api/v1/usages."""

    scopes: ClassVar[dict[str, str]] = {"POST": "usages:write"}

    @extend_schema(
        operation_id="report_plays",
        request=shapes.UsagesReported,
        responses={200: shapes.UsagesAnswered},
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", required=True)],
    )
    def post(self, request: Request) -> Response:
        """Report what was heard, up to 100 plays a call; each line is answered, safe to repeat."""
        asked = checked(shapes.UsagesReported(data=request.data))
        now = timezone.now()
        client = caller_of(request).requester
        return once(
            request,
            now,
            lambda _: Response({"results": [_reported(one, client) for one in asked["plays"]]}),
        )


def _reported(play: dict[str, Any], client: Listener) -> dict[str, Any]:
    """The answer to one line; a token of another client's is as unknown as one that is not ours."""
    if not _is_theirs(play["playback_token"], client):
        return {"id": play["id"], "accepted": False, "reason": "unknown_token"}
    token, now = play["playback_token"], timezone.now()
    result = report_play(
        token_text=token,
        client_id=play["id"],
        from_ms=play["from_ms"],
        until_ms=play["until_ms"],
        now=now,
    )
    if result.accepted:
        learn_of_play(token_text=token, now=now)
    return {"id": play["id"], "accepted": result.accepted, "reason": result.reason or None}


def _is_theirs(token: str, client: Listener) -> bool:
    try:
        row = read_token(token)
    except PlaybackRefused:
        return False
    return asker_of((row.listener_kind, row.listener_ref)) == client
