"""From a request to sealed files, in this process: the handlers under the real loop."""

import hashlib
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from generation import recipe as recipes
from generation.analysis import likeness
from generation.engine.codecs import decode_flac, from_int24, to_int24
from generation.engine.render import render
from generation.variations import operations, picture, queries
from generation.variations.models import Segment, Variation
from generation.variations.rules import State
from generation.work import operations as work
from generation.work.models import Job
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from licensing.attribution.models import LicenceRecord
from licensing.attribution.queries import may_serve
from licensing.catalog.store import audio_store
from licensing.clearance.operations import withdraw_grant
from tests.studio import ACTOR, LISTENER, ask_for


def work_off(kinds=None, jobs=None):
    """Do the claimable jobs in this process, `jobs` of them at most."""
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    left = iter(range(jobs)) if jobs is not None else None
    stop = (lambda: next(left, None) is None) if left is not None else (lambda: False)
    return drain(worker="test", handlers=handlers, clock=timezone.now, stop=stop)


def streamed(variation):
    parts = [audio_store().open(one.name).read() for one in variation.segments.order_by("index")]
    return np.concatenate([decode_flac(part) for part in parts], axis=1)


def test_request_becomes_a_ready_variation_with_exact_lines_and_files(studio, material):
    variation = ask_for(studio)
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_sentence) == (State.READY, "")
    view = queries.variation_view(variation.id)
    assert (view.pieces_done, view.pieces_of) == (variation.piece_count, variation.piece_count)
    assert {one.format for one in view.files} == {"flac", "mp3", "m4a", "opus"}
    assert abs(view.duration_ms - 12_000) <= 2_000
    assert view.bars_ms[0] == 0
    record = LicenceRecord.objects.get()
    assert (record.state, record.id) == ("SEALED", variation.record_id)
    assert abs(record.integrated_lufs - record.reached_lufs) <= 0.3
    assert record.true_peak_dbtp <= -1.0
    assert record.chroma_likeness >= likeness.CHROMA_AT_LEAST
    assert record.onset_likeness >= likeness.ONSETS_AT_LEAST
    credits = queries.credits_of(variation.id)
    assert sum(one.ppm for one in credits) == 1_000_000
    plan = recipes.from_json(variation.recipe)
    stems = dict(zip(material.digests, material.audio, strict=True))
    onsets = {
        digest: (np.array(one.onsets, dtype=np.int64), np.array(one.onset_db))
        for digest, one in zip(material.digests, material.measures, strict=True)
    }
    whole = render(plan, stems, onsets, 0, plan.length, with_parts=False, with_windows=False)
    assert np.array_equal(streamed(variation), from_int24(to_int24(whole.audio)))
    _credits_of_a_second_follow_who_is_cut_out_of_the_windows(variation)


def _credits_of_a_second_follow_who_is_cut_out_of_the_windows(variation):
    for ms in (0, 5_050, 7_999):
        credits = queries.credits_at(variation.id, ms)
        assert sum(one.ppm for one in credits) == 1_000_000
        assert [one.ppm for one in credits] == sorted((c.ppm for c in credits), reverse=True)
    assert queries.credits_at(variation.id, 10_000_000) == ()
    table = picture.stemma_table(variation.id, points=40)
    assert table.known == 40
    assert len(table.values) == len(table.sources) > 1
    assert max(map(max, table.values)) <= 1.0


def test_nothing_can_be_fetched_before_the_record_is_open(studio):
    variation = ask_for(studio)
    assert queries.playlist(variation.id) == ()
    work_off(kinds=["compose"])
    variation.refresh_from_db()
    assert variation.record.state == "OPEN"
    assert queries.playlist(variation.id) == ()
    planned = picture.stemma_table(variation.id)
    assert planned.known == 0
    assert max(map(max, planned.values)) > 0
    work_off(kinds=["piece"], jobs=1)
    assert [one.index for one in queries.playlist(variation.id)] == [0]


