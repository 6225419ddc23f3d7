"""Whether the log of facts still says what it said when it was linked, fact by fact.

Every leaf, root and link is made again from the rows, in one pass that streams. It refuses to mend
anything. Invariant: what passes has, up to each anchor given, not one byte other than when the
anchor was taken, and no fact more or less.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connection, transaction

from licensing.audit.chain import BEFORE_THE_FIRST, LEAF, link_sha256
from licensing.audit.merkle import root_sha256
from licensing.audit.models import FactLink

_EVERYTHING = f"""
SELECT COALESCE(k.number, m.link_id) AS number, k.previous_sha256, k.root_sha256, k.fact_count,
       k.made_at, k.sha256, m.fact_id, m.leaf_sha256, f.sequence IS NOT NULL,
       COALESCE(m.leaf_sha256 = {LEAF}, false)
FROM audit_factlink k FULL JOIN audit_linkedfact m ON m.link_id = k.number
LEFT JOIN audit_fact f ON f.sequence = m.fact_id
ORDER BY 1, m.fact_id
"""


class FactsBroken(Exception):
    """The first thing found that is not as it was: its kind, its number, and a sentence."""

    def __init__(self, kind: str, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.number = number


@dataclass(frozen=True, slots=True)
class VerifiedFacts:
    """How much was found as it was."""

    links: int
    facts: int


class _Row(NamedTuple):
    """A link and one fact in it; None where the link, the fact or its being linked is gone."""

    number: int
    previous_sha256: str | None
    root_sha256: str
    fact_count: int
    made_at: datetime
    sha256: str
    fact_id: int | None
    leaf_sha256: str
    is_there: bool
    is_as_linked: bool


@transaction.atomic
def verify_facts(*, anchors: Sequence[tuple[int, str]] = ()) -> VerifiedFacts:
    """Verify everything that is linked; anchors are (number, hash) as somebody kept them.

    Raises FactsBroken with the first fact or link that is not as it was, in their order; then an
    anchor that does not hold. Which facts wait for the linker is not asked: they are no history
    yet, and the night links what was left behind before it verifies.
    """
    links = facts = 0
    previous = BEFORE_THE_FIRST
    with connection.chunked_cursor() as cursor, closing(_rows(cursor)) as everything:
        for number, group in groupby(everything, key=lambda row: row.number):
            links += 1
            if number != links:
                raise FactsBroken("link", links, f"link {links} of the facts is missing")
            rows = tuple(group)
            _verify_link(rows[0], previous)
            _verify_rows(rows[0], [row for row in rows if row.fact_id is not None])
            previous = rows[0].sha256
            facts += rows[0].fact_count
    for number, sha256 in anchors:
        if not FactLink.objects.filter(number=number, sha256=sha256).exists():
            said = f"link {number} of the facts is not the one that was anchored"
            raise FactsBroken("link", number, said)
    return VerifiedFacts(links, facts)


def _rows(cursor: Any) -> Generator[_Row, None, None]:
    cursor.execute(_EVERYTHING)
    while rows := cursor.fetchmany(2000):
        yield from map(_Row._make, rows)


def _verify_link(link: _Row, previous: str) -> None:
    number = link.number
    if link.previous_sha256 is None:
        raise FactsBroken("link", number, f"link {number} of the facts is missing")
    own = link_sha256(
        number=number,
        previous_sha256=link.previous_sha256,
        root_sha256=link.root_sha256,
        fact_count=link.fact_count,
        made_at=link.made_at,
    )
    if own != link.sha256:
        raise FactsBroken("link", number, f"link {number} of the facts was changed")
    if link.previous_sha256 != previous:
        said = f"link {number} of the facts was not made on link {number - 1} as it is now"
        raise FactsBroken("link", number, said)


def _verify_rows(link: _Row, linked: Sequence[_Row]) -> None:
    number = link.number
    for row in linked:
        if not row.is_there:
            said = f"fact {row.fact_id} is gone from link {number}"
            raise FactsBroken("fact", row.fact_id or 0, said)
        if not row.is_as_linked:
            said = f"fact {row.fact_id} in link {number} does not say what it said when linked"
            raise FactsBroken("fact", row.fact_id or 0, said)
    if len(linked) != link.fact_count:
        said = f"link {number} was made over {link.fact_count} facts and has {len(linked)}"
        raise FactsBroken("link", number, said)
    if root_sha256(bytes.fromhex(row.leaf_sha256) for row in linked).hex() != link.root_sha256:
        said = f"a fact of link {number} was changed together with its hashes"
        raise FactsBroken("link", number, said)
