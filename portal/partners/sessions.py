"""Live sessions for partners: begin, look, move the targets, end.

Invariant: another client's session and one that does not exist are the same 404.
"""

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions import operations, rules
from generation.sessions.asking import is_waiting, latest_control
from generation.sessions.by_taste import start_by_taste
from generation.sessions.models import LiveSession
from generation.sessions.queries import session_for
from generation.sessions.steered import tell_taste
from generation.variations.heard import CUSTOMER
from generation.variations.rules import RequestRefused
from licensing.attribution.queries import LineView
from portal.audio.live import lines_of_session, sections_of
from portal.audio.reach import customer_of
from portal.partners import session_shapes as shapes
from portal.partners.access import Caller, caller_of
from portal.partners.endpoint import Endpoint
from portal.partners.idempotency import once
from portal.partners.problems import Problem, checked

SCOPE = "sessions:write"
REFUSED_STATUS = {
    "no_pool": 402,
    "no_such_recording": 404,
    "no_such_artist": 404,
    "session_over": 409,
    "too_many": 429,
    "too_many_sessions": 429,
}
A_RUN = OpenApiExample(
    "A run",
    value={
        "mode": "MOOD",
        "customer": "runner-7",
        "targets": {"energy": 0.6, "tempo_bpm": 124, "vocals": False},
    },
    request_only=True,
)
UPHILL = OpenApiExample(
    "Uphill",
    value={"targets": {"energy": 0.9, "tempo_bpm": 132}, "heard_at": 96_000},
    request_only=True,
)


def own_session(request: Request, session_id: UUID) -> LiveSession:
    """The client's session; missing and another's are the same 404."""
    session = session_for(caller_of(request).requester, session_id)
    if session is None:
        raise Http404
    return session


def refusal(refused: RequestRefused) -> Problem:
    """What the house refuses, as a problem; its code is the problem's."""
    status = REFUSED_STATUS.get(refused.code, 422)
    return Problem(status, refused.code, refused.sentence, field=refused.field)


def source(line: LineView) -> dict[str, Any]:
    """One source as plain JSON."""
    return {
        "stem": str(line.stem_id),
        "name": line.label,
        "role": line.role,
        "recording": str(line.recording_id),
        "recording_title": line.recording_title,
        "party": line.party_name,
        "ppm": line.ppm,
    }


def shown(session: LiveSession) -> dict[str, Any]:
    """The session as plain JSON."""
    over = {"code": session.end_code, "sentence": session.end_sentence}
    return {
        "id": str(session.id),
        "title": session.title,
        "mode": session.mode.upper(),
        "state": session.state,
        "over": None if session.state in rules.UNDER_WAY else over,
        "is_waiting": is_waiting(session),
        "targets": latest_control(session)[1],
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "handed": session.handed,
        "duration_ms": session.handed * 1000 // SAMPLE_RATE_HZ,
        "sections": [asdict(one) for one in sections_of(session)],
        "sources": [source(one) for one in lines_of_session(session)],
    }


class SessionsView(Endpoint):
    """POST /api/v1/sessions."""

    scopes: ClassVar[dict[str, str]] = {"POST": SCOPE}

    @extend_schema(
        operation_id="start_session",
        request=shapes.SessionAsked,
        responses={201: shapes.SessionShown},
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", required=True)],
        examples=[A_RUN],
    )
    def post(self, request: Request) -> Response:
        """Begin a live session: an endless piece that is made while it plays.

        Its play list says when there is something to hear. A customer's session ends the one they
        heard before; a session whose sound nobody fetches for ten minutes ends by itself.
        """
        asked = checked(shapes.SessionAsked(data=request.data))
        return once(request, timezone.now(), lambda key: self._start(request, key, asked))

    def _start(self, request: Request, key: str, asked: dict[str, Any]) -> Response:
        try:
            session = _begun(caller_of(request), key, asked)
        except RequestRefused as refused:
            raise refusal(refused) from refused
        location = reverse("partners:session", args=[session.id])
        return Response(shown(session), status=201, headers={"Location": location})


def _begun(caller: Caller, key: str, asked: dict[str, Any]) -> LiveSession:
    """Start what was asked for; raises RequestRefused."""
    customer, taste_of = (
        customer_of(caller.requester, name) if name else None
        for name in (asked["customer"], asked["by_taste_of"])
    )
    wanted: dict[str, Any] = {
        "requester": caller.requester,
        "listener": customer,
        "key": key,
        "mode": asked["mode"].lower(),
        "targets": dict(asked["targets"]),
        "recordings": [str(one) for one in asked["recordings"]],
        "artist": asked["artist"],
        "seed": asked["seed"],
        "territory": asked.get("territory", caller.client.territory),
        "channel": caller.client.channel,
        "now": timezone.now(),
    }
    if taste_of is not None:
        return start_by_taste(taste_of=taste_of, **wanted)
    return operations.start_session(**wanted)


class SessionView(Endpoint):
    """GET, PATCH and DELETE /api/v1/sessions/{id}."""

    scopes: ClassVar[dict[str, str]] = dict.fromkeys(("GET", "PATCH", "DELETE"), SCOPE)

    @extend_schema(operation_id="get_session", responses=shapes.SessionShown)
    def get(self, request: Request, session_id: UUID) -> Response:
        """Where it stands: what is planned, who is in it, and why it is over if it is.

        Shares of the whole are there once it is over and sealed; the play list has them for every
        second.
        """
        return Response(shown(own_session(request, session_id)))

    @extend_schema(
        operation_id="move_session",
        request=shapes.SessionMoved,
        responses=shapes.SessionShown,
        examples=[UPHILL],
    )
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Move its targets, to be heard from a bar line on; what is not named stays as it is.

        With `heard_at`, the sample that the player plays at this moment, that is the next line, and
        seconds that were fetched but not played are made anew in a higher version. Without it, and
        for whatever an HLS play list has named, the change comes behind what was handed out.

        A tempo that follows a heart rate is computed on the device: send the tempo. Nothing here
        takes biometric data. What the customer moved themselves teaches their taste where you say
        so with `is_said_by_customer`.
        """
        session = own_session(request, session_id)
        asked = checked(shapes.SessionMoved(data=request.data))
        _, before = latest_control(session)
        try:
            control = operations.steer_session(
                session_id=session.id,
                wishes=dict(asked["targets"]),
                heard_at=asked["heard_at"],
                now=timezone.now(),
            )
        except RequestRefused as refused:
            raise refusal(refused) from refused
        listener = (session.listener_kind, session.listener_ref)
        if asked["is_said_by_customer"] and listener[0] == CUSTOMER:
            tell_taste(listener, session, before, control)
        return Response(shown(own_session(request, session_id)))

    @extend_schema(operation_id="end_session", request=None, responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """End it. Repeating this changes nothing; what was heard is sealed and stays billed."""
        session = own_session(request, session_id)
        operations.end_session(session_id=session.id, now=timezone.now())
        return Response(status=204)
