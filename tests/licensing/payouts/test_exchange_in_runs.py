"""Exchange inside a run: at a rate that was shown, as ledger entries that add up to the micro.

Ana is owed 100.00 EUR and 5.123456 USD and wants USD. At 1.0837 the euros are 108.37 USD, of which
half a percent, 0.54185, is the house's: 107.82815. With her dollars 112.951606, so 112.95 are paid
and 0.001606 stay.
"""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.four_eyes import SecondFactor
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey
from licensing.payouts import operations
from licensing.payouts.accounts import choose_currency
from licensing.payouts.exchange import store_rate
from licensing.payouts.models import Conversion, Payout, PayoutRun, PlannedConversion
from licensing.payouts.planning import outlook_of
from licensing.payouts.queries import list_payouts
from licensing.payouts.rules.postings import payable_of
from licensing.payouts.rules.states import PayoutRefused
from tests.licensing.payouts.purse import ANA, CLEO, NOW

ACTOR = ("user", "9")


def rate(nano=1_083_700_000, at=NOW - timedelta(hours=1), sold="EUR"):
    return store_rate(
        sold=sold, bought="USD", rate_nano=nano, source="ECB", quoted_at=at, actor=ACTOR, now=at
    )


def choose(payee=ANA, currency="USD"):
    choose_currency(payee=payee, currency=currency, actor=ACTOR, now=NOW)


@pytest.fixture
def ana(purse):
    return who_wants_dollars(purse)


@pytest.fixture
def ana_at_standin(standin_purse):
    """There the platform's balance has dollars."""
    return who_wants_dollars(standin_purse)


def who_wants_dollars(purse):
    purse.earn(ANA, 100_000_000)
    purse.earn(ANA, 5_123_456, "USD")
    purse.onboard(ANA)
    choose()
    return purse


def open_run(now=NOW, currency="USD"):
    return operations.open_payout_run(currency=currency, opened_by="maker", now=now)


def approve(run, now=NOW):
    proof = SecondFactor("totp", now - timedelta(minutes=1))
    return operations.approve_payout_run(run_id=run.pk, approver="checker", proof=proof, now=now)


def payable(currency, payee=ANA):
    return balance_of(payable_of(payee, currency))


def why(payee=ANA, now=NOW):
    return {one.currency: one.due.why for one in outlook_of(payee, now)}


def test_a_run_pays_everything_in_the_chosen_currency_to_the_micro(ana):
    rate()
    run = open_run()
    payout = run.payouts.get()
    assert (payout.amount_minor, payout.currency) == (11_295, "USD")
    planned = payout.planned.get()
    assert (planned.sold_micros, planned.at_rate_micros) == (100_000_000, 108_370_000)
    assert (planned.spread_micros, planned.bought_micros) == (541_850, 107_828_150)
    assert (payable("EUR"), payable("USD")) == (100_000_000, 5_123_456)
    approve(run)
    assert (payable("EUR"), payable("USD")) == (0, 1_606)
    assert balance_of(AccountKey("payout", *ANA, "USD")) == 112_950_000
    assert balance_of(AccountKey("trading", "pair", "EUR/USD", "EUR")) == 100_000_000
    assert balance_of(AccountKey("trading", "pair", "EUR/USD", "USD")) == -108_370_000
    assert balance_of(AccountKey("spread", "house", "exchange", "USD")) == 541_850
    assert trial_balance().differences() == {"EUR": 0, "USD": 0}
    assert Conversion.objects.get().entry.memo == (
        "100.000000 EUR at 1.083700000 USD (ECB, 2026-11-20 11:00 UTC), spread 0.541850 USD"
    )
    assert list_payouts(ANA)[0].exchanged == (planned,)


def test_the_rate_is_the_one_that_was_shown_whatever_is_stored_meanwhile(ana):
    rate()
    run = open_run()
    rate(2_000_000_000, at=NOW)
    approve(run)
    assert Conversion.objects.get().rate.rate_nano == 1_083_700_000


def test_a_rate_that_grew_old_before_the_second_person_came_exchanges_nothing(ana):
    rate()
    run = open_run()
    approve(run, now=NOW + timedelta(hours=24))
    payout = Payout.objects.get()
    assert (payout.state, payout.reason) == (
        "DROPPED",
        "The rate of EUR to USD is older than a day.",
    )
    assert (payable("EUR"), payable("USD")) == (100_000_000, 5_123_456)
    assert not Conversion.objects.exists()


