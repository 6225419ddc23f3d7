"""A studio, a listener who pays, and jobs done in this process."""

import numpy as np
import pytest
from django.utils import timezone

from generation import recipe as recipes
from generation.compose.reel import recipe_of, reel_from
from generation.engine.codecs import decode_flac, from_int24, to_int24
from generation.engine.render import render
from generation.sessions.operations import hand_out, start_session
from generation.work.models import Job
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from generation.worker.planning import read_chain
from licensing.catalog.store import audio_store
from tests.portal.listeners.made import pay
from tests.studio import LISTENER, build_studio


def work_off(kinds=None):
    """Do the claimable jobs until none is left."""
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    return drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)


def begin(key="k1", **more):
    given = {
        "requester": LISTENER,
        "key": key,
        "mode": "mood",
        "targets": {"energy": 0.5},
        "seed": 5,
        "territory": "DE",
        "channel": "SITE",
        "now": timezone.now(),
    }
    return start_session(**(given | more))


def listen(session, until, **how):
    """Take every second up to `until` as a player does, in order."""
    first = session.handed // 48_000
    for number in range(first, until):
        session.refresh_from_db()
        hand_out(session=session, number=number, now=timezone.now(), **how)
        work_off()
    session.refresh_from_db()


def heard(session, numbers):
    """The samples of segments in their last version."""
    parts = []
    for number in numbers:
        row = session.segments.filter(number=number).order_by("-version").first()
        with audio_store().open(row.name) as stored:
            parts.append(decode_flac(stored.read()))
    return np.concatenate(parts, axis=1)


def rendered(session, material, end):
    """One long render of the same sections."""
    rows = list(session.sections.all())
    plan = recipe_of(reel_from(recipes.from_json(rows[0].recipe)), read_chain(rows))
    stems = dict(zip(material.digests, material.audio, strict=True))
    onsets = {
        digest: (np.array(one.onsets, dtype=np.int64), np.array(one.onset_db))
        for digest, one in zip(material.digests, material.measures, strict=True)
    }
    whole = render(plan, stems, onsets, 0, end, with_parts=False, with_windows=False)
    return from_int24(to_int24(whole.audio))


@pytest.fixture
def studio(db, material):
    built = build_studio(material)
    pay(LISTENER, timezone.now())
    return built


def open_jobs(session):
    return Job.objects.filter(subject_ref=str(session.id), state__in=["WAITING", "RUNNING"])
