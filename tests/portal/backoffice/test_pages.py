"""The rights administrators' pages: staff see all and edit nothing; strangers see nothing."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from generation.work.models import Job
from licensing.attribution.operations import withdraw_grant
from licensing.clearance.models import Grant
from portal.accounts.models import User
from portal.backoffice.admin import PAGES
from portal.backoffice.menu import GROUPS, WORDS
from tests.licensing import stage as on
from tests.licensing.attribution import live_record
from tests.portal.listeners.made import granted_stage, sealed

NOBODYS = "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"  # fixed: test ids must be the same everywhere
LISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in PAGES
]


@pytest.fixture
def staff(client: Browser, db: None) -> Browser:
    user = User.objects.create_user("hanna@example.org", "a-long-password", is_staff=True)
    client.force_login(user)
    return client


@pytest.fixture
def listener(client: Browser, db: None) -> Browser:
    client.force_login(User.objects.create_user("lena@example.org", "a-long-password"))
    return client


@pytest.mark.parametrize("address", LISTS)
def test_staff_see_every_list(staff: Browser, address: str) -> None:
    answer = staff.get(address)
    assert answer.status_code == 200


@pytest.mark.parametrize("address", [*LISTS, "/admin/", f"/admin/case/{NOBODYS}/"])
def test_a_listener_sees_none_of_them(listener: Browser, address: str) -> None:
    assert listener.get(address).status_code in {302, 403, 404}


@pytest.mark.parametrize("model", list(PAGES))
def test_nothing_can_be_added_by_a_form(staff: Browser, model: Any) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
    assert staff.get(reverse(name)).status_code == 403


def test_the_first_page_lists_the_queues(staff: Browser) -> None:
    page = staff.get("/admin/").content.decode()
    for name in ("Conflicting claims", "Unsigned sheets", "Holds in force", "Failed jobs"):
        assert name in page


def test_only_the_admin_has_a_wider_content_policy(staff: Browser) -> None:
    admin = staff.get("/admin/").headers["Content-Security-Policy"]
    health = staff.get("/healthz").headers["Content-Security-Policy"]
    assert "'unsafe-inline'" in admin
    assert "unsafe" not in health
    assert re.search(r"default-src 'none'", health)


def test_a_case_file_that_is_not_there_is_not_found(staff: Browser) -> None:
    assert staff.get(f"/admin/case/{uuid4()}/").status_code == 404


def test_a_case_file_draws_who_sounds_when_and_names_every_source(staff: Browser) -> None:
    now = timezone.now()
    row = sealed(User.objects.create_user("lea@example.org"), granted_stage(), now)
    page = staff.get(f"/admin/case/{row.record_id}/").content.decode()
    assert page.count('<path class="layer"') == 2
    assert "two human stems" in page
    assert "600,000" in page
    assert "Seal record" in page


def test_a_retry_that_came_through_is_not_told_as_a_failure(staff: Browser) -> None:
    now = timezone.now()
    row = sealed(User.objects.create_user("lea@example.org"), granted_stage(), now)
    kind, ref = row.subject()
    jobs = Job.objects.filter(subject_kind=kind, subject_ref=ref, kind="piece")
    lost = {"attempt": 2, "error_code": "lost", "error_sentence": "It stopped three times."}
    assert jobs.filter(part=0).update(state="DONE", finished_at=now, **lost) == 1
    assert jobs.filter(part=1).update(state="FAILED", finished_at=now, **lost) == 1
    page = staff.get(f"/admin/case/{row.record_id}/").content.decode()
    assert page.count("It stopped three times.") == 1
    assert page.count("The attempt before broke off") == 1


def test_every_page_of_the_desk_names_an_icon_that_is_there(staff: Browser) -> None:
    page = staff.get("/admin/").content.decode()
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', page)
    assert staff.get(icon).status_code == 200


def test_a_case_file_of_a_live_session_shows_its_parts_and_minutes(staff: Browser) -> None:
    stage = on.open_stage()
    record = live_record.opened(live_record.cleared(stage), stage.drums)
    live_record.part(record, 0, stage.drums)
    live_record.part(record, 1, stage.pad, stage.drums)
    live_record.sealed(record, 0, (stage.drums, 250_000), (stage.pad, 750_000))
    live_record.sealed(record, 1)
    given = Grant.objects.get(stem=stage.pad)
    withdraw_grant(grant_id=given.pk, actor=on.ACTOR, now=live_record.LATER)
    page = staff.get(f"/admin/case/{record.pk}/").content.decode()
    assert "<h1>Live session</h1>" in page
    assert "Pad 750,000, Drums 250,000" in page
    assert page.count("may sound") == page.count(">silent</span>") == 1
    assert ">silent</td>" in page
    assert "Open part" not in page
    for name in ("recordpart", "sealedminute"):
        listed = staff.get(f"/admin/attribution/{name}/?record__id__exact={record.pk}")
        assert listed.status_code == 200
        assert listed.content.decode().count("session s1") == 2
    row = record.minutes.get(minute=0)
    assert staff.get(f"/admin/attribution/sealedminute/{row.pk}/change/").status_code == 200


def test_every_list_stands_once_in_the_menu_under_what_people_do_there(staff: Browser) -> None:
    listed = [label for _, labels in GROUPS for label in labels]
    assert sorted(listed) == sorted(model._meta.label for model in PAGES)
    assert set(WORDS) <= set(listed)
    page = staff.get("/admin/").content.decode()
    menu = page.split('id="nav-sidebar-apps"')[1].split('id="queues"')[0]
    for name in ("Money that goes out", "Payments to societies", "Decisions in a party’s place"):
        assert name in menu
    assert [menu.count(f'href="{address}"') for address in LISTS] == [1] * len(LISTS)
