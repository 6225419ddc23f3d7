"""Objects that no row names: what a killed worker, a refusal or a second original left behind.

An object is stored before its row, so a young one may still be waiting for it. Invariant: nothing
goes that a row names, nor anything written or wanted again within a day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from generation.sessions.models import LiveSegment
from generation.variations.models import Segment, VariationFile
from licensing.catalog.evidence import named_evidence
from licensing.catalog.models import AudioObject
from licensing.catalog.store import list_shard, remove_old

KEPT_FOR = timedelta(days=1)
_SHARDS = 256


def shard_at(now: datetime) -> str:
    """The 256th of the store whose turn it is in this minute; all had theirs after 4.3 hours."""
    return f"{int(now.timestamp()) // 60 % _SHARDS:02x}"


def sweep_orphans(*, shard: str, now: datetime) -> list[str]:
    """Remove the objects of a shard that no row names and nobody wanted for a day; their names."""
    names = list_shard(shard)
    if not names:
        return []
    named = _named(names)
    return [one for one in names if one not in named and remove_old(one, now - KEPT_FOR)]


def _named(names: Sequence[str]) -> set[str]:
    kept = AudioObject.objects.filter(removed_at__isnull=True)
    found: set[str] = set()
    for rows, field in (
        (kept, "archive_name"),
        (kept, "original_name"),
        (Segment.objects.all(), "name"),
        (LiveSegment.objects.all(), "name"),
        (VariationFile.objects.all(), "name"),
    ):
        found.update(rows.filter(**{f"{field}__in": names}).values_list(field, flat=True))
    return found | named_evidence(names)
