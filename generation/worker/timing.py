"""How long stages took in this process, kept until there is a quiet moment to write them down.

It knows names and numbers alone. Invariant: timing never fails what it times: times that cannot be
written are dropped with a line in the log.
"""

import structlog
from django.db import DatabaseError, connection, transaction

from generation.serving.operations import StageTaken, record_stage_times

log = structlog.get_logger(__name__)

JOB = "job "
"""Before the kind of a job, the name of its stage."""

_taken: list[StageTaken] = []


def keep(taken: StageTaken) -> None:
    """Have a stage written down with the others, by whoever timed it."""
    _taken.append(taken)


def write_down(worker: str) -> None:
    """Write what was kept since the last time, in one statement."""
    written = _taken.copy()
    _taken.clear()
    if not written:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # A crash of the database may forget them: nobody waits for the disk.
            cursor.execute("SET LOCAL synchronous_commit TO off")
            record_stage_times(taken=written, worker=worker)
    except DatabaseError:
        log.exception("stage times were lost", count=len(written))
