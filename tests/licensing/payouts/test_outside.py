"""A society's money: one name, one account, paid by hand under four eyes, never twice."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.catalog import operations as catalog
from licensing.catalog.models import Share, Society
from licensing.catalog.rules import ShareAsked
from licensing.clearance.models import SocietyAgreement
from licensing.clearance.operations import record_society_agreement
from licensing.four_eyes import SecondFactor
from licensing.ledger import rules as ledger
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.payouts.models import OutsidePayment
from licensing.payouts.operations import hold_payments
from licensing.payouts.outside import drop_outside, post_outside, propose_outside
from licensing.payouts.rules.postings import BANK, cash_at
from licensing.payouts.rules.states import PayoutRefused
from tests.licensing.payouts.purse import NOW, PROOF, Purse, books_balance

GEMA = ("society", "GEMA")
KEY = UUID(int=7)


@pytest.fixture
def purse(db):
    """GEMA is owed 250.123456 EUR; nothing here speaks to the provider."""
    purse = Purse()
    purse.earn(GEMA, 250_123_456)
    return purse


def propose(**changes):
    given = {
        "key": KEY, "society": "GEMA", "currency": "EUR", "amount_minor": 250_00,
        "document": "SEPA 2026/118", "paid_on": date(2026, 11, 19), "proposed_by": "1", "now": NOW,
    }  # fmt: skip
    return propose_outside(**given | changes)


def post(row, who="2", proof=PROOF):
    return post_outside(payment_id=row.pk, confirmed_by=who, proof=proof, now=NOW)


def payable():
    return balance_of(AccountKey(ledger.PAYABLE, *GEMA, "EUR"))


def test_what_two_people_say_was_paid_is_owed_no_more_and_gone_from_the_bank(purse):
    row = propose()
    assert payable() == 250_123_456, "nothing moves before the second person"
    assert propose() == row, "the same key is the same payment"
    posted = post(row)
    assert payable() == 123_456, "less than a cent stays on the account"
    assert balance_of(cash_at(BANK, "EUR")) == -250_000_000
    assert (posted.state, posted.entry.kind) == ("POSTED", "payout")
    assert {one.ref for one in posted.entry.postings.all()} == {"SEPA 2026/118"}
    assert books_balance()


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lambda: propose(amount_minor=250_13), "less_is_due"),
        (lambda: propose(amount_minor=0), "nothing"),
        (lambda: propose(currency="JPY"), "currency"),
        (lambda: propose(document=" "), "no_document"),
        (lambda: propose(paid_on=NOW.date() + timedelta(days=1)), "not_yet"),
        (lambda: propose(society="STIM"), "less_is_due"),
        (lambda: post(propose(), who="1"), "same_person"),
        (lambda: post(propose(), proof=None), "no_second_factor"),
        (lambda: post(propose(), proof=SecondFactor("totp", NOW - timedelta(hours=1))),
         "stale_second_factor"),
        (lambda: [post(propose()), post(propose())], "decided"),
        (lambda: [propose(amount_minor=1_00), propose(key=UUID(int=8), amount_minor=1_00)],
         "document_twice"),
    ],
)  # fmt: skip
def test_nothing_else_is_posted(purse, deed, code):
    with pytest.raises(PayoutRefused) as refused:
        deed()
    assert refused.value.code == code


def test_two_that_wait_are_not_paid_out_of_the_same_money(purse):
    first = propose(amount_minor=200_00)
    second = propose(key=UUID(int=8), amount_minor=200_00, document="SEPA 2026/119")
    post(first)
    with pytest.raises(PayoutRefused) as refused:
        post(second)
    assert refused.value.code == "less_is_due"
    assert payable() == 50_123_456


def test_what_is_held_is_not_paid_past_the_provider_either(purse):
    hold_payments(
        payee=GEMA, currency="EUR", amount_micros=100_000_000, reason="A dispute.",
        actor=("user", "1"), now=NOW,
    )  # fmt: skip
    with pytest.raises(PayoutRefused, match="not held"):
        propose()
    assert propose(amount_minor=150_00).state == "OPEN"


def test_what_was_dropped_is_posted_never_and_its_document_may_come_again(purse):
    row = propose()
    drop_outside(payment_id=row.pk, because="Wrong amount.", dropped_by="1", now=NOW)
    with pytest.raises(PayoutRefused, match="decided already"):
        post(row)
    assert propose(key=UUID(int=8)).state == "OPEN"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 1},
        {"document": "another"},
        {"state": "POSTED"},
        {"state": "DROPPED", "decided_by": "1", "decided_at": NOW},
        {"payee_kind": "party"},
    ],
)
def test_raw_updates_neither_change_nor_post_it(purse, changes):
    row = propose()
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
        OutsidePayment.objects.filter(pk=row.pk).update(**changes)


def test_a_society_has_one_name_however_it_is_written(db):
    actor = ("user", "1")
    ana = catalog.create_party(name="Ana", actor=actor, now=NOW)
    for title, written in (("Tide", "GEMA"), ("Drift", " gema "), ("Lamp", "Gema")):
        recording = catalog.create_recording(party_id=ana.id, title=title, actor=actor, now=NOW)
        sheet = catalog.propose_sheet(
            right="PUBLISHING", shares=[ShareAsked(ana.id, 1_000_000, "SOCIETY", written)],
            actor=actor, now=NOW, work_id=recording.work_id,
        )  # fmt: skip
        assert "collected by the society GEMA" in sheet.text
    record_society_agreement(society="gema", reference="7", uses=["REMIX"], actor=actor, now=NOW)
    assert set(Share.objects.values_list("administrator", flat=True)) == {"GEMA"}
    assert SocietyAgreement.objects.get().society == "GEMA"
    assert Society.objects.get().name == "GEMA"
