"""From what was paid to who got it: worked by hand, over months and refunds, and at random."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.winning import win_back
from licensing.money import amount_text
from licensing.receipts.models import PoolPart, Receipt
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import release_plays
from licensing.royalties.explain import explain_line
from licensing.royalties.models import (
    Anomaly,
    MonthPool,
    MonthReceipts,
    Period,
    RateCard,
    Statement,
    Usage,
    VariationSum,
)
from licensing.royalties.queries import get_statement, statement_for
from licensing.royalties.scoring import score_usages
from licensing.royalties.setting_cards import set_rate_card
from licensing.royalties.waterfall import Behind, behind
from licensing.statements import recompute
from licensing.statements.files import as_csv, as_json, told_of
from licensing.statements.pdf import as_pdf
from tests.bent import rewrite
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.oracles import pdf_text

LATER = world.NOVEMBER + timedelta(days=9)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
PARTS = ("paid_micros", "tax_micros", "fee_micros", "commission_micros", "pool_micros")
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def waterfall(name, month=OCTOBER, currency=None):
    return json.loads(as_json(statement_for(world.ref(name), month, currency)))["waterfall"]


def row(kind, country, *amounts):
    names = ("paid", "tax", "fee", "commission", "pool")
    return {"kind": kind, "country": country, **dict(zip(names, amounts, strict=True))}


def piece_of_ana():
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    return world.record("A", [(stem, 10**6)])


def close(month=OCTOBER):
    now = {10: world.AFTER_OCTOBER, 11: world.AFTER_NOVEMBER}[month.month]
    return close_period(month=month, now=now)


def adds_up(statement, folder):
    file = folder / "statement.json"
    file.write_bytes(as_json(statement))
    return recompute.main([str(file)]) == 0


def test_the_worked_price_falls_to_ana_in_all_three_files(db):
    """9.99: 1.595042 VAT and 2.518487 commission; of the pool Ana has 3.996001, Ben, Cleo and GEMA
    1.880470."""
    told.tell_the_story()
    told.close()
    zero = "0.000000"
    statement = statement_for(world.ref("Ana"), told.MONTH)
    assert waterfall("Ana") == {
        "receipts": [row("PAID", "DE", "9.990000", "1.595042", zero, "2.518487", "5.876471")],
        "paid": "9.990000", "tax": "1.595042", "fee": zero, "commission": "2.518487",
        "received": "5.876471", "held_before": zero, "pool": "5.876471",
        "own": "3.996001", "others": "1.880470", "unallocated": zero, "held": zero,
        "unplayed": zero, "given_back": [],
    }  # fmt: skip
    head = dict(csv.reader(io.StringIO(as_csv(statement).decode().split("\r\n\r\n")[0])))
    assert head["waterfall.receipts.PAID.DE.tax"] == "1.595042"
    assert head["waterfall.others"] == "1.880470"
    text = " ".join(text for page in pdf_text.texts(as_pdf(statement)) for text in page)
    for said in ("paid, DE 9.990000 1.595042 0.000000 2.518487 5.876471", "earned by others"):
        assert said in text


def test_a_society_reads_what_is_its_own_and_what_waits_is_nobodys(db):
    """l1's pool goes half to what has a sheet; publishing of Bare has none and waits."""
    (bare,) = world.recording("Bare", master={"Cleo": 10**6}, publishing=None)
    world.pay("l1", amount=1_000, tax=0)
    world.heard("l1", world.record("A", [(bare, 10**6)]))
    close()
    said = waterfall("Cleo")
    assert (said["own"], said["others"], said["unallocated"]) == (
        "0.000350", "0.000000", "0.000350",
    )  # fmt: skip
    waits = Statement.objects.exclude(payee_kind="party").get()
    said = json.loads(as_json(get_statement(waits.pk)))["waterfall"]
    assert (said["own"], said["others"], said["unallocated"]) == (
        "0.000350", "0.000350", "0.000000",
    )  # fmt: skip


