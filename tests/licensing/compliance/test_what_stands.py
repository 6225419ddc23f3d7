"""What was said and decided cannot be changed by raw SQL, also not by who owns the tables."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.compliance import operations, rules
from licensing.compliance.models import Appeal, CounterStatement, Takedown
from tests.licensing import stage as on
from tests.licensing.compliance.told import answer, block, decide, told

HEARD = on.NOON + rules.ANSWER_WITHIN
SAID = {
    "statement": "'other words'",
    "claimant_name": "'Nobody'",
    "claimant_mail": "'n@example.org'",
    "ground": "'OTHER'",
    "target_ref": "'elsewhere'",
    "target_kind": "'RECORDING'",
    "reference": "'T-0'",
    "received_at": "received_at - interval '1 day'",
    "decide_by": "decide_by + interval '1 day'",
    "forgotten_at": "now()",
}


@pytest.fixture
def stage(db):
    return on.open_stage()


def holds(sql):
    """Whether the database refuses this."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return True


@pytest.mark.parametrize("column", SAID)
def test_what_a_notice_says_cannot_be_changed(stage, column):
    block(told("STEM", stage.drums.pk))
    assert holds(f"UPDATE compliance_takedown SET {column} = {SAID[column]}")


def test_a_notice_takes_no_step_that_the_table_does_not_know(stage):
    row = told("STEM", stage.drums.pk)
    assert holds("UPDATE compliance_takedown SET state = 'ACTING'")
    assert holds(
        "UPDATE compliance_takedown SET state = 'UPHELD', decided_at = now(), decided_by = 'x',"
        " reasons = 'x', asked_at = now(), answer_until = now() + interval '1 day'"
    )
    block(row)
    assert holds("UPDATE compliance_takedown SET state = 'RECEIVED'")
    assert holds("UPDATE compliance_takedown SET answer_until = answer_until + interval '1 day'")
    assert holds("UPDATE compliance_takedown SET hold_id = NULL")
    assert Takedown.objects.get().state == "ACTING"


@pytest.mark.parametrize("upheld", [True, False])
def test_a_decision_is_taken_once(stage, upheld):
    decide(block(told("STEM", stage.drums.pk)), HEARD, upheld=upheld)
    assert holds("UPDATE compliance_takedown SET reasons = 'others'")
    assert holds("UPDATE compliance_takedown SET decided_by = 'somebody'")
    assert holds(
        "UPDATE compliance_takedown SET state = 'RECEIVED', decided_at = NULL, decided_by = ''"
    )


def test_a_claimant_is_not_forgotten_before_the_time(stage):
    decide(told("STEM", stage.drums.pk), on.NOON, upheld=False)
    forget = (
        "UPDATE compliance_takedown SET claimant_name = '', claimant_mail = '', statement = '',"
        " forgotten_at = '{}'"
    )
    soon = on.NOON + rules.KEEP_CLAIMANT - timedelta(seconds=1)
    assert holds(forget.format(soon.isoformat()))
    assert holds(forget.format((soon + timedelta(days=1)).isoformat()) + ", reasons = 'and this'")
    assert operations.forget_claimants(now=soon + timedelta(days=1)) == 1
    assert holds("UPDATE compliance_takedown SET forgotten_at = NULL")


def test_a_notice_that_nobody_declared_in_good_faith_is_none(stage):
    told("STEM", stage.drums.pk)
    columns = [one.column for one in Takedown._meta.concrete_fields]
    given = {"id": "gen_random_uuid()", "reference": "'T-1'", "good_faith": "false"}
    copied = ", ".join(given.get(one, one) for one in columns)
    assert holds(
        f"INSERT INTO compliance_takedown ({', '.join(columns)}) SELECT {copied} "
        "FROM compliance_takedown"
    )


def test_answers_and_second_looks_stand_as_they_were_given(stage):
    row = block(told("STEM", stage.drums.pk))
    answer(row, stage.ana)
    decide(row, HEARD, upheld=True)
    operations.appeal(
        takedown_id=row.pk, party_id=stage.ana.pk, statement="Look.", actor=on.ACTOR, now=HEARD
    )
    assert holds("UPDATE compliance_counterstatement SET statement = 'others'")
    assert holds("UPDATE compliance_appeal SET statement = 'others'")
    operations.decide_appeal(
        takedown_id=row.pk, changed=False, reasons="No.", actor=("user", "71"), now=HEARD
    )
    assert holds("UPDATE compliance_appeal SET outcome = 'CHANGED'")


def test_nothing_of_a_notice_is_ever_removed(stage):
    row = block(told("STEM", stage.drums.pk))
    answer(row, stage.ana)
    decide(row, HEARD, upheld=True)
    operations.appeal(
        takedown_id=row.pk, party_id=stage.ana.pk, statement="Look.", actor=on.ACTOR, now=HEARD
    )
    for model in (CounterStatement, Appeal, Takedown):
        assert holds(f"DELETE FROM {model._meta.db_table}")
        assert holds(f"TRUNCATE {model._meta.db_table} CASCADE")
        assert model.objects.count() == 1