def test_what_was_drawn_meanwhile_drops_the_payout_and_leaves_every_balance(ana):
    rate()
    rate(sold="GBP", nano=1_250_000_000)
    ana.earn(ANA, 40_000_000, "GBP")
    run = open_run()
    assert run.payouts.get().planned.count() == 2
    ana.owe_back(ANA, 1)
    approve(run)
    assert Payout.objects.get().reason == "Less is due than when this was drafted."
    assert (payable("EUR"), payable("GBP"), payable("USD")) == (99_999_999, 40_000_000, 5_123_456)
    assert not Conversion.objects.exists()


def test_the_threshold_is_asked_of_what_comes_of_it(purse):
    """18.00 EUR alone are below it, and 19.41 USD as well; at 1.12 they are 20.06 after spread."""
    purse.earn(CLEO, 18_000_000)
    purse.onboard(CLEO)
    choose(CLEO)
    rate()
    with pytest.raises(PayoutRefused, match="Nobody is due"):
        open_run()
    assert why(CLEO) == {"EUR": "exchanged", "USD": "threshold"}
    rate(1_120_000_000, at=NOW)
    # 18 x 1.12 = 20.16, less half a percent: 20.0592.
    assert open_run().payouts.get().amount_minor == 2_005
    assert why(CLEO) == {"EUR": "exchanged", "USD": "on_its_way"}


def test_a_run_of_the_balances_own_currency_leaves_it_alone(ana):
    rate()
    with pytest.raises(PayoutRefused, match="Nobody is due"):
        open_run(currency="EUR")
    assert why() == {"EUR": "exchanged", "USD": "due"}
    choose(currency="")
    assert why() == {"EUR": "due", "USD": "threshold"}


def test_without_a_rate_of_the_day_a_balance_waits(ana):
    rate(at=NOW - timedelta(hours=25))
    assert why() == {"EUR": "no_rate", "USD": "threshold"}


def test_a_hold_keeps_its_part_from_being_exchanged(ana):
    rate()
    operations.hold_payments(
        payee=ANA, currency="EUR", amount_micros=60_000_000, reason="contested", actor=ACTOR,
        now=NOW,
    )  # fmt: skip
    assert open_run().payouts.get().planned.get().sold_micros == 40_000_000


def test_what_is_drafted_in_its_own_currency_is_not_planned_twice(ana):
    rate()
    choose(currency="")
    open_run(currency="EUR")
    choose()
    with pytest.raises(PayoutRefused, match="Nobody is due"):
        open_run()


def test_a_negative_balance_is_neither_sold_nor_collected(ana):
    ana.earn(ANA, 20_000_000, "USD")
    rate()
    ana.owe_back(ANA, 150_000_000)
    payout = open_run().payouts.get()
    assert (payout.amount_minor, payout.planned.count()) == (2_512, 0)
    assert payable("EUR") == -50_000_000


def test_a_failed_payout_is_payable_in_the_currency_it_was_exchanged_into(ana_at_standin):
    rate()
    approve(open_run())
    ana_at_standin.standin.books.fund(20_000, "usd")
    account = ana_at_standin.standin.books.accounts[Payout.objects.get().account.provider_id]
    account["capabilities"]["transfers"] = "inactive"
    failed = ana_at_standin.advance(Payout.objects.get())
    assert failed.state == "FAILED"
    assert (payable("EUR"), payable("USD")) == (0, 112_951_606)
    assert trial_balance().differences() == {"EUR": 0, "USD": 0}


def test_only_a_currency_that_is_paid_and_an_account_that_is_there_can_be_chosen(purse):
    with pytest.raises(PayoutRefused) as refused:
        choose()
    assert refused.value.code == "no_account"
    purse.onboard(ANA)
    with pytest.raises(PayoutRefused) as refused:
        choose(currency="XAU")
    assert refused.value.code == "currency"


def test_what_was_planned_is_never_changed(ana):
    rate()
    open_run()
    assert PayoutRun.objects.count() == PlannedConversion.objects.count() == 1
    for sql in (
        "UPDATE payouts_plannedconversion SET bought_micros = 1",
        "DELETE FROM payouts_plannedconversion",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
