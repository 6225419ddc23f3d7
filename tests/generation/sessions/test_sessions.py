"""A session from its start to its seal, in this process: the handlers under the real loop."""

import uuid
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from generation import recipe as recipes
from generation.compose.stream import SEGMENT_SAMPLES, first_changed
from generation.sessions import rules
from generation.sessions.asking import is_waiting
from generation.sessions.jobs import keep_going
from generation.sessions.models import LiveSession, Section
from generation.sessions.operations import (
    end_idle_sessions,
    end_session,
    hand_out,
    mend_sessions,
    section_digest,
    steer_session,
)
from generation.sessions.queries import (
    find_segment,
    list_segments,
    session_for,
    stand_of,
)
from generation.sessions.rules import State
from generation.variations.rules import RequestRefused
from generation.work.models import Job
from generation.work.operations import claim_next, finish
from licensing.attribution.keeping import kept_of
from licensing.attribution.models import LicenceRecord, MinuteLine, SealedMinute
from licensing.clearance.operations import withdraw_grant
from tests.generation.sessions.conftest import (
    begin,
    heard,
    listen,
    open_jobs,
    rendered,
    work_off,
)
from tests.studio import ACTOR, LISTENER

RATE = 48_000


def test_a_session_opens_its_record_before_its_first_sound_and_stays_ahead(studio):
    session = begin()
    assert (session.state, session.record) == (State.OPENING, None)
    work_off(kinds=[rules.PLAN])
    session.refresh_from_db()
    assert (session.state, session.record.state) == (State.LIVE, "OPEN")
    assert not session.segments.exists()
    work_off()
    stored = list(session.segments.values_list("number", flat=True))
    assert stored == list(range(rules.RENDERED_AHEAD))
    listen(session, 12)
    assert session.handed == 12 * SEGMENT_SAMPLES
    assert session.planned >= session.handed + rules.PLANNED_AHEAD
    assert not open_jobs(session).exists()


def test_segments_in_sequence_are_one_long_render_also_across_changes(studio, material):
    session = begin()
    work_off()
    listen(session, 4)
    steer_session(
        session_id=session.id,
        wishes={"energy": 0.95, "tempo_bpm": 130.0},
        heard_at=3 * RATE,
        now=timezone.now(),
    )
    work_off()
    listen(session, 26)
    played, whole = heard(session, range(26)), rendered(session, material, 26 * RATE)
    assert np.flatnonzero(np.any(played != whole, axis=0)).tolist() == []


def test_a_change_is_heard_from_the_next_bar_line_on_and_makes_only_that_anew(studio):
    session = begin()
    work_off()
    listen(session, 6)
    before = {row.number: row.digest for row in session.segments.all()}
    steer_session(
        session_id=session.id, wishes={"energy": 1.0}, heard_at=3 * RATE, now=timezone.now()
    )
    assert is_waiting(session)
    work_off()
    assert not is_waiting(session)
    new = session.sections.order_by("-index").first()
    assert new.because == "steered"
    earliest = 3 * RATE + rules.REACTION
    bar = new.frame["beats"][new.frame["beats_per_bar"]] - new.start
    assert earliest <= new.start <= earliest + bar
    listed = list_segments(session, stand_of(session, timezone.now()), 0)
    assert [one.number for one in listed] == list(range(6 + rules.RENDERED_AHEAD))
    changed = {one.number for one in listed if one.version == new.index}
    assert changed == set(range(first_changed(new.start), 6 + rules.RENDERED_AHEAD))
    assert all(one.digest == before[one.number] for one in listed if one.number not in changed)


