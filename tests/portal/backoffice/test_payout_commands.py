"""The two commands of payouts: one pass of settling, and a reconciliation that exits 1."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.demo.standin.server import StandIn
from tests.licensing.payouts.purse import ANA, Purse, only
from tests.provider.at_standin import AtStandIn


@pytest.fixture
def purse(db, settings):
    with StandIn() as standin:
        settings.STRIPE_SECRET_KEY = "sk_test_standin"
        settings.STRIPE_API_BASE = standin.address
        yield Purse(AtStandIn(standin))


def _reconcile(bank, *more):
    said = StringIO()
    code = 0
    try:
        call_command("reconcile", "--bank", str(bank), *more, stdout=said)
    except SystemExit as ended:
        code = ended.code
    return code, said.getvalue()


def test_a_pass_sends_what_was_approved_and_reconciling_tells_what_is_not_in_both(purse, tmp_path):
    purse.approved()
    call_command("settle_payouts", "--once")
    sent = only(ANA)
    assert sent.state == "SENT"
    bank = tmp_path / "bank.csv"
    bank.write_text("booked_on,reference,amount,currency\n")
    until = ("--until", "2026-12-31", "--since", f"{datetime.now(UTC):%Y-%m-%d}")
    code, said = _reconcile(bank, *until)
    assert code == 1
    assert "ledger and provider: 1 agree, 1 do not" in said
    assert "extra    tu_" in said
    code, told = _reconcile(bank, *until, "--json")
    assert code == 1
    assert json.loads(told)["compared"][0]["differences"][0]["second_micros"] == 30_000_000


def test_a_missing_file_and_a_missing_key_are_one_sentence(purse, tmp_path, settings):
    with pytest.raises(CommandError, match="No such file"):
        call_command("reconcile", "--bank", str(tmp_path / "none.csv"))
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(CommandError, match="No key for Stripe"):
        call_command("settle_payouts", "--once")
