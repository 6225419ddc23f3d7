"""Money is written in, prices agreed and forms accepted by two people, through no other page."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser

from licensing.audit.models import Fact
from licensing.receipts.models import Receipt
from portal.accounts.models import User
from portal.backoffice.models import ProposedDeed
from tests.portal.backoffice.deciding import Desk, look_and_do, may_decide_rights

RECORD = "/admin/receipts/receipt/record/"
WAITING = "/admin/backoffice/proposeddeed/"
ASKED = {
    "deed_key": "3f0c8f0e-6a57-4f6b-9a52-0d6ad1a3a111",
    "payer": "lea@example.org", "kind": "SUBSCRIPTION", "country": "DE", "currency": "EUR",
    "amount": "9.99", "month": "2026-11-01", "key": "p-1", "deed_reason": "Paid in cash.",
}  # fmt: skip


@pytest.fixture
def desks(db):
    User.objects.create_user("lea@example.org", "a-long-word", country="DE")
    return Desk("maker"), Desk("checker")


@pytest.fixture
def waiting(desks):
    maker, _ = desks
    shown, answer = maker.look_and_do(RECORD, ASKED)
    assert "5.876471 EUR" in shown
    assert answer.status_code == 302
    return ProposedDeed.objects.get()


def _page(row, deed="do"):
    return f"{WAITING}{row.pk}/{deed}/"


def test_nothing_is_in_the_books_before_a_second_person_has_seen_it(desks, waiting):
    maker, checker = desks
    assert not Receipt.objects.exists()
    assert "Deeds for a second person" in checker.browser.get("/admin/").content.decode()
    checker.show_code()
    shown = checker.browser.get(_page(waiting)).content.decode()
    for words in ("Paid in cash.", "Covers the month of", "2026-11-01", "5.876471 EUR", "Germany"):
        assert words in shown
    assert not Receipt.objects.exists()
    _, done = checker.look_and_do(_page(waiting))
    assert done.status_code == 302
    assert Receipt.objects.get().amount_micros == 9_990_000
    waiting.refresh_from_db()
    assert (waiting.state, waiting.proof_method) == ("CARRIED_OUT", "totp")
    verbs = Fact.objects.filter(object_kind="proposed_deed").order_by("sequence")
    assert [fact.verb for fact in verbs] == ["propose_deed", "carry_out_deed"]
    written = Fact.objects.get(verb="record_receipt")
    assert written.actor_ref == str(checker.user.pk) != str(maker.user.pk)


def test_who_asked_for_it_does_not_do_it(desks, waiting):
    maker, _ = desks
    maker.show_code()
    refused = maker.browser.post(_page(waiting)).content.decode()
    assert "Somebody else than who proposed it confirms it." in refused
    assert not Receipt.objects.exists()


def test_without_a_second_factor_nobody_does_it(desks, waiting):
    _, checker = desks
    assert checker.browser.post(_page(waiting)).url.startswith("/account/2fa/reauthenticate/")
    bare = Desk("bare", app=False)
    assert bare.browser.post(_page(waiting)).status_code == 302
    assert not Receipt.objects.exists()


def test_a_dropped_deed_is_never_done(desks, waiting):
    maker, checker = desks
    assert "Write the reason" in maker.browser.post(_page(waiting, "drop")).content.decode()
    maker.browser.post(_page(waiting, "drop"), {"reason": "Paid twice."})
    checker.show_code()
    refused = checker.browser.post(_page(waiting)).content.decode()
    assert "This was decided already." in refused
    assert ProposedDeed.objects.get().decision == "Paid twice."
    assert not Receipt.objects.exists()


def test_what_the_form_takes_no_more_is_not_done(desks, waiting):
    _, checker = desks
    User.objects.filter(email="lea@example.org").delete()
    checker.show_code()
    refused = checker.browser.post(_page(waiting)).content.decode()
    assert "It is not taken any more: Nobody here has this address" in refused
    assert not Receipt.objects.exists()


def test_a_listeners_address_is_not_kept(waiting):
    lea = User.objects.get(email="lea@example.org")
    assert waiting.given["payer"] == [f"listener {lea.pk}"]
    assert "lea@example.org" not in str(waiting.given)


def test_pressing_twice_asks_once(desks):
    maker, _ = desks
    for _ in range(2):
        maker.look_and_do(RECORD, ASKED)
    assert ProposedDeed.objects.count() == 1


def test_who_decides_about_rights_does_no_deed_of_money(waiting):
    clerk = Desk("clerk", decides=False)
    may_decide_rights(clerk.user)
    clerk.show_code()
    for deed in ("do", "drop"):
        assert clerk.browser.post(_page(waiting, deed), {"reason": "x"}).status_code == 403
    assert ProposedDeed.objects.get().state == "OPEN"


def test_a_stranger_sees_no_deed(waiting):
    eve = Browser()
    eve.force_login(User.objects.create_user("eve@example.org", "a-long-word"))
    for path in (WAITING, f"{WAITING}{waiting.pk}/change/", _page(waiting), _page(waiting, "drop")):
        assert eve.get(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        "given = '{}'",
        "state = 'CARRIED_OUT', decided_by = proposed_by, decided_at = now(),"
        " proof_method = 'totp', proved_at = now()",
        "state = 'CARRIED_OUT', decided_by = 'x', decided_at = now(), proof_method = ''",
    ],
)
def test_the_database_changes_no_deed_and_lets_nobody_confirm_alone(waiting, change):
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE backoffice_proposeddeed SET {change}")
    waiting.refresh_from_db()
    assert waiting.state == "OPEN"


def test_the_page_says_what_was_filled_in(desks, waiting):
    _, checker = desks
    page = checker.browser.get(f"{WAITING}{waiting.pk}/change/").content.decode()
    assert "Covers the month of: 2026-11-01" in page
    shown, _ = look_and_do(checker.browser, RECORD, ASKED | {"key": "p-2"})
    assert "Nothing happens before a second person has confirmed it." in shown
