"""`manage.py settle_payouts`: bring approved payouts on and act on what the provider rang about."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from licensing.payouts.inbox import forget_old_events, sweep_payouts
from licensing.payouts.provider import gateway
from licensing.stripe_gateway import NotConfigured

FORGET_EVERY = 3600


class Command(BaseCommand):
    """Every second until it is told to stop, or `--once`. A second one is harmless."""

    help = "Send approved payouts and follow them until they arrive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ours = gateway()
        except NotConfigured as error:
            raise CommandError(str(error)) from error
        if options["once"]:
            sweep_payouts(gateway=ours, now=timezone.now())
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        passes = 0
        while not stop.wait(1.0):
            close_old_connections()
            sweep_payouts(gateway=ours, now=timezone.now())
            if passes % FORGET_EVERY == 0:
                forget_old_events(now=timezone.now())
            passes += 1
