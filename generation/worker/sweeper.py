"""Every second: take jobs back, ring for what waits, link the books; clear away what was left.

Invariant: one pass is one transaction, so a job that failed for good and the sentence on its
subject appear together. Two sweepers at once are harmless.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from django.db import close_old_connections, transaction

from generation.serving.operations import forget_stage_times
from generation.sessions.operations import end_idle_sessions, mend_sessions
from generation.uploads.operations import abandon_uploads
from generation.variations.operations import mend_variations
from generation.variations.previews import expire_previews
from generation.work import operations as work
from generation.worker.endings import ENDINGS
from generation.worker.loop import Clock
from generation.worker.orphans import shard_at, sweep_orphans
from licensing.attribution.sweeping import sweep_deleted_audio
from licensing.audit.chain import link_facts
from licensing.ledger.chain import link_entries

log = logging.getLogger(__name__)

CLEARING_EVERY = 60
Deed = Callable[[Clock], object]


def sweep_once(*, now: datetime) -> work.Swept:
    """One pass over the queue."""
    with transaction.atomic():
        swept = work.sweep(now=now)
        for job in swept.failed:
            ENDINGS[job.kind](job, now)
    return swept


def sweep_forever(
    *,
    clock: Clock,
    stop: threading.Event,
    every_s: float = 1.0,
    beside: Mapping[str, Deed] = MappingProxyType({}),
) -> None:
    """Sweep until `stop` is set. `beside`: what rooms above want done with the clearing.

    What is away (the database, the store) is logged and asked again; a store that is away never
    keeps jobs from being taken back.
    """
    passes = 0
    while not stop.wait(every_s):
        _try("queue", _sweep_queue, clock)
        _try("books", _link_books, clock)
        if passes % CLEARING_EVERY == 0:
            for name, deed in (*CLEARING.items(), *beside.items()):
                _try(name, deed, clock)
        passes += 1


def _try(name: str, deed: Deed, clock: Clock) -> None:
    try:
        close_old_connections()
        deed(clock)
    except Exception:
        log.exception("the sweep of %s could not be done", name)


def _sweep_queue(clock: Clock) -> None:
    sweep_once(now=clock())
    mend_variations(now=clock())
    mend_sessions(now=clock())


def _link_books(clock: Clock) -> None:
    link_entries(now=clock())
    link_facts(now=clock())


CLEARING: dict[str, Deed] = {
    "idle sessions": lambda clock: end_idle_sessions(now=clock()),
    "uploads": lambda clock: abandon_uploads(now=clock()),
    "previews": lambda clock: expire_previews(now=clock()),
    "stage times": lambda clock: forget_stage_times(now=clock()),
    "deleted audio": lambda clock: sweep_deleted_audio(now=clock()),
    "orphans": lambda clock: sweep_orphans(shard=shard_at(clock()), now=clock()),
}