def test_countries_currencies_the_fee_and_the_houses_own_money_are_told_apart(db):
    """10.00 with a fee of 0.40 in France: 9.60 net, 2.88 commission, 6.72 to the pool."""
    piece = piece_of_ana()
    world.pay("l1")
    world.pay("l2", amount=10_000_000, tax=0, fee_micros=400_000, country="FR")
    world.pay("l3", amount=500, tax=0, kind="PROMOTION")
    world.pay("l4", amount=1_000, tax=0, currency="USD", country="US")
    for listener in ("l1", "l2", "l3", "l4"):
        world.heard(listener, piece)
    close()
    zero = "0.000000"
    euros = waterfall("Ana", currency="EUR")
    assert euros["receipts"] == [
        row("PAID", "DE", "9.990000", "1.595042", zero, "2.518487", "5.876471"),
        row("PAID", "FR", "10.000000", zero, "0.400000", "2.880000", "6.720000"),
        row("PROMOTION", "DE", "0.000500", zero, zero, zero, "0.000500"),
    ]
    assert (euros["paid"], euros["own"]) == ("19.990500", "12.596971")
    dollars = waterfall("Ana", currency="USD")
    paid = row("PAID", "US", "0.001000", zero, zero, "0.000300", "0.000700")
    assert dollars["receipts"] == [paid]


def test_a_closed_month_is_told_by_the_same_bytes_after_its_money_went_back(db, tmp_path):
    """The refund stands where it was booked, in November, by the parts of the receipt."""
    _, _, piece, receipt = told.tell_the_story()
    told.close()
    statement = statement_for(world.ref("Ana"), told.MONTH)
    before = [make(statement) for make in (as_csv, as_json, as_pdf)]
    refund_receipt(
        key="re_1", receipt_id=receipt.pk, amount_micros=9_990_000, actor=told.ACTOR, now=LATER
    )
    world.pay("l2", month=world.NOVEMBER)
    world.heard("l2", piece, since=world.NOVEMBER)
    told.close(told.NEXT)
    assert [make(statement) for make in (as_csv, as_json, as_pdf)] == before
    said = waterfall("Ana", NOVEMBER)
    back = row("GIVEN_BACK", "DE", "-9.990000", "-1.595042", "0.000000", "-2.518487", "-5.876471")
    assert said["given_back"] == [back]
    assert (said["paid"], said["pool"]) == ("9.990000", "5.876471")
    assert adds_up(statement_for(world.ref("Ana"), NOVEMBER), tmp_path)


def test_a_chargeback_won_in_the_month_it_was_taken_back_leaves_nothing_given_back(db):
    """9.99 taken back of October in November; of it 4.00 won: 5.99 are given back, in all parts."""
    _, _, piece, receipt = told.tell_the_story()
    told.close()
    back = refund_receipt(
        key="re_1", receipt_id=receipt.pk, amount_micros=9_990_000, kind="CHARGEBACK",
        actor=told.ACTOR, now=LATER,
    )  # fmt: skip
    won = win_back(
        key="won_1", chargeback_id=back.pk, amount_micros=4_000_000, actor=told.ACTOR, now=LATER
    )
    world.pay("l2", month=world.NOVEMBER)
    world.heard("l2", piece, since=world.NOVEMBER)
    told.close(told.NEXT)
    made = MonthReceipts.objects.get(kind="GIVEN_BACK")
    assert made.paid_micros == -5_990_000
    assert [made.tax_micros, made.commission_micros, made.pool_micros] == [
        getattr(back, name) + getattr(won, name)
        for name in ("tax_micros", "commission_micros", "pool_micros")
    ]


def test_what_went_back_before_the_close_is_off_what_was_paid(db):
    piece = piece_of_ana()
    paid = world.pay("l1")
    refund_receipt(
        key="re_1", receipt_id=paid.pk, amount_micros=9_990_000, actor=told.ACTOR, now=world.OCTOBER
    )
    world.pay("l2")
    world.heard("l2", piece)
    close()
    assert waterfall("Ana")["paid"] == "9.990000"
    assert waterfall("Ana")["given_back"] == []


