"""A live session in its case file: the newest of its parts and minutes, with what they rest on.

It gathers and shows; it decides nothing. All parts and minutes stand in the lists of the desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from licensing.attribution.models import LicenceRecord, LicenceSource, RecordPart, SealedMinute
from licensing.attribution.queries import parts_standing

SHOWN = 60
WRITTEN_EACH_TIME = ("open_part", "seal_minute")
"""Facts of which a session has thousands: its parts and minutes say the same."""


@dataclass(frozen=True, slots=True)
class PartRow:
    """A section; `stands` whether its sound may be handed out now."""

    part: RecordPart
    stems: tuple[str, ...]
    stands: bool


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """A sealed minute; `lines` is (stem, ppm), largest first, empty for silence."""

    minute: SealedMinute
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What is shown of a session, newest first, and how much there is."""

    parts: tuple[PartRow, ...]
    part_count: int
    minutes: tuple[MinuteRow, ...]
    minute_count: int


def live_of(record: LicenceRecord, sources: Sequence[LicenceSource], at: datetime) -> Live | None:
    """The parts and minutes of a record; None when it has neither."""
    parts, minutes = record.parts.order_by("-index"), record.minutes.order_by("-minute")
    part_count, minute_count = parts.count(), minutes.count()
    if not part_count and not minute_count:
        return None
    labels = {one.stem_id: one.stem.label for one in sources}
    newest = list(parts[:SHOWN])
    standing = parts_standing([one.pk for one in newest], at)
    return Live(
        parts=tuple(
            PartRow(one, tuple(labels[stem] for stem in one.stems), one.pk in standing)
            for one in newest
        ),
        part_count=part_count,
        minutes=tuple(
            MinuteRow(
                one,
                tuple(
                    (labels[line.stem_id], line.ppm)
                    for line in sorted(one.lines.all(), key=lambda line: -line.ppm)
                ),
            )
            for one in minutes.prefetch_related("lines")[:SHOWN]
        ),
        minute_count=minute_count,
    )
