"""The pages of one's taste: read it, set it, bring it along, take it away, erase it.

Thin: each address is one operation of `generation.taste`. Invariant: everybody reaches their own
taste alone, and what cannot be undone says so before it is done.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation.taste import operations
from generation.taste.playing import let_plays_teach
from generation.taste.queries import export_taste, taste_view
from generation.taste.rules.attributes import ATTRIBUTES
from generation.taste.rules.importing import BYTES_AT_MOST, HistoryRefused
from portal.audio.wording import count
from portal.listeners.playing import listener_of
from portal.listeners.taste_page import taste_page

_NAV = {"nav_main": "partials/nav_listener.html", "here": "taste"}


@login_required
@never_cache
@require_GET
def taste(request: HttpRequest) -> HttpResponse:
    """What is believed, in words."""
    page = taste_page(taste_view(listener_of(request.user)))
    return render(request, "listeners/taste.html", {"page": page} | _NAV)


@login_required
@require_POST
def set_taste(request: HttpRequest) -> HttpResponse:
    """Set one attribute to where the fader stands, or say that it does not matter."""
    attribute = str(request.POST.get("attribute", ""))
    text = str(request.POST.get(attribute, ""))
    number = int(text) if text.isdecimal() and len(text) <= 3 else -1
    is_free = "free" in request.POST
    if attribute not in ATTRIBUTES or not (is_free or 0 <= number <= 100):
        messages.error(request, "Nothing was set: move a fader, then press its key.")
        return redirect("listeners:taste")
    ideal = None if is_free else number / 50.0 - 1.0
    was_taken = operations.set_belief(
        listener=listener_of(request.user), ideals={attribute: ideal}, now=timezone.now()
    )
    if was_taken:
        messages.success(request, "Set. The next variation by your taste follows it.")
    else:
        messages.warning(request, "Taste is switched off, so nothing was set.")
    return redirect("listeners:taste")


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """On or off."""
    is_on = request.POST.get("is_on") == "yes"
    operations.switch_taste(listener=listener_of(request.user), is_on=is_on, now=timezone.now())
    words = "Taste is switched on." if is_on else "Taste is switched off: nothing is learned now."
    messages.success(request, words)
    return redirect("listeners:taste")


@login_required
@require_POST
def share(request: HttpRequest) -> HttpResponse:
    """Agree to be among those from whom the beginning of others is learned, or leave."""
    shares = request.POST.get("shares") == "yes"
    operations.share_taste(listener=listener_of(request.user), shares=shares, now=timezone.now())
    words = (
        "You share your taste from the next night on."
        if shares
        else "You left. Tonight's fit is made without you."
    )
    messages.success(request, words)
    return redirect("listeners:taste")


@login_required
@require_POST
def plays(request: HttpRequest) -> HttpResponse:
    """Agree that how one listens teaches one's taste, or end that."""
    agrees = request.POST.get("agrees") == "yes"
    let_plays_teach(listener=listener_of(request.user), agrees=agrees, now=timezone.now())
    words = (
        "From now on your taste also learns a little from how you listen."
        if agrees
        else "Your taste no longer learns from how you listen; what it had learned so is forgotten."
    )
    messages.success(request, words)
    return redirect("listeners:taste")


@login_required
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Read a listening history in."""
    file = request.FILES.get("history")
    if file is None:
        messages.error(request, "Choose a file first: a history in CSV or JSON.")
        return redirect("listeners:taste")
    form = "json" if str(file.name).lower().endswith(".json") else "csv"
    try:
        lines = operations.import_history(
            listener=listener_of(request.user),
            data=file.read(BYTES_AT_MOST + 1),
            form=form,
            now=timezone.now(),
        )
    except HistoryRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"{count(lines, 'line', 'lines').capitalize()} read.")
    return redirect("listeners:taste")


@login_required
@never_cache
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is kept, as a JSON file."""
    answer = JsonResponse(export_taste(listener_of(request.user)), json_dumps_params={"indent": 2})
    answer.headers["Content-Disposition"] = 'attachment; filename="stemma-taste.json"'
    return answer


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """What erasing does, and the key that does it."""
    listener = listener_of(request.user)
    if request.method == "POST":
        operations.erase_taste(listener=listener, now=timezone.now())
        messages.success(request, "Your taste is erased. Nothing is known of it here any more.")
        return redirect("listeners:taste")
    view = taste_view(listener)
    counted = {"said": count(view.said, "thing", "things")}
    counted["plays"] = count(view.plays, "play", "plays") if view.plays else ""
    counted["decisions"] = count(view.decisions, "decision", "decisions")
    return render(request, "listeners/taste_erase.html", {"counted": counted} | _NAV)
