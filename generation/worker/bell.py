"""What Celery calls: the doorbell, and the warming up of a fresh process.

The tools (torch, numba, the rooms that measure and render) are loaded in the child, after the
fork, so the parent stays small and no thread of theirs is forked. Invariant: a ring does at most
BUSY_S seconds of work before it rings again, so a stopping worker is never waited for long.
"""

import os
import socket
import time

import structlog
from celery import shared_task
from celery.signals import worker_process_init
from django.utils import timezone

from generation.work.rules import KICK
from generation.worker.loop import drain

log = structlog.get_logger(__name__)

BUSY_S = 2.0


def worker_name() -> str:
    """This process, as job rows name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


@worker_process_init.connect
def warm_up(**_: object) -> None:
    """Load the tools and compile their kernels before the first bell."""
    from generation.worker.handlers import warm

    warm()
    log.info("worker is warm", worker=worker_name())


@shared_task(name=KICK, ignore_result=True)
def kick() -> None:
    """Somebody says that there is work: do what is claimable."""
    from generation.worker.handlers import HANDLERS

    until = time.monotonic() + BUSY_S
    drain(
        worker=worker_name(),
        handlers=HANDLERS,
        clock=timezone.now,
        stop=lambda: time.monotonic() >= until,
    )
