"""The catalogue for partners: what may be varied on their channel, and pre-flight clearance."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.analysis.queries import recording_analyses
from generation.analysis.values import RecordingAnalysis
from generation.recipe import SAMPLE_RATE_HZ
from licensing.catalog.models import Recording, Stem
from licensing.clearance.queries import list_clearable, preflight_use
from portal.partners import cursors, shapes
from portal.partners.access import Caller, caller_of
from portal.partners.capabilities import MODES
from portal.partners.endpoint import Endpoint
from portal.partners.problems import Problem, checked


def _clearable(caller: Caller, rows: Sequence[Recording]) -> list[dict[str, Any]]:
    """The rows that this client may use for anything, as JSON, in their order."""
    uses: dict[UUID, list[str]] = defaultdict(list)
    stems: dict[UUID, set[UUID]] = defaultdict(set)
    client, ids = caller.client, [row.pk for row in rows]
    for use in MODES:
        allowed = list_clearable(
            use,
            client.territory,
            client.channel,
            timezone.now(),
            requester=caller.requester,
            recording_ids=ids,
        )
        for recording in allowed:
            uses[recording.recording_id].append(use)
            stems[recording.recording_id] |= {stem.stem_id for stem in recording.stems}
    found = [row for row in rows if uses[row.pk]]
    measured = recording_analyses([row.pk for row in found])
    named = Stem.objects.filter(recording__in=found).select_related("audio").order_by("position")
    prefetch_related_objects(found, Prefetch("stems", named))
    return [_shown(row, uses[row.pk], stems[row.pk], measured.get(row.pk)) for row in found]


def _shown(
    row: Recording, uses: list[str], usable: set[UUID], analysis: RecordingAnalysis | None
) -> dict[str, Any]:
    stems = [one for one in row.stems.all() if one.pk in usable]
    frames = max((one.audio.frames for one in stems if one.audio is not None), default=0)
    return {
        "id": str(row.pk),
        "title": row.title,
        "party": row.party.name,
        "explicit": row.explicit,
        "tempo_bpm": analysis.tempo_bpm if analysis else None,
        "key": analysis.key if analysis else None,
        "duration_ms": frames * 1000 // SAMPLE_RATE_HZ,
        "uses": uses,
        "stems": [{"id": str(one.pk), "name": one.label, "role": one.role} for one in stems],
    }


class RecordingsView(Endpoint):
    """GET /api/v1/recordings."""

    scopes: ClassVar[dict[str, str]] = {"GET": "catalog:read"}

    @extend_schema(
        operation_id="list_recordings",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=shapes.RecordingsPage,
    )
    def get(self, request: Request) -> Response:
        """Recordings that may be varied on this client's channel, newest first."""
        size = cursors.page_size(request.query_params.get("limit"))
        after = cursors.read(request.query_params.get("cursor", ""))
        rows = Recording.objects.filter(state=Recording.State.COMPLETE).select_related("party")
        if after is not None:
            at, ref = after
            rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=ref))
        page = list(rows.order_by("-created_at", "-pk")[: size + 1])
        more, page = len(page) > size, page[:size]
        following = cursors.write(page[-1].created_at, page[-1].pk) if more else None
        answer = Response({"items": _clearable(caller_of(request), page), "next": following})
        if following is not None:
            answer["Link"] = f'<{request.path}?cursor={following}&limit={size}>; rel="next"'
        return answer


class RecordingView(Endpoint):
    """GET /api/v1/recordings/{id}."""

    scopes: ClassVar[dict[str, str]] = {"GET": "catalog:read"}

    @extend_schema(operation_id="get_recording", responses=shapes.RecordingShown)
    def get(self, request: Request, recording_id: UUID) -> Response:
        """One recording; one that may not be used here is not found."""
        rows = Recording.objects.filter(pk=recording_id, state=Recording.State.COMPLETE)
        found = _clearable(caller_of(request), list(rows.select_related("party")))
        if not found:
            raise Http404
        return Response(found[0])


class ClearancesView(Endpoint):
    """POST /api/v1/clearances: pre-flight."""

    scopes: ClassVar[dict[str, str]] = {"POST": "catalog:read"}

    @extend_schema(
        operation_id="preflight_clearance",
        request=shapes.ClearanceAsked,
        responses=shapes.ClearanceShown,
    )
    def post(self, request: Request) -> Response:
        """May this be used, where, and how far; asks the rules, writes nothing."""
        asked = checked(shapes.ClearanceAsked(data=request.data))
        caller = caller_of(request)
        stems = Stem.objects.filter(
            recording__in=asked["recordings"],
            recording__state=Recording.State.COMPLETE,
            state=Stem.State.READY,
        )
        named = {stem.recording_id for stem in stems}
        if named != set(asked["recordings"]):
            raise Problem(404, "no_such_recording", "One of the recordings is not here.")
        decision = preflight_use(
            use=asked["use"],
            stems=[stem.pk for stem in stems],
            requester=caller.requester,
            territory=asked.get("territory", caller.client.territory),
            channel=caller.client.channel,
            now=timezone.now(),
            is_live=asked["live"],
            by_taste=asked["by_taste"],
        )
        reasons = [{"code": one.code, "sentence": one.sentence} for one in decision.reasons]
        limits = decision.limits.to_json() if decision.allowed else None
        return Response({"allowed": decision.allowed, "reasons": reasons, "limits": limits})
