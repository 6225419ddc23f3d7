"""What a play list has named is never changed, by whatever is asked for and whoever withdraws."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from generation.engine import hls
from generation.sessions import listing, rules
from generation.sessions.models import LiveSession
from generation.sessions.operations import steer_session
from generation.sessions.queries import places_of
from licensing.clearance.operations import withdraw_grant
from tests.generation.sessions.conftest import begin, work_off
from tests.studio import ACTOR

RATE = 48_000


@pytest.mark.parametrize("count", [1, 2, 7, 24, 1_000])
def test_the_seconds_of_listed_segments_hold_what_their_codecs_hear_and_no_segment_more(
    count: int,
) -> None:
    seconds = listing.seconds_for(count)
    assert seconds % RATE == 0
    assert 0 <= seconds - (count * hls.SEGMENT_SAMPLES + hls.LOOK_AHEAD) < RATE
    assert listing.count_listed(seconds) == count


def test_a_listener_is_taken_to_go_with_the_clock_between_two_bounds() -> None:
    reached = 20 * hls.SEGMENT_SAMPLES
    handed = listing.seconds_for(20)
    nearest = reached - listing.LEAD
    assert listing.listener_at(handed, nearest, RATE) == nearest + RATE
    assert listing.listener_at(handed, 0, RATE) == nearest
    assert listing.listener_at(handed, None, 0) == nearest
    assert listing.listener_at(handed, nearest, 600 * RATE) == nearest + listing.STRIDE
    assert listing.listener_at(0, None, 600 * RATE) == 0


def _listed(session: LiveSession) -> dict[tuple[str, int], str]:
    """The digest of what every listed segment of either codec is made of."""
    now, session = timezone.now(), LiveSession.objects.get(id=session.id)
    wanted = [
        listing.wanted_segment(session, form, number, now)
        for form in hls.RENDITIONS
        for number in listing.window_of(session.listed)
    ]
    return {(one.form, one.index): one.digest for one in wanted if one is not None}


def _go_on(session: LiveSession, turns: int) -> None:
    """Ask for the list once a segment's length, as a client does."""
    turn = timedelta(seconds=hls.SEGMENT_SAMPLES / RATE)
    for _ in range(turns):
        LiveSession.objects.filter(id=session.id).update(heard_at=F("heard_at") - turn)
        listing.list_ahead(session_id=session.id, now=timezone.now())
        work_off()


def _still(before: dict[tuple[str, int], str], after: dict[tuple[str, int], str]) -> bool:
    """Whether what is in both lists is made of the same, and something is."""
    both = before.keys() & after.keys()
    return bool(both) and all(before[name] == after[name] for name in both)


def test_a_change_comes_behind_what_was_listed_though_the_player_says_where_it_is(studio) -> None:
    session = begin()
    work_off()
    _go_on(session, 4)
    before, listed = _listed(session), LiveSession.objects.get(id=session.id).listed
    assert len(before) == 2 * len(listing.window_of(listed)) > 0
    steer_session(session_id=session.id, wishes={"energy": 1.0}, heard_at=RATE, now=timezone.now())
    work_off()
    new = session.sections.order_by("-index").first()
    assert new.because == "steered"
    assert new.start >= listed + rules.AHEAD
    assert _listed(session) == before
    _go_on(session, 3)
    after = _listed(session)
    assert _still(before, after)
    assert max(after) > max(before)


def test_a_withdrawn_stem_leaves_behind_what_was_listed(studio) -> None:
    session = begin(targets={"density": 1.0, "energy": 0.9})
    work_off()
    _go_on(session, 4)
    before, listed = _listed(session), LiveSession.objects.get(id=session.id).listed
    sources = session.segments.first().sources
    gone = next(stem for stem in studio.stems if stem.audio_id in sources)
    for grant in studio.grants:
        if grant.stem_id == gone.id:
            withdraw_grant(grant_id=grant.id, actor=ACTOR, now=timezone.now())
    assert _listed(session) == {}
    _go_on(session, 1)
    new = session.sections.get(because="withdrawn")
    assert new.index >= 2, "a section that was over before the cut must stand, too"
    assert new.start >= listed + rules.AHEAD
    assert _still(before, _listed(session))
    assert places_of(session)[-1].end > listed
