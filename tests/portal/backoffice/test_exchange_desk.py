"""The desk of exchange: rates of the day are stored, and a run shows what it exchanges at them."""

import pytest
from django.utils import timezone

from licensing.payouts.accounts import choose_currency
from licensing.payouts.models import ExchangeRate, PayoutRun
from portal.demo.standin.server import StandIn
from tests.licensing.payouts.purse import ANA, NOW, Purse
from tests.portal.backoffice.test_payout_desk import RUNS, Desk
from tests.provider.at_standin import AtStandIn

RATES = "/admin/payouts/exchangerate/"
FORM = {"sold": "EUR", "bought": "USD", "rate": "1.0837", "source": "ECB"}


@pytest.fixture
def due(db):
    """Ana is owed 100 EUR and wants dollars."""
    with StandIn() as standin:
        purse = Purse(AtStandIn(standin))
        purse.earn(ANA, 100_000_000)
        purse.onboard(ANA)
        choose_currency(payee=ANA, currency="USD", actor=("user", "1"), now=NOW)
        yield purse


def store(desk, **changes):
    quoted = f"{timezone.now():%Y-%m-%d %H:%M}"
    return desk.browser.post(f"{RATES}store/", FORM | {"quoted_at": quoted} | changes)


def test_a_rate_is_stored_once_it_makes_sense(due):
    desk = Desk("maker")
    for wrong in ({"bought": "EUR", "sold": "EUR"}, {"rate": "0"}, {"quoted_at": "2999-01-01"}):
        assert store(desk, **wrong).status_code == 200
    assert not ExchangeRate.objects.exists()
    assert store(desk).status_code == 302
    row = ExchangeRate.objects.get()
    assert (row.rate_nano, row.source, row.stored_by) == (
        1_083_700_000,
        "ECB",
        str(desk.user.pk),
    )


def test_the_second_person_sees_what_is_exchanged_and_at_which_rate(due):
    """108.37 USD at the rate, less half a percent, 0.54185: 107.82815."""
    maker, checker = Desk("maker"), Desk("checker")
    store(maker)
    maker.browser.post(f"{RUNS}open/", {"currency": "USD"})
    run = PayoutRun.objects.get()
    checker.show_code()
    asked = checker.browser.get(f"{RUNS}{run.pk}/approve/").content.decode()
    assert "1 payout, 107.82 USD together" in asked
    assert "Exchanged for it: 100.000000 EUR at 1.083700000 USD (ECB, " in asked
    assert "spread 0.541850 USD: 107.828150 USD." in asked
    shown = checker.browser.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert "100.000000 EUR at 1.083700000 USD" in shown
    assert checker.approve(run).status_code == 302
    assert due.state(ANA) == {}
