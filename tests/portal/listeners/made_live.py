"""Live sessions as a worker would have made them, without one: rows by operations."""

import uuid
from datetime import datetime

from generation import recipe as recipes
from generation.compose.stream import segment_range, version_of
from generation.sessions import operations
from generation.sessions.models import LiveSession, Section
from generation.sessions.queries import places_of
from tests.licensing.stage import Stage
from tests.portal.listeners.made import named, plan, store, tone_file, windows

RATE = 48_000
# Four beats at 120 bpm.
BAR = 2 * RATE


def begun(user, now: datetime, **more: object) -> LiveSession:
    """A mood bed that waits to be planned."""
    given = {
        "requester": named(user),
        "key": str(uuid.uuid4()),
        "mode": "mood",
        "targets": {"energy": 0.5},
        "seed": 5,
        "territory": "DE",
        "channel": "SITE",
        "now": now,
    }
    return operations.start_session(**(given | more))


def planned(session: LiveSession, stage: Stage, bar: int, now: datetime, **more: object) -> Section:
    """Write a section of eight bars that begins at a bar: drums and vocals, cleared for it."""
    stems = (stage.drums, stage.vocals)
    start, last = bar * BAR, session.sections.order_by("-index").first()
    beats = [start + beat * BAR // 4 for beat in range(33)]
    said = {
        "tempo_bpm": 120.0,
        "key": "A min",
        "keys": ["G# min", "A min", "A# min"],
        "energy": more.pop("energy", 0.5),
        "remarks": [],
    }
    frame = {"index": bar // 8, "beats": beats, "beats_per_bar": 4, "level_db": 0.0}
    made = operations.write_section(
        session_id=session.pk,
        after=last.digest if last else "",
        planned=operations.Planned(
            recipe=recipes.to_json(plan(stage, 16.0)),
            frame=frame | {"said": said},
            start=start,
            end=beats[-1],
            control=int(more.pop("control", 0)),
            because=str(more.pop("because", "")),
            sources=[(one.pk, one.audio_id) for one in stems],
        ),
        stems=[str(one.pk) for one in stems],
        now=now,
    )
    assert made is not None
    session.refresh_from_db()
    return made


def sounded(session: LiveSession, stage: Stage, numbers: range, now: datetime) -> None:
    """Store seconds in their newest version: three quarters drums, or vocals in every third."""
    chain = places_of(session)
    for number in numbers:
        version = version_of(chain, number)
        assert version is not None
        body = tone_file(*segment_range(number), 1.0 if version % 2 == 0 else 0.5)
        name, digest = store("segment", "flac", body)
        shares = (0.01, 0.03) if number % 3 == 2 else (0.03, 0.01)
        is_new = operations.store_segment(
            session_id=session.pk,
            rendered=operations.Rendered(
                number=number,
                version=version,
                name=name,
                digest=digest,
                size=len(body),
                sources=[stage.drums.audio_id, stage.vocals.audio_id],
                windows=windows(10, *shares),
            ),
            now=now,
        )
        assert is_new


def going_on(user, stage: Stage, now: datetime, seconds: int = 6, **more: object) -> LiveSession:
    """One whose first seconds may be heard."""
    session = begun(user, now, **more)
    planned(session, stage, 0, now)
    sounded(session, stage, range(seconds), now)
    return session
