"""Asking for a variation: the form on a recording's page or without one, and what came of it.

One view per page; permission is asked before the form is drawn and again before it is taken.
Invariant: a refusal names every reason in a sentence, and what was typed is still there.
"""

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from generation.taste.queries import is_known, is_on
from generation.variations.by_taste import chooses_in, request_by_taste
from generation.variations.models import Variation
from generation.variations.operations import request_variation
from generation.variations.rules import SEED_AT_MOST, Mode, RequestRefused
from licensing.catalog.models import Recording, Stem
from licensing.receipts.queries import receipt_covering
from portal.accounts.models import User
from portal.audio.pictures import recording_picture
from portal.audio.wording import clock, listed
from portal.listeners.ask_page import AskPage, Second, ask_page
from portal.listeners.asking import (
    BY_TASTE,
    Wishes,
    as_request,
    as_request_by_taste,
    read_wishes,
    taste_bounds,
)
from portal.listeners.external_ask import external_field, external_refusals
from portal.listeners.measured import layers_by_recording, measured_recordings
from portal.listeners.permission import (
    ALL_MODES,
    ANEW_MODES,
    Permission,
    bear_each_other,
    clearable,
    clearable_tempi,
    permission_for,
)
from portal.listeners.playing import listener_of
from portal.listeners.variation_page import Fact
from portal.listeners.variations import place_of

_SECONDS_MOST = 50
_SEVERAL = ("external",)
"""Fields of which several values may be chosen: they come as one, with commas between."""


@dataclass(slots=True)
class _Asking:
    """One request of the form: who, what for, and what is permitted."""

    user: User
    given: Mapping[str, str]
    recording: Recording | None
    mode: Mode
    second: Recording | None
    permission: Permission
    wishes: Wishes
    offers_taste: bool


def _complete(recording_id: UUID | str) -> Recording | None:
    rows = Recording.objects.select_related("party").filter(state=Recording.State.COMPLETE)
    try:
        return rows.filter(pk=recording_id).first()
    except (ValueError, TypeError):
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _taste_may(mode: Mode, named: list[Recording], user: User) -> bool:
    """Whether taste may choose or shape what is made of these; what nobody named it leaves out."""
    ids = {one.pk for one in named}
    found = clearable(mode, user, timezone.now(), list(ids), by_taste=True) if ids else ()
    return ids == {one.recording_id for one in found}


def _asking(request: HttpRequest, given: Mapping[str, str], recording: Recording | None) -> _Asking:
    user = cast(User, request.user)
    mode = _mode(given.get("mode", ""), recording)
    second = None
    if mode is Mode.COLLABORATION and (second_id := _uuid(given.get("with", ""))):
        second = _complete(second_id)
    named = [one for one in (recording, second) if one is not None]
    permission = permission_for(mode, named, user, timezone.now())
    seed = secrets.randbelow(SEED_AT_MOST)
    offers_taste = chooses_in(mode) and is_on(listener_of(user)) and _taste_may(mode, named, user)
    if offers_taste and request.method == "GET" and is_known(listener_of(user)):
        given = {"by": BY_TASTE} | dict(given)
    wishes = read_wishes(mode, given, permission.ground, seed)
    return _Asking(user, given, recording, mode, second, permission, wishes, offers_taste)


def _mode(text: str, recording: Recording | None) -> Mode:
    offered = ALL_MODES if recording else ANEW_MODES
    return next((mode for mode in offered if mode.value == text), offered[0])


def _page(asking: _Asking, refusals: Sequence[str] = ()) -> AskPage:
    recording = asking.recording
    again = (
        reverse("listeners:recording", args=[recording.pk])
        if recording
        else reverse("listeners:anew")
    )
    introduction = (
        "Everything here stays within what its artists allow. Where a fader ends, their "
        "permission ends."
        if recording
        else "Only stems whose artists allow it where you live, and allow it to be mixed."
    )
    return ask_page(
        key=str(uuid.uuid4()),
        ask_again=again,
        recording_id=str(recording.pk) if recording else "",
        introduction=introduction,
        offered=ALL_MODES if recording else ANEW_MODES,
        wishes=asking.wishes,
        ground=asking.permission.ground,
        seconds=_seconds(asking),
        refusals=tuple(refusals) or asking.permission.refusals,
        needs_country=not asking.user.country,
        offers_taste=asking.offers_taste,
        external=external_field(asking.wishes),
        cost=_cost(asking.user),
    )


def _seconds(asking: _Asking) -> tuple[Second, ...]:
    """Who else may join: recordings of others that may be used for this and mixed."""
    if asking.mode is not Mode.COLLABORATION or asking.recording is None:
        return ()
    found = clearable(asking.mode, asking.user, timezone.now())
    mine = [one for one in found if one.recording_id == asking.recording.pk]
    others = [
        one
        for one in found
        if one.limits.with_others and one not in mine and bear_each_other([*mine, one])
    ][:_SECONDS_MOST]
    ids = [one.recording_id for one in others]
    rows = Recording.objects.filter(pk__in=ids).select_related("party")
    names = {row.pk: row.party.name for row in rows}
    chosen = asking.second.pk if asking.second else None
    return tuple(
        Second(str(ref), one.title, names[ref], ref == chosen)
        for one in others
        for ref in [one.recording_id]
    )


