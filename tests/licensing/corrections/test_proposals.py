"""Corrections under four eyes: one proposes, another with a second factor carries out."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.corrections.models import Adjustment
from licensing.corrections.proposing import (
    carry_out,
    drop_proposal,
    propose_adjustment,
    propose_restatement,
)
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.four_eyes import SecondFactor
from licensing.royalties.models import Statement
from licensing.royalties.queries import statement_for
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

LATER = world.AFTER_OCTOBER + timedelta(days=1)


@pytest.fixture
def statement(db):
    told.tell_the_story()
    told.close()
    return statement_for(world.ref("Ben"), told.MONTH)


def _asked(statement, micros=150_000):
    line = next(one for one in statement.lines if one.right == "MASTER")
    return propose_adjustment(
        key=world.ref("p"), statement_id=statement.id, corrections={line.id: micros},
        reason="the sheet was wrong", proposed_by="maker", now=LATER,
    )  # fmt: skip


def _done(row, who="checker", proof=None):
    return carry_out(
        proposal_id=row.pk, confirmed_by=who, proof=proof or told.proved(LATER), now=LATER
    )


def test_nothing_is_posted_before_a_second_person_carries_it_out(statement):
    row = _asked(statement)
    assert _asked(statement) == row
    assert told.balance("payable", told.payee("Ben")) == 705_176
    _done(row)
    assert told.balance("payable", told.payee("Ben")) == 705_176 + 150_000
    made = Adjustment.objects.get()
    assert (made.key, made.proposed_by, made.confirmed_by) == (
        f"proposal:{row.pk}", "maker", "checker"
    )  # fmt: skip
    with pytest.raises(DeductionRefused, match="decided already"):
        _done(row)


@pytest.mark.parametrize(
    ("who", "proof", "code"),
    [
        ("maker", None, "same_person"),
        ("checker", SecondFactor("password", LATER), "no_second_factor"),
        ("checker", SecondFactor("totp", LATER - timedelta(minutes=6)), "stale_second_factor"),
    ],
)
def test_one_person_or_an_old_factor_carries_nothing_out(statement, who, proof, code):
    with pytest.raises(DeductionRefused) as refused:
        _done(_asked(statement), who, proof)
    assert refused.value.code == code
    assert not Adjustment.objects.exists()


def test_a_restatement_is_proposed_once_and_made_by_the_second_person(statement):
    _done(_asked(statement))
    given = {"statement_id": statement.id, "reason": "as corrected", "now": LATER}
    row = propose_restatement(key=world.ref("r"), proposed_by="maker", **given)
    with pytest.raises(DeductionRefused, match="waits for a second person"):
        propose_restatement(key=world.ref("s"), proposed_by="other", **given)
    assert Statement.objects.filter(payee_ref=world.ref("Ben")).count() == 1
    _done(row)
    second = statement_for(world.ref("Ben"), told.MONTH)
    assert (second.version, second.closing_micros) == (2, 705_176 + 150_000)


def test_a_dropped_proposal_does_nothing_and_says_why(statement):
    row = _asked(statement)
    drop_proposal(proposal_id=row.pk, reason="no need", dropped_by="maker", now=LATER)
    with pytest.raises(DeductionRefused, match="decided already"):
        _done(row)
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE corrections_proposal SET reason = 'another'",
        "UPDATE corrections_proposal SET state = 'CARRIED_OUT', decided_by = 'maker',"
        " decided_at = now(), proof_method = 'totp', proved_at = now()",
        "UPDATE corrections_proposedline SET amount_micros = 1",
        "DELETE FROM corrections_proposal",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_proposed(statement, change):
    _asked(statement)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
