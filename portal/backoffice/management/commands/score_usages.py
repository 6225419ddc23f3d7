"""`manage.py score_usages`: look through the plays of open months and hold what looks odd."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from licensing.royalties.scoring import open_months, score_usages


class Command(BaseCommand):
    """For every night; a person decides about what it holds. Safe to run twice."""

    help = "Hold plays that look odd, in every month that is not closed."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        for month in open_months(now):
            held = score_usages(month=month, now=now)
            self.stdout.write(f"{month:%B %Y}: {held} plays held anew.")
