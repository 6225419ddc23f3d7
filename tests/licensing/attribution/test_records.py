"""Licence records: opened on what stands, sealed with what was heard, served while nothing fell."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.attribution import operations, queries
from licensing.attribution.models import AttributionLine, LicenceRecord
from licensing.attribution.rules import OpenRefused, SealRefused
from licensing.audit.models import Fact
from licensing.catalog import operations as catalog
from licensing.catalog.models import Stem
from licensing.clearance import operations as clearance
from licensing.clearance.models import Grant
from licensing.clearance.rules import Asked
from tests.licensing import stage as on

LATER = on.NOON + timedelta(days=1)
HASH = on.digest_of("recipe")
LISTENER = ("user", "listener-1")


@pytest.fixture
def stage(db):
    return on.open_stage()


def clear(stage, *stems, use="REMIX", requester=LISTENER):
    return clearance.clear_use(
        use=use,
        stems=[one.id for one in stems or (stage.drums, stage.vocals)],
        requester=requester,
        territory="DE",
        channel="SITE",
        now=LATER,
    )


def open_on(cleared, *stems, ref="1", now=LATER, **more):
    return operations.open_record(
        subject=("variation", ref),
        clearance_id=cleared.id,
        recipe_sha256=HASH,
        sources=more.pop("sources", [(one.id, one.audio_id) for one in stems]),
        policy="k-weighted-shapley/1",
        now=now,
        **more,
    )


def opened(stage, *stems, ref="1", **more):
    stems = stems or (stage.drums, stage.vocals)
    return open_on(clear(stage, *stems, **more), *stems, ref=ref)


def seal(record, lines, now=LATER, **more):
    return operations.seal_record(
        record_id=record.id,
        lines=lines,
        windows_sha256=more.pop("windows_sha256", on.digest_of("windows")),
        measured={"target_lufs": -14.0, "integrated_lufs": -14.1, "true_peak_dbtp": -1.2} | more,
        files=[{"format": "flac", "digest": on.digest_of("flac"), "bytes": 9}],
        now=now,
    )


def codes(refusal):
    return [reason.code for reason in refusal.value.reasons]


def settle():
    """Let the deferred constraints speak, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def settle_with(row):
    row.save()
    settle()


def test_record_rests_on_sources_and_on_the_grants_of_every_holder(stage):
    record = opened(stage)
    assert [one.digest for one in record.sources.all()] == [
        stage.drums.audio_id,
        stage.vocals.audio_id,
    ]
    assert {given.party.name for given in queries.grants_of(record.id)} == {"Ana", "Ben"}
    assert record.terms_sha256 == record.clearance.terms_sha256
    assert queries.may_serve(record.id, LATER)
    assert queries.get_record_of("variation", "1") == record


def test_opening_again_is_the_same_record_and_another_recipe_is_refused(stage):
    cleared = clear(stage)
    first = open_on(cleared, stage.drums)
    assert open_on(cleared, stage.drums) == first
    with pytest.raises(OpenRefused) as refused:
        open_on(clear(stage), stage.drums)
    assert codes(refused) == ["subject_taken"]


def test_grant_withdrawn_after_the_clearance_refuses_to_open(stage):
    cleared = clear(stage)
    given = Grant.objects.get(stem=stage.drums, party=stage.ben)
    clearance.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER)
    with pytest.raises(OpenRefused) as refused:
        open_on(cleared, stage.drums, stage.vocals)
    assert codes(refused) == ["withdrawn"]
    assert LicenceRecord.objects.count() == 0


def test_refused_clearance_opens_nothing(stage):
    with pytest.raises(OpenRefused) as refused:
        open_on(clear(stage, use="VOICE"), stage.drums)
    assert codes(refused) == ["not_allowed"]


def test_sources_are_the_cleared_stems_and_their_own_audio(stage):
    cleared = clear(stage, stage.drums)
    drums, pad = stage.drums, stage.pad
    for sources, code in (
        ([], "no_sources"),
        ([(pad.id, pad.audio_id)], "not_cleared"),
        ([(drums.id, pad.audio_id)], "other_audio"),
        ([(drums.id, drums.audio_id)] * 2, "source_twice"),
    ):
        with pytest.raises(OpenRefused) as refused:
            open_on(cleared, sources=sources)
        assert code in codes(refused)


def test_recipe_beyond_the_limits_of_its_clearance_is_not_opened(stage):
    for holder in (stage.ana, stage.ben):
        on.grant(stage.drums, holder, "REMIX", limits={"tempo_max_ratio": 1.1})
    cleared = clear(stage, stage.drums)
    with pytest.raises(OpenRefused) as refused:
        open_on(cleared, stage.drums, made=Asked(tempo_ratio=(1.0, 1.2)))
    assert codes(refused) == ["tempo_out_of_range"]
    assert open_on(cleared, stage.drums, made=Asked(tempo_ratio=(1.0, 1.1)))


