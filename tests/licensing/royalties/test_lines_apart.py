"""Lines of a large close lie in a table of their own: the same statements, the same guards."""

import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.restating import restate_statement
from licensing.ledger import apart
from licensing.ledger.models import Posting
from licensing.royalties.closing import close_period
from licensing.royalties.explain import explain_line
from licensing.royalties.models import Statement, StatementLine
from licensing.royalties.queries import get_statement
from tests.licensing.royalties import small_world as world

HALVES = {"Ana": 600_000, "Ben": 400_000}


@transaction.atomic
def month():
    """Two pieces, one payee's own plays and plays of nobody who paid."""
    stems = world.recording("Tide", master=HALVES, publishing={"Ana": 10**6}, stems=2)
    pieces = [world.record(name, [(stems[0], 700_000), (stems[1], 300_000)]) for name in "AB"]
    world.pay("l1", amount=1_001, kind="PROMOTION", tax=0)
    for piece in pieces:
        world.heard("l1", piece, 3)
        world.heard("l2", piece, 2)


def lines():
    """What every line says, by payee and position."""
    fields = ("kind", "right", "plays", "source_micros", "right_micros", "amount_micros")
    return sorted(
        StatementLine.objects.values_list("statement__payee_ref", "position", "record", *fields)
    )


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture(scope="module")
def closed_month(database_server, django_db_setup, django_db_blocker):
    """Closed once for all tests, and committed, because its other connection commits as well."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "APART_FROM", 1)
        month()
        close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
        yield
        connection.close()
        database_server.renew()


@pytest.fixture
def closed(closed_month, db):
    return Statement.objects.order_by("payee_ref").first()


def test_statements_say_the_same_wherever_their_lines_lie(committed_db, monkeypatch):
    month()
    said = []
    for apart_from in (10**9, 1):
        monkeypatch.setattr(apart, "APART_FROM", apart_from)
        with transaction.atomic():
            close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
            execute("SELECT 1")
            assert StatementLine.objects.filter(batch=0).exists() is (apart_from > 1)
            assert Posting.objects.filter(batch=0, entry__kind="royalties").exists() is (
                apart_from > 1
            )
            said.append(lines())
            transaction.set_rollback(True)
    assert said[0] == said[1]
    assert len(said[0]) > 10


def test_a_line_of_a_batch_opens_down_to_its_posting(closed):
    line = StatementLine.objects.filter(kind="EARNING", amount_micros__gt=0).first()
    told = explain_line(line.pk)
    assert Posting.objects.get(pk=told.posting_id).batch > 0


def test_a_statement_of_a_batch_is_restated_among_the_others(closed):
    line = closed.lines.filter(kind="EARNING").first()
    adjust_lines(
        key="k",
        corrections={line.pk: 5},
        reason="was wrong",
        proposed_by="user:1",
        confirmed_by="user:2",
        now=world.AFTER_OCTOBER,
    )
    made = restate_statement(
        statement_id=closed.pk, reason="was wrong", actor=("user", "1"), now=world.AFTER_OCTOBER
    )
    told = get_statement(made.pk).lines
    assert len(told) == closed.lines.count() + 1
    assert [one.position for one in told] == list(range(1, len(told) + 1))
    assert {one.batch for one in made.lines.all()} == {0}


def copied(**changes):
    """A raw INSERT of a line like the first one."""
    names = [field.column for field in StatementLine._meta.concrete_fields]
    said = ", ".join(str(changes.get(name, f'"{name}"')) for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO royalties_statementline ({columns}) SELECT {said}"
        " FROM (SELECT * FROM royalties_statementline ORDER BY id LIMIT 1) l"
    )


def key_at(position):
    return f"(left(statement_id::text, 24) || lpad(to_hex({position}), 12, '0'))::uuid"


def test_a_position_is_taken_once_wherever_a_line_says_it_lies(closed):
    for batch in (closed.batch, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            execute(copied(batch=batch))


def test_a_line_lies_where_its_statement_says(closed):
    execute(copied(id=key_at(99), position=99))
    with pytest.raises(IntegrityError, match="not there"):
        execute(copied(id=key_at(98), position=98, batch=0))


def test_the_key_of_a_line_says_where_it_stands(closed):
    with pytest.raises(IntegrityError, match="statement_line_key_is_its_place"):
        execute(copied(id=f"'{uuid.uuid4()}'::uuid", position=99))


@pytest.mark.parametrize(
    "column", ["variation_sum_id", "record_id", "stem_id", "sheet_id", "party_id"]
)
def test_a_line_names_only_what_is_there(closed, column):
    nobody = -1 if column == "variation_sum_id" else f"'{uuid.uuid4()}'::uuid"
    with pytest.raises(IntegrityError, match="not there"):
        execute(copied(id=key_at(99), position=99, **{column: nobody}))


def test_a_batch_of_lines_is_asked_what_each_line_is_asked(closed):
    batch = apart.open_batch("royalties_statementline", 1)
    into = copied(id=key_at(99), position=99, batch=batch, stem_id=f"'{uuid.uuid4()}'::uuid")
    execute(into.replace("INTO royalties_statementline", f"INTO royalties_statementline_{batch}"))
    with pytest.raises(IntegrityError, match="not there"):
        apart.attach_batch("royalties_statementline", batch)


@pytest.mark.parametrize(
    "verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "SELECT 1 FROM {}"]
)
def test_the_application_cannot_touch_a_part_of_the_lines(closed, verb):
    for part in ("royalties_statementline_single", f"royalties_statementline_{closed.batch}"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            execute(verb.format(part))
