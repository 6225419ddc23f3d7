"""Records of live sessions: opened part by part, served by what stands, sealed by the minute."""

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.attribution import operations, queries
from licensing.attribution.models import LicenceRecord, MinuteLine, RecordPart, SealedMinute
from licensing.attribution.rules import OpenRefused, SealRefused
from licensing.audit.models import Fact
from licensing.clearance import operations as clearance
from licensing.clearance.models import Grant
from licensing.clearance.rules import Asked
from tests.licensing import stage as on
from tests.licensing.attribution.live_record import (
    LATER,
    WINDOWS,
    cleared,
    opened,
    part,
    sealed,
)


@pytest.fixture
def stage(db):
    return on.open_stage()


@pytest.fixture
def record(stage):
    return opened(cleared(stage), stage.drums)


def codes(refusal):
    return [reason.code for reason in refusal.value.reasons]


def settle():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def withdraw(stem, holder, uses=None):
    given = Grant.objects.get(stem=stem, party=holder)
    return operations.withdraw_grant(grant_id=given.id, actor=on.ACTOR, now=LATER, uses=uses)


def test_the_first_section_is_a_part_like_any_other(stage, record):
    first = part(record, 0, stage.drums)
    assert (first.stems, first.digests) == ([stage.drums.id], [stage.drums.audio_id])
    assert first.terms_sha256 == first.clearance.terms_sha256
    assert first.clearance.stems == [str(stage.drums.id)]
    given = Grant.objects.filter(stem=stage.drums)
    assert set(first.grants) == set(given.values_list("pk", flat=True))
    assert record.sources.count() == 1
    assert record.resting_on.count() == 2


def test_a_part_adds_the_sources_and_grants_that_the_record_did_not_rest_on(stage, record):
    part(record, 0, stage.drums)
    part(record, 1, stage.pad, stage.drums, stage.vocals)
    kept = [(one.position, one.stem_id) for one in record.sources.all()]
    assert kept == [(0, stage.drums.id), (1, stage.pad.id), (2, stage.vocals.id)]
    assert set(record.resting_on.values_list("grant_id", flat=True)) == set(
        Grant.objects.values_list("pk", flat=True)
    )
    assert [line.label for line in queries.lines_of(record.id)] == ["Drums", "Pad", "Vocals"]


def test_the_same_part_again_is_the_part_there_is_and_another_recipe_is_refused(stage, record):
    first = part(record, 0, stage.drums)
    withdraw(stage.drums, stage.ana)
    assert part(record, 0, stage.drums) == first
    with pytest.raises(OpenRefused) as refused:
        part(record, 0, stage.pad, recipe="another")
    assert codes(refused) == ["part_taken"]
    assert RecordPart.objects.count() == 1
    facts = Fact.objects.filter(object_ref=str(record.id), verb="open_part")
    assert [fact.after["part"] for fact in facts] == [0]


def test_a_part_is_decided_on_as_a_record_is(stage, record):
    drums, pad = stage.drums, stage.pad
    for sources, code in (
        ([], "no_sources"),
        ([(drums.id, pad.audio_id)], "other_audio"),
        ([(drums.id, drums.audio_id)] * 2, "source_twice"),
    ):
        with pytest.raises(OpenRefused) as refused:
            part(record, 1, sources=sources)
        assert code in codes(refused)
    on.grant(pad, stage.cleo, "FOCUS", limits={"tempo_max_ratio": 1.1})
    with pytest.raises(OpenRefused) as refused:
        part(record, 1, pad, made=Asked(tempo_ratio=(1.0, 1.2)))
    assert codes(refused) == ["tempo_out_of_range"]
    assert part(record, 1, pad, made=Asked(tempo_ratio=(1.0, 1.1)))


def test_a_strangers_clearance_or_one_of_another_use_opens_no_part(stage, record):
    stranger = cleared(stage, requester=("user", "stranger"))
    other = cleared(stage, use="MOOD")
    for wrong in (stranger, other):
        with pytest.raises(OpenRefused) as refused:
            part(record, 1, stage.drums, clearance=wrong)
        assert codes(refused) == ["other_clearance"]
    assert part(record, 1, stage.drums, clearance=cleared(stage))


def test_a_closed_record_takes_no_part(stage, record):
    operations.void_record(record_id=record.id, reason="left", now=LATER)
    with pytest.raises(OpenRefused) as refused:
        part(record, 0, stage.drums)
    assert codes(refused) == ["not_open"]


def test_a_withdrawal_between_parts_stops_the_parts_with_the_stem_alone(stage, record):
    first, second = part(record, 0, stage.drums), part(record, 1, stage.pad)
    both = part(record, 2, stage.drums, stage.pad)
    every = [first.pk, second.pk, both.pk]
    assert queries.parts_standing(every, LATER) == set(every)
    withdraw(stage.pad, stage.cleo)
    assert queries.parts_standing(every, LATER) == {first.pk}
    with pytest.raises(OpenRefused) as refused:
        part(record, 3, stage.pad)
    assert codes(refused) == ["withdrawn"]
    on_without = part(record, 3, stage.drums)
    assert queries.parts_standing([on_without.pk], LATER) == {on_without.pk}
    assert queries.may_serve(record.id, LATER)


