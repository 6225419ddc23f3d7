"""What the API's description says beside the views: how callers prove who they are."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ClientCredentials(OpenApiAuthenticationExtension):
    """OAuth2 client credentials with the scopes of `rules.SCOPES`."""

    target_class = "portal.partners.access.BearerAuthentication"
    name = "client_credentials"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        from portal.partners.rules import SCOPES

        flow = {"tokenUrl": "/api/v1/token", "scopes": {scope: scope for scope in SCOPES}}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}
