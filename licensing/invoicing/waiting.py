"""What an artist is told of plays that wait for a partner's payment: counts and days, no prices.

It refuses to guess what they will earn: what was used is divided only when it was paid. Invariant:
whoever held no share of a stem when it was played is told nothing of it.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from licensing.catalog.holding_sql import STEMS_OF_PARTY


@dataclass(frozen=True, slots=True)
class WaitingPlays:
    """Plays and started minutes of a recording in the month that they wait in.

    `due_on`: by when the payer is to pay the invoice they stand on; None before one is issued.
    """

    recording_id: UUID
    title: str
    month: date
    due_on: date | None
    plays: int
    minutes: int


# From the party's own stems, never from all that waits: a partner's month may have millions.
_WAITING = f"""
WITH {STEMS_OF_PARTY}
SELECT recording.id, recording.title, u.accrual_month, invoice.due_on,
       COUNT(DISTINCT u.id) FILTER (WHERE u.minute IS NULL),
       COUNT(DISTINCT u.id) FILTER (WHERE u.minute IS NOT NULL)
FROM mine
JOIN catalog_recording recording ON recording.id = mine.recording_id
JOIN attribution_licencesource source ON source.stem_id = mine.stem_id
JOIN royalties_usage u ON u.record_id = source.record_id
    AND u.state = 'METERED' AND u.played_at >= mine.since AND u.played_at < mine.until
LEFT JOIN invoicing_invoice invoice ON invoice.state = 'ISSUED' AND invoice.month = u.accrual_month
    AND invoice.payer_kind = u.payer_kind AND invoice.payer_ref = u.payer_ref
GROUP BY recording.id, recording.title, u.accrual_month, invoice.due_on
ORDER BY u.accrual_month, recording.title, recording.id, invoice.due_on
"""


def waiting_plays_of(party: UUID) -> tuple[WaitingPlays, ...]:
    """What waits now, per recording this party holds part of, the oldest month first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [str(party)])
        return tuple(WaitingPlays(*row) for row in cursor.fetchall())
