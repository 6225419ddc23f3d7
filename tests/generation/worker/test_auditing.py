"""A sealed variation rendered again: what agrees is said to, and what was changed is found."""

import hashlib
import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.analysis.models import Onsets
from generation.analysis.operations import store_stem_measure
from generation.analysis.queries import stem_analysis
from generation.engine.checking import KNOWN
from generation.onsets import onsets_bytes, onsets_sha256
from generation.recipe import SCHEMA, from_json, sha256_of_text, to_json
from generation.variations.audits import (
    AuditRefused,
    Verdict,
    ask_audit,
    audit_of,
    report_from,
)
from generation.variations.models import Segment, Variation, VariationFile
from generation.variations.operations import cancel_variation
from generation.variations.queries import get_variation
from generation.work.models import Job
from generation.worker import stems
from generation.worker.auditing import report_on
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from licensing.attribution.queries import may_serve
from licensing.audit.queries import facts_about
from licensing.catalog.models import AudioObject
from licensing.catalog.store import audio_store, object_name, put_once
from licensing.clearance.operations import withdraw_grant
from tests.kept_rows import made_once
from tests.studio import ACTOR, LISTENER, ask_for

_kept = {}


def work_off(*kinds):
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    return drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)


@pytest.fixture
def sealed(studio):
    """A finished remix of ten seconds; made once, then its rows and objects are put back."""

    def make():
        variation = ask_for(studio, targets={"seconds": 10.0, "tempo_bpm": 124.0})
        work_off()
        return variation.pk

    pk = _kept.setdefault("rows", made_once(make))()
    variation = get_variation(pk)
    assert variation.state == "READY", variation.error_sentence
    names = list(variation.segments.values_list("name", flat=True))
    for name in [*names, *variation.files.values_list("name", flat=True)]:
        if name not in _kept:
            with audio_store().open(name) as file:
                _kept[name] = file.read()
        put_once(name, io.BytesIO(_kept[name]))
    return variation


def again(variation):
    report = report_on(get_variation(variation.pk))
    return report, {one.about: one for one in report.findings}


def with_recipe(variation, plan):
    Variation.objects.filter(pk=variation.pk).update(recipe=to_json(plan))


def with_master(variation, change):
    """The archived master with its samples changed, as if the store had been tampered with."""
    file = variation.files.get(format="flac")
    with audio_store().open(file.name) as stored:
        pcm, rate = soundfile.read(stored, dtype="int32", always_2d=True)
    other = io.BytesIO()
    soundfile.write(other, change(pcm), rate, format="FLAC", subtype="PCM_24")
    name = object_name("master", hashlib.sha256(other.getvalue()).hexdigest(), "flac")
    put_once(name, io.BytesIO(other.getvalue()))
    VariationFile.objects.filter(pk=file.pk).update(name=name)


