"""Two partner applications and a way to call as one of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from portal.partners.models import Client
from portal.partners.operations import create_client
from portal.partners.rules import SCOPES

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def post_form(browser: Browser, form: dict[str, str], **headers: str) -> Any:
    """POST to the token endpoint as RFC 6749 has it: form-encoded."""
    return browser.post(
        "/api/v1/token",
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


@pytest.fixture
def partner(db: None) -> tuple[Client, str]:
    return create_client(
        name="Stride", channel="fitness", territory="DE", scopes=SCOPES, by="test", now=NOW
    )


@pytest.fixture
def stranger(db: None) -> tuple[Client, str]:
    return create_client(
        name="Elsewhere", channel="games", territory="FR", scopes=SCOPES, by="test", now=NOW
    )


@pytest.fixture
def token_of(client: Browser) -> Callable[..., str]:
    def ask(known: tuple[Client, str], scope: str = "") -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": str(known[0].id),
            "client_secret": known[1],
            "scope": scope,
        }
        answer = post_form(client, form)
        assert answer.status_code == 200, answer.content
        return answer.json()["access_token"]

    return ask


@pytest.fixture
def call(client: Browser, token_of: Callable[..., str]) -> Callable[..., Any]:
    """call(partner, "GET", path, body=None, scope="", key=None) -> response."""
    tokens: dict[tuple[str, str], str] = {}

    def send(
        known: tuple[Client, str],
        method: str,
        path: str,
        body: Any = None,
        scope: str = "",
        key: str | None = None,
    ) -> Any:
        name = (str(known[0].id), scope)
        if name not in tokens:
            tokens[name] = token_of(known, scope)
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return client.generic(
            method,
            path,
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    return send
