"""GET /api/v1/capabilities: what this client may do, and what is left of its minute."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.sessions.rules import SESSIONS_OF_A_CLIENT
from generation.variations.rules import FORMATS
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint

SESSION_MODES = ("MOOD", "FOCUS", "AMBIENT")
MODES = ("REMIX", "MOOD", "FOCUS", "AMBIENT", "COLLABORATION")


class CapabilitiesShown(serializers.Serializer[Any]):
    """What the token allows."""

    client = serializers.CharField()
    channel = serializers.CharField()
    territory = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    modes = serializers.ListField(child=serializers.CharField())
    session_modes = serializers.ListField(child=serializers.CharField())
    sessions_at_once = serializers.IntegerField()
    formats = serializers.ListField(child=serializers.CharField())
    calls_per_minute = serializers.IntegerField()
    calls_left = serializers.IntegerField()


class CapabilitiesView(Endpoint):
    """Needs a token, no scope."""

    scopes: ClassVar[dict[str, str]] = {}

    @extend_schema(operation_id="get_capabilities", responses=CapabilitiesShown)
    def get(self, request: Request) -> Response:
        """What this client may do."""
        caller = caller_of(request)
        left = self.quota.left if self.quota else 0
        return Response(
            {
                "client": caller.client.name,
                "channel": caller.client.channel,
                "territory": caller.client.territory,
                "scopes": sorted(caller.scopes),
                "modes": list(MODES),
                "session_modes": list(SESSION_MODES),
                "sessions_at_once": SESSIONS_OF_A_CLIENT,
                "formats": list(FORMATS),
                "calls_per_minute": caller.client.calls_per_minute,
                "calls_left": left,
            }
        )
