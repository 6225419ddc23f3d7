"""Runs: who gets into one, four eyes and a second factor, and what the database refuses."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.audit.queries import facts_about
from licensing.four_eyes import SecondFactor
from licensing.payouts import operations
from licensing.payouts.accounts import begin_closing, keep_account
from licensing.payouts.models import Payout, PayoutRun
from licensing.payouts.planning import outlook_of
from licensing.payouts.queries import list_closing
from licensing.payouts.rules.states import BECOMES, PayoutRefused
from tests.licensing.payouts.purse import ANA, CLEO, NOW, PROOF, books_balance, only

ACTOR = ("user", "9")


def _open(purse):
    return operations.open_payout_run(currency="EUR", opened_by="maker", now=NOW)


def _approve(run, approver="checker", proof=PROOF):
    return operations.approve_payout_run(run_id=run.pk, approver=approver, proof=proof, now=NOW)


def test_a_run_takes_whole_cents_and_leaves_the_rest_on_the_account(purse):
    purse.earn(ANA, 34_567_899)
    purse.earn(CLEO, 19_999_999)
    for payee in (ANA, CLEO):
        purse.onboard(payee)
    run = purse.run()
    assert [(one.account.payee_ref, one.amount_minor) for one in run.payouts.all()] == [
        ("ana", 3_456)
    ]
    assert purse.state(ANA) == {"payable": 7_899, "payout": 34_560_000}
    assert purse.state(CLEO) == {"payable": 19_999_999}
    assert books_balance()


def test_who_closes_the_account_is_paid_below_the_threshold(purse):
    purse.earn(CLEO, 1_239_999)
    purse.onboard(CLEO)
    with pytest.raises(PayoutRefused, match="Nobody is due"):
        _open(purse)
    begin_closing(payee=CLEO, actor=ACTOR, now=NOW)
    assert purse.run().payouts.get().amount_minor == 123


def test_who_stays_after_all_waits_for_the_threshold_again_also_with_a_draft(purse):
    purse.earn(CLEO, 1_239_999)
    purse.onboard(CLEO)
    begin_closing(payee=CLEO, actor=ACTOR, now=NOW)
    run = _open(purse)
    keep_account(payee=CLEO, actor=ACTOR, now=NOW)
    _approve(run)
    assert run.payouts.get().state == "DROPPED"
    assert purse.state(CLEO) == {"payable": 1_239_999}
    assert not list_closing().exists()


def test_what_is_on_its_way_is_not_called_back_and_who_was_paid_may_come_back(purse):
    with pytest.raises(PayoutRefused, match="Open a payout account first"):
        begin_closing(payee=CLEO, actor=ACTOR, now=NOW)
    purse.earn(CLEO, 1_239_999)
    purse.onboard(CLEO)
    purse.platform.fund(123)
    account = begin_closing(payee=CLEO, actor=ACTOR, now=NOW)
    assert list(list_closing()) == [account]
    payout = purse.advance(purse.run().payouts.get())
    with pytest.raises(PayoutRefused) as refused:
        keep_account(payee=CLEO, actor=ACTOR, now=NOW)
    assert refused.value.code == "on_its_way"
    purse.platform.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    assert purse.advance(payout).state == "PAID"
    assert not list_closing().exists()
    assert keep_account(payee=CLEO, actor=ACTOR, now=NOW).closing_at is None
    verbs = [fact.verb for fact in facts_about("payee_account", account.pk)]
    assert {"begin_closing", "keep_account"} <= set(verbs)


def test_holds_delay_a_contested_part_and_nothing_else(purse):
    purse.earn(ANA, 50_000_000)
    purse.onboard(ANA)
    hold = operations.hold_payments(
        payee=ANA, currency="EUR", amount_micros=20_000_000, reason="Contested stem.",
        actor=ACTOR, now=NOW,
    )  # fmt: skip
    purse.run()
    assert purse.state(ANA) == {"payable": 20_000_000, "payout": 30_000_000}
    assert outlook_of(ANA, NOW)[0].due.why == "on_its_way"
    Payout.objects.update(state="FAILED", reason="for this test")
    assert outlook_of(ANA, NOW)[0].due.why == "held"
    operations.release_payments(hold_id=hold.pk, actor=ACTOR, now=NOW)
    assert outlook_of(ANA, NOW)[0].due.minor == 2_000


def test_one_run_waits_per_currency_and_one_payout_is_under_way_per_payee(purse):
    purse.earn(ANA, 30_000_000)
    purse.onboard(ANA)
    run = _open(purse)
    with pytest.raises(PayoutRefused) as refused:
        _open(purse)
    assert refused.value.code == "nobody_due"
    purse.earn(CLEO, 30_000_000)
    purse.onboard(CLEO)
    with pytest.raises(PayoutRefused) as refused:
        _open(purse)
    assert refused.value.code == "run_open"
    _approve(run)
    assert [one.account.payee_ref for one in _open(purse).payouts.all()] == ["cleo"]


@pytest.mark.parametrize(
    ("approver", "proof", "code"),
    [
        ("maker", PROOF, "same_person"),
        ("checker", None, "no_second_factor"),
        ("checker", SecondFactor("password", NOW), "no_second_factor"),
        ("checker", SecondFactor("totp", NOW - timedelta(seconds=301)), "stale_second_factor"),
        ("checker", SecondFactor("totp", NOW + timedelta(seconds=1)), "stale_second_factor"),
    ],
)
def test_a_run_is_approved_by_another_person_with_a_fresh_second_factor(
    purse, approver, proof, code
):
    purse.earn(ANA, 30_000_000)
    purse.onboard(ANA)
    run = _open(purse)
    with pytest.raises(PayoutRefused) as refused:
        _approve(run, approver, proof)
    assert refused.value.code == code
    assert purse.state(ANA) == {"payable": 30_000_000}
    _approve(run)
    with pytest.raises(PayoutRefused, match="already"):
        _approve(run)
    verbs = [(fact.verb, fact.actor[1]) for fact in facts_about("payout_run", run.pk)]
    assert verbs == [("open_payout_run", "maker"), ("approve_payout_run", "checker")]


def test_a_draft_that_is_no_longer_due_is_dropped_when_the_run_is_approved(purse):
    for payee in (ANA, CLEO):
        purse.earn(payee, 30_000_000)
        purse.onboard(payee)
    run = _open(purse)
    purse.owe_back(ANA, 1)
    _approve(run)
    dropped, kept = only(ANA), only(CLEO)
    assert (dropped.state, kept.state) == ("DROPPED", "APPROVED")
    assert dropped.reason == "Less is due than when this was drafted."
    assert purse.state(ANA) == {"payable": 29_999_999}


def test_a_dropped_run_pays_nobody_and_frees_its_payees(purse):
    purse.earn(ANA, 30_000_000)
    purse.onboard(ANA)
    run = _open(purse)
    operations.drop_payout_run(run_id=run.pk, dropped_by="maker", reason="Wrong day.", now=NOW)
    assert purse.state(ANA) == {"payable": 30_000_000}
    assert purse.run().payouts.count() == 1


def _refused(sql, *given):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, given)
    return True


def test_the_database_itself_wants_four_eyes(purse):
    purse.earn(ANA, 30_000_000)
    purse.onboard(ANA)
    run = _open(purse)
    approve = (
        "UPDATE payouts_payoutrun SET state = 'APPROVED', decided_by = %s, decided_at = %s,"
        " proof_method = 'totp', proved_at = %s"
    )
    old = NOW - timedelta(minutes=6)
    assert _refused(approve, "maker", NOW, NOW)
    assert _refused(approve, "", NOW, NOW)
    assert _refused(approve, "checker", NOW, None)
    assert _refused(approve, "checker", NOW, old)
    assert _refused("UPDATE payouts_payoutrun SET opened_by = 'other'")
    assert _refused("UPDATE payouts_payout SET state = 'APPROVED'")
    assert _refused("DELETE FROM payouts_payoutrun")
    assert PayoutRun.objects.get(pk=run.pk).state == "OPEN"


def test_the_database_keeps_amount_payee_and_the_table_of_states(purse):
    payout = purse.approved()
    for column, value in (
        ("amount_minor", "1"), ("currency", "'USD'"), ("account_id", "gen_random_uuid()"),
        ("entry_id", "NULL"),
    ):  # fmt: skip
        assert _refused(f"UPDATE payouts_payout SET {column} = {value}")
    for state in set(BECOMES) - BECOMES["APPROVED"] - {"APPROVED"}:
        assert _refused("UPDATE payouts_payout SET state = %s, reason = 'x'", state)
    assert _refused("UPDATE payouts_payout SET state = 'SENT'")
    assert _refused("UPDATE payouts_payout SET state = 'FAILED'")
    assert _refused("DELETE FROM payouts_payout")
    assert _refused("TRUNCATE payouts_payout CASCADE")
    assert only(ANA).amount_minor == payout.amount_minor
