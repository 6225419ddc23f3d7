"""One's variations: the page with its one place, waiting for news of it, stopping, saving, licence.

It refuses to serve sound; `portal.audio` does. Invariant: a stranger gets for every address here
the same 404 as for a variation that does not exist.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.approving import ask_without as ask_again_without
from generation.variations.approving import stems_declined
from generation.variations.models import Variation
from generation.variations.operations import cancel_variation
from generation.variations.picture import stemma_table
from generation.variations.queries import (
    credits_at,
    credits_of,
    list_variations,
    variation_view,
)
from generation.variations.rules import FORMATS, UNDER_WAY, RequestRefused, State
from licensing.attribution.queries import may_make, may_serve
from portal.audio.pictures import WAVE_BARS
from portal.audio.playlists import audible_samples
from portal.audio.reach import Listener, audible_for, is_own, variation_for
from portal.audio.signing import Leave, expiry, sign
from portal.audio.stemma import FULL_POINTS
from portal.audio.waiting import first_answer
from portal.audio.wording import count
from portal.listeners.library import library_rows
from portal.listeners.licence_page import licence_page
from portal.listeners.live_rows import live_rows, sessions_of
from portal.listeners.playing import listener_of
from portal.listeners.said import said_page
from portal.listeners.variation_page import Standing, VariationPage, variation_page

WAIT_S = 8.0
PER_PAGE = 12


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a variation is; None for nobody's."""

    state: str
    pieces_done: int

    def text(self) -> str:
        return f"{self.state}:{self.pieces_done}"


def _found(listener: Listener, variation_id: UUID) -> Variation:
    variation = variation_for(listener, variation_id)
    if variation is None:
        raise Http404
    return variation


def _page(listener: Listener, variation_id: UUID, now: datetime) -> VariationPage:
    row = _found(listener, variation_id)
    view = variation_view(variation_id)
    length = view.duration_ms * SAMPLE_RATE_HZ // 1000
    standing = Standing(
        is_mine=is_own(listener, row),
        may_serve=view.record_id is not None and may_serve(view.record_id, now),
        audible=audible_samples(listener, length, now),
        stands=view.record_id is None or may_make(view.record_id, now),
        can_leave_out=view.state == State.DECLINED and bool(stems_declined(row)),
    )
    is_made = view.state not in UNDER_WAY
    shares = {one.source.position: one.ppm for one in credits_at(variation_id, 0)}
    return variation_page(
        view,
        standing,
        table=stemma_table(variation_id, FULL_POINTS if is_made else WAVE_BARS),
        now_shares=shares,
    )


@login_required
@never_cache
@require_GET
def variation(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """The page: being made, playing, or ended."""
    context = _place(listener_of(request.user), variation_id)
    context |= {"nav_main": "partials/nav_listener.html", "here": "library"}
    return render(request, "listeners/variation.html", context)


def place_of(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """The one place alone, in its present state."""
    context = _place(listener_of(request.user), variation_id)
    return render(request, context["page"].partial, context)


def _place(listener: Listener, variation_id: UUID) -> dict[str, Any]:
    """What the place shows: the page, and what was said of it where it plays."""
    page = _page(listener, variation_id, timezone.now())
    said = said_page(listener, variation_id) if page.can_play else None
    return {"page": page, "said": said}


@never_cache
@require_GET
async def place(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """The place as soon as it differs from `have`, at the latest after WAIT_S."""
    listener = listener_of(await request.auser())
    have = request.GET.get("have", "")

    def ask() -> _Progress:
        row = _found(listener, variation_id)
        return _Progress(row.state, row.segments.count())

    await first_answer(str(variation_id), ask, lambda now: now.text() != have, WAIT_S)
    return await sync_to_async(place_of)(request, variation_id)


@login_required
@require_POST
def cancel(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Stop making it; what was made so far may still be heard."""
    listener = listener_of(request.user)
    try:
        cancel_variation(variation_id=variation_id, requester=listener, now=timezone.now())
    except Variation.DoesNotExist as missing:
        raise Http404 from missing
    if request.headers.get("HX-Request"):
        return place_of(request, variation_id)
    return redirect("listeners:variation", variation_id)


@login_required
@require_POST
def ask_without(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Ask for a declined variation again, without the stems that the no was about."""
    try:
        made = ask_again_without(
            variation_id=variation_id,
            requester=listener_of(request.user),
            key=f"without:{variation_id}",
            now=timezone.now(),
        )
    except Variation.DoesNotExist as missing:
        raise Http404 from missing
    except RequestRefused as refused:
        messages.error(request, refused.sentence)
        return redirect("listeners:variation", variation_id)
    return redirect("listeners:variation", made.pk)


@login_required
@never_cache
@require_GET
def download(request: HttpRequest, variation_id: UUID, form: str) -> HttpResponse:
    """Leave to fetch a finished file, as a redirect; only one's own and only with a receipt."""
    now = timezone.now()
    listener = listener_of(request.user)
    row = audible_for(listener, variation_id, now)
    if row is None or not is_own(listener, row) or form not in FORMATS:
        raise Http404
    if audible_samples(listener, row.length, now) < row.length:
        raise Http404
    if not row.files.filter(format=form).exists():
        raise Http404
    leave = Leave(str(row.pk), f"file:{form}", listener[0], listener[1], "", expiry(now))
    return redirect("audio:serve", sign(leave))


@login_required
@never_cache
@require_GET
def licence(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """The licence record in words: who, what share, on which decision, with which evidence."""
    row = _found(listener_of(request.user), variation_id)
    if row.record is None:
        raise Http404
    page = licence_page(
        variation_view(variation_id),
        row.record,
        credits_of(variation_id),
        is_served=may_serve(row.record.pk, timezone.now()),
    )
    context = {"page": page, "nav_main": "partials/nav_listener.html", "here": "library"}
    return render(request, "listeners/licence.html", context)


@login_required
@never_cache
@require_GET
def library(request: HttpRequest) -> HttpResponse:
    """Every variation one asked for and every live session, newest first."""
    listener = listener_of(request.user)
    found = Paginator(list_variations(listener), PER_PAGE)
    page = found.get_page(request.GET.get("page"))
    sessions = Paginator(sessions_of(listener), PER_PAGE)
    live_page = sessions.get_page(request.GET.get("sessions"))
    words = count(found.count, "variation", "variations").capitalize()
    context = {
        "page": page,
        "rows": library_rows(list(page.object_list), timezone.now()),
        "count_words": words,
        "live_page": live_page,
        "live_rows": live_rows(list(live_page.object_list)),
        "live_words": count(sessions.count, "live session", "live sessions").capitalize(),
        "nav_main": "partials/nav_listener.html",
        "here": "library",
    }
    return render(request, "listeners/library.html", context)
