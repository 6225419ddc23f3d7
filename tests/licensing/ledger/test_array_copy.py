"""Numbers come out of the database and go back as they were."""

import numpy as np
import pytest
from django.db import IntegrityError, connection

from licensing.ledger.array_copy import (
    HEAD_BYTES,
    field,
    lists_as_sent,
    members_of,
    numbers,
    packed,
    read,
    rows_as_sent,
    unpacked,
    with_fields,
    with_lists,
    write,
)

ENDS = [0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]


def test_packed_numbers_are_what_the_query_says(db):
    query = (
        f"SELECT name, {packed('n')} FROM unnest(%(names)s::text[], %(ns)s::bigint[]) t (name, n)"
    )
    given = {"names": ["EUR"] * 7 + ["JPY"], "ns": [*ENDS, 5]}
    rows = {name: unpacked(ns).tolist() for name, ns in read(f"{query} GROUP BY name", given)}
    assert sorted(rows[b"EUR"]) == sorted(ENDS)
    assert rows[b"JPY"] == [5]


def test_rows_of_numbers_and_lists_are_what_was_written(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE taken (a int, name text, b bigint, c int[], d bigint[])")
        sizes = np.array([2, 0, 5])
        block = with_lists(
            [np.array([1, -2, 3], np.int32), np.full(3, b"EUR"), np.array([2**40, 0, -(2**63)])],
            sizes,
            [np.arange(7, dtype=np.int32), np.array(ENDS)],
        )
        write("taken", [block, block])
        cursor.execute("SELECT * FROM taken ORDER BY a DESC")
        assert cursor.fetchall()[::2] == [
            (3, "EUR", -(2**63), [2, 3, 4, 5, 6], ENDS[2:]),
            (1, "EUR", 2**40, [0, 1], ENDS[:2]),
            (-2, "EUR", 0, [], []),
        ]


def test_a_list_as_the_server_sends_it_is_read_back(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_send(%s::bigint[]), array_send('{}'::int[])", [ENDS])
        ends, nothing = cursor.fetchone()
    assert members_of(ends, 8).tolist() == ENDS
    assert members_of(nothing, 4).tolist() == members_of(b"", 4).tolist() == []


def test_rows_of_numbers_alone(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE taken (a int, b bigint)")
        write("taken", [numbers(2, [np.array([7, 8], np.int32), np.array([2**62, -1])])])
        cursor.execute("SELECT * FROM taken ORDER BY a")
        assert cursor.fetchall() == [(7, 2**62), (8, -1)]


def test_rows_are_written_as_they_were_sent_and_beside_numbers(db):
    query = "SELECT n, CASE n WHEN 2 THEN NULL ELSE repeat('x', n) END FROM generate_series(1, 3) n"
    sent = rows_as_sent(query, {})
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE taken (a int, word text)")
        write("taken", sent)
        words = [row[HEAD_BYTES + 8 :] for row in sent]
        write("taken", [with_fields([np.array([7, 8, 9], np.int32)], words, fields=1)])
        write(
            "taken",
            [with_fields([np.array([5], np.int32)], [field(b"y")], fields=1)],
            ("a", "word"),
        )
        cursor.execute("SELECT * FROM taken ORDER BY a")
        assert cursor.fetchall() == [
            (1, "x"),
            (2, None),
            (3, "xxx"),
            (5, "y"),
            (7, "x"),
            (8, None),
            (9, "xxx"),
        ]
    assert rows_as_sent(f"{query} LIMIT 0", {}) == []


def test_what_the_database_refuses_of_rows_is_an_error_of_django(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE taken (a int CHECK (a > 0))")
    with pytest.raises(IntegrityError):
        write("taken", [numbers(1, [np.array([0], np.int32)])])


def test_lists_are_sent_as_the_server_sends_them(db):
    small, large = np.array([1, -2, 3, 4], np.int32), np.array([2**40, 0, -1, 5])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_send(a) || array_send(b) FROM (VALUES"
            " (1, '{1}'::int[], '{1099511627776}'::bigint[]), (2, '{-2,3,4}', '{0,-1,5}'))"
            " lists (n, a, b) ORDER BY n"
        )
        sent = [bytes(both) for (both,) in cursor.fetchall()]
    assert list(lists_as_sent(np.array([1, 3]), [small, large])) == sent
    assert list(lists_as_sent(np.empty(0, np.int64), [small[:0], large[:0]])) == []
