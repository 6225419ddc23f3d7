"""What was billed for a play is what it weighs: prices reach artists, exactly and explained."""

import json
from datetime import timedelta

import pytest

from licensing.corrections.refunding import refund_receipt
from licensing.deductions.models import Reserve
from licensing.invoicing import operations
from licensing.ledger.rules import KeyTaken
from licensing.receipts.rules import ReceiptRefused
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import release_plays
from licensing.royalties.explain import explain_line
from licensing.royalties.models import Anomaly, HeldPool, StatementLine, Usage
from licensing.royalties.scoring import score_usages
from tests.bent import rewrite
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER
from tests.licensing.royalties import small_world as world
from tests.licensing.statements.test_recompute import run, statements

NOVEMBER = world.NOVEMBER.date()
PRICES = {
    ("", "PLAY"): 20_000, ("", "MINUTE"): 4_000, ("AMBIENT", "PLAY"): 5_000, ("MOOD", "PLAY"): 0,
}  # fmt: skip


def solo(name, artist, use="REMIX"):
    (stem,) = world.recording(name, master={artist: 10**6}, publishing={artist: 10**6})
    return world.record(f"piece {name}", [(stem, 10**6)], use=use)


def play(piece, times, since=world.OCTOBER):
    world.play("customer", piece, times, since=since, payer=month.STRIDE)