def test_limits_tightened_after_the_clearance_count(stage):
    cleared = clear(stage, stage.drums)
    on.grant(stage.drums, stage.ben, "REMIX", limits={"semitones_max": 1})
    with pytest.raises(OpenRefused) as refused:
        open_on(cleared, stage.drums)
    assert codes(refused) == ["limits_tightened"]
    with pytest.raises(OpenRefused) as refused:
        open_on(cleared, stage.drums, made=Asked(semitones=2))
    assert codes(refused) == ["pitch_out_of_range"]
    assert open_on(cleared, stage.drums, made=Asked(semitones=-1))


def test_vocals_among_the_sources_need_a_grant_for_vocals(stage):
    for holder in (stage.ana, stage.ben):
        for stem in (stage.drums, stage.vocals):
            on.grant(stem, holder, "REMIX", limits={"vocals": False})
    cleared = clear(stage)
    assert cleared.allowed
    with pytest.raises(OpenRefused) as refused:
        open_on(cleared, stage.drums, stage.vocals)
    assert codes(refused) == ["vocals_not_allowed"]
    assert open_on(cleared, stage.drums)


def test_sealed_record_holds_its_lines_and_measures(stage):
    record = opened(stage)
    lines = [(stage.drums.id, 1), (stage.vocals.id, 999_999)]
    assert seal(record, lines, model_ppm=5) == "SEALED"
    settle()
    record.refresh_from_db()
    assert (record.integrated_lufs, record.trim_db, record.model_ppm) == (-14.1, None, 5)
    assert [(line.label, line.ppm) for line in queries.lines_of(record.id)] == [
        ("Vocals", 999_999),
        ("Drums", 1),
    ]
    assert queries.may_serve(record.id, LATER)
    assert seal(record, []) == "SEALED"
    assert [fact.verb for fact in Fact.objects.filter(object_ref=str(record.id))] == [
        "open_record",
        "seal_record",
    ]


def test_grant_that_fell_meanwhile_seals_as_withdrawn_with_what_was_heard(stage):
    record = opened(stage)
    given = Grant.objects.get(stem=stage.vocals, party=stage.ana)
    clearance.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER)
    assert not queries.may_serve(record.id, LATER)
    assert seal(record, [(stage.drums.id, 1_000_000)]) == "WITHDRAWN"
    settle()
    assert record.lines.count() == 1
    assert not queries.may_serve(record.id, LATER)


def test_lines_that_do_not_add_up_do_not_seal(stage):
    record = opened(stage)
    drums, vocals, pad = stage.drums.id, stage.vocals.id, stage.pad.id
    for lines in (
        [],
        [(drums, 999_999)],
        [(drums, 500_000), (drums, 500_000)],
        [(pad, 1_000_000)],
        [(drums, 1_000_001), (vocals, -1)],
    ):
        with pytest.raises(SealRefused):
            seal(record, lines)
    record.refresh_from_db()
    assert record.state == "OPEN"


def test_database_refuses_lines_that_do_not_add_up(stage):
    record = opened(stage)
    with pytest.raises(IntegrityError, match="lines of 5 ppm"), transaction.atomic():
        settle_with(AttributionLine(record=record, stem=stage.drums, ppm=5))
    seal(record, [(stage.drums.id, 1_000_000)])
    settle()
    with pytest.raises(IntegrityError, match="lines of 1000005 ppm"), transaction.atomic():
        settle_with(AttributionLine(record=record, stem=stage.vocals, ppm=5))


def test_database_keeps_a_closed_record_as_it_is(stage):
    record = opened(stage)
    for change in ({"recipe_sha256": "0" * 64}, {"use": "VOICE"}, {"ends_at": LATER}):
        with pytest.raises(DatabaseError), transaction.atomic():
            LicenceRecord.objects.filter(pk=record.pk).update(**change)
    seal(record, [(stage.drums.id, 1_000_000)])
    with pytest.raises(DatabaseError), transaction.atomic():
        LicenceRecord.objects.filter(pk=record.pk).update(notes=["other"])
    for table in ("licencerecord", "licencesource", "licencegrant", "attributionline"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM attribution_{table}")


def test_record_that_never_sounded_is_void_and_never_served(stage):
    record = opened(stage)
    assert operations.void_record(record_id=record.id, reason="boom", now=LATER).state == "VOID"
    settle()
    assert not queries.may_serve(record.id, LATER)
    assert operations.void_record(record_id=record.id, reason="again", now=LATER).notes == ["boom"]


def test_holds_stop_serving_and_their_release_lets_it_go_on(stage):
    record = opened(stage)
    for kind, ref in (
        ("RECORD", record.id),
        ("STEM", stage.drums.id),
        ("RECORDING", stage.tide.id),
    ):
        hold = clearance.place_hold(
            target_kind=kind, target_ref=ref, reason="notice", actor=on.ACTOR, now=LATER
        )
        assert not queries.may_serve(record.id, LATER)
        clearance.release_hold(hold_id=hold.id, actor=on.ACTOR, now=LATER)
        assert queries.may_serve(record.id, LATER)


def test_grant_that_ends_ends_the_serving(stage):
    end = LATER + timedelta(days=10)
    on.grant(stage.pad, stage.cleo, "REMIX", valid_until=end)
    record = opened(stage, stage.pad)
    assert queries.may_serve(record.id, end - timedelta(seconds=1))
    assert not queries.may_serve(record.id, end)


def test_withdrawing_another_use_changes_nothing_for_this_one(stage):
    record = opened(stage)
    given = Grant.objects.get(stem=stage.drums, party=stage.ana)
    clearance.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER, uses=["MOOD"])
    assert queries.may_serve(record.id, LATER)


