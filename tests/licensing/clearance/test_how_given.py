"""How consent was given stands beside it, as it was at that moment, and does not change."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.attribution import operations as attribution
from licensing.audit.models import Fact
from licensing.catalog.models import Signature
from licensing.clearance import operations
from licensing.clearance.agreeing import propose_agreement, sign_agreement
from licensing.clearance.approving import decide_approval, undo_approval
from licensing.clearance.models import Approval, ConsentSignature, Grant, Withdrawal
from licensing.given import NOT_RECORDED, Given, OddProof, Strength
from tests.licensing import stage as on

NOON, LATER = on.NOON, on.NOON + timedelta(hours=1)
PASSKEY = Given("passkey, given again", Strength.PASSKEY, "en", "c" * 64)
CARDS = ["LISTEN from 2026-01-01"]


@pytest.fixture
def stage(db):
    return on.set_stage()


@pytest.fixture
def asked(stage):
    """Cleo is asked about one variation; the clearance that it was made under."""
    on.grant(stage.pad, stage.cleo, "REMIX")
    cleared = operations.clear_use(
        use="REMIX", stems=[stage.pad.id], requester=("user", "1"), territory="DE",
        channel="SITE", now=NOON,
    )  # fmt: skip
    Approval.objects.create(
        clearance=cleared, party=stage.cleo, recording=stage.drift, state="WAITING", asked_at=NOON
    )
    return cleared


def answer(asked, stage, given=PASSKEY):
    decide_approval(
        clearance_id=asked.id, party_id=stage.cleo.id, is_yes=True, actor=on.ACTOR, now=LATER,
        given=given,
    )  # fmt: skip
    return Approval.objects.get()


def test_a_grant_keeps_how_it_was_given_and_by_which_rate_cards(stage):
    one = on.grant(stage.pad, stage.cleo, "REMIX", given=PASSKEY, royalty_terms=CARDS)
    kept = Grant.objects.get(pk=one.pk)
    assert (kept.given(), kept.royalty_terms) == (PASSKEY, CARDS)


def test_what_was_not_recorded_is_empty_and_not_made_up(stage):
    kept = Grant.objects.get(pk=on.grant(stage.pad, stage.cleo, "REMIX").pk)
    assert (kept.given(), kept.royalty_terms) == (NOT_RECORDED, None)
    assert set(NOT_RECORDED.fields().values()) == {""}


def test_a_withdrawal_and_a_deleted_stem_keep_how_they_were_given(stage):
    one = on.grant(stage.pad, stage.cleo, "REMIX", "MOOD")
    operations.withdraw_grant(
        grant_id=one.id, uses=["MOOD"], actor=on.ACTOR, now=LATER, given=PASSKEY
    )
    again = Given("password, given again", Strength.ONE_FACTOR, "en")
    attribution.delete_stem(stem_id=stage.pad.id, actor=on.ACTOR, now=LATER, given=again)
    rows = Withdrawal.objects.order_by("pk")
    assert [row.given() for row in rows] == [PASSKEY, again]


def test_signatures_on_sheets_and_agreements_say_it_in_the_same_words(stage):
    made = propose_agreement(recording_id=stage.tide.id, kind="MAJORITY", actor=on.ACTOR, now=NOON)
    sign_agreement(
        agreement_id=made.id, party_id=stage.ana.id, user_ref="7", given=PASSKEY,
        text_sha256=made.text_sha256, now=NOON,
    )  # fmt: skip
    assert ConsentSignature.objects.get().given() == PASSKEY
    (how,) = {one.given() for one in Signature.objects.all()}
    assert how == Given("password", locale="en")


def test_an_answer_keeps_how_it_was_given_until_it_is_undone_and_the_log_keeps_it_then(
    stage, asked
):
    assert answer(asked, stage).given() == PASSKEY
    undo_approval(clearance_id=asked.id, party_id=stage.cleo.id, actor=on.ACTOR, now=LATER)
    assert Approval.objects.get().given() == NOT_RECORDED
    said = Fact.objects.get(verb="approve_variation").after
    assert (said["method"], said["strength"], said["locale"]) == (
        "passkey, given again", "PASSKEY", "en",
    )  # fmt: skip


def test_the_log_of_facts_learns_no_address(stage, asked):
    answer(asked, stage)
    one = on.grant(stage.pad, stage.cleo, "MOOD", given=PASSKEY)
    operations.withdraw_grant(grant_id=one.id, actor=on.ACTOR, now=LATER, given=PASSKEY)
    assert not [fact for fact in Fact.objects.all() if PASSKEY.source_hmac in str(fact.after)]


@pytest.mark.parametrize("column", sorted(PASSKEY.fields()))
def test_the_database_lets_nobody_change_how_a_grant_or_an_answer_was_given(stage, asked, column):
    answer(asked, stage)
    for table in ("clearance_grant", "clearance_approval"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = 'd'")


def test_an_answer_that_stands_is_not_turned_round(stage, asked):
    answer(asked, stage)
    with pytest.raises(DatabaseError), transaction.atomic():
        Approval.objects.update(state="DECLINED")
    assert Approval.objects.get().state == "APPROVED"


@pytest.mark.parametrize(
    "odd",
    [
        {"strength": "MAGIC"},
        {"source_hmac": "192.0.2.7"},
        {"evidence_sha256": "C" * 64},
    ],
)
def test_the_database_takes_no_strength_and_no_digest_that_is_none(stage, odd):
    one = on.grant(stage.pad, stage.cleo, "REMIX")
    with pytest.raises(IntegrityError), transaction.atomic():
        Withdrawal.objects.create(grant=one, uses=["REMIX"], at=LATER, by="user:1", **odd)


def test_a_question_that_nobody_answered_says_nothing_of_how(stage, asked):
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(method="password")


def test_an_address_in_clear_is_no_proof():
    with pytest.raises(OddProof):
        Given("password", Strength.ONE_FACTOR, "en", "192.0.2.7")
