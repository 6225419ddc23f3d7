"""What was withdrawn of a partner's variations, until when copies may stay, and that they are gone.

Invariant: another client's notice and one that does not exist are the same 404.
"""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.partners import cursors, shapes
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint
from portal.partners.models import WithdrawalNotice
from portal.partners.news import confirm_removal, tell_partners


def _shown(notice: WithdrawalNotice) -> dict[str, Any]:
    withdrawal = notice.withdrawal
    return {
        "id": str(notice.pk),
        "recording": str(withdrawal.grant.stem.recording_id),
        "stem": str(withdrawal.grant.stem_id),
        "uses": withdrawal.uses,
        "effect": withdrawal.effect,
        "withdrawn_at": withdrawal.at,
        "deadline": notice.deadline,
        "variations": [str(one) for one in notice.variations],
        "confirmed_at": notice.confirmed_at,
    }


class WithdrawalsView(Endpoint):
    """GET /api/v1/withdrawals."""

    scopes: ClassVar[dict[str, str]] = {"GET": "variations:write"}

    @extend_schema(
        operation_id="list_withdrawals",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=shapes.WithdrawalsPage,
    )
    def get(self, request: Request) -> Response:
        """Withdrawals that touch this client's variations, oldest first.

        We stop serving as the holder chose, whether this is read or not; copies that the client
        keeps must be gone by `deadline`. The cursor after the last page stays good for what comes.
        """
        size = cursors.page_size(request.query_params.get("limit"))
        mark = request.query_params.get("cursor", "")
        after = cursors.read(mark)
        tell_partners(now=timezone.now())
        rows = WithdrawalNotice.objects.filter(client=caller_of(request).client)
        if after is not None:
            at, ref = after
            rows = rows.filter(Q(written_at__gt=at) | Q(written_at=at, pk__gt=ref))
        rows = rows.select_related("withdrawal__grant__stem").order_by("written_at", "pk")
        page = list(rows[:size])
        following = cursors.write(page[-1].written_at, page[-1].pk) if page else mark or None
        return Response({"items": [_shown(one) for one in page], "next": following})


class RemovalView(Endpoint):
    """POST /api/v1/withdrawals/{id}/confirmation."""

    scopes: ClassVar[dict[str, str]] = {"POST": "variations:write"}

    @extend_schema(operation_id="confirm_removal", request=None, responses=shapes.WithdrawalShown)
    def post(self, request: Request, notice_id: UUID) -> Response:
        """Say that the copies are gone; saying it again changes nothing."""
        rows = WithdrawalNotice.objects.select_related("withdrawal__grant__stem")
        notice = rows.filter(client=caller_of(request).client, pk=notice_id).first()
        if notice is None:
            raise Http404
        notice.confirmed_at = confirm_removal(notice=notice, now=timezone.now()).confirmed_at
        return Response(_shown(notice))
