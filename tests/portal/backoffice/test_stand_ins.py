"""At the desk two people decide in the place of a party that cannot be reached; it is told."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from licensing.catalog.models import SplitSheet, StandIn
from licensing.catalog.rules import ShareAsked
from licensing.given import Given
from portal.accounts.models import Membership, User
from tests.licensing import stage as on
from tests.portal.backoffice.deciding import Desk, may_decide_rights

THEN = timezone.now() - timedelta(days=31)
DOCUMENT = "Order of the court, 7 O 12/26: Ben's company was dissolved."


@pytest.fixture
def waits(db):
    """Tide's second version, without Ben, who holds 20 % by the first; Ana has signed."""
    stage = on.set_stage()
    sheet = on.catalog.propose_sheet(
        right="MASTER", shares=[ShareAsked(stage.ana.id, 1_000_000)], actor=on.ACTOR, now=THEN,
        recording_id=stage.tide.id,
    )  # fmt: skip
    on.catalog.sign_sheet(
        sheet_id=sheet.id, party_id=stage.ana.id, user_ref="7",
        given=Given("password", locale="en"), text_sha256=sheet.text_sha256, now=THEN,
    )  # fmt: skip
    ben = User.objects.create_user("ben@example.org", "a-long-word")
    Membership.objects.create(user=ben, party=stage.ben, role="SIGN", created_at=THEN)
    return sheet, stage.ben


def clerk(name, *, may=True, has_shown=True):
    desk = Desk(name, decides=False)
    if may:
        may_decide_rights(desk.user)
    if has_shown:
        desk.show_code()
    return desk.browser


def propose(browser, sheet, party):
    page = f"/admin/catalog/splitsheet/{sheet.pk}/stand-in/"
    return browser.post(page, {"party": str(party.pk), "document": DOCUMENT})


def decide(browser):
    return browser.post(f"/admin/catalog/standin/{StandIn.objects.get().pk}/decide/")


def test_one_proposes_another_decides_and_the_party_is_told(
    waits, django_capture_on_commit_callbacks
):
    sheet, ben = waits
    first, second = clerk("h"), clerk("m")
    row = first.get(f"/admin/catalog/splitsheet/{sheet.pk}/change/").content.decode()
    assert f"{sheet.pk}/stand-in/" in row
    assert "master sheet of Tide, version 1" in row, "the version that it ends stands on its page"
    page = first.get(f"/admin/catalog/splitsheet/{sheet.pk}/stand-in/").content.decode()
    assert str(ben.pk) in page
    assert '<td class="num">20.0000 %</td><td class="num">nothing</td>' in page
    assert propose(first, sheet, ben).status_code == 302
    asked = decide(first).content.decode()
    assert "Somebody else than who proposed it confirms it." in asked
    assert '<td class="num">20.0000 %</td><td class="num">nothing</td>' in asked
    with django_capture_on_commit_callbacks(execute=True):
        assert decide(second).status_code == 302
    sheet = SplitSheet.objects.get(pk=sheet.pk)
    assert sheet.state == "SIGNED"
    decided = second.get(f"/admin/catalog/standin/{StandIn.objects.get().pk}/change/")
    assert "7 O 12/26" in decided.content.decode()
    (message,) = mail.outbox
    assert message.to == ["ben@example.org"]
    assert DOCUMENT in message.body


def test_without_a_second_factor_nothing_is_decided(waits):
    propose(clerk("h"), *waits)
    answer = decide(clerk("m", has_shown=False))
    assert answer.status_code == 302
    assert "2fa" in answer.url
    assert StandIn.objects.get().state == "OPEN"


def test_a_party_that_signs_after_all_needs_nobody(waits):
    sheet, ben = waits
    propose(clerk("h"), sheet, ben)
    on.catalog.sign_sheet(
        sheet_id=sheet.id, party_id=ben.id, user_ref="7",
        given=Given("password", locale="en"), text_sha256=sheet.text_sha256, now=timezone.now(),
    )  # fmt: skip
    assert "no longer waits" in decide(clerk("m")).content.decode()
    dropped = clerk("o").post(
        f"/admin/catalog/standin/{StandIn.objects.get().pk}/drop/", {"reason": "He signed."}
    )
    assert dropped.status_code == 302
    assert StandIn.objects.get().state == "DROPPED"


def test_staff_who_may_only_look_propose_and_decide_nothing(waits):
    sheet, ben = waits
    looker = clerk("c", may=False)
    assert propose(looker, sheet, ben).status_code == 403
    propose(clerk("h"), sheet, ben)
    answer = decide(looker)
    assert answer.status_code == 403
    assert "You may look, but this is decided by" in answer.content.decode()
    assert StandIn.objects.get().state == "OPEN"
