"""`manage.py attest_records`: digests for licence records that were sealed before there were any.

Once, by hand, after the upgrade; then `verify_books` covers them. A record of whose sealing no fact
says what it says now is left out, and the command exits 1: somebody has to look. `--dry-run` only
counts.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from licensing.attribution.attesting import attest_records, first_doubtful, waiting_records


class Command(BaseCommand):
    """A thousand records a transaction; safe to run twice, or again after it was cut short."""

    help = "Attest licence records that were sealed before facts had digests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        ready, doubtful = waiting_records()
        if options["dry_run"]:
            self.stdout.write(f"{ready:,} records would be attested.")
        else:
            attested = 0
            while some := attest_records(now=timezone.now()):
                attested += some
            self.stdout.write(f"{attested:,} records were attested.")
        if doubtful:
            self.stdout.write(
                f"{doubtful:,} records do not say what the log says of their sealing, or it says"
                f" nothing; the first is {first_doubtful()}. They were left out."
            )
            sys.exit(1)