def test_a_second_that_was_being_rendered_when_it_changed_again_is_made_for_whoever_waits(studio):
    session = begin()
    work_off()
    listen(session, 6)
    asked = {"session_id": session.id, "heard_at": 3 * RATE, "now": timezone.now()}
    steer_session(wishes={"energy": 0.8}, **asked)
    work_off(kinds=[rules.PLAN])
    stale = first_changed(session.sections.order_by("-index").first().start)
    running = claim_next(worker=session.home, kinds=[rules.SEGMENT], now=timezone.now())
    assert running.part == stale
    steer_session(wishes={"energy": 1.0}, **asked)
    work_off(kinds=[rules.PLAN])
    finish(job=running, now=timezone.now())
    work_off()
    session.refresh_from_db()
    stand = stand_of(session, timezone.now())
    assert list_segments(session, stand, stale) == []
    keep_going(session, timezone.now(), stand, since=stale)
    work_off()
    stand = stand_of(session, timezone.now())
    assert list_segments(session, stand, stale)[0].number == stale


def test_every_section_names_the_one_before_and_is_written_once(studio):
    session = begin()
    work_off()
    listen(session, 20)
    rows = list(session.sections.all())
    assert len(rows) >= 2
    for before, row in zip([None, *rows], rows, strict=False):
        assert row.follows == (before.digest if before else "")
        assert row.digest == section_digest(row.recipe_sha256, row.frame, row.follows)
        assert row.recipe_sha256 == recipes.sha256_of_text(row.recipe)
        assert row.part.recipe_sha256 == row.recipe_sha256
    with pytest.raises(IntegrityError), transaction.atomic():
        Section.objects.filter(id=rows[1].id).update(index=0)