def test_withdrawing_another_use_stops_no_part(stage, record):
    first = part(record, 0, stage.drums)
    withdraw(stage.drums, stage.ana, uses=["REMIX"])
    assert queries.parts_standing([first.pk], LATER) == {first.pk}


def test_holds_and_ended_grants_and_deleted_stems_stop_the_parts_they_touch(stage, record):
    end = LATER + timedelta(hours=1)
    on.grant(stage.pad, stage.cleo, "FOCUS", valid_until=end)
    fresh = cleared(stage)
    drums, pad = part(record, 0, stage.drums), part(record, 1, stage.pad, clearance=fresh)
    every = [drums.pk, pad.pk]
    for kind, ref, left in (
        ("STEM", stage.drums.id, {pad.pk}),
        ("RECORDING", stage.tide.id, {pad.pk}),
        ("RECORD", record.id, set()),
    ):
        hold = clearance.place_hold(
            target_kind=kind, target_ref=ref, reason="notice", actor=on.ACTOR, now=LATER
        )
        assert queries.parts_standing(every, LATER) == left
        assert queries.may_serve(record.id, LATER) is (kind != "RECORD")
        clearance.release_hold(hold_id=hold.id, actor=on.ACTOR, now=LATER)
    assert queries.parts_standing(every, LATER) == set(every)
    assert queries.parts_standing(every, end) == {drums.pk}
    operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert queries.parts_standing(every, LATER) == {pad.pk}


def test_parts_are_asked_in_one_query_and_unknown_ones_do_not_stand(
    stage, record, django_assert_num_queries
):
    parts = [part(record, index, stage.drums).pk for index in range(5)]
    with django_assert_num_queries(1):
        assert queries.parts_standing([*parts, 999_999_999], LATER) == set(parts)
    with django_assert_num_queries(1):
        assert queries.may_serve(record.id, LATER)
    assert queries.parts_standing([], LATER) == frozenset()


def close(record, *lines):
    return operations.seal_record(
        record_id=record.id,
        lines=[(stem.id, ppm) for stem, ppm in lines],
        windows_sha256=WINDOWS,
        measured={},
        files=[],
        now=LATER,
    )


def test_a_session_that_went_on_without_a_stem_ends_sealed(stage, record):
    first = part(record, 0, stage.drums)
    part(record, 1, stage.pad)
    withdraw(stage.pad, stage.cleo)
    assert close(record, (stage.drums, 400_000), (stage.pad, 600_000)) == "SEALED"
    assert queries.may_serve(record.id, LATER)
    assert queries.parts_standing([first.pk], LATER) == frozenset()


def test_a_session_held_itself_ends_withdrawn(stage, record):
    part(record, 0, stage.drums)
    clearance.place_hold(
        target_kind="RECORD", target_ref=record.id, reason="notice", actor=on.ACTOR, now=LATER
    )
    assert not queries.may_serve(record.id, LATER)
    assert close(record, (stage.drums, 1_000_000)) == "WITHDRAWN"


def test_a_withdrawal_counts_a_running_session_once_per_grant_that_falls(stage, record):
    part(record, 0, stage.drums)
    part(record, 1, stage.pad)
    question = {"party_id": stage.cleo.id, "stem_ids": [stage.pad.id], "uses": ["FOCUS"]}
    told = queries.preview_withdrawal(**question, at=LATER)
    assert (told.records, told.being_made, told.stopped) == (1, 0, (("session", 1),))
    stranger = question | {"party_id": stage.ana.id}
    assert queries.preview_withdrawal(**stranger, at=LATER).records == 0
    assert operations.withdraw_uses(**question, actor=on.ACTOR, now=LATER) == told
    assert queries.preview_withdrawal(**question, at=LATER).records == 0
    assert withdraw(stage.drums, stage.ben).of_kind("session") == 1
    assert withdraw(stage.drums, stage.ben).records == 0


def test_a_session_that_is_over_is_not_counted(stage, record):
    part(record, 0, stage.drums)
    close(record, (stage.drums, 1_000_000))
    question = {"party_id": stage.ana.id, "stem_ids": [stage.drums.id], "at": LATER}
    assert queries.preview_withdrawal(**question).records == 0
    assert queries.preview_deletion(stage.drums.id, LATER)[0].records == 0


def test_deleting_a_stem_counts_the_sessions_that_go_on_without_it(stage, record):
    part(record, 0, stage.drums)
    told, _ = queries.preview_deletion(stage.drums.id, LATER)
    assert (told.of_kind("session"), told.being_made) == (1, 0)
    stopped = operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert stopped == told
    again = operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    assert again.records == 0


