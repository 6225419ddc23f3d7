"""Closing a month at the desk: shown first, by the close itself; a large month is only counted."""

from licensing.ledger.models import JournalEntry
from licensing.ledger.queries import trial_balance
from licensing.royalties.models import Period, Statement, Usage
from portal.backoffice import month_end
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk

PAGE = "/admin/royalties/period/close/"
OCTOBER = {"month": "2026-10-31"}


def _row(payee, earned, closing):
    cells = f'<td class="num">{earned}</td><td class="num">{closing}</td>'
    return f'<tr><th scope="row">{payee}</th>{cells}</tr>'


def test_a_close_is_shown_with_whose_it_is_and_what_waits_and_leaves_nothing_behind(db):
    """Ana earns 3,996,001 of the story's pool of 5,876,471, Cleo 940,235; 352,588 are contested."""
    desk = Desk("maker")
    told.tell_the_story()
    told.dispute(recording_id=world.ref("Lamp"), right="PUBLISHING")
    entries = JournalEntry.objects.count()
    shown = desk.browser.post(PAGE, OCTOBER).content.decode()
    for said in (
        "<dt>Plays that accrue</dt><dd>60</dd>",
        "<dt>To be divided</dt><dd>5.876471 EUR</dd>",
        _row("Ana", "3.996001 EUR", "3.996001 EUR"),
        _row("Cleo", "0.940235 EUR", "0.587647 EUR"),
        _row("Nobody yet: no sheet in force says whose", "nothing", ""),
        "Royalties, in the books of October 2026: one entry",
        "1; held of months before: nothing",
        "suspense of dispute",
    ):
        assert said in shown
    assert not Period.objects.exists()
    assert not Statement.objects.exists()
    assert JournalEntry.objects.count() == entries
    _, done = desk.look_and_do(PAGE, OCTOBER)
    assert done.status_code == 302
    assert Period.objects.get().month == told.MONTH
    assert told.balance("payable", told.payee("Ana")) == 3_996_001
    assert not any(trial_balance().differences().values())


def test_what_moved_since_it_was_shown_is_shown_anew_and_nothing_is_closed(db):
    desk = Desk("maker")
    _, _, piece, _ = told.tell_the_story()
    shown = desk.browser.post(PAGE, OCTOBER).content.decode()
    seen = shown.split('name="seen" value="')[1][:64]
    world.pay("l2")
    world.heard("l2", piece, 3)
    again = desk.browser.post(PAGE, {**OCTOBER, "seen": seen}).content.decode()
    assert "This is not what was shown before." in again
    assert "<dt>Plays that accrue</dt><dd>63</dd>" in again
    assert not Period.objects.exists()


def test_a_large_month_is_counted_and_closed_once(db, monkeypatch):
    monkeypatch.setattr(month_end, "REHEARSED_AT_MOST", 59)
    desk = Desk("maker")
    told.tell_the_story()
    shown, done = desk.look_and_do(PAGE, OCTOBER)
    assert "<dt>Plays that accrue</dt><dd>60</dd>" in shown
    assert "too large to be closed twice" in shown
    assert "Ana" not in shown
    assert done.status_code == 302
    assert Usage.objects.count() == 60
    assert Period.objects.get().statements.count() > 0
