"""Every second: take jobs back from lost workers, ring for what waits, clear away what was left.

Invariant: one pass is one transaction, so a job that failed for good and the sentence on its
subject appear together. Two sweepers at once are harmless.
"""

import logging
import threading
from datetime import datetime

from django.db import Error, close_old_connections, transaction

from generation.uploads.operations import abandon_uploads
from generation.variations.operations import mend_variations
from generation.work import operations as work
from generation.worker.endings import ENDINGS
from generation.worker.loop import Clock
from licensing.attribution.operations import sweep_deleted_audio

log = logging.getLogger(__name__)

CLEARING_EVERY = 60


def sweep_once(*, now: datetime) -> work.Swept:
    """One pass over the queue."""
    with transaction.atomic():
        swept = work.sweep(now=now)
        for job in swept.failed:
            ENDINGS[job.kind](job, now)
    return swept


def sweep_forever(*, clock: Clock, stop: threading.Event, every_s: float = 1.0) -> None:
    """Sweep until `stop` is set; a database that is away is logged and asked again."""
    passes = 0
    while not stop.wait(every_s):
        try:
            close_old_connections()
            sweep_once(now=clock())
            mend_variations(now=clock())
            if passes % CLEARING_EVERY == 0:
                abandon_uploads(now=clock())
                sweep_deleted_audio(now=clock())
        except Error:
            log.exception("the sweep could not be done")
        passes += 1
