"""`manage.py sweep`: take jobs back from lost workers and clear away, every second, until
stopped.
"""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from generation.worker.sweeper import sweep_forever


class Command(BaseCommand):
    """Runs beside the workers; a second one does no harm."""

    help = "Take jobs back from lost workers, every second."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        sweep_forever(clock=timezone.now, stop=stop)
