"""Agreements on consent: whose yes a recording needs; proposed, read, signed by every holder.

It decides nothing: the rooms below check who holds what. Invariant: whoever acts for no holder of
the recording gets the same 404 as for none, and nobody signs who has not confirmed just now who
they are.
"""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licensing.catalog.models import Party
from licensing.clearance.agreeing import (
    LONGEST_BASIS,
    agreement_that_counts,
    holders_of,
    pending_agreement,
    propose_agreement,
    sign_agreement,
)
from licensing.clearance.models import ConsentAgreement
from licensing.clearance.refusals import ClearanceRefused
from portal.accounts import access
from portal.accounts.signing import given_now
from portal.accounts.views import get_or_post

NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}


class AgreementForm(forms.Form):
    """Whose yes is enough, and on which document one party speaks for all."""

    kind = forms.ChoiceField(
        choices=[
            ("ALL", "Everybody on the split sheets says yes for themselves"),
            ("MAJORITY", "Parties with more than half of the master, and of the publishing"),
            ("AUTHORITY", "One party speaks for all"),
        ],
        widget=forms.RadioSelect,
        label="A use is permitted once these say yes",
    )
    authority = forms.ChoiceField(required=False, label="Who speaks for all, if one does")
    basis = forms.CharField(
        required=False,
        max_length=LONGEST_BASIS,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="On which document, if one does",
        help_text="Its words, or its title, date and clause. It stands in the text that all sign.",
    )

    def __init__(self, *args: Any, holders: dict[UUID, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["authority"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Nobody"), *((str(ref), name) for ref, name in holders.items())]

    def clean(self) -> dict[str, Any]:
        """One who speaks for all is named with a document, and nobody else is."""
        facts = self.cleaned_data
        if facts.get("kind") != "AUTHORITY":
            return facts | {"authority": "", "basis": ""}
        if not facts.get("authority"):
            self.add_error("authority", "Choose who speaks for all.")
        if not facts.get("basis"):
            self.add_error("basis", "Write on which document one party speaks for all.")
        return facts


@login_required
@get_or_post
@reauthentication_required(allow_get=True)
def agreement(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Read what counts and what is proposed; propose another, or sign."""
    recording = access.get_recording_for(request.user, recording_id, "sign")
    now = timezone.now()
    holders = holders_of(recording.pk, now)
    mine = [one for one in access.parties_of(request.user, "sign") if one.pk in holders]
    if not mine:
        raise Http404
    if "sign" in request.POST:
        return _sign(request, recording.pk, mine)
    form = AgreementForm(request.POST or None, holders=holders, initial={"kind": "ALL"})
    if request.method == "POST" and form.is_valid():
        return _propose(request, recording.pk, form.cleaned_data)
    pending = pending_agreement(recording.pk, now)
    waiting = {ref for ref, _ in pending.waiting_for} if pending else set()
    facts = {
        "recording": recording,
        "counts": agreement_that_counts(recording.pk, now),
        "pending": pending,
        "to_sign": [one for one in mine if one.pk in waiting],
        "is_alone": len(holders) < 2,
        "form": form,
        **NAV,
    }
    return render(request, "artists/agreement.html", facts)


def _propose(request: HttpRequest, recording_id: UUID, facts: dict[str, Any]) -> HttpResponse:
    try:
        propose_agreement(
            recording_id=recording_id,
            kind=facts["kind"],
            authority_id=UUID(facts["authority"]) if facts["authority"] else None,
            basis=facts["basis"],
            actor=("user", str(request.user.pk)),
            now=timezone.now(),
        )
    except ClearanceRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, "Proposed. It counts once every holder has signed it.")
    return redirect("artists:agreement", recording_id)


def _sign(request: HttpRequest, recording_id: UUID, mine: list[Party]) -> HttpResponse:
    party = next((one for one in mine if str(one.pk) == request.POST.get("party")), None)
    known = ConsentAgreement.objects.filter(recording_id=recording_id)
    found = known.filter(pk=_uuid(request.POST.get("sign", ""))).first()
    if party is None or found is None:
        raise Http404
    try:
        signed = sign_agreement(
            agreement_id=found.pk,
            party_id=party.pk,
            user_ref=str(request.user.pk),
            given=given_now(request),
            text_sha256=request.POST.get("text_sha256", ""),
            now=timezone.now(),
        )
    except ClearanceRefused as refused:
        messages.error(request, f"{refused.sentence} Read it again before you sign.")
    else:
        end = "Everybody has signed: it counts." if signed.counts_from else "It waits for others."
        messages.success(request, f"Signed as {party}. {end}")
    return redirect("artists:agreement", recording_id)


def _uuid(text: str) -> UUID:
    """The id that a form sent; 404 for what is none."""
    try:
        return UUID(text)
    except ValueError as odd:
        raise Http404 from odd
