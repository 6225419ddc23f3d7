"""Reading what is held: what an artist is told of plays that look odd, while their month is open.

Counts and words alone: never a listener's reference, nor how many listeners there are.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from licensing.royalties.rules.anomalies import in_words


@dataclass(frozen=True, slots=True)
class HeldPlays:
    """How many plays of a recording wait for a person, and why, in words."""

    recording_id: UUID
    title: str
    plays: int
    reasons: str


_HELD = """
SELECT recording.id, recording.title, COUNT(DISTINCT u.id),
       array_agg(DISTINCT reason::text)
FROM royalties_anomaly a
JOIN royalties_usage u ON u.anomaly_id = a.id AND u.state = 'HELD'
CROSS JOIN LATERAL unnest(a.reasons) reason
JOIN attribution_licencesource source ON source.record_id = u.record_id
JOIN catalog_stem stem ON stem.id = source.stem_id
JOIN catalog_recording recording ON recording.id = stem.recording_id
WHERE a.state = 'OPEN' AND EXISTS (
    SELECT 1 FROM catalog_splitsheet sheet JOIN catalog_share share ON share.sheet_id = sheet.id
    WHERE sheet.state = 'SIGNED' AND sheet.effective_from <= u.played_at
      AND (sheet.stem_id = stem.id OR sheet.recording_id = recording.id
           OR sheet.work_id = recording.work_id)
      AND share.party_id = %s)
GROUP BY recording.id, recording.title
ORDER BY recording.title, recording.id
"""


def held_plays_of(party: UUID) -> tuple[HeldPlays, ...]:
    """Plays held now, per recording this party holds part of."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [str(party)])
        return tuple(
            HeldPlays(recording, title, plays, in_words(reasons))
            for recording, title, plays, reasons in cursor.fetchall()
        )
