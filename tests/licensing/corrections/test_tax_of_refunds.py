"""The tax of income that went back goes back with it, to the micro-unit, however it went.

The worked story billed in the United States, without sales tax: of 9,990,000 the pool is 70 %,
6,993,000; Cleo's Lamp has 200,000 ppm of it, 1,398,600, of which she has her master, 699,300, and
60 % of the publishing, 419,580: 1,118,880. Thirty percent of that is 335,664.
"""

from datetime import timedelta

import pytest

from licensing.corrections.models import ReversedIncome
from licensing.corrections.winning import win_back
from licensing.deductions.accounts import move, withholding_for
from licensing.deductions.models import Reserve, Withheld
from licensing.deductions.queries import tax_to_reclaim
from licensing.deductions.reserves import release_due_reserves
from licensing.deductions.taxes import review_tax_form, submit_tax_form
from licensing.ledger.booking import book
from licensing.ledger.rules import AccountKey
from licensing.money import amount_text
from licensing.royalties.queries import statement_for
from portal.backoffice.queues import list_queues
from tests.licensing.corrections.test_refunds import LATER, back, balanced, held
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

EVERYWHERE = ("payable", "reserve", "suspense", "withholding", "unallocated", "pool", "cash",
              "commission")  # fmt: skip
NAMES = ("Ana", "Ben", "Cleo")


def form(name, *, kind="W-8BEN", treaty=None, now=world.OCTOBER):
    row = submit_tax_form(
        payee=told.payee(name), form=kind, form_ref="archive", country="DE", treaty_ppm=treaty,
        signed_at=now, actor=told.ACTOR, now=now,
    )  # fmt: skip
    review_tax_form(profile_id=row.pk, is_accepted=True, reason="ok", actor=told.ACTOR, now=now)


def tell():
    _, lamp, _, receipt = told.tell_the_story(country="US", tax=0)
    return lamp, receipt


def basis(name="Cleo"):
    """(income, tax) of a payee, as the yearly report has them."""
    rows = Withheld.objects.filter(payee_ref=str(world.ref(name)))
    return tuple(sum(row) for row in zip(*rows.values_list("us_micros", "amount_micros"),
                                          strict=True))  # fmt: skip


def cleo(kind="payable"):
    return told.balance(kind, told.payee("Cleo"))


def with_forms():
    for name in NAMES:
        form(name)


def test_a_whole_refund_gives_all_tax_back_and_leaves_every_account_at_zero(db):
    """GEMA has no form: its 279,720 waited, and wait no more."""
    _, receipt = tell()
    with_forms()
    told.close()
    assert (cleo(), basis()) == (1_118_880 - 335_664, (1_118_880, 335_664))
    assert held("reserve") == {"GEMA": 279_720}
    back(receipt)
    assert {kind: held(kind) for kind in EVERYWHERE} == {kind: {} for kind in EVERYWHERE}
    assert basis() == (0, 0)
    assert balanced()


def test_the_tax_that_went_back_is_a_line_of_its_own_on_the_statement(db):
    _, receipt = tell()
    with_forms()
    told.close()
    back(receipt)
    told.close(told.NEXT)
    view = statement_for(world.ref("Cleo"), told.NEXT)
    (line,) = [line for line in view.lines if line.kind == "WITHHOLDING"]
    assert (line.amount_micros, line.note) == (
        335_664,
        "30 % of 1.118880 from the United States, given back with a refund",
    )
    assert told.adds_up("Cleo", told.NEXT)
    assert view.closing_micros == 0


@pytest.mark.parametrize("parts", [(3_330_000, 6_660_000), (3_330_000,) * 3, (4_995_000,) * 2])
def test_refunds_in_parts_leave_the_tax_on_what_is_left_and_nothing_in_the_end(db, parts):
    """After 3.33 of 9.99 a third of her income is gone: 745,920 are left, and 223,776 of tax."""
    _, receipt = tell()
    with_forms()
    told.close()
    for n, part in enumerate(parts):
        back(receipt, part, key=f"re_{n}")
        us, tax = basis()
        assert tax == (us * 3 + 4) // 10
        if (n, part) == (0, 3_330_000):
            assert (us, tax) == (745_920, 223_776)
    assert basis() == (0, 0)
    assert cleo() == 0
    assert not held("withholding")
    assert balanced()


def test_income_that_went_back_does_not_wait_for_a_form_any_more(db):
    _, receipt = tell()
    told.close()
    assert cleo("reserve") == 1_118_880
    back(receipt)
    assert not held("payable")
    assert not held("reserve")
    form("Cleo", now=LATER)
    assert release_due_reserves(now=LATER) == 0
    assert not held("withholding")
    assert not Withheld.objects.exists()
    assert balanced()


