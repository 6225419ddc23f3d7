"""Migrations are made, undone down to nothing and made again: the same database at every place.

With a month in the books that was closed in large batches and an undecided dispute, so that what
goes back has rows. On a database of its own; the shape that a way back restores is compared with
the shape that the way forward gave at the same place.
"""

import re
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from licensing.deductions import disputes
from licensing.deductions.rules.awards import Awarded
from licensing.ledger import apart
from licensing.royalties.closing import close_period
from tests.hypotheses import in_every_run
from tests.licensing.royalties import small_world as world
from tests.prepared import ROOMS
from tests.servers import worker
from tests.shapes import differences, shape_of

WHOLE = 1_000_000
PLACES = {
    "clearance.0013_facts_with_words",
    "catalog.0008_evidence_stands",
    "corrections.0005_lines_by_the_set",
    "royalties.0019_evidence_is_retired",
    "royalties.0015_batches_beside",
    "royalties.0013_lines_apart",
    "attribution.0007_records_are_numbered",
    "deductions.0003_awards",
    "ledger.0012_batches_beside",
    "ledger.0011_batches_apart",
    "audit.0002_guards_see_our_tables",
    "ledger.0010_entries_by_the_set",
    "royalties.0012_evidence_by_the_set",
    "royalties.0006_statements_say_what_moved",
    "royalties.0005_a_month_at_scale",
    "royalties.0004_minutes_are_usages",
    "ledger.0004_posted_by_the_set",
}
"""Before each of these, on both ways, the database is looked at: those that go back by text."""
OF_ROWS = re.compile(r"_(posting|statementline)_[0-9]+|usage\w*_20[0-9]{2}_[0-9]{2}")
"""Large batches and months of usage are tables of their own; only a database with rows has any."""
SAID = "SELECT md5(string_agg(concat_ws(' ', {}), ',' ORDER BY id)) FROM {}"
ROWS = {
    "ledger_journalentry": "id, key, content_sha256",
    "ledger_posting": "id, entry_id, account_id, side, amount_micros, ref",
    "royalties_statementline": "id, statement_id, kind, amount_micros",
    "royalties_usage": "id, token_id, record_id, state",
}
"""What of a table stays the same wherever the table is."""
EVIDENCE = """
    SELECT p.payer_ref, s.record_id, part.plays, part.micros FROM royalties_listenerallocation a
    JOIN royalties_variationsum s ON s.id = a.variation_sum_id
    CROSS JOIN LATERAL unnest(a.pools, a.plays, a.amounts_micros) part (number, plays, micros)
    JOIN royalties_payerpool p ON p.period_id = s.period_id AND p.number = part.number
    ORDER BY 1, 2
"""
EVIDENCE_BEFORE = """
    SELECT payer_ref, record_id, plays, amount_micros FROM royalties_listenerallocation
    ORDER BY 1, 2
"""


@pytest.fixture
def scratch(django_db_setup, database_server, django_db_blocker):
    """An empty database; `as_role` says as whom Django speaks to it."""
    name = f"scratch_{worker()}"
    database_server.postgres.create_database(name)
    kept = dict(connection.settings_dict)

    @contextmanager
    def as_role(role):
        connection.close()
        connection.settings_dict.update(NAME=name, USER=role)
        try:
            with django_db_blocker.unblock():
                yield
        finally:
            connection.close()
            connection.settings_dict.update(NAME=kept["NAME"], USER=kept["USER"])

    try:
        with psycopg.connect(database_server.postgres.url(name, "postgres"), autocommit=True) as it:
            yield as_role, it
    finally:
        database_server.postgres.drop_database(name)


def live_a_month():
    """Two listeners and two artists, closed with everything apart; one of them is contested since.

    A line of what was contested before would have no place in the first statements: that way back
    is refused, as it should be.
    """
    with transaction.atomic():
        stems = hear_a_month()
    close_a_month(stems)


def hear_a_month():
    stems = world.recording("Tide", master={"Ana": WHOLE}, publishing={"Ana": WHOLE})
    stems += world.recording("Lamp", master={"Cleo": WHOLE}, publishing={"Cleo": WHOLE})
    piece = world.record("both", [(stems[0], 600_000), (stems[1], 400_000)])
    alone = world.record("alone", [(stems[1], WHOLE)])
    for listener, times in (("u1", 3), ("u2", 1)):
        world.pay(listener)
        world.heard(listener, piece, times)
        world.heard(listener, alone, 1)
    return stems


