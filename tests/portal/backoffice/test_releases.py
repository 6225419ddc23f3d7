"""Releasing at the desk: a reason, a code, and a sentence where it cannot be."""

import pytest
from django.urls import reverse

from licensing.releases.models import Release
from portal.accounts.models import User
from tests.licensing.releases.ready import make_ready
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import may_decide_rights

PAGE = "/admin/releases/release/release/"


@pytest.fixture
def record(db):
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    make_ready()
    return world.record("7QK2", [(stem, 1_000_000)])


@pytest.fixture
def staff(client, db):
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    client.force_login(may_decide_rights(user))
    return client


def facts(of, **changes):
    return {
        "record": str(of.pk),
        "title": "Tide, again",
        "reason": "The label asked.",
    } | changes


def test_a_variation_gets_its_code(staff, record, settings):
    settings.ISRC_PREFIX = "DEXY7"
    assert "A code is never taken back" in staff.get(PAGE).content.decode()
    page = staff.post(PAGE, facts(record), follow=True).content.decode()
    release = Release.objects.get()
    assert f"is released as DE-XY7-{release.isrc[5:7]}-00001." in page


def test_without_a_prefix_the_page_says_where_to_get_one(staff, record, settings):
    settings.ISRC_PREFIX = ""
    page = staff.post(PAGE, facts(record)).content.decode()
    assert "Ask your national ISRC agency for one and set ISRC_PREFIX." in page
    assert not Release.objects.exists()


def test_no_record_and_no_reason_are_said_beside_their_fields(staff, record):
    page = staff.post(
        PAGE, facts(record, record=str(world.ref("nobody")), reason="")
    ).content.decode()
    assert "No licence record has this id." in page
    assert "Write the reason: it goes into the record." in page


def test_all_works_go_out_as_files(staff, record):
    assert b"Tide" in staff.get(reverse("admin:catalog_work_as_csv")).content
    assert b"Tide" in staff.get(reverse("admin:catalog_work_as_json")).content


def test_a_listener_finds_none_of_it(client, record):
    client.force_login(User.objects.create_user("l@example.org", "a-long-word"))
    for page in (PAGE, reverse("admin:catalog_work_as_csv")):
        assert client.get(page).status_code == 404
