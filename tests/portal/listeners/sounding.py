"""Live sessions as workers would have made them, without one: rows by operations, sound by hand."""

import uuid
from datetime import timedelta

import numpy as np
from django.db.models import F
from django.utils import timezone

from generation import recipe as recipes
from generation.compose.stream import SEGMENT_SAMPLES, segment_range, version_of
from generation.sessions.models import LiveSession
from generation.sessions.operations import (
    Planned,
    Rendered,
    start_session,
    store_segment,
    write_section,
)
from generation.sessions.queries import places_of
from tests.portal.listeners.made import RATE, flac, named, plan, store, tone, windows

BAR = 2 * RATE


def begun(user, **more):
    """One that waits for its first section."""
    given = {
        "requester": named(user),
        "key": str(uuid.uuid4()),
        "mode": "mood",
        "targets": {"energy": 0.5},
        "seed": 1,
        "territory": "DE",
        "channel": "SITE",
        "now": timezone.now(),
    }
    return start_session(**(given | more))


def written(session, stage, start: int, end: int, because: str = ""):
    """The next section, [start, end) seconds of drums and vocals; None if it was not taken."""
    now, stems = timezone.now(), (stage.drums, stage.vocals)
    last = session.sections.order_by("-index").first()
    beats = list(range(start * RATE, end * RATE + 1, BAR // 4))
    said = {"tempo_bpm": 120.0, "key": "A min", "energy": 0.4, "remarks": []}
    return write_section(
        session_id=session.id,
        after=last.digest if last else "",
        planned=Planned(
            recipe=recipes.to_json(plan(stage, 8.0)),
            frame={"beats": beats, "beats_per_bar": 4, "said": said, "level_db": 0.0},
            start=start * RATE,
            end=end * RATE,
            control=session.controls.count(),
            because=because,
            sources=[(one.pk, one.audio_id) for one in stems],
        ),
        stems=[str(one.pk) for one in stems],
        now=now,
    )


def sound_of(version: int, start: int, end: int) -> np.ndarray:
    """What a session sounds like where section `version` decides."""
    return tone(start, end) * (1.0 - 0.25 * version)


def rendered(session, stage, numbers) -> None:
    """Store these seconds in their present version: three quarters drums, one quarter vocals."""
    places = places_of(session)
    for number in numbers:
        version = version_of(places, number)
        assert version is not None, number
        body = flac(sound_of(version, *segment_range(number)))
        name, digest = store("live", "flac", body)
        store_segment(
            session_id=session.id,
            rendered=Rendered(
                number=number,
                version=version,
                name=name,
                digest=digest,
                size=len(body),
                sources=[stage.drums.audio_id, stage.vocals.audio_id],
                windows=windows(10, 0.03, 0.01),
            ),
            now=timezone.now(),
        )


def sounding(user, stage, seconds: int = 40, **more):
    """One whose first `seconds` are planned and stored, but for the last, which is not final."""
    session = begun(user, **more)
    assert written(session, stage, 0, seconds) is not None
    rendered(session, stage, range(seconds - 1))
    session.refresh_from_db()
    return session


def pass_time(session, seconds: float) -> None:
    """Let so much time go by since the session was last heard of."""
    LiveSession.objects.filter(id=session.id).update(
        heard_at=F("heard_at") - timedelta(seconds=seconds)
    )


__all__ = ["SEGMENT_SAMPLES", "begun", "pass_time", "rendered", "sound_of", "sounding", "written"]
