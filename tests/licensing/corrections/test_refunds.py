"""Money that goes back after a close, corrections by people, and statements made anew."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.models import Reversal
from licensing.corrections.refunding import refund_receipt
from licensing.corrections.restating import restate_statement
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.ledger.queries import list_balances, trial_balance
from licensing.ledger.rules import KeyTaken
from licensing.receipts.queries import has_pool
from licensing.receipts.rules import ReceiptRefused, Waterfall, given_back
from licensing.royalties.models import Statement, StatementLine
from licensing.royalties.queries import earnings_of, get_statement, list_statements, statement_for
from licensing.statements.files import as_csv, as_json, file_name
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

LATER = world.NOVEMBER + timedelta(days=9)


def back(receipt, micros=9_990_000, key="re_1", kind="REFUND", now=LATER):
    return refund_receipt(
        key=key, receipt_id=receipt.pk, amount_micros=micros, kind=kind, actor=told.ACTOR, now=now
    )


def balanced():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return not any(trial_balance().differences().values())


def held(kind):
    return {key.owner_ref: n for key, n in list_balances(kind=kind).items() if n}


def test_the_parts_of_a_refund_follow_what_is_left_and_the_house_bears_the_processors_fee():
    """10.00: tax 1.60, fee 0.40, commission 2.40, pool 5.60. Of 1.00: 0.16, 0.28 and 0.56."""
    left = Waterfall(1_600_000, 400_000, 2_400_000, 5_600_000)
    assert given_back(1_000_000, left) == Waterfall(-160_000, 0, -280_000, -560_000)
    assert given_back(10_000_000, left) == Waterfall(-1_600_000, 0, -2_800_000, -5_600_000)
    for wrong in (0, -1, 10_000_001):
        with pytest.raises(ReceiptRefused):
            given_back(wrong, left)


def test_a_whole_refund_takes_from_every_line_exactly_what_it_got(db):
    _, _, _, receipt = told.tell_the_story()
    told.close()
    row = back(receipt)
    assert (row.tax_micros, row.commission_micros, row.pool_micros) == (
        -1_595_042, -2_518_487, -5_876_471,
    )  # fmt: skip
    assert all(not held(kind) for kind in ("payable", "cash", "tax", "commission", "unallocated"))
    assert not has_pool(("user", "l1"), LATER)
    assert has_pool(("user", "l1"), world.OCTOBER + timedelta(days=5))
    assert balanced()
    assert back(receipt) == row
    assert Reversal.objects.count() == 1
    with pytest.raises(KeyTaken):
        back(receipt, 1)
    with pytest.raises(ReceiptRefused):
        back(receipt, 1, key="re_2")


def test_a_refunds_lines_name_what_they_correct_and_a_negative_balance_carries_over(db):
    """Ana earned 3,996,001, of which 25 % of her master, 411,353, recouped an advance. All of it is
    taken back: she is at -411,353, nobody asks her for it, and November's plays come off it first.
    """
    _, _, piece, receipt = told.tell_the_story()
    told.advance(right="MASTER")
    told.close()
    back(receipt, kind="CHARGEBACK")
    world.pay("l2", month=world.NOVEMBER)
    world.heard("l2", piece, 2, since=world.NOVEMBER)
    told.close(told.NEXT)
    october, november = (
        statement_for(world.ref("Ana"), month) for month in (told.MONTH, told.NEXT)
    )
    assert october.closing_micros == november.opening_micros == 3_996_001 - 411_353
    taken = [line for line in november.lines if line.kind == "CORRECTION"]
    given = {line.id: line for line in october.lines if line.is_of_plays}
    assert {line.corrects: -line.amount_micros for line in taken} == {
        pk: line.amount_micros for pk, line in given.items()
    }
    assert all(line.note == "chargeback of a payment for 2026-10" for line in taken)
    assert all(line.stem_label == given[line.corrects].stem_label for line in taken)
    assert told.adds_up("Ana", told.NEXT)
    # November: 25 % of 1,645,413 again; -411,353 + 3,996,001 - 411,353.
    assert november.closing_micros == told.balance("payable", told.payee("Ana")) == 3_173_295
    assert balanced()


def test_a_part_goes_back_by_the_payers_own_weights_and_no_one_elses(db):
    """l1 played A 3 and B 1 for 100; l2 played B for 40. Of 60 back from l1, A bears 45, B 15."""
    pieces = {}
    for name in "AB":
        stems = world.recording(f"of {name}", master={name: 10**6}, publishing={name: 10**6})
        pieces[name] = world.record(name, [(stems[0], 1_000_000)])
    first = world.pay("l1", amount=143, tax=0)
    world.pay("l2", amount=57, tax=0)
    world.heard("l1", pieces["A"], 3)
    world.heard("l1", pieces["B"], 1)
    world.heard("l2", pieces["B"], 1)
    told.close()
    assert (first.pool_micros, told.balance("payable", told.payee("A"))) == (100, 75)
    row = back(first, 86)
    assert row.pool_micros == -60
    assert told.balance("payable", told.payee("A")) == 75 - 45
    assert told.balance("payable", told.payee("B")) == 25 + 40 - 15
    back(first, 57, key="re_2")
    assert told.balance("payable", told.payee("A")) == 0
    assert told.balance("payable", told.payee("B")) == 40
    assert balanced()


def test_an_idle_payers_refund_is_taken_of_all_that_was_played(db):
    _, _, _, _ = told.tell_the_story()
    idle = world.pay("idle", amount=1_000_000, kind="PARTNER", tax=0)
    told.close()
    before = sum(held("payable").values())
    back(idle, 1_000_000)
    assert sum(held("payable").values()) == before - 700_000 == 5_876_471
    assert balanced()


def test_a_month_in_which_nobody_played_gives_back_what_waits(db):
    receipt = world.pay("l1")
    told.close()
    assert held("unallocated") == {"2026-10": 5_876_471}
    back(receipt)
    assert not held("unallocated")
    assert balanced()


def test_a_refund_before_the_close_comes_out_of_the_pool(db):
    told.tell_the_story()
    other = world.pay("l2", amount=1_000_000, tax=0)
    back(other, 1_000_000, now=world.OCTOBER + timedelta(days=3))
    told.close()
    assert sum(held("payable").values()) == 5_876_471
    assert balanced()


def test_what_a_dispute_holds_is_taken_back_from_suspense(db):
    _, lamp, _, receipt = told.tell_the_story()
    contested = told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    back(receipt)
    assert not held("suspense")
    assert not held("payable")
    told.decide(contested)
    assert not held("payable")
    assert balanced()


def line_of(name, right):
    view = statement_for(world.ref(name), told.MONTH)
    return next(line for line in view.lines if line.right == right)


def test_two_people_correct_a_line_and_the_house_bears_the_rest(db):
    told.tell_the_story()
    told.close()
    cleo, ben = line_of("Cleo", "MASTER"), line_of("Ben", "MASTER")
    said = {"reason": "wrong sheet was signed", "proposed_by": "maker", "now": LATER}
    given = {"corrections": {cleo.id: -100_000, ben.id: 150_000}, **said}
    with pytest.raises(DeductionRefused, match="Somebody else"):
        adjust_lines(key="1", confirmed_by="maker", **given)
    for _ in range(2):
        adjust_lines(key="1", confirmed_by="checker", **given)
    assert told.balance("payable", told.payee("Ben")) == 705_176 + 150_000
    assert told.balance("payable", told.payee("Cleo")) == 940_235 - 100_000
    assert held("commission") == {"listening": 2_518_487 - 50_000}
    told.close(told.NEXT)
    assert told.moved("Ben", told.NEXT) == [("CORRECTION", 150_000)]
    assert balanced()


def test_a_restated_statement_stands_beside_the_first_and_both_are_files(db):
    _, _, _, receipt = told.tell_the_story()
    told.close()
    first = statement_for(world.ref("Cleo"), told.MONTH)
    files = as_csv(first), as_json(first)
    given = {"reason": "a refund", "actor": told.ACTOR, "now": LATER}
    with pytest.raises(DeductionRefused, match="No line"):
        restate_statement(statement_id=first.id, **given)
    back(receipt, 999_000)
    made = get_statement(restate_statement(statement_id=first.id, **given).pk)
    assert (made.version, made.supersedes, made.reason) == (2, first.id, "a refund")
    assert statement_for(world.ref("Cleo"), told.MONTH) == made
    corrected = [line for line in made.lines if line.kind == "CORRECTION"]
    assert sum(line.amount_micros for line in corrected) == made.closing_micros - 940_235
    assert made.closing_micros == told.balance("payable", told.payee("Cleo"))
    assert {line.corrects for line in corrected} == {line.id for line in first.lines}
    with pytest.raises(DeductionRefused, match="later version"):
        restate_statement(statement_id=first.id, **given)
    again = get_statement(first.id)
    assert (as_csv(again), as_json(again)) == files
    rows = list(csv.DictReader(io.StringIO(as_csv(made).decode().split("\r\n\r\n")[1])))
    told_json = json.loads(as_json(made))["lines"]
    assert [row["amount"] for row in rows] == [line["amount"] for line in told_json]
    assert file_name(made, "csv") == "statement-2026-10-EUR-v2.csv"
    assert [one.version for one in list_statements(world.ref("Cleo"))] == [2, 1]
    assert earnings_of(world.ref("Cleo")).months[0].amount_micros == 940_235


@pytest.mark.parametrize("table", ["reversal", "adjustment", "adjustedline"])
def test_what_was_corrected_stands(db, table):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE corrections_{table} CASCADE")


def test_a_further_version_names_the_one_before_and_why(db):
    told.tell_the_story()
    told.close()
    row = Statement.objects.first()
    row.pk = world.ref("forged")
    row.version = 2
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)
    assert StatementLine.objects.filter(kind="CORRECTION").count() == 0
