"""What every page does for its reader: policies, nothing stored, no fault for odd bytes."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from tests.portal.listeners.made import granted_stage, opened, sealed

NOW = timezone.now()
OPEN_PAGES = ["/", "/listen/", "/shares/", "/account/login/", "/account/signup/", "/nowhere/"]
OWN_PAGES = [
    "/account/",
    "/artists/",
    "/artists/earnings/",
    "/artists/signatures/",
    "/listen/anew/",
]


@pytest.fixture
def lea(make_user, client: Client) -> User:
    user = make_user("Lea")
    client.force_login(user)
    return user


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_every_page_has_a_strict_policy(db: None, client: Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert len(answer.headers["X-Request-ID"]) >= 8


def test_no_template_of_ours_needs_an_exception_from_the_policy() -> None:
    inline = re.compile(r"\sstyle=|<style|\son[a-z]+=\"|<script(?![^>]*(nonce=|CSP_NONCE))")
    for file in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        assert not inline.search(file.read_text()), file


@pytest.mark.parametrize("path", OWN_PAGES)
def test_what_one_was_shown_is_not_stored(lea: User, client: Client, path: str) -> None:
    assert "no-store" in client.get(path).headers["Cache-Control"]


def test_a_page_for_everybody_may_be_kept(db: None, client: Client) -> None:
    assert "Cache-Control" not in client.get("/shares/").headers


def test_another_host_is_refused(db: None, client: Client) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_log_in_leads_to_no_other_site(make_user, client: Client, target: str) -> None:
    make_user("Lea")
    form = {"login": "lea@example.org", "password": "tape organ at low tide", "next": target}
    answer = client.post(reverse("account_login"), form)
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]


def test_asking_too_often_is_answered_in_words(lea: User, client: Client) -> None:
    for _ in range(20):
        client.post(reverse("listeners:ask"), {"mode": "mood"})
    answer = client.post(reverse("listeners:ask"), {"mode": "mood"})
    assert "Wait a little" in answer.content.decode()


def test_bytes_of_zero_are_no_fault_of_ours(lea: User, client: Client) -> None:
    stage = granted_stage()
    ask = {"mode": "remix", "recording": str(stage.tide.pk), "key": "a\0b", "length": "60"}
    assert client.post(reverse("listeners:ask"), ask).status_code in (302, 422)
    listed = client.post(reverse("listeners:play", args=[sealed(lea, stage, NOW).pk])).json()
    report = {"token": listed["token"], "client_id": "a\0", "from_ms": "0", "until_ms": "1"}
    assert client.post(reverse("listeners:plays"), report).status_code == 200


def test_a_case_file_looks_missing_to_who_is_no_staff(lea: User, client: Client) -> None:
    record = opened(lea, granted_stage(), NOW).record_id
    theirs = client.get(reverse("admin:case_file", args=[record]))
    missing = client.get(reverse("admin:case_file", args=["4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"]))
    assert theirs.status_code == missing.status_code == 404
    assert client.get(reverse("admin:index")).status_code == 404


@pytest.mark.parametrize("odd", ["a\u202eb", "\u200b", "a\x07b"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("artists:recording_new", "title"),
        ("artists:recording_new", "work_title"),
        ("accounts:party_new", "name"),
        ("accounts:overview", "display_name"),
        ("account_signup", "display_name"),
    ],
)
def test_a_name_with_invisible_signs_is_said_at_its_field(
    client: Client, make_user, make_party, join, name: str, field: str, odd: str
) -> None:
    lea, party = make_user("Lea"), make_party("Lea")
    join(lea, party)
    if name != "account_signup":
        client.force_login(lea)
    facts = {"title": "Tide", "party": str(party.pk), "kind": "PERSON", "display_name": "Lea"}
    answer = client.post(reverse(name), facts | {field: odd})
    assert answer.status_code == 200
    assert "Type it anew" in answer.content.decode()


def test_a_log_in_that_came_between_a_form_and_its_answer_is_explained(
    client: Client, make_user
) -> None:
    make_user("Lea")
    asked = client.post(reverse("listeners:ask"), {"mode": "mood"})
    form = {"login": "lea@example.org", "password": "tape organ at low tide"}
    page = client.post(asked.url, form, follow=True)
    assert page.request["PATH_INFO"] == reverse("listeners:ask")
    assert (page.status_code, page.headers["Allow"]) == (405, "POST")
    assert "load it again, and repeat the last step" in page.content.decode()
