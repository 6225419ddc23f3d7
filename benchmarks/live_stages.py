"""What the start of a live session consists of: asking, planning, leave, first second, fetch.

The player knows when it asked and got, the rows when they were written; both go by the machine's
one clock. It knows no thresholds.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.demo.parts import Parts

ROWS = """
import json
from generation.sessions.models import LiveSegment, LiveSession, Section
sessions = LiveSession.objects.filter(id__in={ids!r})
firsts = Section.objects.filter(session__in=sessions, index=0)
seconds = LiveSegment.objects.filter(session__in=sessions, number=0, version=0)
found = {{str(one.id): [one.created_at.isoformat()] for one in sessions}}
for row in firsts.values_list("session_id", "written_at"):
    found[str(row[0])].append(row[1].isoformat())
for row in seconds.values_list("session_id", "stored_at"):
    found[str(row[0])].append(row[1].isoformat())
with open({target!r}, "w") as file:
    json.dump(found, file)
"""


@dataclass(frozen=True)
class Moments:
    """Seconds since the epoch at which a player pressed "start", had its answer, had leave for the
    first second, and had that second.
    """

    session: str
    pressed: float
    asked: float
    led: float
    fetched: float

    @property
    def took_s(self) -> float:
        """From "start" to the first second in hand."""
        return self.fetched - self.pressed


def stages(parts: Parts, starts: Sequence[Moments]) -> dict[str, float]:
    """The median of every stage in seconds, in their order; they do not quite follow each other.

    "asking" is answered when planning has begun, and "leave" comes while the first second is made.
    """
    target = parts.var / "stages.json"
    ids = [one.session for one in starts]
    parts.manage("shell", "-v", "0", "-c", ROWS.format(ids=ids, target=str(target)))
    rows: Mapping[str, list[str]] = json.loads(target.read_text())
    found: dict[str, list[float]] = {}
    for one in starts:
        begun, written, stored = (
            datetime.fromisoformat(text).timestamp() for text in rows[one.session]
        )
        for name, seconds in (
            ("asking", one.asked - one.pressed),
            ("until the row", begun - one.pressed),
            ("planning", written - begun),
            ("first second", stored - written),
            ("leave", one.led - written),
            ("fetch", one.fetched - stored),
        ):
            found.setdefault(name, []).append(seconds)
    return {name: round(statistics.median(all_s), 3) for name, all_s in found.items()}