def test_grant_withdrawn_mid_render_stops_pieces_and_seals_what_was_heard(studio):
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    work_off(kinds=["piece"], jobs=3)
    withdraw_grant(grant_id=studio.grants[0].id, actor=ACTOR, now=timezone.now())
    variation.refresh_from_db()
    assert not may_serve(variation.record_id, timezone.now())
    work_off()
    variation.refresh_from_db()
    assert variation.state == State.WITHDRAWN
    assert variation.segments.count() == 3
    assert queries.variation_view(variation.id).files == ()
    record = LicenceRecord.objects.get()
    assert record.state == "WITHDRAWN"
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    assert not Job.objects.filter(state__in=["WAITING", "RUNNING"]).exists()


def test_cancelled_mid_render_is_sealed_as_far_as_it_was_heard(studio):
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    work_off(kinds=["piece"], jobs=2)
    operations.cancel_variation(variation_id=variation.id, requester=LISTENER, now=timezone.now())
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.segments.count()) == (State.CANCELLED, 2)
    assert LicenceRecord.objects.get().state == "SEALED"


def test_cancelled_before_any_sound_leaves_a_void_record(studio):
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    operations.cancel_variation(variation_id=variation.id, requester=LISTENER, now=timezone.now())
    work_off()
    assert LicenceRecord.objects.get().state == "VOID"


def test_request_without_a_grant_fails_with_the_reason_and_opens_no_record(studio):
    for grant in studio.grants:
        withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    variation = ask_for(studio)
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_code) == (State.FAILED, "not_cleared")
    assert variation.error_sentence
    assert not LicenceRecord.objects.exists()


def test_stem_without_a_grant_is_left_out_of_the_remix(studio):
    for grant in studio.grants[:2]:
        withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    variation.refresh_from_db()
    labels = {one.label for one in queries.sources_of(variation)}
    assert labels
    assert "drums" not in labels


def test_doubled_piece_is_stored_once_and_late_pieces_are_ignored(studio):
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    work_off(kinds=["piece"], jobs=1)
    first = Segment.objects.get()
    stored = operations.store_segment(
        variation_id=variation.id,
        index=0,
        name=first.name,
        digest=first.digest,
        size=first.bytes,
        windows=bytes(first.windows),
        now=timezone.now(),
    )
    assert not stored
    assert Segment.objects.count() == 1


def test_same_request_and_seed_gives_the_same_segments(studio):
    digests = []
    for key in ("k1", "k2"):
        variation = ask_for(studio, key=key)
        work_off(kinds=["compose", "piece"])
        digests.append(list(variation.segments.values_list("digest", flat=True)))
    assert digests[0] == digests[1]
    assert Variation.objects.count() == 2


def test_piece_taken_from_a_lost_worker_is_rendered_to_the_same_bytes(studio):
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    lost = work.claim_next(worker="lost", kinds=["piece"], now=timezone.now())
    work_off(kinds=["piece"])
    assert variation.segments.count() == Variation.objects.get().piece_count - 1
    Job.objects.filter(id=lost.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    work.sweep(now=timezone.now())
    work_off()
    variation.refresh_from_db()
    assert variation.state == State.READY
    assert Job.objects.get(id=lost.id).attempt == 2
    file = variation.files.get(format="flac")
    with audio_store().open(file.name) as stored:
        assert hashlib.file_digest(stored, "sha256").hexdigest() == file.digest


@pytest.mark.parametrize("mode", ["mood", "focus", "ambient"])
def test_house_chooses_stems_when_no_recording_is_named(studio, mode):
    variation = ask_for(studio, mode=mode, recordings=[], targets={"seconds": 12.0})
    work_off(kinds=["compose"])
    variation.refresh_from_db()
    assert (variation.state, variation.error_sentence) == (State.RENDERING, "")
    assert 1 <= len(queries.sources_of(variation)) <= 8


def test_no_clearable_recording_fails_with_a_sentence(db):
    from types import SimpleNamespace

    variation = ask_for(
        SimpleNamespace(recording=SimpleNamespace(id="")), mode="mood", recordings=[]
    )
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_code) == (State.FAILED, "nothing_clearable")
