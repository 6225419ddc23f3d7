"""`manage.py close_period 2026-10`: close a month, post what everyone earned, make statements."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.royalties.closing import CloseRefused, close_period
from licensing.royalties.scoring import score_usages


class Command(BaseCommand):
    """Refuses before five days after the month's end; a closed month is left as it is."""

    help = "Close a calendar month."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="like 2026-10")
        parser.add_argument(
            "--as-of", help="a moment in ISO 8601 to close at; for rehearsals, not in production"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            month = datetime.strptime(options["month"], "%Y-%m").replace(tzinfo=UTC).date()
            now = self._moment(options["as_of"])
            score_usages(month=month, now=now)
            period = close_period(month=month, now=now)
        except (ValueError, CloseRefused) as error:
            raise CommandError(str(error)) from error
        count = period.statements.count()
        self.stdout.write(f"{period.month:%B %Y} is closed: {count} statements.")

    def _moment(self, text: str | None) -> datetime:
        if text is None:
            return timezone.now()
        if settings.PRODUCTION:
            raise CommandError("--as-of is for rehearsals; production closes at its own time.")
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
