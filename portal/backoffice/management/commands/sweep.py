"""`manage.py sweep`: take jobs back from lost workers, every second, until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from generation.worker.sweeper import sweep_forever


class Command(BaseCommand):
    """One sweeper is enough for an installation; a second one is harmless."""

    help = "Take jobs back from lost workers and ring for what waits."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        sweep_forever(clock=timezone.now, stop=stop)
