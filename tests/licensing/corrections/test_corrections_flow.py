"""More for a line is earned money: contested, recouped, set aside, taxed; less is taken back.

Cleo's master of Lamp earned 587,647 in October, 699,300 where the listener is billed in the US.
"""

from datetime import timedelta

import pytest
from django.db import connection

from licensing.corrections.adjusting import adjust_lines
from licensing.deductions import taxes
from licensing.deductions.models import Reserve, Withheld
from licensing.ledger.queries import list_balances, trial_balance
from licensing.royalties.models import VariationSum
from licensing.royalties.queries import statement_for
from tests.licensing.corrections.test_refund_of_awarded import CLEO_MASTER, CLEO_PUBLISHING, back
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

LATER = world.NOVEMBER + timedelta(days=9)


def line_of(name, right):
    view = statement_for(world.ref(name), told.MONTH)
    return next(line for line in view.lines if line.right == right).id


def correct(key, **micros):
    """`micros` of a payee's master."""
    return adjust_lines(
        key=key, corrections={line_of(name, "MASTER"): n for name, n in micros.items()},
        reason="a sheet was late", proposed_by="maker", confirmed_by="checker", now=LATER,
    )  # fmt: skip


def payable(name):
    return told.balance("payable", told.payee(name))


def held(row):
    return told.balance("suspense", ("dispute", str(row.pk)))


def balanced():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return not any(trial_balance().differences().values())


@pytest.fixture
def contested(db):
    """30 % of Cleo's master: (the dispute, the receipt), October closed."""
    _, lamp, _, receipt = told.tell_the_story()
    world.party("Eve")
    row = told.dispute(stem_id=lamp.pk, right="MASTER", contested_ppm=300_000)
    told.close()
    assert (held(row), payable("Cleo")) == (176_294, CLEO_PUBLISHING + 411_353)
    return row, receipt


def test_more_for_a_contested_line_waits_in_its_percentage_and_its_opposite_undoes_it(contested):
    """Of 1,000,001 more 300,000 wait. The same less takes exactly that from where it went."""
    row, _ = contested
    correct("1", Cleo=1_000_001)
    assert (held(row), payable("Cleo")) == (476_294, CLEO_PUBLISHING + 411_353 + 700_001)
    correct("2", Cleo=-1_000_001)
    assert (held(row), payable("Cleo")) == (176_294, CLEO_PUBLISHING + 411_353)
    assert sum(list_balances(kind="commission").values()) == 2_518_487
    told.close(told.NEXT)
    assert told.moved("Cleo", told.NEXT) == [
        ("CORRECTION", 1_000_001), ("DISPUTE", -300_000), ("CORRECTION", -700_001)
    ]  # fmt: skip
    assert told.adds_up("Cleo", told.NEXT)
    assert balanced()


def test_what_a_decision_gave_of_a_correction_is_undone_where_it_went(contested):
    """Eve gets what waited, of the line and of the correction, and keeps the line's alone."""
    row, _ = contested
    correct("1", Cleo=1_000_001)
    told.decide(row, [(*told.payee("Eve"), 1_000_000)])
    assert payable("Eve") == 176_294 + 300_000
    correct("2", Cleo=-1_000_001)
    assert (payable("Eve"), payable("Cleo")) == (176_294, CLEO_PUBLISHING + 411_353)
    assert balanced()


def test_less_than_was_earned_comes_out_of_suspense_and_payable_as_they_hold_it(contested):
    """487,647 of 587,647 stay; as 411,353 to 176,294 they are 341,352.98 and 146,294.02."""
    row, _ = contested
    correct("1", Cleo=-100_000)
    assert (held(row), payable("Cleo")) == (146_294, CLEO_PUBLISHING + 341_353)
    correct("2", Cleo=-CLEO_MASTER)
    assert (held(row), payable("Cleo")) == (0, CLEO_PUBLISHING - 100_000)
    assert balanced()


