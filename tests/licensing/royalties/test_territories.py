"""A society is paid where it collects; elsewhere the party whose grant was relied on is.

Ana writes 600,001 ppm of Tide and GEMA collects her share in Germany and Austria; the rest is
Ben's. One remix each was licensed for Germany, Austria and France.
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from licensing.clearance.rules import Holder, StemFacts, UseAsked, decide
from licensing.corrections.refunding import refund_receipt
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.rules import AccountKey
from licensing.royalties.closing import close_period
from licensing.royalties.collecting import (
    PaidDirectly,
    PaidTheParty,
    collectors_of,
    paid_directly,
)
from licensing.royalties.explain import explain_line
from licensing.royalties.models import Statement, StatementLine
from licensing.royalties.queries import statement_for
from licensing.royalties.rules.payees import Held, payee_of
from licensing.royalties.what_if import beside_lines_of, what_if_of
from licensing.statements import recompute
from licensing.statements.files import as_csv, as_json
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
NOTE = "GEMA does not collect where this is licensed"
GEMA = ("society", "GEMA")
LATER = world.NOVEMBER + timedelta(days=9)


def licensed(stem, *places):
    whole = [(stem, 10**6)]
    return {place: world.record(f"in {place}", whole, territory=place) for place in places}


def heard(pieces, plays, listener="l1"):
    for place, times in plays.items():
        world.heard(listener, pieces[place], times)


def paid(name):
    owner = ("society", name) if name.isupper() else ("party", str(world.ref(name)))
    return balance_of(AccountKey("payable", *owner, "EUR"))


@pytest.fixture
def book(db):
    """1,428,571 paid, of which 1,000,000 is the pool, over 5, 3 and 2 plays."""
    (stem,) = world.recording(
        "Tide",
        master={"Ana": 10**6},
        publishing={"Ana": (600_001, "GEMA", ["DE", "AT"]), "Ben": 399_999},
    )
    pieces = licensed(stem, "DE", "AT", "FR")
    receipt = world.pay("l1", amount=1_428_571, tax=0)
    heard(pieces, {"DE": 5, "AT": 3, "FR": 2})
    return stem, pieces, receipt


@pytest.fixture
def closed(book):
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    return book


def line_of(payee, place, right="PUBLISHING"):
    lines = statement_for(payee, MONTH).lines
    ref = world.ref(f"in {place}")
    return next(one for one in lines if (one.record_id, one.right) == (ref, right))


def test_every_micro_goes_where_the_licence_was(closed):
    """By hand. Half of 500,000, 300,000 and 200,000 is Ana's master: 500,000 together. Publishing
    is 250,000, 150,000 and 100,000 over 600,001 : 399,999, which is 150,000.25 : 99,999.75,
    90,000.15 : 59,999.85 and 60,000.1 : 39,999.9; what is left over is Ben's each time.
    """
    assert paid("GEMA") == 150_000 + 90_000
    assert paid("Ana") == 500_000 + 60_000
    assert paid("Ben") == 100_000 + 60_000 + 40_000
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not any(trial_balance().differences().values())


def test_a_tie_falls_to_the_same_share_whoever_is_paid_it(db):
    (stem,) = world.recording(
        "Tide",
        master={"Cleo": 10**6},
        publishing={"Ana": (500_000, "GEMA", ["DE"]), "Ben": (500_000, "SACEM", ["FR"])},
    )
    pieces = licensed(stem, "DE", "FR", "US")
    world.pay("l1", amount=6, kind="PROMOTION", tax=0)
    heard(pieces, dict.fromkeys(pieces, 1))
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    first, second = sorted(["Ana", "Ben"], key=world.ref)
    lines = StatementLine.objects.filter(right="PUBLISHING")
    assert sorted(lines.values_list("party_id", "amount_micros")) == sorted(
        [(world.ref(first), 1), (world.ref(second), 0)] * 3
    )
    assert (paid(first), paid(second)) == (2, 0)
    assert paid("GEMA" if first == "Ana" else "SACEM") == 1


def test_a_live_session_is_paid_by_the_territory_it_was_opened_for(db):
    (stem,) = world.recording(
        "Tide", master={"Ana": 10**6}, publishing={"Ana": (10**6, "GEMA", ["DE", "AT"])}
    )
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    for place, minutes in (("AT", 1), ("FR", 3)):
        sealed = [[(stem, 10**6)]] * minutes
        live = world.session(f"live {place}", [stem], sealed, territory=place)
        world.heard("l1", live, minutes=range(minutes))
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert (paid("GEMA"), paid("Ana")) == (125, 500 + 375)


def test_where_a_society_collects_changes_with_the_sheet_and_from_its_day(db):
    (stem,) = world.recording(
        "Tide", master={"Ana": 10**6}, publishing={"Ana": (10**6, "GEMA", ["DE", "AT"])}
    )
    change = datetime(2026, 10, 16, tzinfo=UTC)
    world.sheet(
        "PUBLISHING", {"Ana": (10**6, "GEMA")}, since=change, version=2, work=stem.recording.work
    )
    piece = licensed(stem, "FR")["FR"]
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.heard("l1", piece, 3)
    world.heard("l1", piece, 1, since=change)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert (paid("Ana"), paid("GEMA")) == (500 + 375, 125)


def test_a_master_share_follows_its_licence_and_a_publishers_is_its_partys_everywhere(db):
    (stem,) = world.recording(
        "Tide", master={"Ana": (10**6, "GVL", ["DE"])}, publishing={"Ben": 10**6}
    )
    sheet = world.sheet(
        "PUBLISHING", {"Ben": (10**6, "Verlag", ["DE"])}, since=world.OCTOBER, version=2,
        by="PUBLISHER", work=stem.recording.work,
    )  # fmt: skip
    pieces = licensed(stem, "DE", "FR")
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    heard(pieces, {"DE": 1, "FR": 1})
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert (paid("GVL"), paid("Ana"), paid("Ben")) == (250, 250, 500)
    assert set(sheet.statement_lines.values_list("note", flat=True)) == {""}


def test_plays_that_earn_nothing_are_told_to_whoever_would_have_been_paid(book):
    heard(book[1], {"FR": 4, "DE": 2}, listener="nobody paid")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE royalties_usage SET state = 'UNFUNDED' WHERE payer_ref <> 'l1'")
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    unpaid = StatementLine.objects.filter(kind="UNFUNDED")
    told_to = set(unpaid.values_list("statement__payee_name", "record_id", "plays"))
    both = {(world.ref("in FR"), 4), (world.ref("in DE"), 2)}
    assert told_to == {(name, *one) for name in ("Ana", "Ben") for one in both}


def test_divisions_are_no_more_than_the_territories_that_sheets_name(book):
    """Two remixes for countries that nobody names share Tide's division of France; Lamp has one."""
    stem, pieces, _ = book
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": (10**6, "STIM")})
    for place in ("US", "GB"):
        lines = [(stem, 500_000), (lamp, 500_000)]
        pieces[place] = world.record(f"in {place}", lines, territory=place)
    heard(pieces, {"US": 1, "GB": 1})
    found = []

    def looking(execute, sql, params, many, context):
        """The divisions, looked up before the close drops them."""
        answer = execute(sql, params, many, context)
        if sql == "ANALYZE close_divisions":
            with connection.connection.cursor() as cursor:
                cursor.execute("SELECT stem_id, place FROM close_divisions")
                found.extend(cursor.fetchall())
        return answer

    with connection.execute_wrapper(looking):
        close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert set(found) == {(lamp.pk, ""), *((stem.pk, place) for place in ("", "AT", "DE"))}
    assert len(found) == 4