def test_a_receipt_of_two_months_and_its_refund_are_told_whole_over_both(db):
    """October is closed when half goes back: its part is told in November, as given back."""
    piece = piece_of_ana()
    paid = world.pay(
        "l1", month=world.OCTOBER + timedelta(days=9), until=world.NOVEMBER + timedelta(days=11),
        fee_micros=333_333,
    )  # fmt: skip
    world.heard("l1", piece, since=world.OCTOBER + timedelta(days=10))
    close()
    back = refund_receipt(
        key="re_1", receipt_id=paid.pk, amount_micros=4_000_001, actor=told.ACTOR, now=LATER
    )
    world.heard("l1", piece, since=world.NOVEMBER + timedelta(days=2))
    close(NOVEMBER)
    of_october = PoolPart.objects.get(receipt=back, month=OCTOBER).amount_micros
    assert MonthReceipts.objects.get(kind="GIVEN_BACK").pool_micros == of_october
    sums = MonthReceipts.objects.aggregate(**{name: Sum(name) for name in PARTS})
    names = dict(zip(PARTS, ("amount_micros", *PARTS[1:]), strict=True))
    assert sums == {part: getattr(paid, name) + getattr(back, name) for part, name in names.items()}


def test_held_plays_let_a_pool_wait_and_join_the_month_of_the_decision(db):
    stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    piece = world.record("A", [(stems[0], 10**6)])
    world.pay("l1")
    world.heard("l1", piece, 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=OCTOBER, now=world.NOVEMBER)
    close()
    said = waterfall("Ana")
    assert (said["pool"], said["held"], said["own"]) == ("5.876471", "5.876471", "0.000000")
    release_plays(
        anomaly_id=Anomaly.objects.get().pk, reason="A fan.", actor=told.ACTOR,
        now=world.AFTER_OCTOBER,
    )  # fmt: skip
    close(NOVEMBER)
    said = waterfall("Ana", NOVEMBER)
    assert (said["paid"], said["held_before"], said["own"]) == ("0.000000", "5.876471", "5.876471")
    line = next(one for one in statement_for(world.ref("Ana"), NOVEMBER).lines if one.is_paid)
    assert explain_line(line.id).behind == Behind(0, 0, 0, 0, 0, 5_876_471)


def test_a_pool_is_divided_without_the_part_that_is_kept_for_held_plays(db):
    """l1 played 3 of Ana's, which are held, and 1 of Cleo's: three quarters are kept."""
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    piece, other = piece_of_ana(), world.record("B", [(lamp, 10**6)])
    world.pay("l1")
    world.heard("l1", piece, 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=OCTOBER, now=world.NOVEMBER)
    world.heard("l1", other, since=world.OCTOBER + timedelta(days=2))
    close()
    kept = 5_876_471 * 3 // 4
    said = waterfall("Cleo")
    assert (said["pool"], said["held"]) == ("5.876471", amount_text(kept))
    assert said["own"] == amount_text(5_876_471 - kept)
    line = next(one for one in statement_for(world.ref("Cleo"), OCTOBER).lines if one.is_paid)
    opened = explain_line(line.id).behind
    assert opened == Behind(1_595_042, 0, 2_518_487, 5_876_471, kept, 5_876_471 - kept)
    assert (opened.paid_micros, opened.joined_micros) == (9_990_000, 0)


def test_of_a_month_without_plays_everything_waits(db):
    world.pay("l1")
    close()
    made = MonthPool.objects.get()
    assert (made.received_micros, made.unplayed_micros, made.payees_micros) == (
        5_876_471, 5_876_471, 0,
    )  # fmt: skip


@pytest.mark.parametrize("model", ["USER_CENTRIC", "PRO_RATA"])
def test_a_line_opens_up_to_what_was_paid_for_its_pools(db, model):
    """l1 and l2 heard A, l3 nothing: all three paid for it. By pro rata l4's money is in it too."""
    set_rate_card(
        product="listening", model=model, master_ppm=500_000,
        effective_from=world.LONG_AGO, actor=told.ACTOR, now=world.LONG_AGO,
    )  # fmt: skip
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    piece, other = piece_of_ana(), world.record("B", [(lamp, 10**6)])
    world.pay("l1")
    world.pay("l2", amount=10_000_000, tax=0, fee_micros=400_000, country="FR")
    world.pay("l3", amount=1_000, tax=0)
    world.pay("l4", amount=2_000, tax=0)
    for listener in ("l1", "l2"):
        world.heard(listener, piece, 2)
    world.heard("l4", other)
    close()
    line = statement_for(world.ref("Ana"), OCTOBER).lines[0]
    opened = explain_line(line.id)
    more = 0 if model == "USER_CENTRIC" else 1
    pools = 5_876_471 + 6_720_000 + 700 + more * 1_400
    commission = 2_518_487 + 2_880_000 + 300 + more * 600
    assert opened.behind == Behind(1_595_042, 400_000, commission, pools, 0, pools)
    assert opened.behind.paid_micros == 19_991_000 + more * 2_000
    assert opened.behind.joined_micros == 0


