"""The desk hands out anybody's statement as files: a society's too; strangers get none."""

import json

import pytest
from django.test import Client as Browser
from django.urls import reverse

from licensing.royalties.models import Period, Statement
from portal.accounts.models import User
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk

NOBODYS = "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"
ENDINGS = ("pdf", "csv", "json")


@pytest.fixture
def closed(db):
    told.tell_the_story()
    told.close()


def page(payee: str, ending: str) -> str:
    return f"/admin/royalties/statement/{Statement.objects.get(payee_name=payee).pk}/{ending}/"


def test_a_society_gets_its_statement_from_the_desk_as_three_files(closed):
    browser = Desk("maker", decides=False).browser
    shown = browser.get(page("GEMA", "change")).content.decode()
    for ending in ENDINGS:
        assert page("GEMA", ending) in shown
        answer = browser.get(page("GEMA", ending))
        assert answer.status_code == 200
        disposition = answer.headers["Content-Disposition"]
        assert disposition == f'attachment; filename="statement-2026-10-EUR-v1.{ending}"'
        assert "no-store" in answer.headers["Cache-Control"]
    content = json.loads(browser.get(page("GEMA", "json")).content)
    assert (content["payee"], content["schema"], content["earned"]) == ("GEMA", 4, "0.235059")
    assert json.loads(browser.get(f"{page('GEMA', 'json')}?schema=2").content)["schema"] == 2
    assert browser.get(f"{page('GEMA', 'json')}?schema=x").status_code == 404


def test_the_desk_and_the_artist_get_the_same_bytes(closed, client, make_user, join):
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    client.force_login(user)
    browser = Desk("maker", decides=False).browser
    mine = Statement.objects.get(payee_name="Ana").pk
    for ending in ENDINGS:
        own = client.get(reverse("artists:statement_file", args=[mine, ending]))
        assert own.status_code == 200
        assert browser.get(page("Ana", ending)).content == own.content


def test_strangers_get_no_file_and_a_statement_that_is_not_there_has_none(closed):
    listener = Browser()
    listener.force_login(User.objects.create_user("lena@example.org", "a-long-password"))
    desk = Desk("maker", decides=False).browser
    for ending in ENDINGS:
        for browser in (Browser(), listener):
            answer = browser.get(page("GEMA", ending))
            assert answer.status_code in {302, 403, 404}
            assert b"GEMA" not in answer.content
        gone = f"/admin/royalties/statement/{NOBODYS}/{ending}/"
        assert desk.get(gone).status_code == 404
        assert desk.get(f"/admin/royalties/statement/x/{ending}/").status_code == 404


def test_the_page_of_a_month_says_where_its_money_came_from(closed):
    month = Period.objects.get().pk
    browser = Desk("maker", decides=False).browser
    shown = browser.get(f"/admin/royalties/period/{month}/change/").content.decode()
    for amount in ("9.990000", "1.595042", "2.518487", "5.876471"):
        assert amount in shown
