"""Tokens, scopes and limits of the partner API."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from portal.partners.models import AccessToken, ClientSecret
from portal.partners.operations import add_secret
from portal.partners.rules import read_key
from tests.portal.partners.conftest import NOW, post_form

CAPABILITIES = "/api/v1/capabilities"


def test_a_token_names_its_scopes_and_life(client: Browser, partner: Any) -> None:
    basic = base64.b64encode(f"{partner[0].id}:{partner[1]}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": "catalog:read"}
    answer = post_form(client, form, Authorization=f"Basic {basic}")
    assert answer.status_code == 200
    given = answer.json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == (
        "Bearer",
        3600,
        "catalog:read",
    )
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_wrong_credentials_are_one_problem(client: Browser, partner: Any, secret: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": str(partner[0].id),
        "client_secret": secret or "x",
    }
    answer = post_form(client, form)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_client"


def test_a_secret_of_another_client_opens_nothing(
    client: Browser, partner: Any, stranger: Any
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": str(partner[0].id),
        "client_secret": stranger[1],
    }
    assert post_form(client, form).status_code == 401


def test_too_wide_a_scope_is_refused(client: Browser, partner: Any) -> None:
    partner[0].scopes = ["catalog:read"]
    partner[0].save()
    form = {
        "grant_type": "client_credentials",
        "client_id": str(partner[0].id),
        "client_secret": partner[1],
        "scope": "usages:write",
    }
    assert post_form(client, form).json()["code"] == "invalid_scope"


def test_a_third_secret_retires_the_oldest(partner: Any) -> None:
    add_secret(client=partner[0], by="test", now=NOW + timedelta(days=1))
    add_secret(client=partner[0], by="test", now=NOW + timedelta(days=2))
    live = ClientSecret.objects.filter(client=partner[0], revoked_at__isnull=True)
    assert live.count() == 2
    assert not live.filter(created_at=NOW).exists()


def test_without_a_token_the_answer_says_how_to_get_one(client: Browser, db: None) -> None:
    answer = client.get(CAPABILITIES)
    assert answer.status_code == 401
    assert "/api/v1/token" in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_is_refused(
    client: Browser, partner: Any, call: Callable[..., Any]
) -> None:
    assert call(partner, "GET", CAPABILITIES).status_code == 200
    AccessToken.objects.update(expires_at=NOW)
    assert call(partner, "GET", CAPABILITIES).json()["code"] == "bad_token"


def test_secrets_and_tokens_are_not_in_the_database(
    partner: Any, token_of: Callable[..., str]
) -> None:
    token = token_of(partner)
    stored = set(ClientSecret.objects.values_list("digest", flat=True))
    stored |= set(AccessToken.objects.values_list("digest", flat=True))
    assert not {partner[1], token} & stored
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in stored)


def test_the_limit_is_per_client_and_says_when_it_ends(
    partner: Any, stranger: Any, call: Callable[..., Any]
) -> None:
    partner[0].calls_per_minute = 2
    partner[0].save()
    answers = [call(partner, "GET", CAPABILITIES) for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "eight calls in at most two windows of two must be refused somewhere"
    last = refused[-1]
    assert last.headers["RateLimit-Policy"] == '"default";q=2;w=60'
    wait = re.search(r";t=(\d+)$", last.headers["RateLimit"])
    assert wait is not None
    assert last.headers["Retry-After"] == wait.group(1)
    assert call(stranger, "GET", CAPABILITIES).status_code == 200


@pytest.mark.parametrize(
    ("header", "key"),
    [('"abc"', "abc"), ("abc", "abc"), ("", None), ('""', None), ("a b", None), ("k" * 256, None)],
)
def test_an_idempotency_key_is_read_quoted_or_bare(header: str, key: str | None) -> None:
    assert read_key(header) == key
