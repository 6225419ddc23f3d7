"""`manage.py verify_books`: whether books and facts still say what they said when they were linked.

And sealed licence records and their particulars what the fact of their sealing says, and the
digests of retired evidence what that of retiring says. Prints a sentence for each, and exits 1 at
the first that is not as it was. `--head` prints the heads of both chains for keeping elsewhere;
`--against FILE` holds the chains to heads kept so; `--keep FILE` does that and then writes today's
heads there as well. The heads also go into the log, which leaves the machine where logs are
collected.
"""

import logging
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.attribution.attesting import RecordChanged, verify_records, waiting_records
from licensing.attribution.keeping import verify_particulars
from licensing.audit.chain import latest_fact_link, link_facts
from licensing.audit.verifying import FactsBroken, verify_facts
from licensing.ledger.chain import latest_link
from licensing.ledger.verifying import Anchor, BooksBroken, verify_chain
from licensing.royalties.agreeing import LOOKED_AT_FOR, MonthDisagrees, agreeing_months
from licensing.royalties.remaking import NotMadeAgain
from licensing.royalties.retired import verify_retired

log = logging.getLogger(__name__)

FACTS = "facts"
"""Before a head of the log of facts; heads of the books have no word before them."""


class Command(BaseCommand):
    """Reads every entry, posting and fact once; it changes nothing but to link late facts."""

    help = "Verify the hash chains over the books and the log of facts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", action="store_true", help="only print the heads: number, hash, moment"
        )
        parser.add_argument(
            "--against", type=Path, metavar="FILE", help="heads that were kept, a line each"
        )
        parser.add_argument(
            "--keep", type=Path, metavar="FILE", help="as --against, then add today's heads to it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["head"]:
            heads = _heads()
            if not heads:
                raise CommandError("Nothing is linked yet.")
            self.stdout.write("\n".join(heads))
            return
        keep: Path | None = options["keep"]
        known = options["against"] or (keep if keep and keep.exists() else None)
        entries, facts = _anchors(known) if known else ([], [])
        try:
            self._verify(entries, facts)
        except (BooksBroken, FactsBroken, RecordChanged, NotMadeAgain, MonthDisagrees) as error:
            self.stdout.write(f"The books are broken: {error}.")
            sys.exit(1)
        _tell(_heads(), keep)

    def _verify(self, entries: list[Anchor], facts: list[Anchor]) -> None:
        now = timezone.now()
        books = verify_chain(now=now, anchors=entries)
        self.stdout.write(
            f"The books are as they were linked: {books.entries:,} entries in {books.links:,} links"
            + (f", {len(entries):,} anchors held." if entries else ".")
        )
        link_facts(now=now, everything=True)
        log = verify_facts(anchors=facts)
        self.stdout.write(
            f"The facts are as they were linked: {log.facts:,} facts in {log.links:,} links"
            + (f", {len(facts):,} anchors held." if facts else ".")
        )
        records = verify_records()
        self.stdout.write(f"Licence records are as they were sealed: {records:,}.")
        particulars = verify_particulars()
        if particulars:
            self.stdout.write(f"Their particulars are as they were sealed: {particulars:,}.")
        waiting = sum(waiting_records())
        if waiting:
            self.stdout.write(
                f"{waiting:,} sealed records have no digest in the log: manage.py attest_records."
            )
        agree = agreeing_months(now)
        self.stdout.write(
            f"Plays, pools, sums and entries agree: {agree} months closed in the last "
            f"{LOOKED_AT_FOR.days} days."
        )
        months = verify_retired()
        if months:
            self.stdout.write(f"Digests of retired evidence are as the log says: {months} months.")


def _heads() -> list[str]:
    """A line for each chain that has a link: the books' first, then that of the facts."""
    heads = ((latest_link(), ""), (latest_fact_link(), f"{FACTS} "))
    return [
        f"{word}{head.number} {head.sha256} {head.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for head, word in heads
        if head is not None
    ]


def _tell(heads: list[str], keep: Path | None) -> None:
    """Write the heads where they stay when the database is rewritten."""
    for head in heads:
        log.info("anchor: %s", head)
    if keep is not None:
        with keep.open("a") as file:
            file.writelines(f"{head}\n" for head in heads)


def _anchors(kept: Path) -> tuple[list[Anchor], list[Anchor]]:
    """Heads of the books and of the facts; raises CommandError for what is no head."""
    entries: list[Anchor] = []
    facts: list[Anchor] = []
    try:
        for line in filter(str.strip, kept.read_text().splitlines()):
            said = line.split()
            is_of_facts = said[0] == FACTS
            number, sha256, *_ = said[1:] if is_of_facts else said
            (facts if is_of_facts else entries).append(Anchor(int(number), sha256))
    except (OSError, ValueError) as error:
        raise CommandError(f"{kept} holds no heads: {error}") from error
    return entries, facts
