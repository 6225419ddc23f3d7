"""Playing for partners: play lists under a playback token, and bulk reports of what was heard."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations import queries
from generation.variations.models import Segment
from generation.variations.rules import State
from licensing.attribution.queries import may_serve
from licensing.royalties.operations import (
    PlaybackRefused,
    issue_token,
    note_fetched,
    report_play,
)
from portal.audio import signing
from portal.audio.answers import stored_object
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
        """The segments there are by now, with addresses good for ten minutes.

        Without `playback_token` a new one is issued; send it back to see more of the same play.
        """
        row = servable_variation(request, variation_id)
        caller = caller_of(request)
        now = timezone.now()
        duration_ms = row.length * 1000 // SAMPLE_RATE_HZ
        token = request.query_params.get("playback_token", "")
        customer = request.query_params.get("customer", "")[:60]
        listener = ("customer", f"{caller.client.id}:{customer}") if customer else caller.requester
        if not token:
            _, token = issue_token(
                record_id=row.record_id,
                listener=listener,
                client_key=str(caller.client.id),
                duration_ms=duration_ms,
                payer=caller.requester,
                now=now,
            )
        segments = [
            {
                "index": one.index,
                "start": one.start,
                "end": one.end,
                "url": _address(row.id, one.index, caller.requester, token),
            }
            for one in queries.playlist(row.id)
        ]
        body = {
            "is_complete": row.state == State.READY,
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "segments": segments,
            "playback_token": token,
        }
        return Response(body)


def _address(variation_id: UUID, index: int, requester: tuple[str, str], token: str) -> str:
    leave = signing.Leave(
        subject_ref=str(variation_id),
        piece=f"segment:{index}",
        listener_kind=requester[0],
        listener_ref=requester[1],
        playback=token,
        expires_at=signing.expiry(timezone.now()),
    )
    return reverse("partners:segment", args=[signing.sign(leave)])


class SegmentView(Endpoint):
    """GET /api/v1/segments/{leave}: bound to the client, whose bearer token must be sent."""

    scopes: ClassVar[dict[str, str]] = {"GET": "variations:write"}

    @extend_schema(operation_id="get_segment", responses={(200, "audio/flac"): bytes})
    def get(self, request: Request, leave: str) -> HttpResponseBase:
        """One piece as 24-bit FLAC."""
        given = signing.read(leave, now=timezone.now())
        if (
            given is None
            or (given.listener_kind, given.listener_ref) != caller_of(request).requester
        ):
            raise Problem(404, "not_found", "There is nothing here that this client may see.")
        return _segment(request._request, given)


def _segment(request: HttpRequest, leave: signing.Leave) -> HttpResponseBase:
    row = queries.get_variation(leave.subject_ref)
    if row.record_id is None or not may_serve(row.record_id, timezone.now()):
        raise Problem(410, "withdrawn", "A holder has withdrawn; this is no longer served.")
    try:
        one = queries.get_segment(row.id, int(leave.piece.partition(":")[2]))
        note_fetched(leave.playback, one.end * 1000 // SAMPLE_RATE_HZ)
    except Segment.DoesNotExist:
        raise Problem(404, "not_found", "This piece is not made yet.") from None
    except PlaybackRefused as refused:
        raise Problem(
            402, refused.code, "Without a receipt for this month only 30 s may be heard."
        ) from refused
    return stored_object(
        request, name=one.name, size=one.bytes, digest=one.digest, content_type="audio/flac"
    )


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
        return once(
            request,
            now,
            lambda _: Response({"results": [_reported(one) for one in asked["plays"]]}),
        )


def _reported(play: dict[str, Any]) -> dict[str, Any]:
    result = report_play(
        token_text=play["playback_token"],
        client_id=play["id"],
        from_ms=play["from_ms"],
        until_ms=play["until_ms"],
        now=timezone.now(),
    )
    return {"id": play["id"], "accepted": result.accepted, "reason": result.reason or None}
