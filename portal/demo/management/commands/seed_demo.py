"""`manage.py seed_demo`: what `make demo` shows, made once; needs the workers to be running."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo.music import NotSeeded
from portal.demo.seed import seed


class Command(BaseCommand):
    """Seeds and writes `demo.json` into the demo's folder."""

    help = "Seed the demo: artists, music, grants, a listener, an administrator, a partner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stems", type=Path, help="a folder of your own stems to add")

    def handle(self, *args: Any, **options: Any) -> None:
        var = Path(settings.VAR_DIR)
        try:
            made = seed(var, settings.BASE_URL, options["stems"], self.stdout.write)
        except NotSeeded as error:
            raise CommandError(str(error)) from error
        path = var / "demo.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
