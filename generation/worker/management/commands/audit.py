"""`manage.py audit VARIATION`: render a sealed variation again and hold it against its record.

For whoever runs the house: it asks no leave to play, and writes no sound. What it found goes to the
log of facts as well. Ends with status 1 where something differs.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from generation.onsets import onsets_text
from generation.recipe import RecipeError, from_json
from generation.variations.audits import AuditRefused, Report, Verdict, keep_audit
from generation.variations.models import Variation
from generation.variations.queries import get_variation
from licensing.catalog.queries import is_uuid


class Command(BaseCommand):
    """Says what is identical, what within rounding and what different, and where."""

    help = "Audit a sealed variation: render it again from its recipe and compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("variation", help="its id")
        parser.add_argument("--json", action="store_true", help="the report as JSON")
        parser.add_argument(
            "--evidence",
            type=Path,
            metavar="DIR",
            help="write its recipe and the onsets it is rendered with there, for a checker outside",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from generation.worker.auditing import report_on

        variation = _variation(options["variation"])
        try:
            report = report_on(variation)
        except AuditRefused as refused:
            raise CommandError(str(refused)) from refused
        keep_audit(variation_id=variation.id, report=report, now=timezone.now())
        if options["evidence"] is not None:
            _write_evidence(variation, options["evidence"])
        self.stdout.write(_as_json(report) if options["json"] else _in_words(report))
        if report.verdict is Verdict.DIFFERENT:
            sys.exit(1)


def _variation(text: str) -> Variation:
    try:
        if not is_uuid(text):
            raise Variation.DoesNotExist
        return get_variation(text)
    except Variation.DoesNotExist as error:
        raise CommandError("There is no variation of this id.") from error


def _as_json(report: Report) -> str:
    return json.dumps(report.to_data(), indent=2)


def _in_words(report: Report) -> str:
    rows = [f"{one.about:8} {one.verdict}: {one.sentence}" for one in report.findings]
    return "\n".join([f"audit: {report.verdict}", *rows])


def _write_evidence(variation: Variation, folder: Path) -> None:
    """The stored text of the recipe, and the onsets of each of its stems."""
    from generation.worker.stems import NotMeasured, load_onsets

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(variation.recipe, encoding="utf-8")
    try:
        loaded = load_onsets(from_json(variation.recipe))
    except (RecipeError, NotMeasured) as error:
        raise CommandError(str(error)) from error
    plain = {
        digest: (tuple(places.tolist()), tuple(rises.tolist()))
        for digest, (places, rises) in loaded.items()
    }
    (folder / "onsets.json").write_text(onsets_text(plain), encoding="utf-8")
