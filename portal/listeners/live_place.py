"""The one place of a live session's page while it goes on, as values: label, player, keys, wishes.

It reads rows and writes none. Invariant: every play control has its label before it, and a key is
there only where the mode has something to steer with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from generation.sessions import rules
from generation.sessions.asking import latest_control
from generation.sessions.models import LiveSession
from generation.variations.rules import TITLES, Mode
from licensing.attribution.models import LicenceRecord, SealedMinute
from portal.audio.label import AiLabel, ai_label, live_label


@dataclass(frozen=True, slots=True)
class SteerKey:
    """A key that steers: `target` moves by `step`, by `ratio`, along the keys of music that the
    section permits by `along`, or is `set` ("yes", "no").

    `turn`: the sign it shows; `words`: what is said of it; `end`: said where it leads no further.
    """

    word: str
    words: str
    target: str
    end: str
    turn: str
    step: str = ""
    ratio: str = ""
    set: str = ""
    along: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """One of the wishes that hold, as a small fact the player keeps true."""

    name: str
    mark: str
    value: str


@dataclass(frozen=True, slots=True)
class LivePlace:
    """The player's place: addresses, label, keys and wishes."""

    partial: str
    title: str
    lead: str
    label: AiLabel
    addresses: Mapping[str, str]
    targets: str
    keys: tuple[SteerKey, ...]
    wishes: tuple[Wish, ...]
    licence_at: str
    taste_note: str


_KEYS = (
    SteerKey("More energy", "More energy", "energy", "This is as lively as it gets.", "+", "0.2"),
    SteerKey("Less energy", "Less energy", "energy", "This is as calm as it gets.", "−", "-0.2"),
    SteerKey("Brighter", "Brighter", "brightness", "This is as bright as it gets.", "+", "0.2"),
    SteerKey("Darker", "Darker", "brightness", "This is as dark as it gets.", "−", "-0.2"),
    SteerKey("More stems", "More stems", "density", "All stems that fit are in.", "+", "0.2"),
    SteerKey("Fewer stems", "Fewer stems", "density", "This is as sparse as it gets.", "−", "-0.2"),
)
_PITCH_KEYS = (
    SteerKey("Key up", "A semitone up", "key", "No key here goes further up.", "+", along="1"),
    SteerKey(
        "Key down", "A semitone down", "key", "No key here goes further down.", "−", along="-1"
    ),
)
_NOT_LEARNING = "Your taste is switched off, so nothing is learned of it."
_NO_BEAT = "There is no beat here that could be faster or slower."
_TEMPO_KEYS = (
    SteerKey("Faster", "Faster", "tempo_bpm", _NO_BEAT, "+", ratio="1.06"),
    SteerKey("Slower", "Slower", "tempo_bpm", _NO_BEAT, "−", ratio="0.943"),
)
_VOCAL_KEYS = (
    SteerKey(
        "Vocals in", "Vocals", "vocals", "Vocals are in, where there are any.", "+", set="yes"
    ),
    SteerKey("Vocals out", "No vocals", "vocals", "Vocals are out.", "−", set="no"),
)


def keys_of(mode: Mode) -> tuple[SteerKey, ...]:
    """The keys in pairs: no tempo without a beat, no vocals in focus."""
    tempo = () if mode is Mode.AMBIENT else _TEMPO_KEYS
    vocals = () if mode is Mode.FOCUS else _VOCAL_KEYS
    return (*_KEYS, *tempo, *_PITCH_KEYS, *vocals)


def label_of(session: LiveSession | None, mode: Mode) -> AiLabel:
    """What share of a session is human; of one to come (None) it is the plan."""
    record = session.record if session is not None else None
    return planned_label(mode) if record is None else label_of_record(record)


def planned_label(mode: Mode) -> AiLabel:
    """What can be said before a minute is measured: nets write no part of an ambience."""
    return ai_label(0, is_planned=True) if mode is Mode.AMBIENT else live_label()


def label_of_record(record: LicenceRecord) -> AiLabel:
    """What share of a session is human: of all that was heard once its record is sealed, before
    that of the minutes closed so far, each counting the same.
    """
    if record.state != LicenceRecord.State.OPEN:
        return ai_label(record.model_ppm)
    known = list(SealedMinute.objects.filter(record=record).values_list("model_ppm", flat=True))
    if not known:
        return planned_label(Mode(record.use.lower()))
    return ai_label(-(-sum(known) // len(known)))


def live_place(session: LiveSession, *, learns: bool) -> LivePlace:
    """The place of a session under way; `learns`: taste is on."""
    _, targets = latest_control(session)
    mode = Mode(session.mode)
    return LivePlace(
        partial="partials/live_player.html",
        title=session.title,
        lead=lead_of(session),
        label=label_of(session, mode),
        addresses=addresses_of(session),
        targets=json.dumps({name: targets[name] for name in rules.WISHES}),
        keys=keys_of(mode),
        wishes=wishes_of(mode, targets),
        licence_at=reverse("listeners:live_licence", args=[session.id]),
        taste_note="Steering moves your taste." if learns else _NOT_LEARNING,
    )


def addresses_of(session: LiveSession) -> dict[str, str]:
    """Where the player of a session goes."""
    return {
        "id": str(session.id),
        "title": session.title,
        "page": reverse("listeners:live", args=[session.id]),
        "play": reverse("listeners:live_play", args=[session.id]),
        "steer": reverse("listeners:live_steer", args=[session.id]),
        "end": reverse("listeners:live_end", args=[session.id]),
    }


def wishes_of(mode: Mode, targets: Mapping[str, Any]) -> tuple[Wish, ...]:
    """The wishes that hold, as words and numbers from 0 to 100."""
    found = [
        Wish(word, name, str(round(targets[name] * 100)))
        for name, word in (
            ("energy", "Energy"),
            ("density", "Density"),
            ("brightness", "Brightness"),
            ("valence", "Feeling"),
        )
    ]
    if mode is not Mode.AMBIENT:
        tempo = targets["tempo_bpm"]
        found.append(Wish("Tempo wished", "tempo", f"{tempo:.0f} bpm" if tempo else "as it comes"))
    found.append(Wish("Key wished", "key", targets["key"] or "as it comes"))
    if mode is not Mode.FOCUS:
        found.append(Wish("Vocals", "vocals", "as sung" if targets["vocals"] else "none"))
    return tuple(found)


def lead_of(session: LiveSession) -> str:
    """ "A mood bed without an end, begun at 20:14 UTC"."""
    kind = TITLES[Mode(session.mode)]
    article = "An" if kind[0] in "aeiou" else "A"
    return f"{article} {kind} without an end, begun at {session.created_at:%H:%M} UTC"
