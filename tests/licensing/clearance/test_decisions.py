"""Decisions over real rows: quorum, limits, withdrawals, holds, and what a clearance keeps."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.audit.models import Fact
from licensing.catalog import operations as catalog
from licensing.catalog.rules import ShareAsked
from licensing.clearance import operations, queries
from licensing.clearance.limits import Limits, OddLimits
from licensing.clearance.models import Clearance, Grant, Hold, Withdrawal
from licensing.clearance.operations import ClearanceRefused
from licensing.clearance.rules import Asked
from licensing.clearance.terms import canonical_sha256, terms_sha256
from licensing.given import Given
from tests.licensing import stage as on

NOON = on.NOON
LATER = NOON + timedelta(days=1)


@pytest.fixture
def stage(db):
    return on.set_stage()


def ask(stage, *stems, use="REMIX", now=LATER, **more):
    return operations.clear_use(
        use=use,
        stems=[one.id for one in stems or (stage.drums, stage.vocals)],
        requester=more.pop("requester", ("user", "listener-1")),
        territory=more.pop("territory", "DE"),
        channel=more.pop("channel", "SITE"),
        now=now,
        **more,
    )


def codes(clearance):
    return [reason["code"] for reason in clearance.reasons]


def test_every_holder_of_both_rights_must_have_granted(stage):
    on.grant(stage.drums, stage.ana, "REMIX")
    refused = ask(stage, stage.drums)
    assert codes(refused) == ["no_grant"]
    assert refused.reasons[0]["party"] == str(stage.ben.id)
    assert "Ben" in refused.reasons[0]["sentence"]
    on.grant(stage.drums, stage.ben, "REMIX")
    assert ask(stage, stage.drums).allowed


def test_grant_for_one_use_permits_no_other(stage):
    on.grant_everything(stage, "REMIX")
    assert codes(ask(stage, stage.pad, use="MOOD")) == ["no_grant"]
    assert codes(ask(stage, stage.pad, use="TRAINING")) == ["no_grant"]


def test_withdrawn_grant_refuses_new_clearance(stage):
    on.grant_everything(stage)
    given = Grant.objects.get(stem=stage.pad)
    operations.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER, uses=["REMIX"])
    assert codes(ask(stage, stage.pad)) == ["withdrawn"]
    assert ask(stage, stage.pad, use="MOOD").allowed


def test_withdrawing_twice_is_one_withdrawal(stage):
    given = on.grant(stage.pad, stage.cleo, "REMIX", "MOOD")
    first = operations.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER)
    again = operations.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER)
    assert first == again
    assert Withdrawal.objects.count() == 1


def test_clearing_a_cell_withdraws_older_grants_too(stage):
    on.grant(stage.pad, stage.cleo, "REMIX")
    on.grant(stage.pad, stage.cleo, "REMIX", "MOOD")
    made = operations.withdraw_uses(
        party_id=stage.cleo.id,
        stem_ids=[stage.pad.id],
        uses=["REMIX"],
        actor=on.ACTOR,
        now=LATER,
    )
    assert len(made) == 2
    assert codes(ask(stage, stage.pad)) == ["withdrawn"]


def test_granting_anew_replaces_and_after_a_withdrawal_permits_again(stage):
    on.grant(stage.pad, stage.cleo, "REMIX", limits={"semitones_max": 7})
    newer = on.grant(stage.pad, stage.cleo, "REMIX", limits={"semitones_max": 2})
    assert ask(stage, stage.pad).limits["semitones_max"] == 2
    operations.withdraw_grant(grant_id=newer.id, actor=on.ACTOR, now=LATER)
    assert codes(ask(stage, stage.pad)) == ["withdrawn"]
    on.grant(stage.pad, stage.cleo, "REMIX", now=LATER)
    assert ask(stage, stage.pad).allowed


def test_grant_ends_and_begins_when_it_says(stage):
    on.grant(
        stage.pad,
        stage.cleo,
        "REMIX",
        valid_from=NOON + timedelta(hours=1),
        valid_until=LATER,
    )
    assert codes(ask(stage, stage.pad, now=NOON)) == ["no_grant"]
    assert ask(stage, stage.pad, now=LATER - timedelta(seconds=1)).allowed
    assert codes(ask(stage, stage.pad, now=LATER)) == ["expired"]


def test_territory_and_channel_are_conditions(stage):
    on.grant(stage.pad, stage.cleo, "REMIX", territories=["de", "AT"], channels=["site"])
    assert ask(stage, stage.pad, territory="at", channel="Site").allowed
    assert codes(ask(stage, stage.pad, territory="FR")) == ["territory"]
    assert codes(ask(stage, stage.pad, channel="PARTNER_GAME")) == ["channel"]


def test_limits_of_all_holders_merge_to_the_tightest(stage):
    wide = {"tempo_min_ratio": 0.8, "tempo_max_ratio": 1.5, "semitones_max": 5, "mix_reach": 0.4}
    narrow = {"tempo_min_ratio": 0.5, "tempo_max_ratio": 1.1, "vocals": False}
    on.grant(stage.drums, stage.ana, "REMIX", limits=wide)
    on.grant(stage.drums, stage.ben, "REMIX", limits=narrow)
    assert ask(stage, stage.drums).limits == {
        "tempo_min_ratio": 0.8,
        "tempo_max_ratio": 1.1,
        "semitones_max": 5,
        "vocals": False,
        "with_others": True,
        "mix_reach": 0.4,
        "with_explicit": True,
        "by_taste": True,
    }


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(tempo_ratio=(0.9, 1.21)), "tempo_out_of_range"),
        (Asked(tempo_ratio=(0.79, 1.0)), "tempo_out_of_range"),
        (Asked(semitones=-3), "pitch_out_of_range"),
        (Asked(vocals=True), "vocals_not_allowed"),
    ],
)
def test_asking_beyond_the_limits_is_refused(stage, asked, code):
    limits = Limits(0.8, 1.2, 2, vocals=False)
    on.grant(stage.pad, stage.cleo, "REMIX", limits=limits)
    assert codes(ask(stage, stage.pad, asked=asked)) == [code]
    assert ask(stage, stage.pad, asked=Asked((0.8, 1.2), 2)).allowed


def test_mixing_recordings_needs_a_grant_that_allows_others(stage):
    on.grant_everything(stage, limits={"with_others": False})
    assert ask(stage, stage.pad).allowed
    assert set(codes(ask(stage, stage.pad, stage.drums))) == {"with_others_not_allowed"}


def test_hold_on_stem_or_recording_refuses_until_it_is_released(stage):
    on.grant_everything(stage)
    for kind, ref in (("STEM", stage.pad.id), ("RECORDING", stage.drift.id)):
        hold = operations.place_hold(
            target_kind=kind, target_ref=ref, reason="takedown 12", actor=on.ACTOR, now=LATER
        )
        refused = ask(stage, stage.pad)
        assert codes(refused) == ["hold"]
        assert "takedown" not in refused.reasons[0]["sentence"]
        assert ask(stage, stage.drums).allowed
        operations.release_hold(hold_id=hold.id, actor=on.ACTOR, now=LATER)
        assert ask(stage, stage.pad).allowed


def test_stem_without_sheets_or_with_unsigned_ones_is_refused(stage):
    song = on.recording(stage.cleo, "Undrawn")
    bare = on.stem(song, "Bass", "bass")
    catalog.mark_stems_complete(recording_id=song.id, actor=on.ACTOR, now=NOON)
    assert codes(ask(stage, bare)) == ["no_sheet", "no_sheet"]
    catalog.propose_sheet(
        right="MASTER",
        shares=[ShareAsked(stage.cleo.id, 1_000_000)],
        actor=on.ACTOR,
        now=NOON,
        recording_id=song.id,
    )
    assert codes(ask(stage, bare)) == ["sheet_unsigned", "no_sheet"]


def test_unready_hidden_and_incomplete_are_refused(stage):
    on.grant_everything(stage)
    catalog.mark_stem_deleted(stem_id=stage.vocals.id, actor=on.ACTOR, now=LATER)
    assert codes(ask(stage, stage.vocals)) == ["stem_deleted"]
    waiting = catalog.add_stem(
        recording_id=stage.tide.id,
        party_id=stage.ana.id,
        label="Bass",
        actor=on.ACTOR,
        now=LATER,
    )
    assert codes(ask(stage, waiting))[:2] == ["stem_not_ready", "recording_not_complete"]
    catalog.hide_recording(recording_id=stage.drift.id, actor=on.ACTOR, now=LATER)
    assert codes(ask(stage, stage.pad)) == ["recording_hidden"]


def test_society_share_needs_the_operators_agreement_where_it_collects(stage):
    sheet = catalog.propose_sheet(
        right="PUBLISHING",
        shares=[ShareAsked(stage.cleo.id, 1_000_000, "SOCIETY", "GEMA", ("DE",))],
        actor=on.ACTOR,
        now=NOON,
        work_id=stage.drift.work_id,
    )
    catalog.sign_sheet(
        sheet_id=sheet.id,
        party_id=stage.cleo.id,
        user_ref="7",
        given=Given("password", locale="en"),
        text_sha256=sheet.text_sha256,
        now=NOON,
    )
    on.grant_everything(stage)
    assert codes(ask(stage, stage.pad)) == ["society_licence_required"]
    assert ask(stage, stage.pad, territory="FR").allowed
    operations.record_society_agreement(
        society="gema", reference="2026/7", uses=["REMIX"], actor=on.ACTOR, now=LATER
    )
    assert ask(stage, stage.pad).allowed
    assert codes(ask(stage, stage.pad, use="MOOD")) == ["society_licence_required"]


def test_preview_is_for_parties_on_the_sheets_of_every_source(stage):
    mine = ask(stage, use="PREVIEW", requester=("party", str(stage.ben.id)))
    assert mine.allowed
    assert mine.terms["ends_at"] == (LATER + timedelta(days=7)).isoformat()
    stranger = ask(stage, use="PREVIEW", requester=("party", str(stage.cleo.id)))
    assert set(codes(stranger)) == {"preview_members_only"}
    assert "preview_members_only" in codes(
        ask(stage, stage.drums, stage.pad, use="PREVIEW", requester=("party", str(stage.ana.id)))
    )
    listener = ask(stage, use="PREVIEW", requester=("user", str(stage.ana.id)))
    assert not listener.allowed


def test_clearance_pins_terms_sheets_and_grants(stage):
    on.grant_everything(stage)
    clearance = ask(stage, stage.pad)
    assert clearance.terms_sha256 == canonical_sha256(clearance.terms)
    (stem,) = clearance.terms["stems"]
    assert stem["digest"] == stage.pad.audio_id
    assert [grant["terms_sha256"] for grant in stem["grants"]] == [terms_sha256()]
    assert len(stem["sheets"]) == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Clearance.objects.filter(pk=clearance.pk).update(allowed=False)


def test_preflight_says_the_same_and_leaves_no_row(stage):
    on.grant_everything(stage)
    question = {
        "stems": stage.stems,
        "requester": ("client", "1"),
        "territory": "DE",
        "channel": "SITE",
        "now": LATER,
    }
    before = Clearance.objects.count(), Fact.objects.count()
    allowed = operations.preflight_use(use="COLLABORATION", **question)
    refused = operations.preflight_use(use="VOICE", **question)
    assert (Clearance.objects.count(), Fact.objects.count()) == before
    assert allowed.allowed
    kept = operations.clear_use(use="VOICE", **question)
    assert codes(kept) == [reason.code for reason in refused.reasons]


def test_unknown_stem_and_no_stem_are_refused(stage):
    assert codes(
        operations.clear_use(
            use="REMIX",
            stems=[],
            requester=("user", "1"),
            territory="DE",
            channel="SITE",
            now=LATER,
        )
    ) == ["no_stems"]
    assert codes(ask(stage, stage.ana)) == ["unknown_stem"]


def test_stranger_cannot_grant_and_odd_grants_are_refused(stage):
    for more, code in (
        ({"holder": stage.cleo}, "not_a_holder"),
        ({"uses": ["PREVIEW"]}, "odd_use"),
        ({"uses": []}, "odd_use"),
        ({"uses": ["EVERYTHING"]}, "odd_use"),
        ({"valid_until": NOON}, "odd_period"),
    ):
        holder, uses = more.pop("holder", stage.ana), more.pop("uses", ["REMIX"])
        with pytest.raises(ClearanceRefused) as refused:
            on.grant(stage.drums, holder, *uses, **more)
        assert refused.value.code == code
    for limits in (
        {"tempo_max_ratio": 0.9},
        {"semitones": 2},
        {"vocals": 1},
        {"semitones_max": 1.5},
    ):
        with pytest.raises(OddLimits):
            on.grant(stage.drums, stage.ana, "REMIX", limits=limits)
    assert Grant.objects.count() == 0


def test_matrix_is_granted_all_or_nothing(stage):
    with pytest.raises(ClearanceRefused):
        operations.grant_matrix(
            stem_ids=[stage.drums.id, stage.pad.id],
            party_id=stage.ana.id,
            uses=["REMIX"],
            actor=on.ACTOR,
            now=NOON,
        )
    assert Grant.objects.count() == 0


def test_database_keeps_grants_withdrawals_and_holds_as_they_are(stage):
    given = on.grant(stage.pad, stage.cleo, "REMIX")
    operations.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER)
    operations.place_hold(
        target_kind="STEM", target_ref=stage.pad.id, reason="x", actor=on.ACTOR, now=LATER
    )
    for model, change in (
        (Grant, {"uses": ["MOOD"]}),
        (Withdrawal, {"reason": "y"}),
        (Hold, {"reason": "y"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")


def test_page_shows_who_granted_and_whose_yes_is_missing(stage):
    on.grant(stage.drums, stage.ana, "REMIX", limits={"semitones_max": 3}, territories=["DE"])
    drums, vocals = queries.matrix_of(stage.tide.id, LATER)
    remix = {cell.use: cell for cell in drums.cells}["REMIX"]
    assert not remix.is_granted
    assert [(given.name, given.limits.semitones_max) for given in remix.given] == [("Ana", 3)]
    assert [(gap.name, gap.code) for gap in remix.missing] == [("Ben", "no_grant")]
    assert {gap.code for cell in vocals.cells for gap in cell.missing} == {"no_grant"}
    on.grant(stage.drums, stage.ben, "REMIX")
    drums, _ = queries.matrix_of(stage.tide.id, LATER)
    assert {cell.use for cell in drums.cells if cell.is_granted} == {"REMIX"}


def test_clearable_are_complete_recordings_with_a_granted_stem(stage):
    on.grant(stage.drums, stage.ana, "AMBIENT")
    on.grant(stage.drums, stage.ben, "AMBIENT", limits={"with_others": False})
    on.grant(stage.pad, stage.cleo, "AMBIENT", territories=["FR"])
    (tide,) = queries.list_clearable("AMBIENT", "DE", "SITE", LATER)
    assert (tide.recording_id, [one.label for one in tide.stems]) == (stage.tide.id, ["Drums"])
    assert not tide.limits.with_others
    assert tide.stems[0].digest == stage.drums.audio_id
    assert queries.list_clearable("REMIX", "DE", "SITE", LATER) == ()
    (drift,) = queries.list_clearable(
        "AMBIENT", "FR", "SITE", LATER, recording_ids=[stage.drift.id]
    )
    assert drift.title == "Drift"


def test_number_of_queries_does_not_grow_with_the_catalog(stage, django_assert_max_num_queries):
    on.grant_everything(stage)
    for number in range(6):
        song = on.recording(stage.cleo, f"Song {number}")
        made = [on.stem(song, f"Part {part}", "pad") for part in range(3)]
        on.agree([(stage.cleo, 1_000_000)], recording_id=song.id)
        on.agree([(stage.cleo, 1_000_000)], work_id=song.work_id)
        catalog.mark_stems_complete(recording_id=song.id, actor=on.ACTOR, now=NOON)
        operations.grant_matrix(
            stem_ids=[one.id for one in made],
            party_id=stage.cleo.id,
            uses=["AMBIENT"],
            actor=on.ACTOR,
            now=NOON,
        )
    with django_assert_max_num_queries(4):
        assert len(queries.list_clearable("AMBIENT", "DE", "SITE", LATER)) == 8
    with django_assert_max_num_queries(3):
        assert len(queries.matrix_of(stage.tide.id, LATER)) == 2
