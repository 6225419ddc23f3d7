"""`manage.py verify_books`: whether the books still say what they said when they were linked.

Prints one sentence, and exits 1 at the first entry or link that is not as it was. `--head` prints
the head of the chain for keeping elsewhere; `--against FILE` holds the books to heads kept so.
"""

import sys
from datetime import UTC
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.ledger.chain import latest_link
from licensing.ledger.verifying import Anchor, BooksBroken, verify_chain


class Command(BaseCommand):
    """Reads every entry and posting once; it changes nothing."""

    help = "Verify the hash chain over the books."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", action="store_true", help="only print the head: number, hash, moment"
        )
        parser.add_argument(
            "--against", type=Path, metavar="FILE", help="heads that were kept, a line each"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["head"]:
            self.stdout.write(_head())
            return
        anchors = _anchors(options["against"]) if options["against"] else []
        try:
            found = verify_chain(now=timezone.now(), anchors=anchors)
        except BooksBroken as error:
            self.stdout.write(f"The books are broken: {error}.")
            sys.exit(1)
        self.stdout.write(
            f"The books are as they were linked: {found.entries:,} entries in {found.links:,} links"
            + (f", {len(anchors):,} anchors held." if anchors else ".")
        )


def _head() -> str:
    head = latest_link()
    if head is None:
        raise CommandError("Nothing is linked yet.")
    return f"{head.number} {head.sha256} {head.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _anchors(kept: Path) -> list[Anchor]:
    """The first two words of each line; raises CommandError for what is no head."""
    try:
        lines = [line.split() for line in kept.read_text().splitlines() if line.strip()]
        return [Anchor(int(number), sha256) for number, sha256, *_ in lines]
    except (OSError, ValueError) as error:
        raise CommandError(f"{kept} holds no heads: {error}") from error