def test_what_a_part_refund_leaves_waits_on_and_is_taxed_alone_once_the_form_comes(db):
    """A third went back: 745,920 wait as they did, and the form withholds 223,776 of them."""
    _, receipt = tell()
    told.close()
    back(receipt, 3_330_000)
    assert (cleo(), cleo("reserve")) == (0, 745_920)
    (row,) = Reserve.objects.filter(payee_ref=told.payee("Cleo")[1], released_at__isnull=True)
    assert (row.why, row.us_micros, row.month) == ("TAX_FORM", 745_920, told.MONTH)
    form("Cleo", now=LATER)
    assert release_due_reserves(now=LATER) == 1
    assert (cleo(), basis()) == (745_920 - 223_776, (745_920, 223_776))
    back(receipt, 6_660_000, key="re_2")
    assert (cleo(), basis()) == (0, (0, 0))
    assert balanced()


def test_a_form_that_taxes_nothing_has_its_income_lowered_all_the_same(db):
    _, receipt = tell()
    form("Cleo", kind="W-9")
    told.close()
    assert basis() == (1_118_880, 0)
    back(receipt, 3_330_000)
    assert basis() == (745_920, 0)


def test_what_a_rule_had_set_aside_of_us_income_meets_the_refund_first(db):
    """A tenth, 111,888, waits 20 days; 1,006,992 were taxed 302,097.6. All of it goes back."""
    _, receipt = tell()
    with_forms()
    told.reserve("Cleo")
    told.close()
    assert (cleo("reserve"), basis()) == (111_888, (1_006_992, 302_098))
    back(receipt)
    assert (cleo(), cleo("reserve"), basis()) == (0, 0, (0, 0))
    assert balanced()


def test_what_recouped_was_never_taxed_and_gives_no_tax_back(db):
    """A quarter, 279,720, recouped; 839,160 were taxed 251,748. Cleo owes what recouped."""
    _, receipt = tell()
    with_forms()
    told.advance("Cleo")
    told.close()
    assert basis() == (839_160, 251_748)
    back(receipt)
    assert (cleo(), basis()) == (-279_720, (0, 0))
    assert not held("withholding")


def test_a_refund_of_another_country_or_month_touches_no_tax(db):
    """November's refund gives November's tax back, and a German listener's none at all. Beside the
    German's, each of October's two lines has its US part rounded down: 1,118,878, and 335,663.
    """
    _, _, piece, _ = told.tell_the_story(country="US", tax=0)
    with_forms()
    german = world.pay("l2")
    world.heard("l2", piece, 1)
    november = world.pay("l1", month=world.NOVEMBER, country="US", tax=0)
    world.heard("l1", piece, 1, since=world.NOVEMBER)
    told.close()
    told.close(told.NEXT)
    before = basis()
    assert before == (1_118_878 + 1_118_880, 335_663 + 335_664)
    back(german, now=world.AFTER_NOVEMBER)
    assert basis() == before
    back(november, key="re_2", now=world.AFTER_NOVEMBER)
    rows = Withheld.objects.filter(payee_ref=told.payee("Cleo")[1], corrects__isnull=False)
    assert [(row.month, row.us_micros) for row in rows] == [(told.NEXT, -1_118_880)]


def test_tax_that_was_paid_over_already_is_to_be_reclaimed_and_the_desk_says_so(db):
    """Everybody's tax was wired to the state before the refund; nobody waits for it."""
    _, receipt = tell()
    with_forms()
    told.close()
    owed = held("withholding")["US"]
    state, bank = withholding_for("US", "EUR"), AccountKey("cash", "product", "listening", "EUR")
    book(key="wired", kind="tax paid", lines=move(state, bank, owed), now=LATER)
    assert tax_to_reclaim() == {}
    back(receipt)
    assert tax_to_reclaim() == {("US", "EUR"): owed}
    (queue,) = [one for one in list_queues() if one.name == "Tax to reclaim"]
    assert queue.count == 1
    assert queue.deed.startswith(f"Reclaim {amount_text(owed)} EUR from US")
    assert not held("payable")


def test_a_chargeback_that_is_won_is_taxed_again_as_it_was(db):
    """And one of which a part is won, in that part: of 3.33 a third, 372,960 and 111,888."""
    _, receipt = tell()
    with_forms()
    told.close()
    before = {kind: held(kind) for kind in EVERYWHERE}
    taken = back(receipt, kind="CHARGEBACK")
    assert sum(ReversedIncome.objects.values_list("us_micros", flat=True)) == 6_993_000
    given = {"actor": told.ACTOR, "now": LATER}
    win_back(key="won", chargeback_id=taken.pk, amount_micros=9_990_000, **given)
    assert {kind: held(kind) for kind in EVERYWHERE} == before
    assert basis() == (1_118_880, 335_664)
    again = back(receipt, key="dp_2", kind="CHARGEBACK")
    win_back(key="won_2", chargeback_id=again.pk, amount_micros=3_330_000, **given)
    assert basis() == (372_960, 111_888)
    back(receipt, 3_330_000, key="re_3", now=LATER + timedelta(days=1))
    assert {kind: held(kind) for kind in EVERYWHERE} == {kind: {} for kind in EVERYWHERE}
    assert balanced()
