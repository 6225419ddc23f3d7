"""`manage.py sweep`: take jobs back and do what falls due, until stopped."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from generation.worker.sweeper import sweep_forever
from licensing.deductions.reserves import release_due_reserves
from licensing.royalties.months import open_usage_months
from portal.artists.waiting import tell_artists
from portal.backoffice.nightly import run_nightly
from portal.partners.mails import mail_notices
from portal.partners.news import tell_partners


class Command(BaseCommand):
    """One sweeper is enough for an installation; a second one is harmless."""

    help = (
        "Take jobs back from lost workers, ring for what waits, link the books, release reserves, "
        "mail who is asked, and do the duties of every night."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        # What takes minutes at night keeps no job from being taken back.
        threading.Thread(
            target=run_nightly, kwargs={"clock": timezone.now, "stop": stop}, daemon=True
        ).start()
        beside = {
            "partners' news": lambda clock: tell_partners(now=clock()),
            "mails to partners": lambda clock: mail_notices(now=clock()),
            "mails to artists": lambda clock: tell_artists(now=clock()),
            "reserves": lambda clock: release_due_reserves(now=clock()),
            "months of usages": lambda clock: open_usage_months(clock()),
        }
        sweep_forever(clock=timezone.now, stop=stop, beside=beside)