held = st.builds(
    Holder,
    party=st.uuids(),
    name=st.just("Ana"),
    right=st.sampled_from(["MASTER", "PUBLISHING"]),
    society=st.sampled_from(["", "GEMA"]),
    territories=st.sets(st.sampled_from(["DE", "AT", "FR"])).map(tuple),
    share_ppm=st.just(10**6),
)


@given(held, st.sampled_from(["DE", "AT", "FR", "US"]))
def test_clearing_asks_for_a_society_exactly_where_the_books_pay_it(holder, place):
    stem = StemFacts(
        stem=world.ref("stem"), recording=world.ref("Tide"), label="Drums", role="drums",
        state="READY", recording_state="COMPLETE", master="EFFECTIVE", publishing="EFFECTIVE",
        holders=(holder,), held=(),
    )  # fmt: skip
    asked = UseAsked("REMIX", (stem.stem,), ("user", "1"), place, "SITE")
    answer = decide(asked, [stem], [], [], world.OCTOBER)
    kind, _ = payee_of(Held(str(holder.party), holder.society, holder.territories), place)
    is_asked = "society_licence_required" in [one.code for one in answer.reasons]
    assert is_asked == (kind == "society")


def test_a_refund_takes_back_from_whoever_was_paid(closed):
    """Of 714,286, 500,000 is the pool's; the rest of the pool goes back with the rest of it."""
    back = {"receipt_id": closed[2].pk, "kind": "REFUND", "actor": told.ACTOR, "now": LATER}
    assert refund_receipt(key="half", amount_micros=714_286, **back).pool_micros == -500_000
    assert (paid("GEMA"), paid("Ana"), paid("Ben")) == (120_000, 280_000, 100_000)
    refund_receipt(key="rest", amount_micros=714_285, **back)
    assert not any(list_balances(kind="payable").values())


