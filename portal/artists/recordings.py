"""Recording pages: what one has, a new one, one with its stems, sheets and grants."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from generation.analysis.queries import recording_analysis
from generation.uploads.operations import complete_recording
from generation.uploads.queries import is_recording_measuring
from licensing.catalog import queries
from licensing.catalog.models import Recording
from licensing.catalog.rules import CatalogRefused
from portal.accounts import access
from portal.accounts.views import get_or_post
from portal.artists.forms import RecordingForm
from portal.artists.grant_view import acting_parties, grant_view
from portal.artists.notices import notices_on
from portal.artists.operations import bring_recording
from portal.artists.rows import newest_tables
from portal.artists.stems import StemRow, stem_rows

NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}


@login_required
@require_GET
def recordings(request: HttpRequest) -> HttpResponse:
    """The recordings whose pages one's parties keep."""
    gone = Q(stems__state__in=["REFUSED", "DELETED"])
    moving = Q(stems__state__in=["UPLOADING", "CHECKING"])
    rows = access.recordings_of(request.user).annotate(
        stem_count=Count("stems", filter=~gone & Q(stems__isnull=False), distinct=True),
        moving_count=Count("stems", filter=moving, distinct=True),
        unsigned_count=Count("sheets", filter=Q(sheets__state="PROPOSED"), distinct=True),
    )
    facts = {
        "recordings": rows,
        "parties": access.parties_of(request.user),
        "may_bring": access.parties_of(request.user, "edit").exists(),
        **NAV,
    }
    return render(request, "artists/recordings.html", facts)


@login_required
@get_or_post
def recording_new(request: HttpRequest) -> HttpResponse:
    """A new recording with its work."""
    parties = access.parties_of(request.user, "edit")
    if not parties.exists():
        messages.info(request, "Say first in whose name you bring it.")
        return redirect("accounts:party_new")
    form = RecordingForm(request.POST or None, parties=parties)
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        made = bring_recording(
            party_id=facts.pop("party").pk,
            actor=("user", str(request.user.pk)),
            now=timezone.now(),
            **facts,
        )
        if form.warning:
            messages.warning(request, form.warning)
        return redirect("artists:recording", made.pk)
    return render(request, "artists/recording_new.html", {"form": form, **NAV})


@login_required
@require_GET
def recording(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """One recording: its stems, sheets, grants."""
    found = access.get_recording_for(request.user, recording_id)
    may_edit = access.parties_of(request.user, "edit").filter(pk=found.party_id).exists()
    parties = acting_parties(request, found)
    rows = stem_rows(found)
    now = timezone.now()
    facts = {
        "recording": found,
        "may_edit": may_edit,
        "rows": rows,
        "song": recording_analysis(found.pk),
        "is_listening": is_recording_measuring(found.pk),
        "can_correct": any(row.form for row in rows),
        "can_complete": may_edit and found.state == Recording.State.DRAFT and _is_settled(rows),
        "tables": newest_tables(queries.list_sheets_of_recording(found.pk), now),
        "notices": notices_on(found),
        "view": grant_view(found, parties[0], now) if parties else None,
        **NAV,
    }
    return render(request, "artists/recording.html", facts)


def _is_settled(rows: list[StemRow]) -> bool:
    """Whether nothing is on its way and something is ready."""
    states = {row.stem.state for row in rows}
    return "READY" in states and not states & {"UPLOADING", "CHECKING"}


@login_required
@require_POST
def stems_complete(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """The artist says that all stems are in."""
    found = access.get_recording_for(request.user, recording_id, "edit")
    try:
        complete_recording(
            recording_id=found.pk, actor=("user", str(request.user.pk)), now=timezone.now()
        )
    except CatalogRefused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _next_step(found))
    return redirect("artists:recording", found.pk)


def _next_step(found: Recording) -> str:
    return f"All stems of {found.title} are in. Next: the split sheets, then what may be made."
