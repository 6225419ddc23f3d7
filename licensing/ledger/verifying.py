"""Whether the books still say what they said when they were linked, entry by entry.

Every content hash, leaf, root and link is made again from the rows, in one pass that streams. It
refuses to mend anything. Invariant: what passes has, up to each anchor given, not one byte other
than when the anchor was taken.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db import connection, transaction

from licensing.audit.merkle import root_sha256
from licensing.ledger import chain_sql
from licensing.ledger.chain import BEFORE_THE_FIRST, link_sha256
from licensing.ledger.models import Link
from licensing.ledger.rules import LedgerError

LINKED_WITHIN = timedelta(minutes=1)
ENTRY, LINK, POSTING = "entry", "link", "posting"


class BooksBroken(LedgerError):
    """The first thing found that is not as it was: its kind, its key or number, and a sentence."""

    def __init__(self, kind: str, name: str | int, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.name = name


class Anchor(NamedTuple):
    """A link's number and hash as somebody kept them elsewhere."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """How much was found as it was, and the head: None while nothing is linked."""

    links: int
    entries: int
    head: Anchor | None


class _Row(NamedTuple):
    """A link and one entry in it; None where the link, the entry or its being linked is gone."""

    number: int
    previous_sha256: str | None
    root_sha256: str
    entry_count: int
    made_at: datetime
    sha256: str
    entry_id: int | None
    leaf_sha256: str
    key: str | None
    is_as_linked: bool


@transaction.atomic
def verify_chain(*, now: datetime, anchors: Sequence[Anchor] = ()) -> VerifiedChain:
    """Verify everything that is linked, and that nothing was left unlinked for over a minute.

    `now` is compared with the server's clock, which says since when an entry waits; what its own
    moments say counts for nothing here. Raises BooksBroken with the first entry or link that is not
    as it was, in the order of links and of keys; then a posting without entry, an entry left
    unlinked, an anchor that does not hold.
    """
    links = entries = 0
    previous = BEFORE_THE_FIRST
    with closing(_rows()) as everything:
        for number, group in groupby(everything, key=lambda row: row.number):
            links += 1
            if number != links:
                raise BooksBroken(LINK, links, f"link {links} is missing")
            rows = tuple(group)
            link = rows[0]
            _verify_link(link, previous)
            _verify_entries(link, rows)
            previous = link.sha256
            entries += link.entry_count
    _refuse_stray_posting()
    _refuse_left_unlinked(now)
    for anchor in anchors:
        if not Link.objects.filter(number=anchor.number, sha256=anchor.sha256).exists():
            said = f"link {anchor.number} is not the one that was anchored"
            raise BooksBroken(LINK, anchor.number, said)
    return VerifiedChain(links, entries, Anchor(links, previous) if links else None)


def _rows() -> Generator[_Row, None, None]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(chain_sql.EVERYTHING)
        while rows := cursor.fetchmany(2000):
            yield from map(_Row._make, rows)


def _verify_link(link: _Row, previous: str) -> None:
    number = link.number
    if link.previous_sha256 is None:
        raise BooksBroken(LINK, number, f"link {number} is missing")
    own = link_sha256(
        number=number,
        previous_sha256=link.previous_sha256,
        root_sha256=link.root_sha256,
        entry_count=link.entry_count,
        made_at=link.made_at,
    )
    if own != link.sha256:
        raise BooksBroken(LINK, number, f"link {number} was changed")
    if link.previous_sha256 != previous:
        said = f"link {number} was not made on link {number - 1} as it is now"
        raise BooksBroken(LINK, number, said)


def _verify_entries(link: _Row, rows: Sequence[_Row]) -> None:
    number = link.number
    linked = [row for row in rows if row.entry_id is not None]
    for row in linked:
        if row.key is None:
            said = f"the entry with id {row.entry_id} is gone from link {number}"
            raise BooksBroken(ENTRY, f"id {row.entry_id}", said)
        if not row.is_as_linked:
            said = f"the entry {row.key} in link {number} does not say what it said when linked"
            raise BooksBroken(ENTRY, row.key, said)
    if len(linked) != link.entry_count:
        said = f"link {number} was made over {link.entry_count} entries and has {len(linked)}"
        raise BooksBroken(LINK, number, said)
    if root_sha256(bytes.fromhex(row.leaf_sha256) for row in linked).hex() != link.root_sha256:
        said = f"an entry of link {number} was changed together with its hashes"
        raise BooksBroken(LINK, number, said)


def _refuse_stray_posting() -> None:
    with connection.cursor() as cursor:
        cursor.execute(chain_sql.STRAY_POSTING)
        stray = cursor.fetchone()
    if stray:
        raise BooksBroken(POSTING, stray[0], f"posting {stray[0]} has no entry with id {stray[1]}")


def _refuse_left_unlinked(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(chain_sql.LEFT_UNLINKED, {"before": now - LINKED_WITHIN})
        left = cursor.fetchone()
    if left:
        key, came_at = left
        said = f"the entry {key} is not linked, and the linker does not know of it"
        if came_at is not None:
            said = f"the entry {key} has waited for the linker since {came_at:%Y-%m-%d %H:%M:%S}"
        raise BooksBroken(ENTRY, key, said)