def test_a_contested_share_is_held_of_the_society_and_of_its_party(book):
    sheet = book[0].recording.work.sheets.get()
    row = told.dispute(sheet_id=sheet.pk, party_id=world.ref("Ana"))
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    assert (paid("GEMA"), paid("Ana"), paid("Ben")) == (0, 500_000, 200_000)
    assert told.balance("suspense", ("dispute", str(row.pk))) == 300_000
    told.decide(row)
    assert (paid("GEMA"), paid("Ana")) == (240_000, 560_000)


def test_a_line_says_why_the_party_was_paid_and_who_collected_the_other_shares(closed):
    hers, bens = line_of(world.ref("Ana"), "FR"), line_of(world.ref("Ben"), "DE")
    told_her = explain_line(hers.id)
    assert told_her.paid_directly == PaidDirectly("GEMA", ("AT", "DE"), "FR")
    assert {part.name for part in told_her.shares} == {"Ana", "Ben"}
    assert hers.note == NOTE
    for line in (line_of(GEMA, "DE"), bens, line_of(world.ref("Ana"), "DE", "MASTER")):
        assert explain_line(line.id).paid_directly is None
        assert line.note == ""
    assert {part.name for part in explain_line(bens.id).shares} == {"Ana (GEMA)", "Ben"}


def test_a_party_that_was_paid_what_its_society_collects_is_noticed(closed):
    line = StatementLine.objects.get(pk=line_of(GEMA, "DE").id)
    shares = list(line.sheet.shares.all())
    assert paid_directly(line, shares) is None
    line.statement = Statement.objects.get(payee_name="Ana")
    with pytest.raises(PaidTheParty):
        paid_directly(line, shares)


def test_the_other_model_beside_follows_the_licence_too(closed):
    """One listener: both models give the same, line by line."""
    for row in Statement.objects.all():
        beside = [what_if_of(line.pk) for line in row.lines.all()]
        assert sum(one.other_micros for one in beside) == row.other_model_micros
        assert row.other_model_micros == row.lines_micros
        assert beside_lines_of(row.pk) == 0


def test_statements_say_it_and_divide_again(closed, tmp_path, capsys):
    ana = statement_for(world.ref("Ana"), MONTH)
    (line,) = [one for one in json.loads(as_json(ana))["lines"] if one["right"] == "PUBLISHING"]
    assert (line["note"], line["licensed_for"], line["amount"]) == (NOTE, "FR", "0.060000")
    assert f"{NOTE},".encode() in as_csv(ana)
    file = tmp_path / "statement.json"
    for payee in (world.ref("Ana"), world.ref("Ben"), GEMA):
        file.write_bytes(as_json(statement_for(payee, MONTH)))
        assert recompute.main([str(file)]) == 0, capsys.readouterr().out
    assert NOTE.encode() not in as_json(statement_for(world.ref("Ben"), MONTH))
    assert statement_for(world.party("Stranger").pk, MONTH) is None


def test_who_collected_a_share_is_told_as_it_was_paid_whatever_the_rule_would_give(closed):
    """Were the share for France alone, the rule would have paid Ana; the frozen line is GEMA's."""
    bens = StatementLine.objects.get(pk=line_of(world.ref("Ben"), "DE").id)
    gemas = StatementLine.objects.get(pk=line_of(GEMA, "DE").id)
    shares = list(bens.sheet.shares.all())
    for share in shares:
        share.administrator_territories = ["FR"]
    assert collectors_of(bens, shares) == {world.ref("Ana"): "GEMA", world.ref("Ben"): ""}
    assert paid_directly(gemas, shares) is None
