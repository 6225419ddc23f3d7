"""The token endpoint: client credentials in, a bearer token out (RFC 6749 section 4.4)."""

import base64
import binascii
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.partners import problems
from portal.partners.bodies import JsonBody
from portal.partners.operations import issue_access_token
from portal.partners.rules import TOKEN_LIFE_S


class TokenAsked(serializers.Serializer[Any]):
    """The form of RFC 6749; id and secret may also come by HTTP Basic."""

    grant_type = serializers.ChoiceField(choices=["client_credentials"])
    client_id = serializers.CharField(required=False)
    client_secret = serializers.CharField(required=False)
    scope = serializers.CharField(required=False, allow_blank=True, default="")


class TokenGiven(serializers.Serializer[Any]):
    """A bearer token and how long it lives."""

    access_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField()
    scope = serializers.CharField()


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


class TokenView(APIView):
    """POST /api/v1/token."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (FormParser, JsonBody)

    def get_exception_handler(self) -> Any:
        return problems.handle

    @extend_schema(
        operation_id="issue_token",
        request={"application/x-www-form-urlencoded": TokenAsked},
        responses={200: TokenGiven, 401: OpenApiResponse(description="Wrong credentials")},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Exchange client id and secret for a token of one hour."""
        asked = problems.checked(TokenAsked(data=request.data))
        named = _basic(request.headers.get("Authorization", ""))
        client_id, secret = named or (asked.get("client_id", ""), asked.get("client_secret", ""))
        token, scopes = issue_access_token(
            client_id=client_id, secret=secret, scope=asked["scope"], now=timezone.now()
        )
        body = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE_S}
        answer = Response(body | {"scope": " ".join(scopes)})
        answer["Cache-Control"] = "no-store"
        return answer
