"""Works as files: a party's own, for its members alone."""

import json

import pytest
from django.urls import reverse

from tests.licensing.royalties import small_world as world


@pytest.fixture
def ana(make_user, join, db):
    world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    return user


def address(ending):
    return reverse("artists:works_file", args=[world.ref("Ana"), ending])


def test_the_page_of_recordings_leads_to_both_files(client, ana):
    client.force_login(ana)
    page = client.get(reverse("artists:recordings")).content.decode()
    assert address("csv") in page
    assert address("json") in page
    answer = client.get(address("csv"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="works.csv"'
    assert b"Tide" in answer.content
    assert json.loads(client.get(address("json")).content)["works"][0]["title"] == "Tide"


def test_another_ending_is_not_found(client, ana):
    client.force_login(ana)
    assert client.get(address("xml")).status_code == 404


def test_a_stranger_is_not_told_that_there_are_any(client, ana, make_user):
    client.force_login(make_user("Sid"))
    assert client.get(address("csv")).status_code == 404
    client.logout()
    assert client.get(address("csv")).status_code == 302