def paid(country="DE"):
    """October is closed, billed and paid in November; the receipt."""
    month.close_october()
    (invoice,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    given = {"invoice_id": invoice.pk, "now": LATER}
    operations.issue_invoice(actor=DESK, **given)
    operations.claim_payment(evidence="line 4", actor=DESK, **given)
    return month.confirm(invoice).receipt


def close():
    return close_period(month=NOVEMBER, now=world.AFTER_NOVEMBER)


def test_a_play_at_four_times_the_price_earns_four_times_as_much(db):
    """Three plays at 0.02 and five at 0.005: 60,000 and 25,000 billed, 80,000 net (whole cents);
    pool 56,000, of which 56,000 x 60/85 = 39,529.4 and 16,470.6."""
    month.agree(prices=PRICES)
    play(solo("A", "Ana"), 3)
    play(solo("B", "Ben", use="AMBIENT"), 5, since=world.OCTOBER + timedelta(days=1))
    receipt = paid()
    assert receipt.pool_micros == 56_000
    assert rates_of(receipt) == {20_000: 39_529, 5_000: 16_471}
    close()
    assert (month.earned("Ana"), month.earned("Ben")) == (39_529, 16_471)
    assert month.books_balance()


def test_a_started_minute_weighs_by_its_own_price_and_what_cost_nothing_earns_nothing(db):
    """Two plays at 0.02 and five minutes at 0.004: 40,000 and 20,000, 60,000 net, pool 42,000."""
    month.agree(prices=PRICES)
    remix, free = solo("A", "Ana"), solo("C", "Cleo", use="MOOD")
    (stem,) = world.recording("B", master={"Ben": 10**6}, publishing={"Ben": 10**6})
    session = world.session("S", [stem], [[(stem, 10**6)]] * 5)
    month.use(remix, session, plays=2, minutes=5)
    play(free, 4, since=world.OCTOBER + timedelta(days=5))
    paid()
    close()
    assert [month.earned(name) for name in ("Ana", "Ben", "Cleo")] == [28_000, 14_000, 0]


def test_a_play_keeps_the_price_of_its_own_moment_when_the_agreement_changes(db):
    """Twice at 0.02, then twice at 0.06: 40,000 and 120,000; 160,000 net, pool 112,000."""
    middle = world.OCTOBER + timedelta(days=10)
    month.agree(prices=PRICES)
    month.agree(prices={("", "PLAY"): 60_000, ("", "MINUTE"): 1}, since=middle)
    early, late = solo("A", "Ana"), solo("B", "Ben")
    play(early, 2)
    play(late, 2, since=middle)
    paid()
    assert set(Usage.objects.values_list("rate_micros", flat=True)) == {20_000, 60_000}
    close()
    assert (month.earned("Ana"), month.earned("Ben")) == (28_000, 84_000)


def test_a_line_says_at_which_rate_and_its_statement_is_divided_again(db, tmp_path):
    month.agree(prices=PRICES)
    both = solo("A", "Ana")
    play(both, 3)
    play(solo("B", "Ana", use="AMBIENT"), 5, since=world.OCTOBER + timedelta(days=1))
    paid()
    close()
    seen = set()
    for line in StatementLine.objects.all():
        (pool,) = explain_line(line.pk).pools
        seen.add((pool.rate_micros, pool.plays, pool.plays_of_pool, pool.pool_micros))
    assert seen == {(20_000, 3, 3, 39_529), (5_000, 5, 5, 16_471)}
    (made,) = statements()
    told = [pool for one in json.loads(made)["workings"] for pool in one["pools"]]
    assert {pool["rate"] for pool in told} == {"0.020000", "0.005000"}
    assert run(made, tmp_path)[0] == 0


def rates_of(receipt):
    """What of a receipt's pool is for plays at each price; it lies in one month."""
    return dict(receipt.pool_parts.values_list("rate_micros", "amount_micros"))


@pytest.mark.parametrize("part", [110_000, 55_001])
def test_a_refund_after_the_close_takes_back_by_the_same_weights(db, part):
    """All of it leaves nothing; a part leaves what the rest of both prices still is."""
    month.agree(prices=PRICES)
    play(solo("A", "Ana"), 3)
    play(solo("B", "Ben", use="AMBIENT"), 5, since=world.OCTOBER + timedelta(days=1))
    receipt = paid()
    close()
    amount = receipt.amount_micros * part // 110_000
    back = refund_receipt(
        key="r", receipt_id=receipt.pk, amount_micros=amount, actor=DESK, now=world.AFTER_NOVEMBER
    )
    left = {
        rate: rates_of(receipt)[rate] + micros
        for rate, micros in back.pool_parts.values_list("rate_micros", "amount_micros")
    }
    assert (month.earned("Ana"), month.earned("Ben")) == (left[20_000], left[5_000])
    assert sum(left.values()) == receipt.pool_micros + back.pool_micros
    assert month.books_balance()


def test_money_of_a_us_partner_is_of_us_source_at_every_price(db):
    month.agree(prices=PRICES, country="US")
    play(solo("A", "Ana"), 3)
    play(solo("B", "Ben", use="AMBIENT"), 5, since=world.OCTOBER + timedelta(days=1))
    paid()
    close()
    waits = dict(Reserve.objects.values_list("payee_ref", "amount_micros"))
    assert waits == {str(world.ref("Ana")): 39_529, str(world.ref("Ben")): 16_471}


def test_while_all_plays_at_a_price_are_held_what_was_paid_for_them_waits(db):
    """Ana's three plays look odd: her 39,529 wait, Ben's 16,471 do not; released, they join."""
    month.agree(prices=PRICES)
    play(solo("A", "Ana"), 3)
    play(solo("B", "Ben", use="AMBIENT"), 5, since=world.OCTOBER + timedelta(days=1))
    paid()
    rewrite(Usage.objects.filter(rate_micros=20_000), "repeat_score = 500")
    score_usages(month=NOVEMBER, now=world.DECEMBER)
    close()
    assert (month.earned("Ana"), month.earned("Ben")) == (0, 16_471)
    pool = HeldPool.objects.get()
    assert (pool.rate_micros, pool.amount_micros) == (20_000, 39_529)
    release_plays(
        anomaly_id=Anomaly.objects.get().pk, reason="Real.", actor=DESK, now=world.AFTER_NOVEMBER
    )
    close_period(month=world.DECEMBER.date(), now=world.AFTER_NOVEMBER + timedelta(days=31))
    assert (month.earned("Ana"), month.earned("Ben")) == (39_529, 16_471)
    assert month.books_balance()


def test_a_receipt_says_its_prices_and_none_of_them_is_nothing(db):
    """The same key with other prices stands for something else."""
    receipt = world.pay("l1", kind="PARTNER", tax=0, amount=10, rates={5: 1})
    assert world.pay("l1", kind="PARTNER", tax=0, amount=10, rates={5: 1}) == receipt
    for rates, match in (({5: 2}, "another receipt"), ({0: 1}, "above zero"), ({5: 0}, "above")):
        with pytest.raises((KeyTaken, ReceiptRefused), match=match):
            world.pay("l1", kind="PARTNER", tax=0, amount=10, rates=rates)
