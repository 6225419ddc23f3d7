"""Three books side by side: a doctored file shows what is missing, extra and off by one.

On our stand-in alone: what goes to our own bank, because a platform account need not have one.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from licensing.ledger import rules as ledger
from licensing.ledger.operations import post
from licensing.ledger.rules import AccountKey, Line
from licensing.payouts.house import follow_house_payout, place_charges, unseen_receipts
from licensing.payouts.reconciling import BadBankFile, gather, read_bank_file
from licensing.payouts.rules.reconciling import Books, Difference, Movement, reconcile
from licensing.receipts.operations import record_receipt
from tests.licensing.payouts.purse import ANA, NOW, books_balance

WHOLE = 30_000_000
DAY = date(2026, 11, 20)
SPAN = {"since": DAY, "until": DAY + timedelta(days=1)}


def _moves(*given: tuple[str, int], what: str = "transfer") -> list[Movement]:
    return [Movement(ref, "EUR", micros, DAY, what) for ref, micros in given]


LEDGER = _moves(("tr_1", -10), ("tr_2", -20), ("tr_3", -30))


def _found(provider: list[Movement]) -> list[tuple[str, str, int, int]]:
    compared = reconcile(Books(LEDGER, provider, [], []), **SPAN)[0]
    return [
        (one.verdict, one.ref, one.first_micros, one.second_micros) for one in compared.differences
    ]


def test_equal_books_agree():
    assert _found(LEDGER) == []
    assert _found(list(reversed(LEDGER))) == []


def test_a_doctored_file_shows_the_missing_the_extra_and_the_off_by_one_line():
    doctored = _moves(("tr_1", -10), ("tr_2", -21), ("tr_9", -5))
    assert _found(doctored) == [
        ("differs", "tr_2", -20, -21),
        ("missing", "tr_3", -30, 0),
        ("extra", "tr_9", 0, -5),
    ]


def test_a_line_told_twice_differs():
    assert _found([*LEDGER, LEDGER[0]]) == [("differs", "tr_1", -10, -20)]


def test_midnight_separates_nobody_and_other_days_are_not_told():
    early = [Movement("tr_1", "EUR", -10, DAY - timedelta(days=1))]
    late = [Movement("tr_4", "EUR", -1, DAY + timedelta(days=1))]
    books = Books(LEDGER[:1], early + late, [], [])
    assert reconcile(books, **SPAN)[0].differences == ()


def test_the_banks_side_is_compared_with_both_others_and_ages():
    to_bank = _moves(("po_1", -100), ("po_2", -50), what="payout")
    books = Books(to_bank, to_bank, _moves(("po_1", 100)), _moves(("po_1", 100)))
    ours, provider, bank = reconcile(books, **SPAN)
    assert (ours.agreed, ours.differences, bank.differences) == (2, (), ())
    assert provider.differences == (Difference("missing", "po_2", "EUR", 50, 0, DAY, "payout"),)
    assert provider.differences[0].days_old(DAY + timedelta(days=3)) == 3


HEAD = "booked_on,reference,amount,currency\n"
BANK_FILE = f"{HEAD}2026-11-20,po_1,12.3,EUR\n2026-11-20,x,-0.01,EUR\n"


def test_the_banks_file_is_read_without_a_float():
    read = read_bank_file(BANK_FILE)
    assert [(one.ref, one.micros) for one in read] == [("po_1", 12_300_000), ("x", -10_000)]


@pytest.mark.parametrize("wrong", ["12,3", "1e3", "", "0.0000001"])
def test_a_bank_file_that_cannot_be_read_names_its_line(wrong):
    with pytest.raises(BadBankFile, match="Line 2"):
        read_bank_file(f'booked_on,reference,amount,currency\n2026-11-20,po_1,"{wrong}",EUR\n')
    with pytest.raises(BadBankFile, match="columns"):
        read_bank_file("a,b\n")


def test_charges_transfers_returns_and_our_own_payouts_agree_to_the_cent(standin_purse):
    """Everything that can move our balance, on the stand-in and in the ledger."""
    now, purse = datetime.now(UTC), standin_purse
    books = purse.standin.books
    charge = books.charge(5_000, 175)
    record_receipt(
        key=charge["source"], kind="SUBSCRIPTION", payer=("user", "lena"),
        amount_micros=50_000_000, currency="EUR", covers_from=NOW,
        covers_until=NOW + timedelta(days=5), tax_micros=7_983_193, fee_micros=1_750_000, now=now,
    )  # fmt: skip
    books.charge(700, 30)
    books.mature()
    span = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    assert place_charges(lines=purse.gateway.list_balance_lines(**span), now=now) == 1
    assert place_charges(lines=purse.gateway.list_balance_lines(**span), now=now) == 0
    post(
        key="earned", kind="royalties", effective_at=now, now=now,
        postings=[
            Line(AccountKey(ledger.POOL, "month", f"{NOW:%Y-%m}", "EUR"), ledger.DEBIT, 25_000_000),
            Line(AccountKey(ledger.PAYABLE, *ANA, "EUR"), ledger.CREDIT, 25_000_000),
        ],
    )  # fmt: skip
    purse.onboard(ANA)
    payout = purse.advance(purse.run().payouts.get(), now)
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    purse.advance(payout, now)
    ours = books.send_payout("", {"amount": 1_000, "currency": "eur"})
    follow_house_payout(payout_id=ours["id"], gateway=purse.gateway, now=now)
    books.arrive("", ours["id"])
    for _ in range(2):
        follow_house_payout(payout_id=ours["id"], gateway=purse.gateway, now=now)
    line = f"{now:%Y-%m-%d},{ours['id']}"
    _agrees(purse, now, f"{line},10.00,EUR\n")
    assert unseen_receipts(now.date(), now.date() + timedelta(days=1)) == []
    books.bounce("", ours["id"])
    follow_house_payout(payout_id=ours["id"], gateway=purse.gateway, now=now)
    _agrees(
        purse, now, f"{now:%Y-%m-%d},{ours['id']},10,EUR\n{now:%Y-%m-%d},{ours['id']},-10,EUR\n"
    )


def _agrees(purse, now, bank_lines):
    """All but the charge that has no receipt, whose cash the ledger does not know."""
    span = {"since": now.date(), "until": now.date() + timedelta(days=1)}
    text = HEAD + bank_lines
    gathered = gather(gateway=purse.gateway, bank_file=text, **span)
    found = reconcile(gathered, **span)
    assert [len(one.differences) for one in found] == [1, 0, 0]
    assert found[0].differences[0].verdict == "extra"
    assert found[0].differences[0].second_micros == 6_700_000
    there = purse.standin.books.balance("")["available"][0]["amount"] * 10_000
    assert purse.cash == there - 6_700_000
    assert books_balance()


def test_what_one_pay_day_moves_agrees_whatever_else_is_on_the_account(purse):
    """A charge with a receipt, one without, and a payout that came back."""
    now = datetime.now(UTC)
    sold, unknown = purse.platform.charge(5_000), purse.platform.charge(700)
    lines = {line.source: line for line in purse.platform.lines()}
    record_receipt(
        key=sold, kind="SUBSCRIPTION", payer=("user", "lena"), amount_micros=50_000_000,
        currency="EUR", covers_from=NOW, covers_until=NOW + timedelta(days=5),
        tax_micros=7_983_193, fee_micros=lines[sold].fee_minor * 10_000, now=now,
    )  # fmt: skip
    for placed in (1, 0):
        assert place_charges(lines=purse.platform.lines(), now=now) == placed
    payout = purse.advance(purse.approved(bank_refuses=True), now)
    purse.platform.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    payout = purse.advance(payout, now)
    own = {sold, unknown, payout.transfer_id, payout.reversal_id}
    day = now.date()
    span = {"since": day - timedelta(days=1), "until": day + timedelta(days=2)}
    there = gather(gateway=purse.gateway, bank_file=HEAD, **span)
    books = replace(there, provider=[one for one in there.provider if one.ref in own])
    (extra,) = reconcile(books, **span)[0].differences
    assert (extra.verdict, extra.ref) == ("extra", unknown)
    assert extra.second_micros == lines[unknown].net_minor * 10_000
    assert purse.cash == (purse.platform.moved(own) - lines[unknown].net_minor) * 10_000 + WHOLE
    assert books_balance()


def test_receipts_that_nothing_bears_out_are_named(db):
    """One written by hand, one the house gave itself, one of another day."""
    given = {
        "payer": ("user", "lena"), "currency": "EUR", "covers_from": NOW,
        "covers_until": NOW + timedelta(days=5), "tax_micros": 0, "amount_micros": 5_000_000,
    }  # fmt: skip
    record_receipt(key="by hand", kind="SUBSCRIPTION", now=NOW, **given)
    record_receipt(key="given", kind="PROMOTION", now=NOW, **given)
    record_receipt(key="older", kind="SUBSCRIPTION", now=NOW - timedelta(days=1), **given)
    days = (NOW.date(), NOW.date() + timedelta(days=1))
    assert [one.key for one in unseen_receipts(*days)] == ["by hand"]
