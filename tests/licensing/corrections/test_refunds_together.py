"""However many refunds give a payment back, together they take what was given and nothing else."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.rules.reversing import Given, of_lines, of_pieces
from licensing.ledger.queries import list_balances, trial_balance
from licensing.money import allocate
from tests.hypotheses import in_every_run
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

PAID = 9_990_000
LATER = world.NOVEMBER + timedelta(days=9)
KINDS = ("payable", "suspense", "unallocated", "commission", "cash", "tax")
LAMP = [
    Given("a", "s1", "MASTER", "ana", 600_000, 700_000),
    Given("b", "s1", "MASTER", "ben", 600_000, 300_000),
    Given("c", "s1", "PUBLISHING", "ana", 600_000, 1_000_000),
    Given("d", "s2", "MASTER", "cleo", 400_000, 1_000_000),
    Given("e", "s2", "PUBLISHING", "cleo", 400_000, 333_333),
    Given("f", "s2", "PUBLISHING", "dov", 400_000, 666_667),
]
RIGHTS = [("MASTER", 500_000), ("PUBLISHING", 500_000)]


def back(receipt, micros, key):
    refund_receipt(
        key=key, receipt_id=receipt.pk, amount_micros=micros, kind="REFUND", actor=told.ACTOR,
        now=LATER,
    )  # fmt: skip


def left():
    assert not any(trial_balance().differences().values())
    return {key: n for kind in KINDS for key, n in list_balances(kind=kind).items() if n}


def test_pieces_keep_what_the_pool_would_have_given_of_what_is_left():
    """100 over 3 plays and 1 are 75 and 25. 1 back: 99 are 74.25 and 24.75, so 74 and 25; 1 more:
    98 are 73.5 and 24.5, a tie to the smaller key, so 74 and 24.
    """
    plays = [("A", 3), ("B", 1)]
    assert of_pieces(100, 0, 1, plays) == {"A": 1}
    assert of_pieces(100, 1, 1, plays) == {"B": 1}
    assert of_pieces(100, 2, 98, plays) == {"A": 74, "B": 24}


@given(whole=st.integers(0, 10**12), parts=st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_parts_of_a_sum_take_of_every_line_what_the_whole_does(whole, parts):
    asked = list(allocate(whole, [(f"{n}", part + 1) for n, part in enumerate(parts)]).values())
    taken, gone = dict.fromkeys("abcdef", 0), 0
    for micros in asked:
        of = of_lines(whole, gone, micros, LAMP, RIGHTS)
        assert sum(of.values()) == micros
        for line, part in of.items():
            taken[line] += part
        gone += micros
        at_once = of_lines(whole, 0, gone, LAMP, RIGHTS)
        assert {line: part for line, part in taken.items() if part} == at_once


def test_seven_refunds_of_a_micro_unit_and_then_the_rest_leave_nothing(db):
    _, _, _, receipt = told.tell_the_story()
    told.close()
    for n in range(7):
        back(receipt, 1, f"{n}")
    back(receipt, PAID - 7, "rest")
    assert left() == {}


def test_all_payers_of_a_piece_refunded_leave_nothing_of_its_lines(db):
    """Three pools that do not divide: the piece's sum was divided once, and goes back as one."""
    _, _, piece, receipt = told.tell_the_story()
    receipts = [receipt, world.pay("l2", amount=1_001, tax=0), world.pay("l3", amount=77, tax=0)]
    idle = [world.pay(name, amount=amount, tax=0) for name, amount in (("i1", 11), ("i2", 13))]
    for name, plays in (("l2", 3), ("l3", 1)):
        world.heard(name, piece, plays)
    told.close()
    for n, one in enumerate([*idle, *receipts]):
        back(one, one.amount_micros, f"{n}")
    assert left() == {}


@pytest.fixture
def closed(db):
    """October with two disputes about Lamp's stem and an advance of which nothing recouped yet."""
    _, lamp, _, receipt = told.tell_the_story()
    world.party("Eve")
    now = world.OCTOBER + timedelta(days=1)
    rows = [
        told.dispute(stem_id=lamp.pk, contested_ppm=700_001),
        told.dispute(stem_id=lamp.pk, right="MASTER", contested_ppm=400_003, now=now),
    ]
    told.close()
    told.advance("Cleo", micros=123_457, ppm=333_333)
    return receipt, rows


STEPS = st.lists(
    st.one_of(
        st.integers(1, PAID // 5),
        st.sampled_from(["give back", "award whole", "award in parts"]),
    ),
    max_size=5,
)


def test_refunds_and_decisions_in_any_order_leave_only_what_recouped(closed):
    """Whoever got it gives all of it back; what their advance took of it they owe."""
    receipt, rows = closed

    @settings(max_examples=in_every_run(6, long=1_000))
    @given(steps=STEPS)
    def in_any_order(steps):
        savepoint = transaction.savepoint()
        waiting, to_go = list(rows), PAID
        for n, step in enumerate([*steps, "give back", "give back", None]):
            if step is None or isinstance(step, int):
                micros = to_go if step is None else min(step, to_go - 1)
                to_go -= micros
                back(receipt, micros, f"{n}")
            elif waiting:
                decide(waiting.pop(0), step)
        check()
        transaction.savepoint_rollback(savepoint)

    in_any_order()


def decide(row, how):
    eve = {"give back": 0, "award whole": 1_000_000, "award in parts": 333_333}[how]
    shares = {"Eve": eve, "Cleo": 1_000_000 - eve} if eve else {}
    told.decide(row, [(*told.payee(name), ppm) for name, ppm in shares.items() if ppm])


def check():
    advance = sum(list_balances(kind="advance").values())
    cleo = told.balance("payable", told.payee("Cleo"))
    assert -cleo == 123_457 - advance >= 0
    there = left()
    there.pop(next((key for key in there if key.owner_ref == told.payee("Cleo")[1]), None), None)
    assert there.keys() <= {key for key in there if key.kind == "cash" and key.owner_kind == "bank"}