def test_a_refund_takes_what_plays_earned_and_leaves_what_a_correction_gave(contested):
    row, receipt = contested
    correct("1", Cleo=1_000_000, Ben=500)
    back(receipt)
    assert (held(row), payable("Cleo"), payable("Ben")) == (300_000, 700_000, 500)
    correct("2", Cleo=-1_000_000, Ben=-500)
    assert (held(row), payable("Cleo"), payable("Ben")) == (0, 0, 0)
    assert balanced()


def test_more_recoups_is_set_aside_and_is_taxed_by_what_its_line_had_of_us_source(db):
    """Half of the pool is of US source: 6,993,000 of 13,986,000. Cleo's master is 1,398,600.

    1,000,000 more: 500,000 are of US source. 25 % recoup 250,000: 750,000 and 375,000 are left.
    10 % wait, 75,000, with 37,500 of US source; of the other 337,500 the statute takes 30 %,
    101,250.
    """
    _, _, piece, _ = told.tell_the_story(country="US", tax=0)
    world.pay("l2", tax=0)
    world.heard("l2", piece, 3)
    told.close()
    total = VariationSum.objects.get()
    assert (total.us_micros, total.amount_micros) == (6_993_000, 13_986_000)
    advance = told.advance("Cleo")
    told.reserve("Cleo")
    form = taxes.submit_tax_form(
        payee=told.payee("Cleo"), form="W-8BEN", form_ref="vault/1", country="DE",
        signed_at=LATER, actor=told.ACTOR, now=LATER,
    )  # fmt: skip
    taxes.review_tax_form(
        profile_id=form.pk, is_accepted=True, reason="ok", actor=told.ACTOR, now=LATER
    )
    before = payable("Cleo")
    correct("1", Cleo=1_000_000)
    assert payable("Cleo") - before == 1_000_000 - 250_000 - 75_000 - 101_250
    assert told.balance("advance", ("agreement", str(advance.pk))) == 750_000
    aside = Reserve.objects.get(payee_ref=told.payee("Cleo")[1], why="RULE")
    assert (aside.amount_micros, aside.us_micros) == (75_000, 37_500)
    (tax,) = Withheld.objects.all()
    assert (tax.us_micros, tax.rate_ppm, tax.amount_micros) == (337_500, 300_000, 101_250)
    told.close(told.NEXT)
    assert told.moved("Cleo", told.NEXT) == [
        ("CORRECTION", 1_000_000), ("RECOUPMENT", -250_000), ("RESERVE", -75_000),
        ("WITHHOLDING", -101_250),
    ]  # fmt: skip
    assert told.adds_up("Cleo", told.NEXT)
    assert balanced()


def test_more_of_us_source_waits_while_no_form_is_in_force(db):
    told.tell_the_story(country="US", tax=0)
    told.close()
    waited = told.balance("reserve", told.payee("Cleo"))
    correct("1", Cleo=1_000)
    assert (payable("Cleo"), told.balance("reserve", told.payee("Cleo"))) == (0, waited + 1_000)


def test_the_opposite_of_a_correction_gives_its_tax_back(db):
    """Of 1,000 more, all of US source, 300 were withheld; 1,000 less give 300 back."""
    told.tell_the_story(country="US", tax=0)
    form = taxes.submit_tax_form(
        payee=told.payee("Cleo"), form="W-8BEN", form_ref="vault/1", country="DE",
        signed_at=world.OCTOBER, actor=told.ACTOR, now=world.OCTOBER,
    )  # fmt: skip
    taxes.review_tax_form(
        profile_id=form.pk, is_accepted=True, reason="ok", actor=told.ACTOR, now=world.OCTOBER
    )
    told.close()
    before = payable("Cleo")
    correct("1", Cleo=1_000)
    assert payable("Cleo") == before + 700
    correct("2", Cleo=-1_000)
    assert payable("Cleo") == before
    rows = Withheld.objects.filter(corrects__isnull=False)
    assert [(row.us_micros, row.amount_micros) for row in rows] == [(-1_000, -300)]
    assert balanced()
