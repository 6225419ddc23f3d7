"""Being paid: two artists, a bank that refuses, a second try, and every cent accounted for.

Over HTTP: the artists open their accounts on the provider's page, two people at the desk decide,
the provider rings. Charges stand at the provider and as receipts in the books; what the artists
earned of them is posted as a month's close posts it. The provider is our stand-in: a person answers
on its page, its bank changes its mind, and its balance is all ours (`test_payday_at_provider` runs
on any platform).
"""

from datetime import UTC, datetime, timedelta

from licensing.catalog.models import Party
from licensing.ledger import rules as ledger
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, Line
from licensing.payouts.house import place_charges
from licensing.payouts.provider import gateway
from licensing.payouts.reconciling import gather
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.payouts.rules.reconciling import reconcile
from licensing.receipts.operations import record_receipt
from licensing.receipts.rules import pool_account
from tests.journeys.payday import artist, connect, news, page_of, run_of
from tests.portal.backoffice.test_payout_desk import Desk

NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(days=1)
POOL, ANA, CLEO = 88_235_294, 52_941_177, 35_294_117
"""150.00 paid, 23.949580 of it tax (19 % inside), 30 % commission of the rest; 60 to 40."""


def _listeners_pay(provider) -> int:
    """Charges at the provider, receipts in the books; the pool in micro-units."""
    pool = 0
    for name, cents, tax in (("lena", 90_00, 14_369_748), ("omar", 60_00, 9_579_832)):
        line = provider.books.charge(cents, 0)
        receipt = record_receipt(
            key=line["source"], kind="SUBSCRIPTION", payer=("user", name),
            amount_micros=cents * 10_000, currency="EUR", covers_from=BEFORE,
            covers_until=BEFORE + timedelta(hours=1), tax_micros=tax, now=NOW,
        )  # fmt: skip
        pool += receipt.pool_micros
    provider.books.mature()
    span = {"since": BEFORE, "until": NOW + timedelta(hours=1)}
    assert place_charges(lines=gateway().list_balance_lines(**span), now=NOW) == 2
    return pool


def _earn(people) -> None:
    lines = [Line(pool_account(BEFORE.date(), "EUR"), ledger.DEBIT, POOL)]
    for party, micros in zip(people, (ANA, CLEO), strict=True):
        payable = AccountKey(ledger.PAYABLE, "party", str(party.pk), "EUR")
        lines.append(Line(payable, ledger.CREDIT, micros))
    post(key="close:1", kind="royalties", postings=lines, effective_at=NOW, now=NOW)


def test_every_cent_from_the_charge_to_the_bank(provider):
    assert _listeners_pay(provider) == POOL
    (ana, ana_at), (cleo, cleo_at) = artist("Ana"), artist("Cleo")
    _earn((ana, cleo))
    for party, browser in ((ana, ana_at), (cleo, cleo_at)):
        connect(provider, party, browser)
    maker, checker = Desk("maker"), Desk("checker")
    checker.show_code()

    first = run_of(maker, checker)
    assert [(one.amount_minor, one.state) for one in first] == [(52_94, "SENT"), (35_29, "SENT")]
    provider.books.arrive(first[0].account.provider_id, first[0].bank_payout_id)
    provider.books.bounce(first[1].account.provider_id, first[1].bank_payout_id)
    news(provider)
    assert "arrived" in page_of(ana_at, ana)
    page = page_of(cleo_at, cleo)
    assert "came back" in page
    assert "The bank refused the payout (account closed)." in page

    second = run_of(maker, checker)
    assert [(one.account.payee_ref, one.amount_minor) for one in second] == [(str(cleo.pk), 35_29)]
    provider.books.arrive(second[0].account.provider_id, second[0].bank_payout_id)
    news(provider)
    _everything_adds_up(provider, ana, cleo)


def _everything_adds_up(provider, ana: Party, cleo: Party) -> None:
    balances = {
        (line.kind, line.debit_micros - line.credit_micros) for line in trial_balance().lines
    }
    assert balances == {
        ("cash", 150_000_000 - 52_940_000 - 35_290_000),
        ("tax", -23_949_580),
        ("commission", -(150_000_000 - 23_949_580 - POOL)),
        ("pool", 0),
        ("payable", -(1_177 + 4_117)),
        ("payout", 0),
        ("transit", 0),
    }
    for party, rest in ((ana, 1_177), (cleo, 4_117)):
        assert balance_of(AccountKey(ledger.PAYABLE, "party", str(party.pk), "EUR")) == rest
    there = provider.books.balance("")["available"][0]["amount"]
    assert balance_of(cash_at(PROVIDER, "EUR")) == there * 10_000
    span = {"since": BEFORE.date(), "until": NOW.date() + timedelta(days=1)}
    head = "booked_on,reference,amount,currency\n"
    books = gather(gateway=gateway(), bank_file=head, **span)
    assert [one.differences for one in reconcile(books, **span)] == [(), (), ()]
