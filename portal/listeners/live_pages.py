"""The pages of live sessions: asking for one, the one place it plays in, and its licence.

It refuses to plan and to serve sound. Invariant: a stranger gets for every session the same 404 as
for one that does not exist.
"""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.taste.queries import is_on
from licensing.attribution.queries import may_serve
from portal.accounts.models import User
from portal.audio.reach import Listener
from portal.listeners.licence_page import session_licence
from portal.listeners.live import session_of
from portal.listeners.live_ask import live_ask
from portal.listeners.live_over import LiveOver, credits_of, live_over
from portal.listeners.live_place import LivePlace, live_place
from portal.listeners.playing import listener_of

_NAV = {"nav_main": "partials/nav_listener.html", "here": "live"}


@login_required
@never_cache
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """The form; htmx fetches it alone when the mode changes."""
    given = {name: str(value) for name, value in request.GET.items()}
    ask = live_ask(cast(User, request.user), given, timezone.now())
    return _page(request, {"place": ask, "ask": ask})


@login_required
@never_cache
@require_GET
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One's own session: its player, or what was heard of it; the place alone where that is asked
    for.
    """
    listener = listener_of(request.user)
    place = place_of(session_of(listener, session_id), listener)
    return _page(request, {"place": place})


def place_of(found: LiveSession, listener: Listener) -> LivePlace | LiveOver:
    """The place in its present state."""
    if found.state in rules.UNDER_WAY:
        return live_place(found, learns=is_on(listener))
    return live_over(found)


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, context["place"].partial, context)
    return render(request, "listeners/live.html", context | _NAV)


@login_required
@never_cache
@require_GET
def licence(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The licence record of a session in words."""
    found = session_of(listener_of(request.user), session_id)
    if found.record is None:
        raise Http404
    page = session_licence(
        found.title,
        found.record,
        credits_of(found),
        is_served=may_serve(found.record.pk, timezone.now()),
    )
    return render(request, "listeners/licence.html", {"page": page} | _NAV)
