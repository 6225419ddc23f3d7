"""`manage.py attribution_report 2026-10 --csv FILE`: whose share each output of a month has.

Of records sealed in that month, source by source, with method, confidence and what the month's
close counted. `--json FILE` has a record per line. A month that is not over is refused.
"""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.royalties.attribution_files import write_csv, write_json
from licensing.royalties.attribution_report import MonthNotOver, attribution_report


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


class Command(BaseCommand):
    """Writes one file or both, each from one snapshot; the same month gives the same bytes."""

    help = "Write the attribution report of a month."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", type=_month, help="a month that is over, as 2026-10")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="a row per source")
        parser.add_argument("--json", type=Path, metavar="FILE", help="a record per line")

    def handle(self, *args: Any, **options: Any) -> None:
        month: date = options["month"]
        if options["csv"] is None and options["json"] is None:
            raise CommandError("Name a file: --csv FILE or --json FILE.")
        try:
            if options["csv"] is not None:
                self._write(options["csv"], month, is_csv=True)
            if options["json"] is not None:
                self._write(options["json"], month, is_csv=False)
        except (MonthNotOver, OSError) as error:
            raise CommandError(str(error)) from error

    def _write(self, path: Path, month: date, *, is_csv: bool) -> None:
        rows = attribution_report(month, timezone.now())
        with path.open("w", encoding="utf-8", newline="") as file:
            count = write_csv(rows, file) if is_csv else write_json(rows, month, file)
        self.stdout.write(f"{path}: {count:,} sources of records sealed in {month:%Y-%m}.")
