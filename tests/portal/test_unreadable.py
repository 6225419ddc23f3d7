"""A recipe that a newer Stemma wrote: every face says so and what to do, and its sound still plays.

The newer recipe is the stored one with the number of a schema that is not known here.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from generation.recipe import SCHEMA
from generation.variations.models import Variation
from portal.accounts.models import User
from portal.partners.operations import create_client
from portal.partners.rules import SCOPES
from tests.portal.listeners.made import granted_stage, pay, sealed

NOW = timezone.now()
WHAT_TO_DO = "ask whoever runs this site to update its web servers"


@pytest.fixture
def lea(make_user: Callable[[str], User], client: Client) -> User:
    user = make_user("Lea")
    client.force_login(user)
    return user


def _planned_by_a_newer_one(requester: Any) -> Variation:
    row = sealed(requester, granted_stage(), NOW)
    newer = json.loads(row.recipe) | {"schema": SCHEMA + 1}
    Variation.objects.filter(pk=row.pk).update(recipe=json.dumps(newer))
    return row


@pytest.mark.parametrize("more", ["", "place/?have=", "licence/"])
def test_its_pages_say_what_to_do(client: Client, lea: User, more: str) -> None:
    row = _planned_by_a_newer_one(lea)
    answer = client.get(f"/listen/variations/{row.pk}/{more}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert WHAT_TO_DO in answer.content.decode()


def test_a_list_that_it_stands_in_is_shown(client: Client, lea: User) -> None:
    row = _planned_by_a_newer_one(lea)
    assert row.title in client.get("/listen/variations/").content.decode()


def test_its_sound_is_served_as_before(client: Client, lea: User) -> None:
    row = _planned_by_a_newer_one(lea)
    pay(lea, NOW)
    told = client.post(f"/listen/variations/{row.pk}/play/").json()
    assert [client.get(one["url"]).status_code for one in told["segments"]] == [200] * 4


def test_its_case_file_says_what_to_do(client: Client, lea: User) -> None:
    row = _planned_by_a_newer_one(lea)
    client.force_login(User.objects.create_user("hanna@example.org", "long-one", is_staff=True))
    answer = client.get(f"/admin/case/{row.record_id}/")
    assert answer.status_code == 503
    assert WHAT_TO_DO in answer.content.decode()


def test_a_stranger_sees_no_more_than_before(client: Client, lea: User, make_user: Any) -> None:
    row = _planned_by_a_newer_one(lea)
    client.force_login(make_user("Zoe"))
    assert client.get(f"/listen/variations/{row.pk}/").status_code == 404


def test_partners_get_a_problem_document(db: None, client: Client) -> None:
    partner, secret = create_client(
        name="Stride", channel="SITE", territory="DE", scopes=SCOPES, by="test", now=NOW
    )
    row = _planned_by_a_newer_one(("client", str(partner.pk)))
    form = f"grant_type=client_credentials&client_id={partner.pk}&client_secret={secret}"
    kind = "application/x-www-form-urlencoded"
    token = client.post("/api/v1/token", form, content_type=kind).json()["access_token"]
    answer = client.get(
        f"/api/v1/variations/{row.pk}", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "recipe_unknown")
    assert WHAT_TO_DO in answer.json()["detail"]
    assert answer.headers["Retry-After"] == "60"
