"""`manage.py net_consents`: nets that learned from stems whose holders no longer permit it.

A duty of every night. Such a net serves nobody from the next plan on; it stays in this list, and
the night fails, until its files are taken out of the folder of released nets.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from generation.serving.consents import fallen_nets


class Command(BaseCommand):
    """Exit status 1 where there is any; a sentence each."""

    help = "Name the nets whose training is no longer permitted."

    def handle(self, *args: Any, **options: Any) -> None:
        fallen = fallen_nets(at=timezone.now())
        for one in fallen:
            why = "; ".join(one.reasons)
            self.stdout.write(f"{one.net} {one.version} ({one.digest[:12]}) may not serve: {why}.")
        if fallen:
            sys.exit(1)
        self.stdout.write("Every net that serves may: what it learned from is permitted.")
