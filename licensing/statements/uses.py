"""For what use and territory the variations on a statement were licensed, and what a play earned.

Where a play was heard is not recorded anywhere, so nothing here says it: the territory is that of
the licence. Read from sealed records and their clearances, which never change.
"""

from collections.abc import Sequence
from uuid import UUID

from licensing.attribution.models import LicenceRecord
from licensing.royalties.queries import LineView

NOT_RECORDED = "not recorded"
"""Of the territory of plays."""


def uses_of(lines: Sequence[LineView]) -> dict[UUID, tuple[str, str]]:
    """(use, territory of the licence) by record, of all records on these lines, in one query."""
    records = {line.record_id for line in lines if line.record_id}
    rows = LicenceRecord.objects.filter(pk__in=records)
    found = rows.values_list("pk", "use", "clearance__territory")
    return {record: (use, place) for record, use, place in found}


def rate_micros(amount_micros: int, plays: int) -> int:
    """An amount for each play, to the nearest micro-unit, halves away from zero."""
    rate = (2 * abs(amount_micros) + plays) // (2 * plays)
    return -rate if amount_micros < 0 else rate
