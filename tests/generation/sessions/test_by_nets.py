"""Nets take a session over: rules open it and answer changes, nets write what there is time for."""

from dataclasses import replace

import numpy as np
import pytest
from django.utils import timezone

from generation import recipe as recipes
from generation.analysis.values import Slice
from generation.engine.shares import model_ppm_of
from generation.serving.models import StageTime
from generation.serving.queries import chosen_for, stage_latencies
from generation.sessions import rules
from generation.sessions.jobs import keep_going
from generation.sessions.models import LiveSession
from generation.sessions.operations import end_session, steer_session
from generation.sessions.queries import stand_of
from generation.sessions.rules import State
from generation.work.models import Job
from generation.worker import nets
from generation.worker.endings import ENDINGS
from licensing.attribution.models import LicenceRecord, SealedMinute
from tests.generation.sessions.conftest import (
    begin,
    heard,
    listen,
    open_jobs,
    rendered,
    work_off,
)
from tests.portal.listeners.made import pay
from tests.studio import LISTENER, build_studio

RATE = 48_000
TONES = tuple(
    Slice(RATE * n, RATE * n + 30_000, float(midi), 0.99, -20.0, 20.0, 800.0, "", None)
    for n, midi in enumerate(range(52, 85, 3))
)


@pytest.fixture
def tuneful(db, material):
    """The studio, its keys heard as single tones that can play a melody."""
    told = [
        replace(one, slices=TONES) if label == "keys" else one
        for label, one in zip(material.labels, material.measures, strict=True)
    ]
    built = build_studio(replace(material, measures=told))
    pay(LISTENER, timezone.now())
    return built


def test_rules_open_a_session_without_a_net_and_nets_write_what_follows(tuneful):
    nets._shelf.cache_clear()
    session = begin()
    work_off(kinds=[rules.PLAN, rules.SEGMENT])
    first = session.sections.get()
    assert (first.frame["by"], recipes.from_json(first.recipe).notes) == ("rules", ())
    assert session.segments.exists()
    assert nets._shelf.cache_info().currsize == 0
    listen(session, 6)
    later = [row for row in session.sections.all() if row.index]
    assert {row.frame["by"] for row in later} == {"nets"}
    serving = {one.digest for one in chosen_for(str(session.id))}
    plans = [recipes.from_json(row.recipe) for row in later]
    assert any(plan.notes for plan in plans)
    assert all(set(plan.nets) <= serving for plan in plans)


def test_the_stages_of_live_nets_are_written_down_with_the_net_that_ran(tuneful):
    session = begin()
    work_off(kinds=[rules.PLAN, rules.SEGMENT])
    assert not StageTime.objects.exclude(stage__startswith="job ").exists()
    listen(session, 6)
    by_nets = [row for row in session.sections.all() if row.frame["by"] == "nets"]
    decided = {net for row in by_nets for net in recipes.from_json(row.recipe).nets}
    timed = StageTime.objects.exclude(stage__startswith="job ")
    assert timed.filter(stage="draft", digest="").count() == len(by_nets)
    assert timed.filter(stage="mix").count() == len(by_nets)
    assert {one.digest for one in timed if one.digest} == decided
    assert {"lines", "sound"} <= {one.stage for one in timed}
    told = {(one.stage, one.digest) for one in stage_latencies(timezone.now())}
    assert {(one.stage, one.digest) for one in timed} <= told


def test_a_change_is_answered_by_rules_and_all_of_it_is_one_long_render(tuneful, material):
    session = begin()
    work_off()
    listen(session, 19)
    assert session.sections.last().frame["by"] == "nets"
    steer_session(
        session_id=session.id, wishes={"energy": 0.9}, heard_at=18 * RATE, now=timezone.now()
    )
    waiting = open_jobs(session).get()
    assert (waiting.kind, waiting.priority) == (rules.PLAN, 0)
    work_off()
    listen(session, 26)
    rows = list(session.sections.all())
    answer = next(row for row in rows if row.because)
    assert (answer.because, answer.frame["by"]) == ("steered", "rules")
    assert rows[-1].index > answer.index
    assert rows[-1].frame["by"] == "nets"
    generated = session.segments.filter(version=1).values_list("generated", flat=True)
    assert any(np.any(np.frombuffer(bytes(one))) for one in generated)
    played, whole = heard(session, range(26)), rendered(session, material, 26 * RATE)
    assert np.flatnonzero(np.any(played != whole, axis=0)).tolist() == []


def test_the_same_seed_gives_the_same_sections_whoever_plans_them(tuneful):
    written = []
    for key in ("k1", "k2"):
        nets._shelf.cache_clear()
        session = begin(key=key)
        work_off()
        listen(session, 5)
        written.append([row.recipe_sha256 for row in session.sections.all()])
    assert written[0] == written[1]
    assert len(written[0]) > 1


def test_the_part_of_nets_is_sealed_minute_by_minute_out_of_the_stored_windows(tuneful):
    session = begin()
    work_off()
    listen(session, 20)
    end_session(session_id=session.id, now=timezone.now())
    work_off()
    record, minute = LicenceRecord.objects.get(), SealedMinute.objects.get()
    sums, notes = [], []
    for row in session.segments.filter(number__lt=20):
        table = np.frombuffer(bytes(row.windows)).reshape(-1, len(row.sources))
        generated = np.frombuffer(bytes(row.generated))
        assert len(generated) in (0, len(table))
        sums.append(table.sum(axis=1, keepdims=True))
        notes.append(generated if len(generated) else np.zeros(len(table)))
    expected = model_ppm_of(np.concatenate(sums), np.concatenate(notes))
    assert 0 < expected < 1_000_000
    assert minute.model_ppm == record.model_ppm
    assert abs(minute.model_ppm - expected) <= 1
    assert record.state == "SEALED"
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000


def test_where_sound_is_wanted_soon_rules_go_on_and_a_net_that_fails_ends_no_session(tuneful):
    session = begin()
    work_off(kinds=[rules.PLAN])
    session.refresh_from_db()
    end = session.planned
    for left, kind in ((rules.PLANNED_AHEAD, None), (rules.PRESSING, rules.NETS), (0, rules.PLAN)):
        open_jobs(session).exclude(kind=rules.SEGMENT).delete()
        LiveSession.objects.filter(id=session.id).update(handed=end - left)
        session.refresh_from_db()
        keep_going(session, timezone.now(), stand_of(session, timezone.now()))
        put = open_jobs(session).exclude(kind__in=[rules.SEGMENT, rules.SEAL])
        assert [one.kind for one in put] == ([kind] if kind else [])
    failed = Job(kind=rules.NETS, subject_kind="session", subject_ref=str(session.id))
    ENDINGS[rules.NETS](failed, timezone.now())
    session.refresh_from_db()
    assert session.state == State.LIVE
    work_off(kinds=[rules.PLAN])
    assert session.sections.last().frame["by"] == "rules"
