"""When a job may run, how long a worker may keep it, and when it has failed for good.

Pure: no rows, no clock. Invariant: a job is tried at most ATTEMPTS times, and every end is one of
DONE, FAILED, CANCELLED, from which nothing leads away.
"""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

ATTEMPTS = 3
BELL_LIFE_S = 5
KICK = "generation.work.kick"


class State(StrEnum):
    """Where a job stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN = (State.WAITING, State.RUNNING)


class Priority(IntEnum):
    """Lower goes first. Nobody waits longer than one piece, because a piece is at most 2 s of
    sound.
    """

    LIVE = 0
    FIRST_PIECE = 10
    LIVE_AHEAD = 15
    PIECE = 20
    SEAL = 25
    PREVIEW = 30
    INGEST = 40
    ANALYSIS = 50


# How long a job waits for its home; then whoever has nothing live of their own takes it. And when
# its home counts as gone, so that it waits in line like any other.
HOME_FIRST, HOME_GONE = timedelta(seconds=4), timedelta(seconds=10)
# How long a job waits for a worker that knows it, and how soon, at most, one looks again.
PATIENCE = timedelta(days=1)
SOONEST, LATEST = timedelta(seconds=1), timedelta(minutes=1)

LOST_CODE = "worker_lost"
LOST_SENTENCE = "The machines working on this stopped three times; nothing was billed."


def worker_name(node: str, process: int) -> str:
    """A worker process as rows name it: the node that the broker knows, and the process in it."""
    return f"{node}:{process}"


def node_of(worker: str) -> str:
    """The node of a worker's name."""
    return worker.rpartition(":")[0] or worker


def lease_until(now: datetime, lease_s: float) -> datetime:
    """Until when a worker that claims or renews at `now` keeps the job."""
    return now + timedelta(seconds=lease_s)


def is_last_attempt(attempt: int) -> bool:
    """True when a failure of attempt number `attempt` (from 1) is final."""
    return attempt >= ATTEMPTS


def due_again(attempt: int, now: datetime) -> datetime:
    """When a failed attempt is tried again: at once after the first, then 2 s later."""
    return now if attempt <= 1 else now + timedelta(seconds=2)


def due_elsewhere(created_at: datetime, now: datetime) -> datetime | None:
    """When a job that was left for another worker is due again; None once PATIENCE is over.

    The longer it has waited, the later: nobody who knows it came so far.
    """
    waited = now - created_at
    if waited >= PATIENCE:
        return None
    return now + min(max(waited / 4, SOONEST), LATEST)
