"""The verbs of a session under way: write a section, store a segment, hand one out.

Who plans and renders calls from above; here a recipe is text and sound is a name in the store.
Invariants: nothing can be fetched before the licence record is open; a section is written after the
one it was planned after, or not at all; a segment that comes twice is stored once.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from generation import recipe as recipes
from generation.compose.stream import SEGMENT_SAMPLES, first_changed, version_of
from generation.sessions import rules
from generation.sessions.asking import start_session, steer_session
from generation.sessions.ending import announce, end_idle_sessions, end_session
from generation.sessions.jobs import keep_going, mend_sessions, put_segments
from generation.sessions.models import LiveSession, Section
from generation.sessions.queries import Stand, places_of, stand_of
from generation.sessions.rules import State
from generation.variations.reach import reach_of
from generation.variations.rules import Mode, use_of
from generation.work.operations import unhurried
from licensing.attribution.live import open_part
from licensing.attribution.models import RecordPart
from licensing.clearance.queries import use_asked

__all__ = [
    "Planned",
    "end_idle_sessions",
    "end_session",
    "hand_out",
    "mend_sessions",
    "start_session",
    "steer_session",
    "store_segment",
    "write_section",
]


@dataclass(frozen=True, slots=True)
class Planned:
    """A section that was planned: see `models.Section`. `sources`: (stem, digest) that sound."""

    recipe: str
    frame: Mapping[str, Any]
    start: int
    end: int
    control: int
    because: str
    sources: Sequence[tuple[uuid.UUID, str]]


def section_digest(recipe_sha256: str, frame: Mapping[str, Any], follows: str) -> str:
    """Hex SHA-256 over a section and the digest of the one it follows."""
    text = json.dumps([recipe_sha256, dict(frame), follows], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def write_section(
    *,
    session_id: uuid.UUID,
    after: str,
    planned: Planned,
    stems: Sequence[str],
    now: datetime,
) -> Section | None:
    """Write the next section under its own part of the record, which opens with the first.

    `after`: the digest of the section it was planned after, "" for the first. None: another was
    written meanwhile, or what it would change was listed, or the session is over. Raises
    OpenRefused when a grant fell meanwhile.
    """
    session = LiveSession.objects.select_for_update().get(id=session_id)
    last: Section | None = None
    if session.state != State.OPENING:
        last = session.sections.order_by("-index").only("index", "digest").first()
    if session.state not in rules.UNDER_WAY or (last.digest if last else "") != after:
        return None
    if rules.changes_listed(planned.start, session.listed):
        return None
    index = last.index + 1 if last else 0
    sha256 = recipes.sha256_of_text(planned.recipe)
    part = _part(session, planned, index, sha256, now)
    session.record, session.state = part.record, State.LIVE
    session.stems = sorted({*session.stems, *stems})
    section = Section.objects.create(
        session=session,
        index=index,
        start=planned.start,
        end=planned.end,
        recipe=planned.recipe,
        recipe_sha256=sha256,
        frame=dict(planned.frame),
        digest=section_digest(sha256, planned.frame, after),
        follows=after,
        control=planned.control,
        part=part,
        because=planned.because,
        written_at=now,
    )
    session.planned = planned.end
    session.save(update_fields=["record", "stems", "state", "planned"])
    # Who planned the first section looks for its first second next, and may have it rendered.
    put_segments(session, places_of(session), now, since=_since(planned), is_awake=index == 0)
    # Nothing of it sounds before the minute that is started for it is on the disk.
    announce(session.id, f"section {index}", is_hurried=True)
    return section


def _since(planned: Planned) -> int | None:
    return first_changed(planned.start) if planned.because else None


def _part(
    session: LiveSession, planned: Planned, index: int, sha256: str, now: datetime
) -> RecordPart:
    plan = recipes.read_once(planned.recipe)
    return open_part(
        subject=session.subject(),
        index=index,
        wanted=use_asked(
            use_of(Mode(session.mode)),
            [stem for stem, _ in planned.sources],
            (session.requester_kind, session.requester_ref),
            session.territory,
            session.channel,
            is_live=True,
            by_taste=bool(session.by_taste),
        ),
        recipe_sha256=sha256,
        sources=planned.sources,
        policy=plan.policy,
        now=now,
        made=reach_of(plan),
    )


@dataclass(frozen=True, slots=True)
class Rendered:
    """A second of sound in the store; the tables and `players`: see `models.LiveSegment`."""

    number: int
    version: int
    name: str
    digest: str
    size: int
    sources: Sequence[str]
    windows: bytes
    generated: bytes = b""
    players: Sequence[str] = ()


# Nothing is stored where a section was written that the renderer did not know of. A second that a
# crash of the database forgets is rendered again; one that was handed out is on the disk with that.
_STORE = """
WITH soon AS (SELECT set_config('synchronous_commit', {commit}, true)),
stored AS (
    INSERT INTO live_sessions_livesegment (session_id, number, version, name, digest, bytes,
                                           sources, players, windows, generated, stored_at)
    SELECT %(session)s, %(number)s, %(version)s, %(name)s, %(digest)s, %(bytes)s,
           %(sources)s::jsonb, %(players)s::jsonb, %(windows)s, %(generated)s, %(now)s
      FROM soon
     WHERE NOT EXISTS (SELECT FROM live_sessions_section
                        WHERE session_id = %(session)s AND "index" > %(newest)s)
        ON CONFLICT DO NOTHING
    RETURNING number),
