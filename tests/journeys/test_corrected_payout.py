"""Two artists, one disputed stem, an advance, a refund, a restatement, two tries at a payout.

The month is really closed; the artists and the desk are browsers; the provider is the stand-in. By
hand, in micro-units: Lena's 90.00 have a pool of 52,941,176, all of it Ana's, of which her advance
of 20.00 comes back. Omar's 60.00 have 35,294,118, all of it Cleo's: 21,176,471 of her drums and
14,117,647 of her keys, which Eve says are hers. Of 6.00 that go back to Omar 0.957983 are tax,
1.512605 commission and 3,529,412 the pool's: 2,117,647 of the drums and 1,411,765 of the keys.
"""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.restating import restate_statement
from licensing.deductions import advances, disputes
from licensing.four_eyes import SecondFactor
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, month_end, month_of, month_start
from licensing.payouts.house import place_charges
from licensing.payouts.provider import gateway
from licensing.payouts.reconciling import gather
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.payouts.rules.reconciling import reconcile
from licensing.receipts.models import Receipt
from licensing.receipts.operations import record_receipt
from licensing.royalties.closing import close_period
from licensing.royalties.queries import statement_for
from tests.journeys.payday import artist, connect, news, page_of, run_of
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.test_payout_desk import Desk

NOW = datetime.now(UTC)
MONTH = month_of(NOW - timedelta(days=36))
"""Its end is at least five days ago, so that it closes today."""
THEN = month_start(MONTH) + timedelta(hours=1)
WHOLE = 1_000_000


@pytest.fixture
def music(provider):
    """Ana's piece and Cleo's, of two stems; both were played in the month."""
    (wave,) = world.recording("Wave", master={"Ana": WHOLE}, publishing={"Ana": WHOLE})
    drums, keys = world.recording(
        "Glow", master={"Cleo": WHOLE}, publishing={"Cleo": WHOLE}, stems=2
    )
    tide, lamp = (
        world.record("tide", [(wave, WHOLE)]),
        world.record("lamp", [(drums, 600_000), (keys, 400_000)]),
    )
    world.heard("lena", tide, 3, since=THEN)
    world.heard("omar", lamp, 2, since=THEN)
    return provider, keys


def _listeners_pay(provider):
    for name, cents, tax in (("lena", 90_00, 14_369_748), ("omar", 60_00, 9_579_832)):
        line = provider.books.charge(cents, 0)
        record_receipt(
            key=line["source"], kind="SUBSCRIPTION", payer=("user", name),
            amount_micros=cents * 10_000, currency="EUR", covers_from=month_start(MONTH),
            covers_until=month_end(MONTH), tax_micros=tax, now=THEN,
        )  # fmt: skip
    provider.books.mature()
    _place()


def _place():
    span = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(hours=1)}
    place_charges(lines=gateway().list_balance_lines(**span), now=datetime.now(UTC))


def _agree(ana, keys):
    """What is agreed and contested before the month closes."""
    row = advances.agree_advance(
        agreement="ADV-1", payee=("party", str(ana.pk)), amount_micros=20_000_000, currency="EUR",
        recoup_ppm=500_000, reason="signed", agreed_by="maker", now=THEN,
    )  # fmt: skip
    advances.pay_advance(
        advance_id=row.pk, paid_by="checker", proof=SecondFactor("totp", THEN), bank_ref="ADV-1",
        now=THEN,
    )  # fmt: skip
    return disputes.open_dispute(
        share=disputes.Share(stem_id=keys.pk), claimant="Eve", reason="says they are hers",
        opened_by="desk", expires_at=NOW, now=THEN,
    )  # fmt: skip


def _refund(provider):
    line = provider.books.refund(6_00)
    omars = Receipt.objects.get(payer_ref="omar")
    refund_receipt(
        key=line["source"], receipt_id=omars.pk, amount_micros=6_000_000,
        actor=("user", "desk"), now=datetime.now(UTC),
    )  # fmt: skip
    _place()


