"""Variations for partners: ask, look, cancel, fetch, and read who is in it."""

import json
from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.variations import operations, queries
from generation.variations.approving import note_served
from generation.variations.models import Variation
from generation.variations.rules import FORMATS, RequestRefused, State
from licensing.attribution.models import ExternalSource
from licensing.attribution.queries import may_make, may_serve
from licensing.attribution.rules import CONDITIONING_ONLY
from licensing.receipts.queries import is_funded
from portal.audio.answers import stored_object
from portal.audio.asked import declined_sentence, waits_sentence
from portal.audio.label import ai_label
from portal.audio.objects import find_piece
from portal.audio.reach import customer_of, may_sound
from portal.partners import shapes
from portal.partners.access import caller_of
from portal.partners.by_taste import request_for
from portal.partners.endpoint import Endpoint
from portal.partners.idempotency import once
from portal.partners.problems import Problem, checked

STILL_S = 2
PREVIEW_ONLY = "Without a receipt for this month only 30 s may be heard."
REFUSED_STATUS = {"too_many_renders": 429, "key_used": 422, "no_such_recording": 404}


def own_variation(request: Request, variation_id: UUID) -> Variation:
    """The client's variation; missing and another's are the same 404."""
    try:
        return queries.get_variation_for(caller_of(request).requester, variation_id)
    except Variation.DoesNotExist:
        raise Http404 from None


def servable_variation(request: Request, variation_id: UUID) -> Variation:
    """The client's variation with an open or sealed record that may sound now; else a problem."""
    row = own_variation(request, variation_id)
    if row.record_id is None:
        raise Problem(409, "not_ready", "Nothing of this variation is made yet; look again soon.")
    if row.state == State.FAILED:
        raise Problem(409, "not_made", "This could not be made, so nothing of it is served.")
    now = timezone.now()
    asked = queries.asked_of(row)
    if not asked.has_passed and may_make(row.record_id, now):
        if asked.declined_by:
            raise Problem(409, "declined", declined_sentence(asked))
        raise Problem(409, "waiting_for_approval", waits_sentence(asked))
    if not may_sound(row, now) or not note_served(row, now):
        raise Problem(410, "withdrawn", "A holder has withdrawn; this is no longer served.")
    return row


def shown(row: Variation) -> dict[str, Any]:
    """The variation as plain JSON."""
    view = queries.variation_view(row.id)
    return {
        "id": str(view.id),
        "title": view.title,
        "mode": view.mode.upper(),
        "state": view.state,
        "progress": {"done": view.pieces_done, "of": view.pieces_of},
        "duration_ms": view.duration_ms,
        "tempo_bpm": view.tempo_bpm,
        "key": view.key,
        "ai_label": ai_label(view.model_ppm, is_known=view.is_share_known).sentence,
        "human_ppm": view.human_ppm,
        "model_ppm": view.model_ppm,
        "remarks": list(view.remarks),
        "formats": [one.format for one in view.files],
        "waits_for": list(view.asked.waits_for),
        "problem": _problem_of(view),
    }


def _problem_of(view: queries.VariationView) -> dict[str, str] | None:
    """Why there will be nothing to hear: it was not made, or a holder said no."""
    if view.state == State.FAILED:
        return {"code": view.error_code, "detail": view.error_sentence}
    if view.state == State.DECLINED:
        told = " ".join([declined_sentence(view.asked), *view.asked.reasons])
        return {"code": "declined", "detail": told}
    return None


class VariationsView(Endpoint):
    """POST /api/v1/variations."""

    scopes: ClassVar[dict[str, str]] = {"POST": "variations:write"}

    @extend_schema(
        operation_id="request_variation",
        request=shapes.VariationAsked,
        responses={202: shapes.VariationShown},
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", required=True)],
    )
    def post(self, request: Request) -> Response:
        """Ask for a variation; it is made in the background, and this answers where to look."""
        asked = checked(shapes.VariationAsked(data=request.data))
        return once(request, timezone.now(), lambda key: self._request(request, key, asked))

    def _request(self, request: Request, key: str, asked: dict[str, Any]) -> Response:
        caller, now = caller_of(request), timezone.now()
        wanted: dict[str, Any] = {
            "requester": caller.requester,
            "key": key,
            "mode": asked["mode"].lower(),
            "targets": dict(asked["targets"]),
            "recordings": [str(one) for one in asked["recordings"]],
            "seed": asked["seed"],
            "without": [str(one) for one in asked["without"]],
            "territory": asked.get("territory", caller.client.territory),
            "channel": caller.client.channel,
            "now": now,
        }
        try:
            if asked["by_taste_of"]:
                row = request_for(customer_of(caller.requester, asked["by_taste_of"]), wanted)
            else:
                row = operations.request_variation(**wanted)
        except RequestRefused as refused:
            status = REFUSED_STATUS.get(refused.code, 422)
            raise Problem(status, refused.code, refused.sentence, field=refused.field) from refused
        location = reverse("partners:variation", args=[row.id])
        return Response(
            shown(row), status=202, headers={"Location": location, "Retry-After": str(STILL_S)}
        )