def test_a_month_closed_before_keeps_the_schema_of_its_files(db):
    period = Period.objects.create(
        month=OCTOBER, rate_card=RateCard.objects.first(), closed_at=world.AFTER_OCTOBER
    )
    made = Statement.objects.create(
        period=period, payee_kind="party", payee_ref=str(world.party("Ana").pk), payee_name="Ana",
        currency="EUR", opening_micros=0, lines_micros=0, closing_micros=0,
        model="USER_CENTRIC", other_model="PRO_RATA", other_model_micros=0,
        made_at=world.AFTER_OCTOBER,
    )  # fmt: skip
    statement = get_statement(made.pk)
    for make in (as_csv, as_json, as_pdf):
        assert make(statement) == make(statement, 3)
    with pytest.raises(ValueError, match="2026-10 was closed before"):
        told_of(statement, 4)
    assert behind(VariationSum(period=period)) is None


def test_nobody_who_paid_is_named(db):
    told.tell_the_story()
    told.close()
    statement = statement_for(world.ref("Ana"), told.MONTH)
    receipt = Receipt.objects.get()
    for made in (as_csv(statement), as_json(statement)):
        for secret in (receipt.payer_ref, receipt.key, str(receipt.pk)):
            assert secret.encode() not in made


RECEIPTS = st.lists(
    st.tuples(
        st.integers(100, 10**8),
        st.integers(0, 400_000),
        st.integers(0, 30),
        st.integers(1, 61),
        st.sampled_from(["DE", "FR", "US"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
)
"""(amount, tax in ppm of it, begins on day, days covered, country, plays)."""


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(RECEIPTS, st.integers(0, 99))
def test_receipts_over_two_months_are_told_whole_by_both(db, receipts, percent_back):
    """Random spans within October and November, one of them given back in part before the closes:
    by country, the months' sums are the receipts; by month, their pools are the parts."""
    savepoint = transaction.savepoint()
    piece, made = piece_of_ana(), []
    for n, (amount, tax_ppm, begin, days, country, plays) in enumerate(receipts):
        since = world.OCTOBER + timedelta(days=begin)
        until = min(since + timedelta(days=days), world.DECEMBER)
        more = {"tax": amount * tax_ppm // 10**6, "fee_micros": amount // 50, "country": country}
        made.append(world.pay(f"l{n}", amount=amount, month=since, until=until, **more))
        if plays:
            world.heard(f"l{n}", piece, plays)
    back = made[0].amount_micros * percent_back // 200
    if back:
        refund_receipt(
            key="re", receipt_id=made[0].pk, amount_micros=back, actor=told.ACTOR, now=world.OCTOBER
        )
    close()
    close(NOVEMBER)
    names = {"paid_micros": "amount_micros"} | {name: name for name in PARTS[1:]}
    for country in ("DE", "FR", "US"):
        of = Receipt.objects.filter(country=country)
        told_sums = MonthReceipts.objects.filter(country=country)
        assert told_sums.aggregate(**{name: Sum(name) for name in names}) == of.aggregate(
            **{name: Sum(column) for name, column in names.items()}
        )
    for pool in MonthPool.objects.select_related("period"):
        parts = PoolPart.objects.filter(month=pool.period.month)
        assert pool.received_micros == parts.aggregate(micros=Sum("amount_micros"))["micros"]
    assert not MonthReceipts.objects.filter(kind="GIVEN_BACK").exists()
    transaction.savepoint_rollback(savepoint)
