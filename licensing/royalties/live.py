"""The started minutes of a live session as one close saw them, each with what sounded in it.

It divides nothing; `rules.division` does. Invariant: a minute that was sealed after the close is
silent here, as it was to the close, so what was frozen follows from this for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.attribution.models import MinuteLine
from licensing.royalties.models import Period, Usage
from licensing.royalties.rules.division import sources_of_minutes


@dataclass(frozen=True, slots=True)
class StartedMinute:
    """One usage of a live session; `lines` is ppm per stem, empty when nothing sounded."""

    minute: int
    played_at: datetime
    heard_ms: int
    payer: tuple[str, str, int]
    accrues: bool
    lines: dict[str, int]


def minutes_of(record_id: UUID, period: Period) -> tuple[StartedMinute, ...]:
    """Every minute of a session that a close counted or kept, in the order of their beginning."""
    usages = Usage.objects.filter(
        record_id=record_id, accrual_month=period.month, minute__isnull=False
    ).order_by("played_at", "pk")
    sealed = MinuteLine.objects.filter(
        sealed_minute__record_id=record_id, sealed_minute__lte=period.last_minute
    )
    lines: dict[int, dict[str, int]] = {}
    for minute, stem, ppm in sealed.values_list("sealed_minute__minute", "stem_id", "ppm"):
        lines.setdefault(minute, {})[str(stem)] = ppm
    return tuple(
        StartedMinute(
            minute=usage.minute or 0,
            played_at=usage.played_at,
            heard_ms=usage.heard_ms,
            payer=(usage.payer_kind, usage.payer_ref, usage.rate_micros or 0),
            accrues=usage.state == Usage.State.COUNTED,
            lines=lines.get(usage.minute or 0, {}),
        )
        for usage in usages
    )


def weights_of(minutes: Sequence[StartedMinute]) -> list[tuple[str, int]]:
    """What each stem is of these minutes, 1,000,000 ppm in all; empty when none sounded."""
    return sources_of_minutes([(one.accrues, one.lines) for one in minutes])
