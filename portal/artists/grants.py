"""What may be made of a recording: signing it, hearing it first, withdrawing, deleting a stem.

It decides nothing: the rules of clearance do. Invariant: what would stop is told, in numbers,
before anything is withdrawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from generation.variations.rules import RequestRefused
from licensing.attribution.operations import delete_stem, withdraw_uses
from licensing.attribution.queries import Consequences, preview_deletion, preview_withdrawal
from licensing.catalog.models import Party, Recording
from licensing.clearance.effects import COPIES_GONE_WITHIN, Effect
from licensing.clearance.limits import OddLimits
from licensing.clearance.operations import ClearanceRefused
from licensing.clearance.terms import CURRENT_VERSION, terms_text
from portal.accounts import access
from portal.accounts.signing import given_now
from portal.accounts.views import get_or_post
from portal.artists.forecast import forecast
from portal.artists.grant_form import GrantForm
from portal.artists.grant_view import (
    USES,
    Cells,
    GrantView,
    acting_parties,
    chosen_party,
    grant_view,
    ticked,
    with_ticks,
)
from portal.artists.operations import sign_matrix
from portal.artists.preview_ask import ENDS
from portal.artists.preview_ask import USES as PREVIEWED
from portal.artists.previews import ask_for_preview, preview_rows, why_none
from portal.artists.withdraw_form import WithdrawForm

NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many variations stop, and how many live sessions go on without what is withdrawn."""

    variations: int
    sessions: int

    @classmethod
    def by(cls, told: Consequences) -> "Stopped":
        """Of what one withdrawal or deletion does."""
        return cls(told.of_kind("variation"), told.of_kind("session"))


def _stopped(party: Party, cells: Iterable[tuple[str, UUID]], at: datetime) -> Stopped:
    """What would stop, and what would go on without, when these cells are withdrawn."""
    by_use: dict[str, list[UUID]] = {}
    for use, stem_id in cells:
        by_use.setdefault(use, []).append(stem_id)
    told = [
        Stopped.by(preview_withdrawal(party_id=party.pk, stem_ids=stems, uses=[use], at=at))
        for use, stems in by_use.items()
    ]
    return Stopped(sum(one.variations for one in told), sum(one.sessions for one in told))


