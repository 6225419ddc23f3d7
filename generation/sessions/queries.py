"""What pages, API and workers read of a session: what stands, what may be heard, who is in it.

Reads only. Invariant: a segment may be heard while everything it holds still stands, or, where a
grant fell, until the bar line from which the session went on without it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from generation.compose.stream import Place, heard_in, place_as_written, standing, version_of
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
    return standing(place_as_written(*row[:3]) for row in _written(session))


def _written(session: LiveSession) -> list[tuple[int, int, int, int, str]]:
    """(index, start, end, part, because) of the newest sections, in the order of writing."""
    rows = Section.objects.filter(session=session).order_by("-index")
    return list(rows.values_list("index", "start", "end", "part", "because")[:_RECENT])[::-1]


@dataclass(frozen=True, slots=True)
class Stand:
    """What is to sound of a session, and what of it fell, as they were at one moment.

    `fallen`: the numbers of sections that rest on something that fell, and were not cut for it.
    All before such a cut stand: what was written until its line may still be heard.
    """

    chain: list[Place]
    fallen: frozenset[int]

    def may_sound(self, number: int) -> bool:
        """Whether segment `number` holds no bars of a section that fell."""
        return not any(place.number in self.fallen for place in heard_in(self.chain, number))


def stand_of(session: LiveSession, at: datetime) -> Stand:
    """How a session stands at `at`. Two queries, for whoever then asks about many seconds."""
    written = _written(session)
    chain = standing(place_as_written(*row[:3]) for row in written)
    facts = {row[0]: row[3:] for row in written}
    mine = [(place.number, *facts[place.number]) for place in chain]
    holding = parts_standing([part for _, part, _ in mine], at)
    found, is_answered = set(), False
    for number, part, because in reversed(mine):
        if part not in holding and not is_answered:
            found.add(number)
        is_answered = is_answered or because == WITHDRAWN
    return Stand(chain, frozenset(found))


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


def heard_now(session: LiveSession, now: datetime) -> int | None:
    """The sample that the listener hears at this moment, as far as their player told it."""
    if session.heard is None:
        return None
    passed = round((now - session.heard_at).total_seconds() * SAMPLE_RATE_HZ)
    return min(session.handed, session.heard + max(0, passed))


def list_segments(
    session: LiveSession, stand: Stand, after: int, *, before: int = MOST_SEGMENTS
) -> list[LiveSegment]:
    """The unbroken run of stored segments from number `after` on that may be heard.

    It ends before number `before`.
    """
    stored = session.segments.filter(number__gte=after, number__lt=before)
    rows = {(one.number, one.version): one for one in stored.order_by("number", "version")}
    found: list[LiveSegment] = []
    number = after
    while True:
        version = version_of(stand.chain, number)
        row = rows.get((number, version)) if version is not None else None
        if row is None or not stand.may_sound(number):
            return found
        found.append(row)
        number += 1


def find_segment(session: LiveSession, stand: Stand, number: int) -> LiveSegment | None:
    """One segment in its present version, when it may be heard."""
    version = version_of(stand.chain, number)
    if version is None or not stand.may_sound(number):
        return None
    return session.segments.filter(number=number, version=version).first()
