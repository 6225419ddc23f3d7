"""`manage.py mind_takedowns`: tell the desk which notices are overdue, forget old claimants."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from licensing.compliance.operations import forget_claimants
from portal.backoffice.takedowns_due import tell_desk


class Command(BaseCommand):
    """For every night. Decides nothing; safe to run twice, and then mails twice."""

    help = "Mail the desk about overdue takedown notices; erase claimants whose time is over."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        overdue, told = tell_desk(now=now)
        forgotten = forget_claimants(now=now)
        self.stdout.write(f"{overdue} notices overdue, {told} told; {forgotten} claimants erased.")
