"""Play lists that cannot take back what they named: how far they go, and what is fetched by them.

A client of HTTP Live Streaming fetches what is listed when it likes, keeps it, and never says where
it is. So what is listed counts as handed out, in the version it then had. Invariants: sound before
`listed` is never changed, which `operations.write_section` holds under the same lock; the end of
the list goes no faster than the clock, however often and by however many it is asked for, and
waits for a listener who stays away.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from generation.compose.stream import SEGMENT_SAMPLES, segment_at, segment_range
from generation.engine import hls
from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions import rules
from generation.sessions.jobs import keep_going
from generation.sessions.models import LiveSession
from generation.sessions.queries import Stand, list_segments, stand_of
from generation.variations.encodings import Wanted, heard_by, made_of

# A client begins three target durations, 6 s, before the end of what is listed; so far the list
# goes beyond where somebody who never stops would be by now.
LEAD = 4 * hls.SEGMENT_SAMPLES
# How far one who was away for long comes on with a request.
STRIDE = 3 * hls.SEGMENT_SAMPLES
# Segments that stay listed: what lies ahead of anybody who keeps up, and as much behind.
WINDOW = 10


def count_listed(listed: int) -> int:
    """How many segments are listed where the seconds up to sample `listed` must not change.

    Whatever any codec hears beyond a segment is among those seconds.
    """
    return max(0, listed - hls.LOOK_AHEAD) // hls.SEGMENT_SAMPLES


def seconds_for(count: int) -> int:
    """The sample before which nothing may change once `count` segments are listed."""
    high = count * hls.SEGMENT_SAMPLES + hls.LOOK_AHEAD
    return -(-high // SEGMENT_SAMPLES) * SEGMENT_SAMPLES if count else 0


def listener_at(handed: int, heard: int | None, passed: int) -> int:
    """Where the listener is taken to be, `passed` samples of time after they were at `heard`.

    At most LEAD behind the last whole segment that was handed out, and never further on than one
    stride from there.
    """
    reached = count_listed(handed) * hls.SEGMENT_SAMPLES
    nearest, furthest = max(0, reached - LEAD), max(0, reached - LEAD + STRIDE)
    return min(furthest, max(nearest, (nearest if heard is None else heard) + passed))


def window_of(listed: int) -> range:
    """The segments that a play list names: the newest ones."""
    count = count_listed(listed)
    return range(max(0, count - WINDOW), count)


@transaction.atomic
def list_ahead(*, session_id: UUID, now: datetime) -> LiveSession:
    """Name what is due of the sound at hand, and have what follows made; the session as it is then.

    One that is over, or has no record yet, stays as it is.
    """
    session = LiveSession.objects.select_for_update().get(id=session_id)
    if session.state not in rules.UNDER_WAY or session.record_id is None:
        return session
    passed = max(0, round((now - session.heard_at).total_seconds() * SAMPLE_RATE_HZ))
    session.heard = listener_at(session.handed, session.heard, passed)
    session.heard_at = now
    stand = stand_of(session, now)
    count = min(_count_stored(session, stand), (session.heard + LEAD) // hls.SEGMENT_SAMPLES)
    session.listed = max(session.listed, seconds_for(count))
    session.handed = max(session.handed, session.listed)
    session.save(update_fields=["heard", "heard_at", "listed", "handed"])
    keep_going(session, now, stand)
    return session


def _count_stored(session: LiveSession, stand: Stand) -> int:
    """How many segments the stored seconds are enough for, from what was handed out on."""
    first = segment_at(max(session.listed, session.handed - LEAD))
    run = list_segments(session, stand, first)
    return count_listed((first + len(run)) * SEGMENT_SAMPLES)


def wanted_segment(session: LiveSession, form: str, index: int, now: datetime) -> Wanted | None:
    """Segment `index` of a rendition, when it was listed and may be heard now."""
    if index >= count_listed(session.listed):
        return None
    end = (index + 1) * hls.SEGMENT_SAMPLES + hls.LOOK_AHEAD
    span = heard_by(form, index, end)
    if span is None:
        return None
    first, last = segment_at(span[0]), segment_at(span[1] - 1)
    rows = list_segments(session, stand_of(session, now), first, before=last + 1)
    pieces = [(*segment_range(row.number), row.name, row.digest) for row in rows]
    return made_of(form, index, end, pieces)
