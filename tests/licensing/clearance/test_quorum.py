"""Whose yes is enough: everybody's unless all holders signed something else, then just that."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from licensing.clearance import agreeing, queries
from licensing.clearance.agreeing import propose_agreement, sign_agreement
from licensing.clearance.models import LONGEST_VOICE, ConsentAgreement, ConsentSignature
from licensing.clearance.quorum import EVERYBODY, Quorum, quorum_for
from licensing.clearance.refusals import ClearanceRefused
from licensing.given import Given
from tests.licensing import stage as on

LATER = on.NOON + timedelta(hours=1)


@pytest.fixture
def stage(db):
    """Ana 80 % and Ben 20 % of the master of Tide; Ana and Ben each half of its publishing."""
    stage = on.set_stage()
    on.agree([(stage.ana, 600_000), (stage.ben, 400_000)], work_id=stage.tide.work_id)
    return stage


def asked(stage, stem=None, at=LATER):
    return queries.preflight_use(
        use="REMIX", stems=[(stem or stage.drums).id], requester=("user", "1"), territory="DE",
        channel="SITE", now=at,
    )  # fmt: skip


def missing(stage):
    return {(reason.code, reason.party) for reason in asked(stage).reasons}


def propose(stage, kind, authority=None, basis="", now=on.NOON):
    return propose_agreement(
        recording_id=stage.tide.id, kind=kind, authority_id=authority and authority.id,
        basis=basis, actor=on.ACTOR, now=now,
    )  # fmt: skip


def sign(made, *parties, sha256=None):
    for party in parties:
        made = sign_agreement(
            agreement_id=made.id, party_id=party.id, user_ref="7", given=Given("password"),
            text_sha256=sha256 or made.text_sha256, now=on.NOON,
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("quorum", "yes", "is_enough"),
    [
        (EVERYBODY, {1}, False),
        (EVERYBODY, {1, 2}, True),
        (Quorum("MAJORITY"), {1}, True),
        (Quorum("MAJORITY"), {2}, False),
        (Quorum("AUTHORITY", 2), {2}, True),
        (Quorum("AUTHORITY", 2), {1}, False),
    ],
)
def test_who_is_enough(quorum, yes, is_enough):
    shares = [(1, "MASTER", 800_000), (2, "MASTER", 200_000), (1, "PUBLISHING", 500_001)]
    assert quorum.is_reached([*shares, (2, "PUBLISHING", 499_999)], yes) is is_enough


@pytest.mark.parametrize("use", ["VOICE", "TRAINING"])
@pytest.mark.parametrize("agreed", [Quorum("MAJORITY"), Quorum("AUTHORITY", 2)])
def test_a_voice_and_training_are_nobody_elses_to_permit(use, agreed):
    """Ana holds 40 %, Ben 60 % and speaks for all: neither outvotes nor stands in for the other."""
    assert quorum_for(use, agreed) == EVERYBODY
    assert quorum_for("REMIX", agreed) == agreed


def test_what_one_withdrew_of_her_voice_no_majority_gives(stage):
    sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    end = on.NOON + LONGEST_VOICE
    on.grant(stage.drums, stage.ana, "REMIX", "VOICE", "TRAINING", valid_until=end)

    def lacking(use):
        decision = queries.preflight_use(
            use=use, stems=[stage.drums.id], requester=("user", "1"), territory="DE",
            channel="SITE", now=LATER,
        )  # fmt: skip
        return {(reason.code, reason.party) for reason in decision.reasons}

    assert lacking("REMIX") == set()
    assert lacking("VOICE") == lacking("TRAINING") == {("no_grant", stage.ben.id)}


def test_half_is_no_majority():
    shares = [(1, "MASTER", 500_000), (2, "MASTER", 500_000)]
    assert not Quorum("MAJORITY").is_reached(shares, {1})


def test_a_proposal_changes_nothing_until_everybody_has_signed(stage):
    on.grant(stage.drums, stage.ana, "REMIX")
    assert missing(stage) == {("no_grant", stage.ben.id)}
    made = sign(propose(stage, "MAJORITY"), stage.ana)
    assert missing(stage) == {("no_grant", stage.ben.id)}
    assert [one.agreement for one in agreeing.pending_for(stage.ben.id, LATER)] == [made]
    assert agreeing.pending_for(stage.ana.id, LATER) == []
    sign(made, stage.ben)
    assert asked(stage).allowed
    assert {one.party for one in asked(stage).grants} == {stage.ana.id}
    assert agreeing.pending_for(stage.ben.id, LATER) == []
    cell = next(one for one in queries.matrix_of(stage.tide.id, LATER)[0].cells if one.given)
    assert (cell.use, cell.is_granted, cell.missing) == ("REMIX", True, ())


def test_a_minority_is_not_enough_and_says_whose_yes_is_missing(stage):
    sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    on.grant(stage.drums, stage.ben, "REMIX")
    assert missing(stage) == {("no_grant", stage.ana.id)}


def test_one_who_speaks_for_all_is_enough_and_alone_needed(stage):
    made = propose(stage, "AUTHORITY", stage.ben, "Band agreement of 3 May 2024, clause 4.")
    assert "Band agreement of 3 May 2024, clause 4." in made.text
    sign(made, stage.ana, stage.ben)
    on.grant(stage.drums, stage.ana, "REMIX")
    assert missing(stage) == {("no_grant", stage.ben.id)}
    on.grant(stage.drums, stage.ben, "REMIX")
    assert {one.party for one in asked(stage).grants} == {stage.ben.id}


def test_a_later_agreement_takes_the_place_of_the_one_before(stage):
    first = sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    second = propose(stage, "ALL", now=on.NOON + timedelta(seconds=1))
    on.grant(stage.drums, stage.ana, "REMIX")
    assert asked(stage).allowed
    assert agreeing.agreement_that_counts(stage.tide.id, LATER) == first
    later = sign_agreement(
        agreement_id=second.id, party_id=stage.ana.id, user_ref="7", given=Given("password"),
        text_sha256=second.text_sha256, now=LATER,
    )  # fmt: skip
    sign_agreement(
        agreement_id=later.id, party_id=stage.ben.id, user_ref="7", given=Given("password"),
        text_sha256=second.text_sha256, now=LATER,
    )  # fmt: skip
    assert not asked(stage, at=LATER).allowed
    assert asked(stage, at=LATER - timedelta(seconds=1)).allowed


def test_who_joins_by_a_later_sheet_is_bound_by_nothing_before_signing_too(stage):
    made = sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    on.grant(stage.drums, stage.ana, "REMIX")
    assert asked(stage).allowed
    shares = [(stage.ana, 700_000), (stage.ben, 200_000), (stage.cleo, 100_000)]
    on.agree(shares, recording_id=stage.tide.id)
    assert {("no_grant", stage.ben.id), ("no_grant", stage.cleo.id)} == missing(stage)
    assert agreeing.agreement_that_counts(stage.tide.id, LATER) is None
    assert [one.agreement for one in agreeing.pending_for(stage.cleo.id, LATER)] == [made]
    assert agreeing.pending_for(stage.ana.id, LATER) == []
    sign(made, stage.cleo)
    assert asked(stage).allowed
    assert agreeing.agreement_that_counts(stage.tide.id, LATER) == made
    assert agreeing.pending_for(stage.cleo.id, LATER) == []


def test_recordings_of_others_keep_their_own_rule(stage):
    sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    assert [one.code for one in asked(stage, stage.pad).reasons] == ["no_grant"]


@pytest.mark.parametrize(
    ("kind", "who", "basis", "code"),
    [
        ("SOME", None, "", "odd_quorum"),
        ("AUTHORITY", None, "A contract.", "odd_authority"),
        ("AUTHORITY", "cleo", "A contract.", "odd_authority"),
        ("AUTHORITY", "ana", "  ", "no_basis"),
        ("MAJORITY", "ana", "", "odd_authority"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused(stage, kind, who, basis, code):
    with pytest.raises(ClearanceRefused) as refused:
        propose(stage, kind, who and getattr(stage, who), basis)
    assert refused.value.code == code


def test_one_holder_alone_has_nothing_to_agree_on(stage):
    with pytest.raises(ClearanceRefused) as refused:
        propose_agreement(recording_id=stage.drift.id, kind="MAJORITY", actor=on.ACTOR, now=on.NOON)
    assert refused.value.code == "one_holder"


def test_strangers_other_texts_and_replaced_proposals_are_not_signed(stage):
    made = propose(stage, "MAJORITY")
    with pytest.raises(ClearanceRefused, match="stands on no sheet"):
        sign(made, stage.cleo)
    with pytest.raises(ClearanceRefused, match="text has changed"):
        sign(made, stage.ana, sha256="0" * 64)
    newer = propose_agreement(recording_id=stage.tide.id, kind="ALL", actor=on.ACTOR, now=LATER)
    with pytest.raises(ClearanceRefused, match="later proposal"):
        sign(made, stage.ana)
    assert not ConsentSignature.objects.exists()
    assert agreeing.newest_agreement(stage.tide.id) == newer


def test_signing_twice_is_one_signature(stage):
    made = propose(stage, "MAJORITY")
    sign(made, stage.ana, stage.ana)
    assert ConsentSignature.objects.count() == 1


@pytest.mark.parametrize(
    "deed",
    [
        lambda rows: rows._raw_delete(rows.db),
        lambda rows: rows.update(kind="ALL"),
        lambda rows: rows.update(counts_from=LATER),
    ],
    ids=["deleted", "changed", "begun_again"],
)
def test_the_database_keeps_what_was_agreed(stage, deed):
    sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    with pytest.raises(DatabaseError), transaction.atomic():
        deed(ConsentAgreement.objects.all())


def test_an_answer_is_still_one_query(stage, django_assert_num_queries):
    sign(propose(stage, "MAJORITY"), stage.ana, stage.ben)
    with django_assert_num_queries(1):
        asked(stage)
