"""What was earned by use and role in the last closed months, read for `rules.comparing`.

Earnings of first versions, all parties' shares together, before anything is deducted. It shows
nobody's statement: only ranges leave this file.
"""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from licensing.royalties.models import Period
from licensing.royalties.rules.comparing import Earned, Range, ranges

MONTHS = 3
_EARNED = """
SELECT clearance.use, COALESCE(NULLIF(stem.role, ''), 'other'), statement.currency,
       recording.id::text, recording.party_id::text, period.month, SUM(line.amount_micros)::bigint
FROM royalties_statementline line
JOIN royalties_statement statement ON statement.id = line.statement_id AND statement.version = 1
JOIN royalties_period period ON period.id = statement.period_id AND period.month = ANY(%s)
JOIN attribution_licencerecord clearance ON clearance.id = line.record_id
JOIN catalog_stem stem ON stem.id = line.stem_id
JOIN catalog_recording recording ON recording.id = stem.recording_id
WHERE line.kind = 'EARNING'
GROUP BY 1, 2, 3, recording.id, recording.party_id, period.month
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ranges of some closed months, the newest first; both empty before the first close."""

    months: tuple[date, ...]
    ranges: tuple[Range, ...]


def last_closed_months() -> tuple[date, ...]:
    """The months whose earnings are compared, the newest first."""
    return tuple(Period.objects.order_by("-month").values_list("month", flat=True)[:MONTHS])


def compare(months: tuple[date, ...]) -> Comparison:
    """What comparable recordings earned in these months, per use, role and currency."""
    with connection.cursor() as cursor:
        cursor.execute(_EARNED, [list(months)])
        earned = [Earned(*row) for row in cursor.fetchall()]
    return Comparison(months, ranges(earned))
