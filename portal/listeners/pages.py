"""The pages anybody may open: the front door, what may be varied, and how shares are measured.

It refuses to show anybody's variations. Invariant: a recording is listed only when somebody who
lives where this reader lives may ask for a variation of it now.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from generation.variations.rules import TITLES, Mode, use_of
from licensing.catalog.models import Party
from licensing.clearance.queries import ClearableRecording, list_clearable
from portal.audio.pictures import Picture, recording_picture
from portal.audio.stemma import Layer
from portal.audio.wording import clock, count
from portal.listeners.measured import Measured, layers_by_recording, measured_recordings
from portal.listeners.permission import ALL_MODES

PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class Card:
    """A recording in the list."""

    id: UUID
    title: str
    party: str
    explicit: bool
    stems: str
    facts: str
    stemma: Picture


@dataclass(frozen=True, slots=True)
class Filter:
    """One of the uses by which the list can be narrowed."""

    value: str
    word: str
    is_chosen: bool


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The front door."""
    return render(request, "listeners/home.html", {"here": "home"})


@require_GET
def how_shares_are_measured(request: HttpRequest) -> HttpResponse:
    """What the share of a stem means and how it is measured, in plain words."""
    context = {"nav_main": "partials/nav_listener.html", "here": "shares"}
    return render(request, "listeners/shares.html", context)


@require_GET
def recordings(request: HttpRequest) -> HttpResponse:
    """What may be varied in the reader's country, for one use, newest first."""
    mode = next((one for one in ALL_MODES if one.value == request.GET.get("mode")), Mode.REMIX)
    hides = request.GET.get("explicit") == "hide"
    found = _listed(mode, getattr(request.user, "country", ""), hides, timezone.now())
    pages = Paginator(found, PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "page": page,
        "cards": cards(list(page.object_list)),
        "filters": [Filter(one.value, TITLES[one].capitalize(), one is mode) for one in ALL_MODES],
        "mode": mode.value,
        "hides_explicit": hides,
        "count_words": count(len(found), "recording", "recordings").capitalize(),
        "nav_main": "partials/nav_listener.html",
        "here": "listen",
    }
    return render(request, "listeners/recordings.html", context)


def _listed(
    mode: Mode, country: str, hides_explicit: bool, now: datetime
) -> tuple[ClearableRecording, ...]:
    found = list_clearable(use_of(mode), country, settings.OWN_CHANNEL, now)
    return tuple(one for one in found if not (hides_explicit and one.explicit))


def cards(found: list[ClearableRecording]) -> tuple[Card, ...]:
    """The recordings as rows of the list."""
    parties = Party.objects.in_bulk([one.party_id for one in found])
    known = measured_recordings([one.recording_id for one in found])
    layers = layers_by_recording(
        {one.recording_id: [(stem.stem_id, stem.label) for stem in one.stems] for one in found}
    )
    return tuple(
        _card(
            one,
            parties[one.party_id].name,
            known.get(one.recording_id),
            layers[one.recording_id],
        )
        for one in found
    )


def _card(
    one: ClearableRecording, party: str, known: Measured | None, layers: tuple[Layer, ...]
) -> Card:
    length_ms = known.length_ms if known else 0
    return Card(
        id=one.recording_id,
        title=one.title,
        party=party,
        explicit=one.explicit,
        stems=count(len(one.stems), "stem", "stems"),
        facts=_facts(known),
        stemma=recording_picture(one.title, layers, length_ms, "small"),
    )


def _facts(known: Measured | None) -> str:
    if known is None:
        return ""
    tempo = f"{known.tempo_bpm:.0f} bpm" if known.tempo_bpm else "free time"
    return ", ".join(part for part in (clock(known.length_ms), tempo, known.key or "") if part)