def test_an_untouched_variation_audits_identical(sealed):
    report, found = again(sealed)
    assert report.verdict is Verdict.IDENTICAL
    assert list(found) == ["recipe", "tables", "master", "sources", "lines", "sound", "shares"]
    assert {one.verdict for one in report.findings} == {Verdict.IDENTICAL}
    plan = from_json(sealed.recipe)
    assert found["sound"].figures["windows"] == -(-plan.length // 4_800)
    assert found["sound"].figures["differing_windows"] == 0
    assert report_from(json.loads(json.dumps(report.to_data()))) == report


def test_measuring_the_stems_again_changes_no_audit(sealed, studio):
    for stem in studio.stems:
        known = stem_analysis(stem.id)
        other = replace(known, onsets=known.onsets[1::2], onset_db=known.onset_db[1::2])
        store_stem_measure(stem_id=stem.id, analysis=other, now=timezone.now())
    assert again(sealed)[0].verdict is Verdict.IDENTICAL


@pytest.mark.parametrize("ms", [0, 3_200])
def test_an_altered_region_of_the_master_is_different_and_named(sealed, ms):
    def quieter(pcm):
        at = ms * 48
        pcm[at + 1_000 : at + 1_400] //= 2
        return pcm

    with_master(sealed, quieter)
    report, found = again(sealed)
    assert report.verdict is Verdict.DIFFERENT
    assert found["master"].verdict is found["sound"].verdict is Verdict.DIFFERENT
    assert found["sound"].figures["first_ms"] == found["sound"].figures["worst_ms"] == ms
    assert found["sound"].figures["differing_windows"] == 1
    assert f"begin at {ms / 1000:.1f} s" in found["sound"].sentence
    assert found["recipe"].verdict is found["shares"].verdict is Verdict.IDENTICAL


def test_a_master_with_other_bytes_is_told_even_where_it_sounds_the_same(sealed):
    with_master(sealed, lambda pcm: pcm)
    report, found = again(sealed)
    assert (report.verdict, found["master"].verdict) == (Verdict.DIFFERENT, Verdict.DIFFERENT)
    assert found["sound"].verdict is Verdict.IDENTICAL


def test_a_shorter_master_and_one_that_is_gone_are_different(sealed):
    with_master(sealed, lambda pcm: pcm[:-7])
    assert again(sealed)[1]["sound"].verdict is Verdict.DIFFERENT
    masters = VariationFile.objects.filter(variation=sealed, format="flac")
    name = masters.get().name
    masters.update(name=object_name("master", "0" * 64, "flac"))
    report, found = again(sealed)
    assert (report.verdict, found["master"].verdict) == (Verdict.DIFFERENT, Verdict.DIFFERENT)
    assert "stored pieces" in found["sound"].sentence
    assert found["sound"].verdict is Verdict.IDENTICAL
    masters.update(name=name)


def test_a_tampered_recipe_is_told_by_its_text_and_by_its_sound(sealed):
    plan = from_json(sealed.recipe)
    with_recipe(sealed, replace(plan, gain_db=plan.gain_db - 1.0))
    report, found = again(sealed)
    assert report.verdict is Verdict.DIFFERENT
    assert found["recipe"].verdict is found["sound"].verdict is Verdict.DIFFERENT
    assert found["sources"].verdict is found["lines"].verdict is Verdict.IDENTICAL


def test_other_onsets_are_told_whether_they_are_kept_or_not(sealed):
    plan = from_json(sealed.recipe)
    place = [one.role for one in plan.sources].index("drums")
    name = onsets_sha256([4_800], [12.0])
    other = replace(plan.sources[place], onsets=name)
    changed = replace(plan, sources=(*plan.sources[:place], other, *plan.sources[place + 1 :]))
    with_recipe(sealed, changed)
    report, found = again(sealed)
    assert report.verdict is found["recipe"].verdict is Verdict.DIFFERENT
    assert f"onsets {name[:12]} are not kept here" in found["sound"].sentence
    data = onsets_bytes([4_800], [12.0])
    Onsets.objects.create(sha256=name, data=data, kept_at=timezone.now())
    stems.load_onsets(changed)
    _, found = again(sealed)
    assert found["recipe"].verdict is found["sound"].verdict is Verdict.DIFFERENT


def test_a_recipe_of_other_stems_than_the_record_rests_on_is_not_rendered(sealed):
    plan = from_json(sealed.recipe)
    with_recipe(sealed, replace(plan, sources=plan.sources[::-1]))
    report, found = again(sealed)
    assert report.verdict is found["sources"].verdict is Verdict.DIFFERENT
    assert "sound" not in found


def test_a_text_that_is_no_recipe_is_different(sealed):
    Variation.objects.filter(pk=sealed.pk).update(recipe=f'{{"schema":{SCHEMA}}}')
    report, found = again(sealed)
    assert report.verdict is found["recipe"].verdict is found["sound"].verdict is Verdict.DIFFERENT


def test_changed_windows_are_told(sealed):
    first = Segment.objects.filter(variation=sealed).order_by("index").first()
    table = np.frombuffer(bytes(first.windows), "<f8").reshape(-1, sealed.record.sources.count())
    Segment.objects.filter(pk=first.pk).update(windows=table[:, ::-1].astype("<f8").tobytes())
    report, found = again(sealed)
    assert report.verdict is found["tables"].verdict is Verdict.DIFFERENT
    assert found["lines"].verdict is Verdict.DIFFERENT
    assert found["lines"].figures["apart_ppm"] > 50
    assert found["sound"].verdict is found["shares"].verdict is Verdict.IDENTICAL


def test_a_recipe_of_a_processor_that_is_gone_is_audited_by_stored_evidence(sealed, monkeypatch):
    monkeypatch.setitem(KNOWN, "limiter", ())
    report, found = again(sealed)
    assert report.verdict is found["sound"].verdict is Verdict.BY_EVIDENCE
    assert "limiter/1" in found["sound"].sentence
    assert {found[name].verdict for name in ("recipe", "tables", "master")} == {Verdict.IDENTICAL}


def test_a_stem_whose_sound_was_deleted_leaves_the_stored_evidence(sealed, studio):
    gone = AudioObject.objects.filter(digest=from_json(sealed.recipe).sources[0].digest)
    gone.update(removed_at=timezone.now())
    report, found = again(sealed)
    assert report.verdict is found["sound"].verdict is Verdict.BY_EVIDENCE
    assert found["lines"].verdict is Verdict.IDENTICAL


def test_what_is_withdrawn_is_audited_and_stays_silent(sealed, studio):
    for grant in studio.grants:
        withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    assert not may_serve(sealed.record_id, timezone.now())
    root = Path(audio_store().location)
    before = {path for path in root.rglob("*") if path.is_file()}
    assert again(sealed)[0].verdict is Verdict.IDENTICAL
    assert {path for path in root.rglob("*") if path.is_file()} == before
    assert not may_serve(sealed.record_id, timezone.now())


def test_what_ended_early_is_held_against_the_pieces_that_were_heard(studio):
    variation = ask_for(studio, key="stopped")
    work_off("compose")
    jobs = iter(range(2))
    handlers = {"piece": HANDLERS["piece"]}
    stop = partial(lambda left: next(left, None) is None, jobs)
    drain(worker="test", handlers=handlers, clock=timezone.now, stop=stop)
    cancel_variation(variation_id=variation.id, requester=LISTENER, now=timezone.now())
    with pytest.raises(AuditRefused, match="not sealed"):
        report_on(get_variation(variation.id))
    work_off("seal")
    report, found = again(variation)
    assert report.verdict is Verdict.IDENTICAL
    assert "stored pieces" in found["sound"].sentence
    assert found["sound"].figures["windows"] == 40
    assert "master" not in found


def test_a_worker_audits_what_is_asked_for_once_and_the_log_tells_it(sealed):
    now = timezone.now()
    for _ in range(2):
        ask_audit(record_id=sealed.record_id, actor=("user", "9"), reason="A claim.", now=now)
    assert Job.objects.filter(kind="audit").count() == 1
    stand = audit_of(sealed)
    assert (stand.is_under_way, stand.report, stand.failed) == (True, None, "")
    assert work_off("audit") == 1
    stand = audit_of(sealed)
    assert (stand.is_under_way, stand.failed) == (False, "")
    assert stand.report.verdict is Verdict.IDENTICAL
    told = [(one.verb, one.actor) for one in facts_about("variation", sealed.pk)][-3:]
    assert told == [
        ("ask_audit", ("user", "9")),
        ("ask_audit", ("user", "9")),
        ("audit", ("system", "audit")),
    ]


def test_a_recipe_of_a_newer_schema_is_left_to_a_worker_that_reads_it(sealed):
    newer = json.loads(sealed.recipe) | {"schema": SCHEMA + 1}
    Variation.objects.filter(pk=sealed.pk).update(recipe=json.dumps(newer))
    ask_audit(record_id=sealed.record_id, actor=ACTOR, reason="?", now=timezone.now())
    assert work_off("audit") == 1
    assert Job.objects.get(kind="audit").state == "WAITING"
    assert audit_of(sealed).report is None


def test_a_record_of_no_variation_is_refused_with_a_sentence(sealed):
    with pytest.raises(AuditRefused, match="Live sessions are not audited"):
        ask_audit(record_id=uuid4(), actor=ACTOR, reason="?", now=timezone.now())


def told_by(variation, *more):
    out = io.StringIO()
    call_command("audit", str(variation.pk), *more, stdout=out)
    return out.getvalue()


def test_the_command_tells_it_in_words_and_as_json_and_writes_it_down(sealed, tmp_path):
    assert told_by(sealed).startswith("audit: identical\nrecipe ")
    data = json.loads(told_by(sealed, "--json", "--evidence", str(tmp_path / "kept")))
    assert data["verdict"] == "identical"
    assert {one["verdict"] for one in data["findings"]} == {"identical"}
    assert [one.verb for one in facts_about("variation", sealed.pk)][-2:] == ["audit", "audit"]
    text = (tmp_path / "kept" / "recipe.json").read_text()
    assert sha256_of_text(text) == sealed.record.recipe_sha256
    beside = json.loads((tmp_path / "kept" / "onsets.json").read_text())
    for source in from_json(text).sources:
        one = beside[source.digest]
        assert source.onsets == one["sha256"] == onsets_sha256(one["places"], one["rises_db"])


def test_the_command_ends_with_1_where_something_differs(sealed):
    with_recipe(sealed, replace(from_json(sealed.recipe), seed=77))
    with pytest.raises(SystemExit) as ended:
        told_by(sealed)
    assert ended.value.code == 1


@pytest.mark.parametrize("text", ["7", "x", "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"])
def test_the_command_says_where_there_is_no_such_variation(db, text):
    with pytest.raises(CommandError, match="no variation of this id"):
        call_command("audit", text)