def test_a_withdrawn_stem_leaves_at_the_next_bar_line(studio, material):
    session = begin(targets={"density": 1.0, "energy": 0.9})
    work_off()
    listen(session, 5)
    gone = next(
        stem for stem in studio.stems if stem.audio_id in session.segments.get(number=4).sources
    )
    for grant in studio.grants:
        if grant.stem_id == gone.id:
            withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    stand = stand_of(session, timezone.now())
    assert stand.fallen
    assert find_segment(session, stand, 5) is None
    listen(session, 12, heard=5 * RATE)
    new = session.sections.order_by("-index").filter(because="withdrawn").first()
    plan = recipes.from_json(new.recipe)
    assert gone.audio_id not in {one.digest for one in plan.sources}
    assert new.start <= 6 * RATE + 4 * RATE
    assert session.state == State.LIVE
    assert not stand_of(session, timezone.now()).fallen
    late = -(-(new.start + 6 * RATE) // SEGMENT_SAMPLES)
    listen(session, late + 2)
    last = session.segments.filter(number=late + 1).order_by("-version").first()
    column = last.sources.index(gone.audio_id) if gone.audio_id in last.sources else None
    table = np.frombuffer(bytes(last.windows)).reshape(-1, len(last.sources))
    assert column is None or np.abs(table[:, column]).max() == 0.0


def test_with_no_stem_left_the_session_ends_with_a_sentence_and_is_sealed(studio):
    session = begin()
    work_off()
    listen(session, 3)
    for grant in studio.grants:
        withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    listen(session, 4)
    assert session.state == State.ENDED
    assert session.end_code == "nothing_clearable"
    session.record.refresh_from_db()
    assert session.record.state == "SEALED"


def test_minutes_are_sealed_one_by_one_and_the_rest_at_the_end(studio):
    session = begin()
    work_off()
    listen(session, 70)
    assert session.sealed == 1
    assert SealedMinute.objects.count() == 1
    end_session(session_id=session.id, now=timezone.now())
    work_off()
    session.refresh_from_db()
    record = LicenceRecord.objects.get()
    assert (session.sealed, record.state) == (2, "SEALED")
    minutes = list(SealedMinute.objects.order_by("minute"))
    assert [one.minute for one in minutes] == [0, 1]
    for one in minutes:
        lines = MinuteLine.objects.filter(sealed_minute=one).values_list("ppm", flat=True)
        assert sum(lines) == 1_000_000
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    assert not open_jobs(session).exists()
    told = kept_of(record).value
    assert told["parts"] == record.parts.count()
    assert (told["title"], told["recipe"]["seed"]) == (session.title, session.seed)
    assert told["job"]["ref"] == str(Job.objects.filter(kind=rules.SEAL).latest("created_at").pk)
    assert "console/1" in told["engine"]["processors"]


def test_what_was_never_handed_out_is_in_no_minute(studio):
    session = begin()
    work_off()
    assert session.segments.count() == rules.RENDERED_AHEAD
    end_session(session_id=session.id, now=timezone.now())
    work_off()
    assert LicenceRecord.objects.get().state == "VOID"
    assert not SealedMinute.objects.exists()


def test_one_key_is_one_session_and_a_new_one_ends_the_one_before(studio):
    first = begin()
    assert begin() == first
    with pytest.raises(RequestRefused) as refused:
        begin(mode="ambient")
    assert refused.value.code == "key_used"
    second = begin(key="k2")
    first.refresh_from_db()
    assert (first.state, first.end_code) == (State.FAILED, "another_began")
    assert second.state == State.OPENING
    assert not open_jobs(first).filter(kind=rules.PLAN).exists()


def test_a_listener_begins_so_many_sessions_a_minute(studio):
    now = timezone.now()
    for number in range(rules.STARTS):
        begin(key=f"k{number}", now=now)
    assert begin(key="k0", now=now).key == "k0"
    with pytest.raises(RequestRefused) as refused:
        begin(key="one more", now=now + rules.PER / 2)
    assert refused.value.code == "too_many"
    assert begin(key="one more", now=now + rules.PER).state == State.OPENING


def test_what_is_made_ahead_is_put_in_pairs_and_all_but_the_first_has_its_home(studio):
    session = begin()
    work_off(kinds=[rules.PLAN])
    assert open_jobs(session).get(kind=rules.SEGMENT).home == ""
    work_off()
    session.refresh_from_db()
    for number, put in ((0, 0), (1, 2)):
        hand_out(session=session, number=number, now=timezone.now())
        waiting = open_jobs(session).filter(kind=rules.SEGMENT)
        assert list(waiting.values_list("home", flat=True)) == [session.home] * put


def test_without_a_receipt_there_is_no_session(studio):
    with pytest.raises(RequestRefused) as refused:
        begin(requester=("user", "99"))
    assert refused.value.code == "no_pool"
    assert not LiveSession.objects.exists()


def test_a_session_of_one_artist_has_that_artists_stems_alone(studio):
    session = begin(artist=studio.parties[0].id)
    work_off()
    session.refresh_from_db()
    assert session.state == State.LIVE
    assert session.title == "Ada, mood bed"
    with pytest.raises(RequestRefused):
        begin(key="k3", artist=uuid.uuid4())
    with pytest.raises(RequestRefused):
        begin(key="k4", artist=studio.parties[1].id)


def test_strangers_do_not_find_it(studio):
    session = begin()
    assert session_for(LISTENER, session.id) == session
    assert session_for(("user", "8"), session.id) is None
    assert session_for(LISTENER, uuid.uuid4()) is None


def test_an_idle_session_ends_and_a_lost_job_is_put_again(studio):
    session = begin()
    work_off()
    listen(session, 2)
    later = timezone.now() + rules.IDLE + timedelta(seconds=1)
    assert end_idle_sessions(now=later) == 1
    open_jobs(session).delete()
    assert mend_sessions(now=timezone.now()) == 1
    work_off()
    session.refresh_from_db()
    assert session.record.state == "SEALED"
    fresh = begin(key="k9")
    open_jobs(fresh).delete()
    assert mend_sessions(now=timezone.now() + timedelta(minutes=1)) == 1
    assert open_jobs(fresh).get().kind == rules.PLAN


def test_a_turned_up_section_says_so_in_its_frame(studio):
    session = begin()
    work_off()
    listen(session, 30)
    levels = [row.frame["level_db"] for row in session.sections.all()]
    assert levels[0] == 0.0
    assert any(levels)
    assert all(abs(b - a) <= 2.0 for a, b in pairwise(levels))


def test_over_sessions_take_no_more_wishes(studio):
    session = begin()
    end_session(session_id=session.id, now=timezone.now())
    with pytest.raises(RequestRefused) as refused:
        steer_session(session_id=session.id, wishes={"energy": 0.1}, now=timezone.now())
    assert refused.value.code == "session_over"
