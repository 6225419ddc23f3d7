"""One's live sessions as rows of a list: when, how long, what kind, and whom one heard.

It refuses to decide who sees them. Invariant: the number of SQL queries does not grow with the
rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.variations.rules import TITLES, Mode
from licensing.attribution.models import LicenceSource
from portal.audio.reach import Listener
from portal.audio.wording import clock, listed
from portal.listeners.live_over import heard_ms


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A session in the list; `kind` is the sign of its state."""

    id: UUID
    title: str
    begun_at: datetime
    kind: str
    word: str
    facts: str
    who: str


def sessions_of(listener: Listener) -> QuerySet[LiveSession]:
    """A queryset of the sessions a listener heard or hears, newest first."""
    mine = LiveSession.objects.filter(listener_kind=listener[0], listener_ref=listener[1])
    return mine.order_by("-created_at", "pk")


def live_rows(sessions: Sequence[LiveSession]) -> tuple[LiveRow, ...]:
    """The rows of these sessions, in their order."""
    parties = _parties([one.record_id for one in sessions if one.record_id is not None])
    return tuple(_row(one, parties[one.record_id]) for one in sessions)


def _parties(records: Sequence[UUID]) -> dict[UUID | None, list[str]]:
    found: dict[UUID | None, list[str]] = defaultdict(list)
    rows = LicenceSource.objects.filter(record__in=records).order_by("record", "position")
    for record, party in rows.values_list("record_id", "stem__party__name"):
        found[record].append(party)
    return found


def _row(one: LiveSession, parties: Sequence[str]) -> LiveRow:
    kind, word = _state(one)
    heard = f"{clock(heard_ms(one))} heard" if one.handed else "Nothing heard"
    facts = f"{TITLES[Mode(one.mode)].capitalize()}. {heard}"
    who = f"With {listed(parties)}" if parties else ""
    return LiveRow(one.pk, one.title, one.created_at, kind, word, facts, who)


def _state(one: LiveSession) -> tuple[str, str]:
    if one.state in rules.UNDER_WAY:
        return "wait", "Going on"
    return ("ok", "Over") if one.handed else ("", "Not heard")