def _decide(dispute):
    now = datetime.now(UTC)
    given = {"dispute_id": dispute.pk, "now": now}
    disputes.propose_decision(awards=[], reason="no proof came", proposed_by="maker", **given)
    disputes.confirm_decision(confirmed_by="checker", proof=SecondFactor("totp", now), **given)


def payable(party):
    return balance_of(AccountKey("payable", "party", str(party.pk), "EUR"))


def test_every_cent_through_a_dispute_an_advance_a_refund_and_a_bank_that_refuses(music):
    provider, keys = music
    _listeners_pay(provider)
    ana, ana_at = artist("Ana", world.party("Ana"))
    cleo, cleo_at = artist("Cleo", world.party("Cleo"))
    dispute = _agree(ana, keys)
    close_period(month=MONTH, now=NOW)
    assert (payable(ana), payable(cleo)) == (32_941_176, 21_176_471)
    assert "recoups your advance" in page_of(ana_at, ana)
    assert "contested, held until decided" in page_of(cleo_at, cleo)

    for party, browser in ((ana, ana_at), (cleo, cleo_at)):
        connect(provider, party, browser)
    maker, checker = Desk("maker"), Desk("checker")
    checker.show_code()
    first = run_of(maker, checker)
    assert [one.amount_minor for one in first] == [32_94, 21_17]
    provider.books.arrive(first[0].account.provider_id, first[0].bank_payout_id)
    provider.books.bounce(first[1].account.provider_id, first[1].bank_payout_id)
    news(provider)
    assert payable(cleo) == 21_176_471

    _refund(provider)
    assert payable(cleo) == 21_176_471 - 2_117_647
    _decide(dispute)
    assert payable(cleo) == 19_058_824 + 14_117_647 - 1_411_765
    second = run_of(maker, checker)
    assert [(one.account.payee_ref, one.amount_minor) for one in second] == [(str(cleo.pk), 31_76)]
    provider.books.arrive(second[0].account.provider_id, second[0].bank_payout_id)
    news(provider)

    _restated(cleo, cleo_at)
    _everything_adds_up(provider, ana, cleo)


def _restated(cleo, browser):
    """A second version with the refund's lines; both are downloaded, in both formats."""
    first = statement_for(cleo.pk, MONTH)
    restate_statement(
        statement_id=first.id, reason="a refund", actor=("user", "desk"), now=datetime.now(UTC)
    )
    second = statement_for(cleo.pk, MONTH)
    assert (first.version, first.closing_micros) == (1, 21_176_471)
    assert (second.version, second.closing_micros) == (2, 19_058_824)
    assert "version 2" in page_of(browser, cleo)
    for statement in (first, second):
        read = json.loads(_file(browser, statement, "json"))
        table = _file(browser, statement, "csv").decode().split("\r\n\r\n")[1]
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [row["amount"] for row in rows] == [line["amount"] for line in read["lines"]]
        assert sum(line.amount_micros for line in statement.lines) == statement.lines_micros


def _file(browser, statement, ending):
    answer = browser.get(reverse("artists:statement_file", args=[statement.id, ending]))
    assert answer.status_code == 200
    return answer.content


def _everything_adds_up(provider, ana, cleo):
    lines = trial_balance().lines
    assert {(line.kind, line.debit_micros - line.credit_micros) for line in lines} == {
        ("cash", 150_000_000 - 6_000_000 - 20_000_000 - 32_940_000 - 31_760_000),
        ("tax", -(23_949_580 - 957_983)),
        ("commission", -(37_815_126 - 1_512_605)),
        ("payable", -(1_176 + 4_706)),
        *((kind, 0) for kind in ("pool", "payout", "transit", "advance", "suspense")),
        ("unallocated", 0),
    }
    assert (payable(ana), payable(cleo)) == (1_176, 4_706)
    there = provider.books.balance("")["available"][0]["amount"]
    assert balance_of(cash_at(PROVIDER, "EUR")) == there * 10_000
    span = {"since": NOW.date() - timedelta(days=1), "until": NOW.date() + timedelta(days=1)}
    head = "booked_on,reference,amount,currency\n"
    books = gather(gateway=gateway(), bank_file=head, **span)
    assert [one.differences for one in reconcile(books, **span)] == [(), (), ()]