housed AS (
    UPDATE live_sessions_livesession SET home = %(home)s
      FROM stored WHERE id = %(session)s AND home <> %(home)s)
SELECT pg_notify('segment', %(session)s::text || ':' || number) FROM stored
"""


def store_segment(
    *,
    session_id: uuid.UUID,
    rendered: Rendered,
    now: datetime,
    worker: str = "",
    stand: Stand | None = None,
) -> bool:
    """Make a stored segment visible. False: a change has made it stale, or it came twice.

    What follows has its home with `worker` from now on; behind the first, it is put now. `stand`:
    how the session stood when it was rendered; what was written since is looked at.
    """
    rows = LiveSession.objects.filter(id=session_id)
    chain = places_of(rows.get()) if stand is None else stand.chain
    if version_of(chain, rendered.number) != rendered.version:
        return False
    if not _write_segment(session_id, rendered, chain[-1].number, worker, now):
        return stand is not None and store_segment(
            session_id=session_id, rendered=rendered, now=now, worker=worker
        )
    if rendered.number == 0:
        session = rows.get()
        if session.state in rules.UNDER_WAY:
            # The others stay asleep: whoever fetches this second needs their core.
            put_segments(session, chain, now, is_awake=True)
    return True


def _write_segment(
    session_id: uuid.UUID, rendered: Rendered, newest: int, home: str, now: datetime
) -> bool:
    """Store it and ring in one statement. False: it is there, or a section after `newest` is."""
    values: dict[str, Any] = {
        "session": session_id,
        "number": rendered.number,
        "version": rendered.version,
        "name": rendered.name,
        "digest": rendered.digest,
        "bytes": rendered.size,
        "sources": json.dumps(list(rendered.sources)),
        "players": json.dumps(list(rendered.players)),
        "windows": rendered.windows,
        "generated": rendered.generated,
        "newest": newest,
        "home": home,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(unhurried(_STORE), values)
        return cursor.fetchone() is not None


@transaction.atomic
def hand_out(
    *,
    session: LiveSession,
    number: int,
    now: datetime,
    heard: int | None = None,
    stand: Stand | None = None,
) -> None:
    """A segment goes to the listener: remember how far they are, and have what follows made.

    What follows the first was put when that was stored, and is put on with the second: whoever
    waits for the first does not wait for that. `session` as it was read just now, `stand` how it
    stood then; `heard`: the sample they say they hear at this moment.
    """
    reached = (number + 1) * SEGMENT_SAMPLES
    LiveSession.objects.filter(id=session.id).update(
        handed=Greatest(F("handed"), reached), heard=heard, heard_at=now
    )
    session.handed, session.heard, session.heard_at = max(session.handed, reached), heard, now
    if session.state in rules.UNDER_WAY and number > 0:
        keep_going(session, now, stand or stand_of(session, now))
