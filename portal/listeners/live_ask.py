"""The form that asks for a live session, as values: mode, wishes, artists, and why there is none.

Permission is asked of the query that the form without a recording asks. It refuses to draw.
Invariants: an artist is offered only while a recording of theirs may be used in that mode, here and
now; without a receipt that covers this moment there is no key.
"""

import statistics
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from generation.taste.queries import is_known, is_on
from generation.variations.rules import Mode
from licensing.catalog.models import Party
from licensing.clearance.queries import ClearableRecording
from licensing.receipts.queries import receipt_covering
from portal.accounts.models import User
from portal.audio.label import AiLabel
from portal.listeners.ask_page import (
    Choice,
    Fader,
    ModeChoice,
    Option,
    by_choice,
    choices,
    faders,
    mode_choices,
)
from portal.listeners.asking import BY_TASTE, Ground, keys_among, read_wishes
from portal.listeners.live_place import label_of
from portal.listeners.measured import measured_recordings
from portal.listeners.permission import ANEW_MODES, NO_COUNTRY, clearable
from portal.listeners.playing import listener_of

NO_RECEIPT = (
    "A live session needs a subscription: every minute you start pays those you hear, and at this "
    "moment none of your receipts covers one."
)
NOTHING = "At this moment no recording may be used for this where you live."
COST = "Included in your plan; every started minute pays those you hear."
_GROUND = Ground()
# More tell no more about how far tempi and keys reach.
_MEASURED_MOST = 100


@dataclass(frozen=True, slots=True)
class LiveAsk:
    """Everything the form shows; `refusals`: why it has no key."""

    partial: str
    key: str
    ask_again: str
    label: AiLabel
    modes: tuple[ModeChoice, ...]
    by: Choice | None
    faders: tuple[Fader, ...]
    choices: tuple[Choice, ...]
    keys: tuple[Option, ...]
    artists: tuple[Option, ...]
    artist_note: str
    refusals: tuple[str, ...]
    needs_country: bool
    cost: str


def live_ask(user: User, given: Mapping[str, str], now: datetime) -> LiveAsk:
    """The form for `given`: mode, artist and wishes as far as they were chosen."""
    mode = next((one for one in ANEW_MODES if one.value == given.get("mode")), Mode.MOOD)
    found = clearable(mode, user, now, is_live=True) if user.country else ()
    parties = _parties(found)
    wanted = given.get("artist", "")
    artist = wanted if wanted in {str(one) for one in parties} else ""
    listener = listener_of(user)
    if is_known(listener):
        given = {"by": BY_TASTE} | dict(given)
    wishes = read_wishes(mode, given, _GROUND, 0)
    mine = [one for one in found if not artist or str(one.party_id) == artist]
    grounds = _grounds(mine)
    return LiveAsk(
        partial="partials/live_form.html",
        key=str(uuid.uuid4()),
        ask_again=reverse("listeners:live_new"),
        label=label_of(None, mode),
        modes=mode_choices(ANEW_MODES, mode),
        by=by_choice(wishes) if is_on(listener) else None,
        faders=faders(wishes, _GROUND),
        choices=(
            *(one for one in choices(wishes, _GROUND) if one.name == "vocals"),
            *_tempo_choice(mode, grounds, given.get("tempo", "")),
        ),
        keys=_key_options(grounds, given.get("key_wanted", "")),
        artists=_artists(parties, artist),
        artist_note=_artist_note(wanted, artist),
        refusals=_refusals(user, bool(found), now),
        needs_country=not user.country,
        cost=COST,
    )


def _parties(found: Sequence[ClearableRecording]) -> dict[UUID, str]:
    rows = Party.objects.filter(pk__in={one.party_id for one in found}).order_by("name")
    return dict(rows.values_list("pk", "name"))


def _artists(parties: Mapping[UUID, str], chosen: str) -> tuple[Option, ...]:
    everybody = Option("", "Everybody who allows it", not chosen)
    return (everybody, *(Option(str(pk), name, str(pk) == chosen) for pk, name in parties.items()))


def _artist_note(wanted: str, artist: str) -> str:
    """What became of an artist that a link named."""
    if wanted and not artist:
        return "The artist you came from allows no session of this kind at this moment."
    return "Only recordings that may be used for this where you live."


def _refusals(user: User, is_any: bool, now: datetime) -> tuple[str, ...]:
    if not user.country:
        return (NO_COUNTRY,)
    if receipt_covering(("user", str(user.pk)), now) is None:
        return (NO_RECEIPT,)
    return () if is_any else (NOTHING,)


def _grounds(found: Sequence[ClearableRecording]) -> tuple[Ground, ...]:
    """What was measured in the newest of these, and what their artists permit."""
    newest = found[:_MEASURED_MOST]
    known = measured_recordings([one.recording_id for one in newest])
    return tuple(
        Ground(one.limits, known[one.recording_id].tempo_bpm, known[one.recording_id].key)
        for one in newest
        if one.recording_id in known
    )


def _tempo_choice(mode: Mode, grounds: Sequence[Ground], chosen: str) -> tuple[Choice, ...]:
    """Slow, middle and fast among the tempi that recordings have; none in a piece without beat."""
    tempi = [one.tempo_bpm for one in grounds if one.tempo_bpm]
    if mode is Mode.AMBIENT or not tempi:
        return ()
    spread = {round(one) for one in (min(tempi), statistics.median(tempi), max(tempi))}
    values = ["", *map(str, sorted(spread))]
    chosen = chosen if chosen in values else ""
    options = tuple(
        Option(one, f"{one} bpm" if one else "As it comes", one == chosen) for one in values
    )
    return (Choice("tempo", "Tempo", options),)


def _key_options(grounds: Sequence[Ground], chosen: str) -> tuple[Option, ...]:
    """The keys that permission reaches, each with its way from what was recorded."""
    listed = keys_among(grounds)
    return tuple(Option(one.value, one.word, one.value == chosen) for one in listed)
