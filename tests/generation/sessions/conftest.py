"""A studio, a listener who pays, and jobs done in this process."""

import pytest
from django.utils import timezone

from generation.sessions.operations import hand_out, start_session
from generation.work.models import Job
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from tests.portal.listeners.made import pay
from tests.studio import LISTENER, build_studio, make_material


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
        hand_out(session_id=session.id, number=number, now=timezone.now(), **how)
        work_off()
    session.refresh_from_db()


@pytest.fixture(scope="session")
def material():
    return make_material()


@pytest.fixture
def studio(db, material):
    built = build_studio(material)
    pay(LISTENER, timezone.now())
    return built


def open_jobs(session):
    return Job.objects.filter(subject_ref=str(session.id), state__in=["WAITING", "RUNNING"])
