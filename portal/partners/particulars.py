"""How a partner's own variation came about: the particulars of its sealed record, as they froze.

It refuses another client's, which looks like one that is not there. Invariant: what is answered
under `particulars` is the stored value, whose canonical text has the digest `sha256`.
"""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.attribution.keeping import kept_of
from portal.partners.endpoint import Endpoint
from portal.partners.problems import Problem
from portal.partners.shapes import Shape
from portal.partners.variations import own_variation


class ReviewShown(Shape):
    """One holder's answer to it; the party is a reference."""

    party = serializers.UUIDField()
    state = serializers.ChoiceField(["APPROVED", "DECLINED"])


class ParticularsShown(Shape):
    """How it came about, frozen when it was sealed; `oversight` is the level as it stands now.

    `sha256` is that of the canonical text of `particulars`: keys sorted, no white space, UTF-8.
    """

    record = serializers.UUIDField()
    sha256 = serializers.CharField()
    oversight = serializers.ChoiceField(
        ["fully_autonomous", "prompt_guided", "human_validated"], allow_null=True
    )
    reviews = ReviewShown(many=True)
    particulars = serializers.DictField()


class ParticularsView(Endpoint):
    """GET /api/v1/variations/{id}/particulars."""

    scopes: ClassVar[dict[str, str]] = {"GET": "licences:read"}

    @extend_schema(operation_id="get_particulars", responses=ParticularsShown)
    def get(self, request: Request, variation_id: UUID) -> Response:
        """How it came about: request by digest, nets, oversight, disclosure, sources, versions."""
        record = own_variation(request, variation_id).record
        if record is None or record.sealed_at is None:
            raise Problem(409, "not_ready", "Particulars are written when it is finished.")
        kept = kept_of(record)
        if kept is None:
            sentence = "It has no particulars: it was finished before there were any, or is silent."
            raise Problem(404, "no_particulars", sentence)
        body: dict[str, Any] = {
            "record": str(record.pk),
            "sha256": kept.sha256,
            "oversight": kept.oversight,
            "reviews": [{"party": str(one.party), "state": one.state} for one in kept.reviews],
            "particulars": kept.value,
        }
        return Response(body)
