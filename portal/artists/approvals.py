"""The queue of what waits for an artist's yes: hear it, approve or decline it, take that back.

It decides nothing about who is asked; the grants said that. Invariant: whoever may sign for none of
the parties that were asked gets the same 404 as for nothing at all, and who asked for a variation
is told to nobody here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from generation.variations.approving import answer, list_decided, list_waiting, undo
from generation.variations.models import Variation, VariationFile
from generation.variations.picture import stemma_table
from generation.variations.queries import VariationView, variation_view
from generation.variations.rules import TITLES, Mode, State
from licensing.attribution.queries import may_make
from licensing.catalog.models import Party
from licensing.clearance.approval import SENTENCES
from licensing.clearance.models import Approval
from licensing.clearance.refusals import ClearanceRefused
from portal.accounts import access
from portal.accounts.models import User
from portal.accounts.signing import given_now
from portal.artists.previews import HEARD_AS
from portal.audio.answers import stored_object
from portal.audio.label import AiLabel, ai_label
from portal.audio.objects import CONTENT_TYPES, Stored
from portal.audio.pictures import Picture, variation_picture
from portal.audio.stemma import SMALL_POINTS
from portal.audio.wording import clock, listed

LONGEST_REASON = 300
_ANSWERS = ("approve", "decline", "undo")


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A variation in the queue of one party. `others`: who else is asked; `answered`: in words."""

    id: UUID
    party: Party
    title: str
    facts: str
    reasons: tuple[str, ...]
    others: str
    label: AiLabel
    stemma: Picture
    asked_on: datetime
    answered: str
    can_undo: bool


def _row(row: Variation, party: Party) -> ApprovalRow:
    view = variation_view(row.pk)
    assert row.record is not None  # the lists bring no other
    mine = list(
        Approval.objects.filter(clearance=row.record.clearance_id, party=party)
        .exclude(state=Approval.State.RELEASED)
        .order_by("pk")
    )
    codes = dict.fromkeys(code for one in mine for code in one.reasons)
    decided = mine[0].state in (Approval.State.APPROVED, Approval.State.DECLINED)
    return ApprovalRow(
        id=row.pk,
        party=party,
        title=row.title,
        facts=_facts(view),
        reasons=tuple(SENTENCES[code] for code in codes),
        others=listed([name for name in view.asked.waits_for if name != party.name]),
        label=ai_label(view.model_ppm, is_known=view.is_share_known),
        stemma=variation_picture(view, stemma_table(row.pk, SMALL_POINTS), size="small"),
        asked_on=mine[0].asked_at,
        answered=mine[0].get_state_display() if decided else "",
        can_undo=decided and row.served_at is None,
    )


def _facts(view: VariationView) -> str:
    said = [
        TITLES[Mode(view.mode)].capitalize(),
        f"{view.tempo_bpm:.0f} bpm" if view.tempo_bpm else "",
        view.key or "",
        clock(view.duration_ms),
    ]
    return ", ".join(one for one in said if one)


@login_required
@never_cache
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for one's parties, longest first, and what was answered lately."""
    now = timezone.now()
    parties = list(access.parties_of(request.user, "sign"))
    facts = {
        "waiting": [one for party in parties for one in _waiting(party, now)],
        "decided": [_row(row, party) for party in parties for row in list_decided(party.pk, now)],
        "longest_reason": LONGEST_REASON,
        "here": "approvals",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/approvals.html", facts)


def _waiting(party: Party, now: datetime) -> Iterator[ApprovalRow]:
    """Without what a withdrawal or a hold has stopped meanwhile: no yes would let it play."""
    for row in list_waiting(party.pk):
        if row.record_id is not None and may_make(row.record_id, now):
            yield _row(row, party)


def _asked(user: User | AnonymousUser, variation_id: UUID) -> dict[str, Party]:
    """The user's parties that are asked about a variation, by id; 404 where there is none."""
    parties = {str(party.pk): party for party in access.parties_of(user, "sign")}
    row = Variation.objects.select_related("record").filter(pk=variation_id).first()
    if row is None or row.record is None:
        raise Http404
    asked = Approval.objects.filter(
        clearance=row.record.clearance_id,
        party__in=list(parties),
        state__in=[Approval.State.WAITING, Approval.State.APPROVED, Approval.State.DECLINED],
    )
    found = {str(one.party_id): parties[str(one.party_id)] for one in asked}
    if not found:
        raise Http404
    return found


@login_required
@require_POST
def approval(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Approve, decline, or take that back while nobody was served."""
    party = _asked(request.user, variation_id).get(request.POST.get("party", ""))
    given = request.POST.get("answer", "")
    if party is None or given not in _ANSWERS:
        raise Http404
    deed = {"variation_id": variation_id, "party_id": party.pk}
    actor, now = ("user", str(request.user.pk)), timezone.now()
    reason = " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
    try:
        if given == "undo":
            state = undo(**deed, actor=actor, now=now)
        else:
            is_yes = given == "approve"
            reason = "" if is_yes else reason
            how = given_now(request)
            state = answer(**deed, is_yes=is_yes, actor=actor, now=now, reason=reason, given=how)
    except ClearanceRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, _said(given, state))
    return redirect("artists:approvals")


def _said(given: str, state: State) -> str:
    if given == "undo":
        return "Taken back. It waits again."
    if given == "decline":
        return "Declined. Nobody hears it, and whoever asked for it is told."
    if state == State.READY:
        return "Approved. It may be played from now on."
    return "Approved. It plays once the others who are asked have said yes too."


@login_required
@never_cache
@require_safe
def approval_audio(request: HttpRequest, variation_id: UUID) -> HttpResponseBase:
    """The sound of what waits, or was answered, for whoever signs for a party that is asked."""
    _asked(request.user, variation_id)
    row = Variation.objects.get(pk=variation_id)
    file = VariationFile.objects.filter(variation=row, format=HEARD_AS).first()
    if file is None or row.record_id is None or not may_make(row.record_id, timezone.now()):
        raise Http404
    stored = Stored(file.name, file.bytes, file.digest, CONTENT_TYPES[HEARD_AS])
    return stored_object(request, stored)