class VariationView(Endpoint):
    """GET and DELETE /api/v1/variations/{id}."""

    scopes: ClassVar[dict[str, str]] = {"GET": "variations:write", "DELETE": "variations:write"}

    @extend_schema(operation_id="get_variation", responses=shapes.VariationShown)
    def get(self, request: Request, variation_id: UUID) -> Response:
        """Where it stands; while it is being made, `Retry-After` says when to look again."""
        row = own_variation(request, variation_id)
        answer = Response(shown(row))
        if row.state in {State.COMPOSING, State.RENDERING}:
            answer["Retry-After"] = str(STILL_S)
        return answer

    @extend_schema(operation_id="cancel_variation", request=None, responses={204: None})
    def delete(self, request: Request, variation_id: UUID) -> Response:
        """Stop making it. Repeating this changes nothing; what was heard stays billed."""
        row = own_variation(request, variation_id)
        operations.cancel_variation(
            variation_id=row.id, requester=caller_of(request).requester, now=timezone.now()
        )
        return Response(status=204)


class AttributionView(Endpoint):
    """GET /api/v1/variations/{id}/attribution."""

    scopes: ClassVar[dict[str, str]] = {"GET": "licences:read"}

    @extend_schema(operation_id="get_attribution", responses=shapes.AttributionShown)
    def get(self, request: Request, variation_id: UUID) -> Response:
        """Who is in it, in parts per million of what is heard."""
        row = own_variation(request, variation_id)
        record = row.record
        if record is None:
            raise Problem(409, "not_ready", "Nothing of this variation is made yet.")
        lines = [
            {
                "stem": str(credit.source.stem_id),
                "name": credit.source.label,
                "role": credit.source.role,
                "recording": str(credit.source.recording_id),
                "recording_title": credit.source.recording_title,
                "party": credit.source.party_name,
                "ppm": credit.ppm,
            }
            for credit in queries.credits_of(row.id)
        ]
        is_final = record.sealed_at is not None
        body = {
            "is_final": is_final,
            "policy": record.policy,
            "unattributed_ppm": record.unattributed_ppm,
            "lines": lines,
        }
        return Response(body)


class LicenceView(Endpoint):
    """GET /api/v1/variations/{id}/licence."""

    scopes: ClassVar[dict[str, str]] = {"GET": "licences:read"}

    @extend_schema(operation_id="get_licence", responses=shapes.LicenceShown)
    def get(self, request: Request, variation_id: UUID) -> Response:
        """The licence record: what was cleared, on which terms, and what was measured."""
        record = own_variation(request, variation_id).record
        if record is None:
            raise Problem(409, "not_ready", "Nothing of this variation is made yet.")
        now = timezone.now()
        more = {
            "may_serve": may_serve(record.pk, now),
            "territory": record.clearance.territory,
            "channel": record.clearance.channel,
            "external": [_external(one) for one in record.external_sources.all()],
        }
        names = [name for name in shapes.LicenceShown().get_fields() if name not in more]
        plain = {name: getattr(record, name) for name in names}
        body = shapes.LicenceShown(plain | more).data
        return Response(json.loads(json.dumps(body)))


def _external(one: ExternalSource) -> dict[str, Any]:
    names = [name for name in shapes.ExternalShown().get_fields() if name != "attribution"]
    return {name: getattr(one, name) for name in names} | {"attribution": CONDITIONING_ONLY}


class AudioView(Endpoint):
    """GET /api/v1/variations/{id}/audio?format=."""

    scopes: ClassVar[dict[str, str]] = {"GET": "variations:write"}

    @extend_schema(
        operation_id="get_audio",
        parameters=[OpenApiParameter("format", str, enum=list(FORMATS))],
        responses={(200, "audio/*"): bytes},
    )
    def get(self, request: Request, variation_id: UUID) -> HttpResponseBase:
        """The finished file; ranges are answered."""
        row = servable_variation(request, variation_id)
        if not is_funded(caller_of(request).requester, timezone.now()):
            raise Problem(402, "preview_limit", PREVIEW_ONLY)
        wanted = request.query_params.get("format", "flac")
        found = find_piece(row, f"file:{wanted}")
        if found is None:
            made = ", ".join(row.files.order_by("format").values_list("format", flat=True))
            sentence = f"There is no {wanted:.10} file; made: {made or 'none yet'}."
            raise Problem(404, "no_such_format", sentence)
        return stored_object(request._request, found)