def close_a_month(stems):
    now = world.AFTER_OCTOBER
    close_period(month=world.OCTOBER.date(), now=now)
    dispute = disputes.open_dispute(
        share=disputes.Share(stem_id=str(stems[1].pk)), claimant="Eve", reason="hers",
        opened_by="d", expires_at=now + timedelta(days=1), now=now,
    )  # fmt: skip
    disputes.propose_decision(
        dispute_id=dispute.pk, reason="r", proposed_by="maker", now=now,
        awards=[Awarded("party", str(world.ref("Eve")), WHOLE)],
    )  # fmt: skip


class Walk:
    """Our migrations in order, made one by one; the models before each are rendered once."""

    def __init__(self, rooms, look):
        self.executor, self.look = MigrationExecutor(connection), look
        ours = {one.label for one in apps.get_app_configs() if one.name.split(".")[0] in rooms}
        leaves = self.executor.loader.graph.leaf_nodes()
        targets = [leaf for leaf in leaves if leaf[0] in ours]
        self.plan = [migration for migration, _ in self.executor.migration_plan(targets)]
        self.before = {}

    def forth(self):
        """Make everything for the first time; the shapes before the places on the way."""
        found, state = {}, self.executor._create_project_state()
        _ = state.apps
        for migration in self.plan:
            self.note(found, migration)
            self.before[migration] = state
            state = self.executor.apply_migration(state.clone(), migration)
        return found

    def back(self, at_place):
        """Undo everything; the shapes after a place is undone."""
        found = {}
        for migration in reversed(self.plan):
            self.executor.unapply_migration(self.before[migration], migration)
            if self.note(found, migration):
                at_place(str(migration))
        return found

    def forth_again(self):
        for migration in self.plan:
            self.executor.apply_migration(self.before.pop(migration), migration)

    def note(self, found, migration):
        if str(migration) not in PLACES:
            return False
        found[str(migration)] = shape_of(self.look)
        return True


def test_every_migration_goes_back_and_comes_again(scratch, monkeypatch):
    """Of the floor that has functions and triggers of its own; of the whole house in a long run."""
    as_role, look = scratch
    monkeypatch.setattr(apart, "APART_FROM", 2)
    with as_role("stemma_owner"):
        walk = Walk(in_every_run(ROOMS[-1:], long=ROOMS), look)
        made = walk.forth()
        whole = shape_of(look)
    with as_role("stemma_app"):
        live_a_month()
    said = {table: SAID.format(columns, table) for table, columns in ROWS.items()}
    rows = {table: look.execute(sql).fetchone() for table, sql in said.items()}
    evidence = look.execute(EVIDENCE).fetchall()
    assert look.execute("SELECT count(*) > 0 FROM ledger_attachedbatch").fetchone() == (True,)
    assert len(evidence) == 4

    def there_is_what_there_was(place):
        if place == "royalties.0005_a_month_at_scale":
            assert look.execute(EVIDENCE_BEFORE).fetchall() == evidence
        if place == "deductions.0003_awards":
            (awards,) = look.execute("SELECT awards FROM deductions_dispute").fetchone()
            assert awards == [["party", str(world.ref("Eve")), WHOLE]]
        for table, sql in said.items():
            (is_there,) = look.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
            assert is_there or not place.startswith(table.split("_")[0]), (place, table)
            assert not is_there or look.execute(sql).fetchone() == rows[table], (place, table)

    with as_role("stemma_owner"):
        back = walk.back(there_is_what_there_was)
        left = [name for name in shape_of(look) if name.startswith("relation ")]
        walk.forth_again()
    assert set(back) == set(made) == PLACES
    for place in PLACES:
        kept = {name: text for name, text in back[place].items() if not OF_ROWS.search(name)}
        assert differences(made[place], kept) == [], place
    assert not [name for name in left if "django_" not in name and "stemma_cache" not in name]
    assert differences(whole, shape_of(look)) == []
