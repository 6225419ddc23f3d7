"""The account of a live session that is over, as values: what was heard, how long, who was in it.

It reads rows and writes none. Invariant: the shares shown are the record's own lines once it is
sealed; before that they are those of the minutes closed so far, and called so.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from django.urls import reverse

from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.variations.rules import TITLES, Mode
from licensing.attribution.models import LicenceRecord, MinuteLine
from licensing.attribution.queries import LineView, lines_of
from licensing.money import allocate
from portal.audio.label import AiLabel
from portal.audio.wording import clock, count, percent
from portal.listeners.live_place import label_of, lead_of
from portal.listeners.variation_page import Ended, Fact


@dataclass(frozen=True, slots=True)
class CreditOfAll:
    """A source's share of everything that was heard; "" before a minute is closed."""

    role: str
    label: str
    recording: str
    party: str
    share: str


@dataclass(frozen=True, slots=True)
class LiveOver:
    """The account of a session that is over."""

    partial: str
    title: str
    lead: str
    label: AiLabel
    ended: Ended
    facts: tuple[Fact, ...]
    credits: tuple[CreditOfAll, ...]
    credits_note: str
    licence_at: str
    again_at: str


_SEALED = "Shares of all that you heard. Each minute paid by its own."
_CLOSING = "The last minute is being closed; the shares are those of the minutes before."


def heard_ms(session: LiveSession) -> int:
    """How much of it was handed out."""
    return session.handed * 1000 // SAMPLE_RATE_HZ


def live_over(session: LiveSession) -> LiveOver:
    """The account of a session that is over."""
    lines = credits_of(session)
    is_sealed = session.record is not None and session.record.state != LicenceRecord.State.OPEN
    licence = reverse("listeners:live_licence", args=[session.id]) if session.record_id else ""
    return LiveOver(
        partial="partials/live_over.html",
        title=session.title,
        lead=lead_of(session),
        label=label_of(session, Mode(session.mode)),
        ended=_ended(session),
        facts=_facts(session),
        credits=tuple(
            CreditOfAll(
                one.role,
                one.label,
                one.recording_title,
                one.party_name,
                percent(one.ppm) if one.ppm is not None else "",
            )
            for one in lines
        ),
        credits_note=_SEALED if is_sealed else _CLOSING,
        licence_at=licence,
        again_at=reverse("listeners:live_new"),
    )


def _ended(session: LiveSession) -> Ended:
    if not session.handed:
        told = (session.end_sentence,) if session.end_sentence else ()
        return Ended("Nothing was heard", "wait", "Nothing sounded, so nothing was counted.", told)
    if session.end_sentence:
        return Ended("Over", "wait", session.end_sentence, ())
    return Ended("Over", "ok", "You ended this session.", ())


def _facts(session: LiveSession) -> tuple[Fact, ...]:
    minutes = rules.minutes_of(session.handed)
    ended = f"{session.ended_at:%-d %B, %H:%M} UTC" if session.ended_at else ""
    pairs = (
        ("Begun", f"{session.created_at:%-d %B, %H:%M} UTC"),
        ("Ended", ended),
        ("Heard", clock(heard_ms(session))),
        ("Pays for", count(minutes, "started minute", "started minutes")),
        ("Kind", TITLES[Mode(session.mode)].capitalize()),
    )
    return tuple(Fact(name, value) for name, value in pairs if value)


def credits_of(session: LiveSession) -> tuple[LineView, ...]:
    """Who was in it, largest share first: of the whole when it is sealed, else so far."""
    if session.record is None:
        return ()
    lines = lines_of(session.record.pk)
    if session.record.state != LicenceRecord.State.OPEN:
        return lines
    shares = shares_so_far(session.record.pk)
    if not shares:
        return lines
    told = [replace(one, ppm=shares.get(one.stem_id, 0)) for one in lines]
    return tuple(sorted(told, key=lambda one: -(one.ppm or 0)))


def shares_so_far(record_id: UUID) -> dict[UUID, int]:
    """Parts per million by stem over the minutes closed so far, each minute counting the same."""
    weights: dict[str, int] = {}
    rows = MinuteLine.objects.filter(sealed_minute__record=record_id)
    for stem, ppm in rows.values_list("stem_id", "ppm"):
        weights[str(stem)] = weights.get(str(stem), 0) + ppm
    shares = allocate(1_000_000, sorted(weights.items())) if weights else {}
    return {UUID(stem): ppm for stem, ppm in shares.items()}
