"""`manage.py retire_evidence [2025-08]`: remove evidence older than thirteen months, proved first.

Every night without a month: all that are due, a transaction each. `--dry-run` makes everything
again and compares it, and removes nothing; `--put-back` writes the lists of one month again. Exits
1 where the plays of a month do not give what its close divided: its evidence stays, and somebody
has to look.
"""

import sys
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from licensing.royalties.retiring import (
    RetiringRefused,
    months_due,
    put_back_evidence,
    retire_evidence,
)


class Command(BaseCommand):
    """Safe to run twice: what is gone is gone."""

    help = "Remove the evidence of months closed over thirteen months ago, once made again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", nargs="?", help="like 2025-08; otherwise all that are due")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="compare only, remove nothing")
        what.add_argument("--put-back", action="store_true", help="write a month's lists again")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["put_back"]:
            self._put_back(_month(options["month"]), now)
            return
        months = (_month(options["month"]),) if options["month"] else months_due(now)
        if not months:
            self.stdout.write("No closed month is due.")
        refused = [month for month in months if not self._retire(month, now, options["dry_run"])]
        if refused:
            sys.exit(1)

    def _retire(self, month: date, now: datetime, is_rehearsal: bool) -> bool:
        try:
            with transaction.atomic():
                told = retire_evidence(month=month, now=now)
                transaction.set_rollback(is_rehearsal)
        except RetiringRefused as refused:
            self.stdout.write(f"{refused} Nothing of it was removed.")
            return False
        if told is None:
            self.stdout.write(f"{month:%B %Y}: retired already.")
            return True
        did = "could be made again; nothing was removed" if is_rehearsal else "made again, removed"
        self.stdout.write(f"{month:%B %Y}: lists of {told.sums:,} sums {did}.")
        return True

    def _put_back(self, month: date, now: datetime) -> None:
        try:
            told = put_back_evidence(month=month, now=now)
        except RetiringRefused as refused:
            raise CommandError(str(refused)) from refused
        lists = f"lists of {told.sums:,} sums put back" if told else "its lists are there"
        self.stdout.write(f"{month:%B %Y}: {lists}.")


def _month(text: str | None) -> date:
    try:
        return datetime.strptime(text or "", "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise CommandError("Name a month, like 2025-08.") from error
