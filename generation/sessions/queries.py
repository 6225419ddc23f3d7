"""What pages, API and workers read of a session: what stands, what may be heard, who is in it.

Reads only. Invariant: a segment may be heard while everything it holds still stands, or, where a
grant fell, until the bar line from which the session went on without it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from generation.compose.stream import Place, heard_in, standing, version_of
from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions.models import LiveSegment, LiveSession, Section
from licensing.attribution.queries import parts_standing

WITHDRAWN = "withdrawn"
Listener = tuple[str, str]
MOST_SEGMENTS = 2**31 - 1
# Sections further back than this have ended long ago, whatever was cut.
_RECENT = 64


def places_of(session: LiveSession) -> list[Place]:
    """The sections that are to sound, as far back as any listener may still be."""
    rows = Section.objects.filter(session=session).order_by("-index")
    found = rows.values_list("index", "start", "end")[:_RECENT]
    return standing(Place(*row) for row in reversed(found))


def session_for(listener: Listener, session_id: UUID | str) -> LiveSession | None:
    """The session with its record, when it is this listener's own or of a client's customer."""
    rows = LiveSession.objects.select_related("record")
    session = rows.filter(id=session_id).first()
    if session is None:
        return None
    theirs = {
        (session.listener_kind, session.listener_ref),
        (session.requester_kind, session.requester_ref),
    }
    return session if listener in theirs else None


def fallen(session: LiveSession, chain: Sequence[Place], at: datetime) -> frozenset[int]:
    """The numbers of sections in `chain` that rest on something that fell, and were not cut for it.

    All before such a cut stand: what was written until its line may still be heard. Two queries.
    """
    rows = Section.objects.filter(session=session, index__in=[one.number for one in chain])
    facts = {
        index: (part, because)
        for index, part, because in rows.values_list("index", "part", "because")
    }
    holding = parts_standing([part for part, _ in facts.values()], at)
    found, is_answered = set(), False
    for place in reversed(chain):
        part, because = facts[place.number]
        if part not in holding and not is_answered:
            found.add(place.number)
        is_answered = is_answered or because == WITHDRAWN
    return frozenset(found)


def heard_now(session: LiveSession, now: datetime) -> int | None:
    """The sample that the listener hears at this moment, as far as their player told it."""
    if session.heard is None:
        return None
    passed = round((now - session.heard_at).total_seconds() * SAMPLE_RATE_HZ)
    return min(session.handed, session.heard + max(0, passed))


def list_segments(
    session: LiveSession,
    chain: Sequence[Place],
    after: int,
    at: datetime,
    *,
    before: int = MOST_SEGMENTS,
) -> list[LiveSegment]:
    """The unbroken run of stored segments from number `after` on that may be heard at `at`.

    It ends before number `before`.
    """
    gone = fallen(session, chain, at)
    stored = session.segments.filter(number__gte=after, number__lt=before)
    rows = {(one.number, one.version): one for one in stored.order_by("number", "version")}
    found: list[LiveSegment] = []
    number = after
    while True:
        version = version_of(chain, number)
        row = rows.get((number, version)) if version is not None else None
        if row is None or any(place.number in gone for place in heard_in(chain, number)):
            return found
        found.append(row)
        number += 1


def is_withdrawn(session: LiveSession, number: int, at: datetime) -> bool:
    """Whether segment `number` holds some bars of a section that fell."""
    return _holds_fallen(session, places_of(session), number, at)


def _holds_fallen(session: LiveSession, chain: Sequence[Place], number: int, at: datetime) -> bool:
    gone = fallen(session, chain, at)
    return any(place.number in gone for place in heard_in(chain, number))


def find_segment(session: LiveSession, number: int, at: datetime) -> LiveSegment | None:
    """One segment in its present version, when it may be heard at `at`."""
    chain = places_of(session)
    version = version_of(chain, number)
    if version is None or _holds_fallen(session, chain, number, at):
        return None
    return session.segments.filter(number=number, version=version).first()
