"""The workings of a statement: hand-worked parts, equal pools told once, nobody named."""

import json

import pytest

from licensing.royalties.closing import close_period
from licensing.royalties.models import Statement
from licensing.royalties.queries import get_statement, statement_for
from licensing.statements.files import as_json
from licensing.statements.workings import workings_of
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.licensing.statements import books


def content(name):
    return json.loads(as_json(statement_for(world.ref(name), told.MONTH)))


def amounts(parts):
    return [part["amount"] for part in parts]


def test_the_worked_story_is_told_division_by_division(db):
    """By hand: see tests/licensing/royalties/test_worked_book.py."""
    told.tell_the_story()
    told.close()
    of_ana = content("Ana")
    (working,) = of_ana["workings"]
    assert working["amount"] == "5.876471"
    (pool,) = working["pools"]
    assert pool == {
        "basis": "OWN", "pool": "5.876471", "plays": 60, "plays_of_pool": 60,
        "amount": "5.876471", "remainder": "0.000000", "count": 1,
    }  # fmt: skip
    by_stem = {str(world.ref(f"Tide {n}")): f"2.35058{9 - n}" for n in range(2)}
    by_stem[str(world.ref("Lamp 0"))] = "1.175294"
    assert amounts(working["sources"]) == [by_stem[stem] for stem in sorted(by_stem)]
    assert sum(part["remainder"] == "0.000001" for part in working["sources"]) == 1
    one = next(line["source"] for line in of_ana["lines"] if line["source_amount"] == "2.350589")
    (rights,) = [row["parts"] for row in working["rights"] if row["source"] == one]
    assert [(part["key"], part["amount"]) for part in rights] == [
        ("MASTER", "1.175295"), ("PUBLISHING", "1.175294"),
    ]  # fmt: skip
    master = next(
        row for row in working["sheets"] if (row["source"], row["right"]) == (one, "MASTER")
    )
    # Ana's id is the smaller one, so she stands first and the tie is hers.
    assert amounts(master["parts"]) == ["0.822707", "0.352588"]
    assert [part["ppm"] for part in master["parts"]] == [700_000, 300_000]


def test_equal_pools_are_told_once_with_their_number(db):
    *_, piece, _ = told.tell_the_story()
    for listener in ("l2", "l3"):
        world.pay(listener)
        world.heard(listener, piece, 60)
    told.close()
    (working,) = content("Ben")["workings"]
    assert [(pool["plays"], pool["count"]) for pool in working["pools"]] == [(60, 3)]


def test_nobody_is_named_in_the_workings(db):
    tide, _, piece, _ = told.tell_the_story()
    world.pay("listener-secret")
    world.heard("listener-secret", piece, 3)
    told.close()
    text = as_json(statement_for(world.ref("Cleo"), told.MONTH)).decode()
    for hidden in ("listener-secret", "Ana", "Ben", "Dov", str(world.ref("Ana")), str(tide[0].pk)):
        assert hidden not in text


@pytest.mark.parametrize("pieces", [1, 7])
def test_the_workings_of_many_variations_take_no_more_queries(
    db, django_assert_num_queries, pieces
):
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.pay("l1")
    for n in range(pieces):
        world.heard("l1", world.record(f"A{n}", [(stem, 10**6)]), 1)
    close_period(month=told.MONTH, now=world.AFTER_OCTOBER)
    statement = statement_for(world.ref("Ana"), told.MONTH)
    with django_assert_num_queries(5):
        workings = workings_of(statement.id)
    assert len(workings.sums) == pieces


def test_the_same_bytes_come_out_twice_of_every_statement(db):
    books.two_months()
    for row in Statement.objects.all():
        assert as_json(get_statement(row.pk)) == as_json(get_statement(row.pk))
