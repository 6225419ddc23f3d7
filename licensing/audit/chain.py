"""The hash chain over the log of facts, made by one linker over what is committed.

The design of the ledger's chain, one floor below it: links are numbered 1, 2, 3 without a gap, each
holds the hash of the one before and the Merkle root over its facts in their order, and whoever
keeps the hash of one elsewhere can tell whether anything up to it was changed. Nobody who writes a
fact waits for it. A fact that commits late is linked late: the linker looks back over a window of
numbers, and each night over all of them. Invariant: a fact is in one link at most, and its leaf
says all of it.
"""

from datetime import datetime

from django.db import connection, transaction

from licensing.audit.merkle import chained_sha256, root_sha256
from licensing.audit.models import FactLink

BEFORE_THE_FIRST = "0" * 64
"""What the first link holds in place of a previous one's hash."""
WINDOW = 2_000
"""So many numbers below the highest linked one are looked at each second: a transaction that took
its number before them and is not at its end yet is found by the night."""

# Everything a fact says but `transaction`, which only orders a commit; as one JSON array, so that
# no text can be moved from one column into the next.
_SAID = """
jsonb_build_array(f.sequence, f.actor_kind, f.actor_ref, f.verb, f.object_kind, f.object_ref,
    f.before, f.after, to_char(f.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
"""
LEAF = f"encode(sha256('\\x00'::bytea || convert_to({_SAID}, 'UTF8')), 'hex')"
"""`merkle.leaf_sha256` of a fact's leaf, in hexadecimal digits."""
_TRY_HOLD = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit chain', 0))"
_SINCE = "SELECT COALESCE(MAX(fact_id), 0) FROM audit_linkedfact"
_TAKE = f"""
WITH fresh AS MATERIALIZED (
    SELECT f.sequence, {LEAF} AS leaf_sha256 FROM audit_fact f
    WHERE f.sequence > %(since)s
      AND NOT EXISTS (SELECT 1 FROM audit_linkedfact l WHERE l.fact_id = f.sequence)
), linked AS (
    INSERT INTO audit_linkedfact (fact_id, link_id, leaf_sha256)
    SELECT sequence, %(number)s, leaf_sha256 FROM fresh
)
SELECT leaf_sha256 FROM fresh ORDER BY sequence
"""


@transaction.atomic
def link_facts(*, now: datetime, everything: bool = False) -> FactLink | None:
    """Link every committed fact that is not linked yet, of the window or of all there ever were.

    None where there is none, or another linker is at it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TRY_HOLD)
        if cursor.fetchone() != (True,):
            return None
        cursor.execute(_SINCE)
        (highest,) = cursor.fetchone()
        head = latest_fact_link()
        number = head.number + 1 if head else 1
        since = 0 if everything else highest - WINDOW
        cursor.execute(_TAKE, {"since": since, "number": number})
        leaves = [bytes.fromhex(leaf) for (leaf,) in cursor.fetchall()]
    return _made(head, number, leaves, now) if leaves else None


def latest_fact_link() -> FactLink | None:
    """The head of the chain; None before the first fact was linked."""
    return FactLink.objects.order_by("-number").first()


def link_sha256(
    *, number: int, previous_sha256: str, root_sha256: str, fact_count: int, made_at: datetime
) -> str:
    """A link's own hash, as `chained_sha256` makes it."""
    return chained_sha256("facts", number, previous_sha256, root_sha256, fact_count, made_at)


def _made(head: FactLink | None, number: int, leaves: list[bytes], now: datetime) -> FactLink:
    previous = head.sha256 if head else BEFORE_THE_FIRST
    root = root_sha256(leaves).hex()
    return FactLink.objects.create(
        number=number,
        previous_sha256=previous,
        root_sha256=root,
        fact_count=len(leaves),
        made_at=now,
        sha256=link_sha256(
            number=number,
            previous_sha256=previous,
            root_sha256=root,
            fact_count=len(leaves),
            made_at=now,
        ),
    )