def _cost(user: User) -> str:
    if receipt_covering(("user", str(user.pk)), timezone.now()) is not None:
        return (
            "Starts within seconds. Included in your plan; your month is shared among those you "
            "hear."
        )
    return "Starts within seconds. Without a receipt you hear its first 30 seconds."


def _given(request: HttpRequest) -> Mapping[str, str]:
    source = request.POST if request.method == "POST" else request.GET
    given = {name: str(value) for name, value in source.items()}
    return given | {name: ",".join(source.getlist(name)) for name in _SEVERAL if name in given}


@login_required
@require_GET
def recording(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """A recording as it was made, and the form; htmx fetches the form alone when a mode changes."""
    found = _complete(recording_id)
    if found is None:
        raise Http404
    asking = _asking(request, _given(request), found)
    context: dict[str, object] = {"ask": _page(asking)}
    if request.headers.get("HX-Request"):
        return render(request, "partials/request_form.html", context)
    return render(request, "listeners/recording.html", context | _opening(found))


def _opening(found: Recording) -> dict[str, object]:
    """The top of a recording's page: who made it, how it sounds, its stemma."""
    stems = list(
        Stem.objects.filter(recording=found, state=Stem.State.READY)
        .select_related("party")
        .order_by("position")
    )
    known = measured_recordings([found.pk]).get(found.pk)
    layers = layers_by_recording({found.pk: [(stem.pk, stem.label) for stem in stems]})[found.pk]
    length_ms = known.length_ms if known else 0
    facts = []
    if known:
        facts = [
            Fact("Length", clock(known.length_ms)),
            Fact("Tempo", f"{known.tempo_bpm:.0f} bpm" if known.tempo_bpm else "free"),
            Fact("Key", known.key or "not fixed"),
        ]
    names = listed([found.party.name, *(stem.party.name for stem in stems)])
    return {
        "recording": found,
        "byline": f"by {names}",
        "facts": facts,
        "stemma": recording_picture(found.title, layers, length_ms, "middle"),
        "nav_main": "partials/nav_listener.html",
        "here": "listen",
    }


@login_required
@require_GET
def anew(request: HttpRequest) -> HttpResponse:
    """The form without a recording: mood, focus or ambient."""
    context: dict[str, object] = {"ask": _page(_asking(request, _given(request), None))}
    if request.headers.get("HX-Request"):
        return render(request, "partials/request_form.html", context)
    context |= {"nav_main": "partials/nav_listener.html", "here": "anew"}
    return render(request, "listeners/anew.html", context)


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Take the request, or say in the form why not. Pressed twice it asks for one and the same."""
    given = _given(request)
    recording_id = given.get("recording", "")
    found = _complete(_uuid(recording_id) or uuid.UUID(int=0)) if recording_id else None
    if recording_id and found is None:
        raise Http404
    asking = _asking(request, given, found)
    refusals = list(asking.permission.refusals)
    refusals += external_refusals(asking.wishes)
    if asking.mode is Mode.COLLABORATION and asking.second is None:
        refusals.append("A collaboration needs a second recording. Choose one above.")
    if not ratelimit.consume(request, action="ask", user=asking.user):
        refusals = ["That was a lot within a minute. Wait a little, then ask again."]
    if refusals or asking.wishes.errors:
        return _again(request, asking, refusals)
    try:
        made = _requested(asking)
    except RequestRefused as refused:
        return _again(request, asking, [refused.sentence])
    return _taken(request, made.id)


def _requested(asking: _Asking) -> Variation:
    """Ask for what the form says; by taste where that is offered and was chosen.

    Raises RequestRefused.
    """
    by_taste = asking.offers_taste and asking.wishes.values["by"] == BY_TASTE
    said = as_request_by_taste(asking.wishes) if by_taste else as_request(asking.wishes)
    wanted = said | {
        "recordings": [str(one.pk) for one in (asking.recording, asking.second) if one],
        "territory": asking.user.country,
    }
    around: dict[str, Any] = {
        "requester": listener_of(asking.user),
        "key": _key(asking.given.get("key", ""), wanted | {"by_taste": by_taste}),
        "channel": settings.OWN_CHANNEL,
        "now": timezone.now(),
    }
    if not by_taste:
        return request_variation(**wanted, **around)
    tempi = () if asking.recording else clearable_tempi(asking.mode, asking.user, timezone.now())
    bounds = taste_bounds(asking.wishes, asking.permission.ground, tempi)
    return request_by_taste(bounds=bounds, **wanted, **around)


def _key(of_page: str, wanted: Mapping[str, object]) -> str:
    """Names what was asked on one page: pressed twice it is one request, changed it is another."""
    told = json.dumps([of_page or str(uuid.uuid4()), wanted], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _taken(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    address = reverse("listeners:variation", args=[variation_id])
    if not request.headers.get("HX-Request"):
        return redirect(address)
    answer = place_of(request, variation_id)
    answer.headers["HX-Push-Url"] = address
    return answer


def _again(request: HttpRequest, asking: _Asking, refusals: Sequence[str]) -> HttpResponse:
    """The form with what is wrong; htmx swaps only answers that are 200."""
    context: dict[str, object] = {"ask": _page(asking, refusals)}
    if request.headers.get("HX-Request"):
        return render(request, "partials/request_form.html", context)
    context |= {"nav_main": "partials/nav_listener.html", "here": "listen"}
    if asking.recording is None:
        return render(request, "listeners/anew.html", context, status=422)
    context |= _opening(asking.recording)
    return render(request, "listeners/recording.html", context, status=422)
