"""Reading what is held: what an artist is told of plays that look odd, while their month is open.

Counts and words alone: never a listener's reference, nor how many listeners there are. Invariant:
whoever held no share of a stem when it was played is told nothing of it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from licensing.catalog.holding_sql import STEMS_OF_PARTY
from licensing.royalties.rules.anomalies import in_words


@dataclass(frozen=True, slots=True)
class HeldPlays:
    """How many plays of a recording wait for a person, and why, in words."""

    recording_id: UUID
    title: str
    plays: int
    reasons: str


_HELD = f"""
WITH {STEMS_OF_PARTY}
SELECT recording.id, recording.title, COUNT(DISTINCT u.id), array_agg(DISTINCT reason::text)
FROM mine
JOIN catalog_recording recording ON recording.id = mine.recording_id
JOIN attribution_licencesource source ON source.stem_id = mine.stem_id
JOIN royalties_usage u ON u.record_id = source.record_id
    AND u.state = 'HELD' AND u.played_at >= mine.since AND u.played_at < mine.until
JOIN royalties_anomaly a ON a.id = u.anomaly_id AND a.state = 'OPEN'
CROSS JOIN LATERAL unnest(a.reasons) reason
GROUP BY recording.id, recording.title
ORDER BY recording.title, recording.id
"""


def held_plays_of(party: UUID) -> tuple[HeldPlays, ...]:
    """Plays held now, per recording this party held part of when they were heard."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [str(party)])
        return tuple(
            HeldPlays(recording, title, plays, in_words(reasons))
            for recording, title, plays, reasons in cursor.fetchall()
        )