@login_required
@get_or_post
@reauthentication_required(allow_get=True)
def grant(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Read the terms and the matrix, and sign it."""
    recording = access.get_recording_for(request.user, recording_id, "sign")
    parties = acting_parties(request, recording)
    party = chosen_party(request, parties)
    if party is None:
        raise Http404
    now = timezone.now()
    view = grant_view(recording, party, now)
    form = GrantForm(request.POST or None, given=view.given)
    facts = _facts(recording, parties, view, form, now)
    if request.method == "POST" and form.is_valid():
        cells = ticked(request, view)
        gone = view.standing - cells
        stopped = _stopped(party, gone, now)
        if stopped != Stopped(0, 0) and not request.POST.get("knows"):
            facts |= {
                "gone": len(gone),
                "stopped": stopped,
                "ticked": request.POST.getlist("grant"),
            }
            return render(request, "artists/grant_confirm.html", facts)
        try:
            sign_matrix(
                user=access.user_of(request),
                party=party,
                cells=cells,
                gone=gone,
                given=given_now(request),
                now=now,
                **form.conditions(),
            )
        except (ClearanceRefused, OddLimits) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Signed. It counts from now on.")
            return redirect("artists:recording", recording.pk)
    return render(request, "artists/grant.html", facts)


def _facts(
    recording: Recording, parties: list[Party], view: GrantView, form: GrantForm, now: datetime
) -> dict[str, Any]:
    """What the grant page shows."""
    return {
        "recording": recording,
        "parties": parties,
        "view": view,
        "form": form,
        "previews": preview_rows(view.party, recording, now),
        "no_previews": why_none(view.party, [one.stem_id for one in view.stems], now),
        "preview_uses": PREVIEWED,
        "preview_ends": ENDS,
        "terms": terms_text(),
        "terms_version": CURRENT_VERSION,
        "forecast": forecast(
            {row.role for row in view.stems}, [(use, name) for use, name, _ in USES]
        ),
        **NAV,
    }


@login_required
@require_POST
def preview_ask(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Make a preview of the grant as it is written on the page, which stays unsigned."""
    recording = access.get_recording_for(request.user, recording_id, "sign")
    parties = acting_parties(request, recording)
    party = chosen_party(request, parties)
    if party is None:
        raise Http404
    now = timezone.now()
    view = grant_view(recording, party, now)
    form = GrantForm(request.POST)
    cells = ticked(request, view)
    refusal = ""
    if form.is_valid():
        refusal = _hear(request, recording, view, form, cells, now)
    else:
        refusal = "One of the limits above cannot be kept, so there is nothing to hear yet."
    facts = _facts(recording, parties, with_ticks(view, cells), form, now)
    facts |= {
        "preview_refusal": refusal,
        "preview_use": request.POST.get("preview_use", ""),
        "preview_end": request.POST.get("preview_end", ""),
    }
    is_partial = bool(request.headers.get("HX-Request"))
    page = "partials/grant_samples.html" if is_partial else "artists/grant.html"
    return render(request, page, facts)


def _hear(
    request: HttpRequest,
    recording: Recording,
    view: GrantView,
    form: GrantForm,
    cells: Cells,
    now: datetime,
) -> str:
    """Ask for the preview; why not, or nothing. With no stem ticked for the use, all may sound."""
    use = request.POST.get("preview_use", "")
    chosen = {stem_id for ticked_use, stem_id in cells if ticked_use == use}
    left_out = [one.stem_id for one in view.stems if chosen and one.stem_id not in chosen]
    try:
        ask_for_preview(
            party=view.party,
            recording=recording,
            use=use,
            end=request.POST.get("preview_end", ""),
            limits=form.conditions()["limits"],
            without=left_out,
            now=now,
        )
    except RequestRefused as refused:
        return refused.sentence
    return ""


@login_required
@get_or_post
@reauthentication_required(allow_get=True)
def withdraw(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Take every grant of one party for a recording back, after saying what that does."""
    recording = access.get_recording_for(request.user, recording_id, "sign")
    party = chosen_party(request, acting_parties(request, recording))
    if party is None:
        raise Http404
    now = timezone.now()
    stem_ids = list(recording.stems.values_list("pk", flat=True))
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = withdraw_uses(
            party_id=party.pk,
            stem_ids=stem_ids,
            actor=("user", str(request.user.pk)),
            given=given_now(request),
            now=now,
            **form.chosen(),
        )
        messages.success(request, f"Withdrawn. {_told(done, form.chosen())}")
        return redirect("artists:recording", recording.pk)
    view = grant_view(recording, party, now)
    stops = preview_withdrawal(party_id=party.pk, stem_ids=stem_ids, uses=None, at=now)
    facts = {
        "recording": recording,
        "party": party,
        "stands": bool(view.standing),
        "stopped": Stopped.by(stops),
        "being_made": stops.being_made,
        "finished": stops.of_kind("variation") - stops.being_made,
        "form": form,
        "partner_days": COPIES_GONE_WITHIN.days,
        **NAV,
    }
    return render(request, "artists/withdraw.html", facts)


def _told(done: Consequences, chosen: Mapping[str, Any] | None = None) -> str:
    stopped = Stopped.by(done)
    if chosen and chosen["effect"] != Effect.TAKE_DOWN:
        return _told_later(done, chosen["served_until"])
    if stopped == Stopped(0, 0):
        return "Nothing was being played from it."
    said = []
    if stopped.variations:
        said.append(
            f"{stopped.variations} variation{'' if stopped.variations == 1 else 's'} stopped."
        )
    if stopped.sessions:
        one = stopped.sessions == 1
        said.append(f"{stopped.sessions} live session{' goes' if one else 's go'} on without it.")
    return " ".join(said)


def _told_later(done: Consequences, until: datetime | None) -> str:
    """What goes on, and until when; what was being made has stopped all the same."""
    last = until - timedelta(days=1) if until else None
    end = f" until {last.day} {last:%B %Y}" if last else ""
    finished = done.of_kind("variation") - done.being_made
    said = f"{finished} finished variation{'' if finished == 1 else 's'} may be played{end}."
    if done.being_made:
        said += f" {done.being_made} being made stopped."
    return said + " Nothing new is made."


@login_required
@get_or_post
def stem_delete(request: HttpRequest, stem_id: UUID) -> HttpResponse:
    """Delete a stem, after saying what stops, what goes when, and what stays."""
    stem = access.get_stem_for(request.user, stem_id, "edit")
    now = timezone.now()
    if request.method == "POST":
        done = delete_stem(
            stem_id=stem.pk,
            actor=("user", str(request.user.pk)),
            given=given_now(request),
            now=now,
        )
        messages.success(request, f"{stem.label} is deleted. {_told(done)}")
        return redirect("artists:recording", stem.recording_id)
    stops, removal = preview_deletion(stem.pk, now)
    facts = {
        "stem": stem,
        "recording": stem.recording,
        "stopped": Stopped.by(stops),
        "removal": removal,
        **NAV,
    }
    return render(request, "artists/stem_delete.html", facts)
