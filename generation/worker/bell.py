"""What Celery calls: the doorbell, and the warming up of a fresh process.

The tools (torch, numba, the rooms that measure and render) are loaded in the child, after the
fork, so the parent stays small and no thread of theirs is forked. Invariant: a ring does at most
BUSY_S seconds of work before it rings again, so a stopping worker is never waited for long.
"""

import gc
import os
import time

import structlog
from celery import Task, shared_task
from celery.signals import worker_process_init
from django.db import close_old_connections
from django.utils import timezone

from generation.work.rules import KICK, worker_name
from generation.worker.loop import drain

log = structlog.get_logger(__name__)

BUSY_S = 2.0


@worker_process_init.connect
def warm_up(**_: object) -> None:
    """Load the tools and compile their kernels before the first bell."""
    from generation.worker.handlers import warm

    warm()
    # What stays for as long as the process lives is not looked through again for what may go.
    gc.collect()
    gc.freeze()
    log.info("worker is warm", process=os.getpid())


@shared_task(name=KICK, ignore_result=True, bind=True)
def kick(self: Task) -> None:
    """Somebody says that there is work: do what is claimable."""
    from generation.worker.handlers import HANDLERS

    close_old_connections()
    until = time.monotonic() + BUSY_S
    drain(
        worker=worker_name(self.request.hostname, os.getpid()),
        handlers=HANDLERS,
        clock=timezone.now,
        stop=lambda: time.monotonic() >= until,
    )