def test_audio_of_a_session_of_twelve_hours_stays_until_it_is_over(stage, record):
    operations.delete_stem(stem_id=stage.drums.id, actor=on.ACTOR, now=LATER)
    over = LATER + timedelta(hours=12)
    assert not queries.removable_audio(over).exists()
    gone = queries.removable_audio(LATER + timedelta(days=1, seconds=1))
    assert [audio.pk for audio in gone] == [stage.drums.audio_id]


def test_a_minute_is_sealed_once_with_its_lines(stage, record):
    part(record, 0, stage.drums, stage.pad)
    first = sealed(record, 3, (stage.drums, 1), (stage.pad, 999_999), model_ppm=7)
    settle()
    assert (first.minute, first.line_count, first.model_ppm) == (3, 2, 7)
    assert sealed(record, 3, (stage.drums, 1_000_000)) == first
    heard = [(line.label, line.ppm) for line in queries.lines_of_minute(record.id, 3)]
    assert heard == [("Pad", 999_999), ("Drums", 1)]
    assert queries.lines_of_minute(record.id, 4) == ()


def test_a_silent_minute_is_sealed_without_lines(stage, record):
    silent = sealed(record, 0)
    settle()
    assert (silent.line_count, queries.lines_of_minute(record.id, 0)) == (0, ())


def test_what_does_not_make_a_minute_is_refused(stage, record):
    drums, pad = stage.drums, stage.pad
    for lines in (
        [(drums, 999_999)],
        [(drums, 500_000), (drums, 500_000)],
        [(pad, 1_000_000)],
        [(drums, 0)],
    ):
        with pytest.raises(SealRefused):
            sealed(record, 0, *lines)
    for wrong in ({"windows_sha256": "x"}, {"model_ppm": 1_000_001}, {"model_ppm": -1}):
        with pytest.raises(SealRefused):
            sealed(record, 0, (drums, 1_000_000), **wrong)
    with pytest.raises(SealRefused):
        sealed(record, -1, (drums, 1_000_000))
    assert SealedMinute.objects.count() == 0


def test_a_minute_of_a_closed_record_is_sealed_no_more_and_stays_as_it_was(stage, record):
    first = sealed(record, 0, (stage.drums, 1_000_000))
    close(record, (stage.drums, 1_000_000))
    assert sealed(record, 0) == first
    with pytest.raises(SealRefused):
        sealed(record, 1, (stage.drums, 1_000_000))


def written(record, **more):
    return SealedMinute.objects.create(
        record=record,
        windows_sha256=WINDOWS,
        sealed_at=LATER,
        **{"minute": 0, "line_count": 1} | more,
    )


def settle_with(minute, *lines):
    for stem, ppm in lines:
        MinuteLine.objects.create(sealed_minute=minute, stem=stem, ppm=ppm)
    settle()


def test_database_refuses_a_minute_that_does_not_add_up(stage, record):
    drums, pad = stage.drums, stage.pad
    for lines in ([], [(drums, 999_999)], [(drums, 1_000_000), (pad, 0)]):
        with pytest.raises(IntegrityError), transaction.atomic():
            settle_with(written(record), *lines)
    settle_with(written(record, line_count=0))
    settle_with(written(record, minute=1), (drums, 1_000_000))


@pytest.mark.parametrize("lines", [0, 1])
def test_no_line_enters_a_minute_later(stage, record, lines):
    minute = sealed(record, 0, *[(stage.drums, 1_000_000)][:lines])
    settle()
    with pytest.raises(IntegrityError, match="only with its minute"), transaction.atomic():
        MinuteLine.objects.create(sealed_minute=minute, stem=stage.pad, ppm=1_000_000)


def test_database_takes_nothing_for_a_closed_record(stage, record):
    again = part(record, 0, stage.drums)
    again.pk, again.index = None, 1
    operations.void_record(record_id=record.id, reason="left", now=LATER)
    with pytest.raises(DatabaseError, match="is closed"), transaction.atomic():
        written(record, line_count=0)
    with pytest.raises(DatabaseError, match="is closed"), transaction.atomic():
        again.save(force_insert=True)


TABLES = ("recordpart", "sealedminute", "minuteline")
VERBS = ("DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {} CASCADE")


def test_parts_and_minutes_only_grow(stage, record):
    part(record, 0, stage.drums)
    sealed(record, 0, (stage.drums, 1_000_000))
    for table in TABLES:
        for verb in VERBS:
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(verb.format(f"attribution_{table}"))


def test_the_owner_cannot_change_parts_and_minutes_either(committed_db, database_server):
    with transaction.atomic():
        stage = on.open_stage()
        record = opened(cleared(stage), stage.drums)
        part(record, 0, stage.drums)
        sealed(record, 0, (stage.drums, 1_000_000))
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    for table in TABLES:
        for verb in VERBS:
            refusing = pytest.raises(psycopg.Error, match="append-only")
            with psycopg.connect(owner) as session, refusing:
                session.execute(verb.format(f"attribution_{table}"))
    assert LicenceRecord.objects.get().minutes.get().lines.count() == 1
