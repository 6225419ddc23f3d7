"""What may be made of a recording: uses by stems, limits, withdrawing, deleting a stem.

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

from licensing.attribution.operations import delete_stem, withdraw_uses
from licensing.attribution.queries import Consequences, preview_deletion, preview_withdrawal
from licensing.catalog.models import Party, Recording
from licensing.catalog.queries import list_parties_of_recording
from licensing.clearance.effects import COPIES_GONE_WITHIN, Effect
from licensing.clearance.facts import load_facts
from licensing.clearance.limits import OddLimits
from licensing.clearance.operations import ClearanceRefused
from licensing.clearance.queries import MatrixRow, matrix_of
from licensing.clearance.rules import GrantFacts, governing_grant
from licensing.clearance.terms import CURRENT_VERSION, terms_text
from portal.accounts import access
from portal.accounts.views import get_or_post
from portal.artists.forecast import forecast
from portal.artists.grant_form import GrantForm
from portal.artists.operations import sign_matrix
from portal.artists.withdraw_form import WithdrawForm

NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}
USES = (
    ("REMIX", "Remix", "the recording, arranged again"),
    ("MOOD", "Mood bed", "long, even, in the background"),
    ("FOCUS", "Focus session", "follows a work rhythm"),
    ("AMBIENT", "Ambient", "slow, spread out"),
    ("COLLABORATION", "Collaboration", "mixed with another artist’s recording"),
    ("VOICE", "Voice", "new words or notes in this voice; for ten years at most"),
    ("TRAINING", "Training", "nets may learn from it"),
)
Cells = set[tuple[str, UUID]]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One checkbox, or a dash where the use does not apply."""

    stem_id: UUID
    label: str
    role: str
    value: str
    applies: bool
    checked: bool
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """One use over all stems; `waits_for` names holders whose yes is missing."""

    use: str
    name: str
    note: str
    cells: tuple[MatrixCell, ...]
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrantView:
    """The matrix as one party sees it, with what it granted before."""

    party: Party
    stems: tuple[MatrixRow, ...]
    lines: tuple[MatrixLine, ...]
    given: GrantFacts | None
    standing: frozenset[tuple[str, UUID]]
    is_agreed: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many variations stop, and how many live sessions go on without what is withdrawn."""

    variations: int
    sessions: int

    @classmethod
    def by(cls, told: Consequences) -> "Stopped":
        """Of what one withdrawal or deletion does."""
        return cls(told.of_kind("variation"), told.of_kind("session"))


def acting_parties(request: HttpRequest, recording: Recording) -> list[Party]:
    """The parties of the user that hold or keep something in a recording and may sign."""
    holding = list_parties_of_recording(recording.pk)
    return [p for p in access.parties_of(request.user, "sign") if p.pk in holding]


def chosen_party(request: HttpRequest, parties: list[Party]) -> Party | None:
    """The party named in the request, else the first; None when there is none or a stranger."""
    asked = request.POST.get("party") or request.GET.get("party")
    if asked is None:
        return parties[0] if parties else None
    return next((party for party in parties if str(party.pk) == asked), None)


def grant_view(recording: Recording, party: Party, at: datetime) -> GrantView:
    """The matrix of a recording for one of its holders."""
    rows = tuple(row for row in matrix_of(recording.pk, at) if row.state == "READY")
    mine = _standing([row.stem_id for row in rows], party, at)
    return GrantView(
        party=party,
        stems=rows,
        lines=tuple(_line(use, name, note, rows, party, mine) for use, name, note in USES),
        given=next(iter(mine.values()), None),
        standing=frozenset(mine),
        is_agreed=bool(rows) and all(row.master == row.publishing == "EFFECTIVE" for row in rows),
    )


def _standing(
    stem_ids: list[UUID], party: Party, at: datetime
) -> dict[tuple[str, UUID], GrantFacts]:
    """What one party grants at a moment, whether or not the sheets are signed already."""
    grants: dict[UUID, list[GrantFacts]] = {}
    for one in load_facts(stem_ids, at).grants:
        if one.party == party.pk:
            grants.setdefault(one.stem, []).append(one)
    found = {}
    for stem_id, given in grants.items():
        for use, _, _ in USES:
            newest = governing_grant(given, use, at)
            if newest is None or use in newest.withdrawn:
                continue
            if newest.valid_until is None or newest.valid_until > at:
                found[(use, stem_id)] = newest
    return found


def _line(
    use: str,
    name: str,
    note: str,
    rows: tuple[MatrixRow, ...],
    party: Party,
    mine: Mapping[tuple[str, UUID], GrantFacts],
) -> MatrixLine:
    cells = []
    for row in rows:
        cell = next(one for one in row.cells if one.use == use)
        checked = (use, row.stem_id) in mine
        others = tuple(gap.name for gap in cell.missing if gap.party_id != party.pk)
        cells.append(
            MatrixCell(
                stem_id=row.stem_id,
                label=row.label,
                role=row.role or "other",
                value=f"{use}:{row.stem_id}",
                applies=use != "VOICE" or row.role == "vocals",
                checked=checked,
                waits_for=others if checked else (),
            )
        )
    waiting = tuple(dict.fromkeys(name for one in cells for name in one.waits_for))
    return MatrixLine(use, name, note, tuple(cells), waiting)


def ticked(request: HttpRequest, view: GrantView) -> Cells:
    """The cells a form says yes to; what is not in the matrix is a stranger's."""
    known = {
        cell.value: (line.use, cell.stem_id)
        for line in view.lines
        for cell in line.cells
        if cell.applies
    }
    asked = request.POST.getlist("grant")
    if not set(asked) <= set(known):
        raise Http404
    return {known[value] for value in asked}


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
    facts: dict[str, Any] = {
        "recording": recording,
        "parties": parties,
        "view": view,
        "form": form,
        "terms": terms_text(),
        "terms_version": CURRENT_VERSION,
        "forecast": forecast(
            {row.role for row in view.stems}, [(use, name) for use, name, _ in USES]
        ),
        **NAV,
    }
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
                now=now,
                **form.conditions(),
            )
        except (ClearanceRefused, OddLimits) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Signed. It counts from now on.")
            return redirect("artists:recording", recording.pk)
    return render(request, "artists/grant.html", facts)


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
        done = delete_stem(stem_id=stem.pk, actor=("user", str(request.user.pk)), now=now)
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
