"""Which signed versions a new one ends, so that everybody on them is asked before it counts.

Pure: it knows versions and moments and refuses to know rows. A version holds from its date until a
later version does; one that begins before an earlier one's date calls that one off. Invariant:
whoever would hold less, or no longer, by a new version stands on one that it ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from licensing.catalog.rules import percent

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed version of a sheet and its date."""

    sheet_id: UUID
    version: int
    effective_from: datetime


class Era(NamedTuple):
    """While a version holds; `until` is not included."""

    sheet_id: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LeavingLine:
    """A party of a version that ends: what it holds by it, and by the new one (0: nothing)."""

    name: str
    identifiers: tuple[str, ...]
    before_ppm: int
    after_ppm: int


def eras(versions: Sequence[Signed]) -> Iterator[Era]:
    """When each version holds; one that was called off before its date is left out."""
    for one in versions:
        later = (v.effective_from for v in versions if v.version > one.version)
        until = min(later, default=NEVER)
        if one.effective_from < until:
            yield Era(one.sheet_id, one.effective_from, until)


def ended_by(
    start: datetime, own: Sequence[Signed], around: Sequence[Signed] = ()
) -> frozenset[UUID]:
    """Of the signed versions those that a further version of the same thing ends from `start` on.

    `own`: earlier versions of that thing. `around`: for a stem, the versions of its recording,
    which divide it wherever no version of its own does.
    """
    ended = {era.sheet_id for era in eras(own) if era.until > start}
    first_own = min((one.effective_from for one in own), default=NEVER)
    ended |= {
        era.sheet_id for era in eras(around) if max(start, era.since) < min(era.until, first_own)
    }
    return frozenset(ended)


def ending_text(version: int, of: str, lines: Sequence[LeavingLine]) -> str:
    """What a sheet's text says of one version that it ends."""
    body = [f"Ends: version {version} of the sheet of {of}. Its parties sign too:"]
    for line in lines:
        after = f"then {percent(line.after_ppm)}" if line.after_ppm else "then nothing"
        said = [f"  {percent(line.before_ppm):>10}  {line.name}", *line.identifiers, after]
        body.append(", ".join(said))
    return "\n".join(body) + "\n"
