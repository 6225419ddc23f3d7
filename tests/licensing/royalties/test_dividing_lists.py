"""A close ranks lists of pieces heard equally often; `money.allocate` ranks the pieces themselves.

Small pools over few plays, so that remainders are equal within a list and across lists all the
time, and micro-units left over end in the middle of both.
"""

import random

import pytest
from django.db import connection

from licensing.ledger.scratch_sql import SETTINGS
from licensing.money import allocate
from licensing.royalties import closing_sql

PAYERS = 400


def books():
    """Pools and plays of some hundred payers: (micro-units, {piece: plays})."""
    dice = random.Random(7)
    return {
        payer: (
            dice.randrange(1, 30),
            {piece: dice.choice((1, 1, 2, 3, 4, 7)) for piece in dice.sample(range(1, 40), 6)},
        )
        for payer in range(1, PAYERS + 1)
    }


def laid_out(cursor, heard):
    """What a close has before step 1, out of these books."""
    for statement in SETTINGS:
        cursor.execute(statement)
    cursor.execute(
        "CREATE UNLOGGED TABLE scratch.close_heard (payer int, plays int, pieces int[]);"
        "CREATE UNLOGGED TABLE scratch.close_together (piece int, plays bigint);"
        "CREATE UNLOGGED TABLE scratch.close_own_pools"
        " (number int, basis text, payer int, currency text, pool bigint, whole bigint)"
    )
    for payer, (pool, plays) in heard.items():
        whole = sum(plays.values())
        cursor.execute(
            "INSERT INTO close_own_pools VALUES (%s, 'OWN', %s, 'EUR', %s, %s)",
            [payer, payer, pool, whole],
        )
        for count in set(plays.values()):
            pieces = sorted(piece for piece, n in plays.items() if n == count)
            cursor.execute("INSERT INTO close_heard VALUES (%s, %s, %s)", [payer, count, pieces])


@pytest.mark.parametrize("is_wide", [False, True])
def test_lists_are_divided_as_their_pieces_would_be(db, is_wide):
    heard = books()
    with connection.cursor() as cursor:
        laid_out(cursor, heard)
        for statement in closing_sql.step_one("own", is_wide=is_wide):
            cursor.execute(statement)
        cursor.execute(
            "SELECT number, piece, plays, amount"
            " FROM close_own_allocations, unnest(pieces) AS piece"
        )
        given = cursor.fetchall()
    assert {(payer, piece): plays for payer, piece, plays, _ in given} == {
        (payer, piece): n for payer, (_, plays) in heard.items() for piece, n in plays.items()
    }
    assert {(payer, f"{piece:02}"): amount for payer, piece, _, amount in given} == {
        (payer, piece): amount
        for payer, (pool, plays) in heard.items()
        for piece, amount in allocate(pool, [(f"{one:02}", n) for one, n in plays.items()]).items()
    }