def test_preview_is_served_for_seven_days(stage):
    record = opened(stage, use="PREVIEW", requester=("party", str(stage.ana.id)))
    assert record.ends_at == LATER + timedelta(days=7)
    assert queries.may_serve(record.id, record.ends_at - timedelta(seconds=1))
    assert not queries.may_serve(record.id, record.ends_at)


def test_unknown_record_is_not_served(stage):
    opened(stage)
    assert not queries.may_serve(uuid.uuid4(), LATER)


def test_serving_is_asked_in_one_query(stage, django_assert_num_queries):
    records = [opened(stage, ref=str(number)) for number in range(3)]
    refs = [record.id for record in records]
    with django_assert_num_queries(1):
        assert queries.may_serve(refs[0], LATER)
    with django_assert_num_queries(1):
        assert queries.may_serve_each([*refs, uuid.uuid4()], LATER) == set(refs)
    with django_assert_num_queries(2):
        queries.lines_of(refs[0])


def test_withdrawal_is_told_before_and_counted_in_the_deed(stage):
    first, second = opened(stage), opened(stage, ref="2")
    seal(second, [(stage.drums.id, 1_000_000)])
    opened(stage, stage.pad, ref="3")
    opened(stage, ref="4", use="MOOD")
    question = {"party_id": stage.ben.id, "stem_ids": [stage.drums.id], "uses": ["REMIX"]}
    told = queries.preview_withdrawal(**question, at=LATER)
    assert (told.records, told.being_made, told.of_kind("variation")) == (2, 1, 2)
    assert queries.may_serve(first.id, LATER)
    stranger = question | {"party_id": stage.cleo.id}
    assert queries.preview_withdrawal(**stranger, at=LATER).records == 0
    assert operations.withdraw_uses(**question, actor=on.ACTOR, now=LATER) == told
    assert not queries.may_serve(first.id, LATER)
    assert queries.preview_withdrawal(**question, at=LATER).records == 0
    assert queries.list_records_on(stage.drums.id).count() == 3


def test_withdrawing_an_older_grant_counts_only_what_rests_on_it(stage):
    opened(stage, stage.pad)
    older = Grant.objects.get(stem=stage.pad)
    on.grant(stage.pad, stage.cleo, "REMIX", "MOOD")
    opened(stage, stage.pad, ref="2")
    stopped = operations.withdraw_grant(grant_id=older.id, actor=on.ACTOR, now=LATER)
    assert (stopped.records, stopped.of_kind("variation")) == (1, 1)
    assert clear(stage, stage.pad).allowed


def test_deleting_a_stem_withdraws_hides_and_says_when_its_audio_goes(stage, settings, tmp_path):
    record = opened(stage)
    preview = opened(stage, ref="2", use="PREVIEW", requester=("party", str(stage.ana.id)))
    told, removal = queries.preview_deletion(stage.drums.id, LATER)
    assert removal.on == LATER + timedelta(days=1)
    stopped = operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert stopped == told
    assert stopped.records == 2
    assert not queries.may_serve(record.id, LATER)
    assert not queries.may_serve(preview.id, LATER)
    assert Stem.objects.get(pk=stage.drums.id).audio_id == stage.drums.audio_id
    again = operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert again.records == 0


def test_audio_stays_while_another_stem_of_the_party_has_it(stage):
    twin = on.stem(stage.tide, "Drums again", "drums", stage.drums.audio_id)
    assert twin.state == "READY"
    _, removal = queries.preview_deletion(stage.drums.id, LATER)
    assert (removal.on, removal.other_stems) == (None, 1)
    operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert not queries.removable_audio(LATER + timedelta(days=9)).exists()


def test_hidden_recording_is_still_served_under_its_licences(stage):
    record = opened(stage)
    catalog.hide_recording(recording_id=stage.tide.id, actor=on.ACTOR, now=LATER)
    assert queries.may_serve(record.id, LATER)
