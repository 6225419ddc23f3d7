"""`manage.py check_demo`: walk the main job over HTTP; exits 1 with one sentence where it fails."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from requests import RequestException

from portal.demo.checking import check, faults, summary
from portal.demo.music import NotSeeded
from portal.demo.visitor import VisitFailed


class Command(BaseCommand):
    """Needs the demo's parts to be running on a database without people."""

    help = "Do the main job once and print who earned what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stems", type=Path, help="a folder of stems to use")

    def handle(self, *args: Any, **options: Any) -> None:
        var = Path(settings.VAR_DIR)
        try:
            outcome = check(settings.BASE_URL, var, options["stems"], self.stdout.write)
        except (VisitFailed, NotSeeded, RequestException) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n" + summary(outcome) + "\n")
        for fault in (found := faults(outcome)):
            self.stderr.write(fault)
        if found:
            raise CommandError("The main job was done, but it does not add up.")
        self.stdout.write("The main job is done, and every micro-unit is accounted for.")
