"""The hash chain over the books, made by one linker over what is committed.

Nobody who posts waits for the chain: an entry waits in a table until the linker comes, a second
later, or is linked by the close that posted it. The linker takes what waits, never what has a
higher id than the last, so an entry that commits late is linked late and never left out. Invariant:
links are numbered 1, 2, 3 without a gap, each holds the hash of the one before, and whoever keeps
the hash of one (its anchor) can tell whether anything up to it was changed.
"""

from datetime import datetime

from django.db import connection, transaction

from licensing.audit.merkle import chained_sha256, root_sha256
from licensing.ledger import chain_sql
from licensing.ledger.models import Link, UnlinkedEntry

BEFORE_THE_FIRST = "0" * 64
"""What the first link holds in place of a previous one's hash."""


@transaction.atomic
def link_entries(*, now: datetime) -> Link | None:
    """Link every committed entry that waits. None where none does, or another linker is at it."""
    if not UnlinkedEntry.objects.exists():
        return None
    with connection.cursor() as cursor:
        cursor.execute(chain_sql.TRY_HOLD)
        (is_ours,) = cursor.fetchone()
    return _link(chain_sql.COMMITTED, now) if is_ours else None


@transaction.atomic
def link_posted(*, now: datetime) -> Link | None:
    """Link what this transaction has posted, as one link; it stands or falls with the transaction.

    Waits for another linker, and keeps others waiting until the transaction ends: to be called
    last. None where nothing was posted.
    """
    with connection.cursor() as cursor:
        cursor.execute(chain_sql.HOLD)
    return _link(chain_sql.OWN, now)


def latest_link() -> Link | None:
    """The head of the chain; None before the first entry was linked."""
    return Link.objects.order_by("-number").first()


def link_sha256(
    *, number: int, previous_sha256: str, root_sha256: str, entry_count: int, made_at: datetime
) -> str:
    """A link's own hash, as `chained_sha256` makes it."""
    return chained_sha256("books", number, previous_sha256, root_sha256, entry_count, made_at)


def _link(whose: str, now: datetime) -> Link | None:
    head = latest_link()
    number = head.number + 1 if head else 1
    with connection.cursor() as cursor:
        cursor.execute(chain_sql.take(whose), {"number": number})
        leaves = [bytes.fromhex(leaf) for (leaf,) in cursor.fetchall()]
    if not leaves:
        return None
    previous = head.sha256 if head else BEFORE_THE_FIRST
    root = root_sha256(leaves).hex()
    return Link.objects.create(
        number=number,
        previous_sha256=previous,
        root_sha256=root,
        entry_count=len(leaves),
        made_at=now,
        sha256=link_sha256(
            number=number,
            previous_sha256=previous,
            root_sha256=root,
            entry_count=len(leaves),
            made_at=now,
        ),
    )
