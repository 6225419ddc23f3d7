"""Correcting and restating at the desk: seen by both people before anything happens."""

import re

import pytest

from licensing.corrections.models import Adjustment, Proposal
from licensing.ledger.models import JournalEntry
from licensing.royalties.models import Statement
from licensing.royalties.queries import statement_for
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk

PROPOSALS = "/admin/corrections/proposal/"


@pytest.fixture
def piece(db):
    *_, piece, _ = told.tell_the_story()
    told.close()
    return piece


def _statement(name):
    return statement_for(world.ref(name), told.MONTH)


def _form(**more):
    """Ben gets 0.15 more on his first line, Cleo 0.10 less on a line that goes by its id."""
    of_cleo = next(one for one in _statement("Cleo").lines if one.right == "MASTER")
    return {
        "key": str(world.ref("p")), "reason": "The sheet was wrong.",
        "correction_1_0": "1", "correction_1_1": "0.15",
        "correction_2_0": str(of_cleo.id), "correction_2_1": "-0.1", **more,
    }  # fmt: skip


def _table(page):
    """The rows of what a page says it will post."""
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>((?:<td class=\"num\">.*?</td>)+)", page)
    return [(name, *re.findall(r"<td class=\"num\">(.*?)</td>", cells)) for name, cells in rows]


def test_two_logins_see_the_same_entry_before_lines_are_corrected(piece):
    maker, checker = Desk("maker"), Desk("checker")
    page = f"/admin/royalties/statement/{_statement('Ben').id}/adjust/"
    before = JournalEntry.objects.count()
    shown, done = maker.look_and_do(page, _form())
    posted = {
        ("payable: Ben", "", "0.150000 EUR"),
        ("payable: Cleo", "0.100000 EUR", ""),
        ("commission: listening", "0.050000 EUR", ""),
        ("Sum, EUR", "0.150000", "0.150000"),
    }
    assert posted <= set(_table(shown))
    assert done.status_code == 302
    assert (JournalEntry.objects.count(), Adjustment.objects.count()) == (before, 0)
    assert "Corrections for a second person" in maker.browser.get("/admin/").content.decode()

    row = Proposal.objects.get()
    checker.show_code()
    at_once = checker.browser.get(f"{PROPOSALS}{row.pk}/carry-out/").content.decode()
    assert posted <= set(_table(at_once))
    assert Adjustment.objects.count() == 0
    again, done = checker.look_and_do(f"{PROPOSALS}{row.pk}/carry-out/")
    assert posted <= set(_table(again))
    assert done.status_code == 302
    assert told.balance("payable", told.payee("Ben")) == 705_176 + 150_000
    assert told.balance("payable", told.payee("Cleo")) == 940_235 - 100_000
    assert Adjustment.objects.get().confirmed_by == str(checker.user.pk)


def test_a_restatement_shows_both_versions_and_takes_two_people(piece):
    maker, checker = Desk("maker"), Desk("checker")
    maker.look_and_do(f"/admin/royalties/statement/{_statement('Ben').id}/adjust/", _form())
    checker.show_code()
    checker.look_and_do(f"{PROPOSALS}{Proposal.objects.get().pk}/carry-out/")
    form = {"key": str(world.ref("r")), "reason": "As corrected."}
    shown, _ = checker.look_and_do(
        f"/admin/royalties/statement/{_statement('Ben').id}/restate/", form
    )
    assert "0.705176 → 0.855176 EUR" in shown
    assert Statement.objects.filter(version=2).count() == 0
    row = Proposal.objects.get(kind="RESTATE")
    maker.show_code()
    maker.look_and_do(f"{PROPOSALS}{row.pk}/carry-out/")
    assert _statement("Ben").version == 2


def test_what_cannot_be_corrected_is_said_at_its_field(piece):
    maker = Desk("maker")
    page = f"/admin/royalties/statement/{_statement('Ben').id}/adjust/"
    for more, sentence in (
        ({"correction_1_0": "99"}, "No line has this number here"),
        ({"correction_1_1": ""}, "Write both: the line, and an amount"),
        ({"correction_2_0": "1"}, "This line is corrected above already."),
        ({"reason": ""}, "Write the reason"),
    ):
        assert sentence in maker.browser.post(page, _form(**more)).content.decode()
    empty = {"key": str(world.ref("p")), "reason": "x"}
    assert "Write at least one line" in maker.browser.post(page, empty).content.decode()
    assert not Proposal.objects.exists()


def test_the_second_person_shows_a_second_factor_and_may_drop_it_instead(piece):
    maker, checker = Desk("maker"), Desk("checker")
    maker.look_and_do(f"/admin/royalties/statement/{_statement('Ben').id}/adjust/", _form())
    row = Proposal.objects.get()
    asked = checker.browser.get(f"{PROPOSALS}{row.pk}/carry-out/")
    assert asked.url.startswith("/account/2fa/reauthenticate/")
    maker.show_code()
    refused = maker.browser.post(f"{PROPOSALS}{row.pk}/carry-out/").content.decode()
    assert "Somebody else than who proposed it confirms it." in refused
    maker.browser.post(f"{PROPOSALS}{row.pk}/drop/", {"reason": "Not needed."})
    row.refresh_from_db()
    assert (row.state, row.decision) == ("DROPPED", "Not needed.")
    assert not Adjustment.objects.exists()


def test_the_case_file_tells_the_money_with_its_corrections_and_disputes(piece):
    maker, checker = Desk("maker"), Desk("checker")
    maker.look_and_do(f"/admin/royalties/statement/{_statement('Ben').id}/adjust/", _form())
    checker.show_code()
    checker.look_and_do(f"{PROPOSALS}{Proposal.objects.get().pk}/carry-out/")
    told.dispute(recording_id=world.ref("Lamp"), now=world.AFTER_OCTOBER)
    page = maker.browser.get(f"/admin/case/{piece.pk}/").content.decode()
    for said in (
        "October 2026", "5.876471", "0.150000", "−0.100000", "The sheet was wrong.",
        "Lines corrected", "Dispute opened", "says it is hers",
    ):  # fmt: skip
        assert said in page, said
