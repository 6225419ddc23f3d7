"""The desk's pages about what stands between earned and payable: disputes, advances, reserves, tax.

Everything is shown and nothing edited; the deeds are operations of the room below. Where two people
are asked for, the second is another login, through whatever door.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.deductions.advances import pay_advance
from licensing.deductions.disputes import confirm_decision, propose_decision
from licensing.deductions.models import (
    Advance,
    AdvanceRecording,
    ContestedLine,
    Dispute,
    Reserve,
    ReserveRule,
    TaxProfile,
    Withheld,
)
from licensing.deductions.queries import contested_of
from licensing.deductions.reserves import release_reserve
from licensing.deductions.rules.parts import PPM
from licensing.deductions.taxes import review_tax_form
from licensing.money import amount_text
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin


class DecisionForm(ReasonForm):
    """Whose the contested money is, and why."""

    party = forms.UUIDField(
        label="Party that gets it; empty gives it back to those who earned it", required=False
    )
    field_order = ("party", "reason")


class BankForm(forms.Form):
    """Under which reference the bank moved it."""

    bank_ref = forms.CharField(max_length=100, label="The bank's reference")


class ContestedInline(ReadOnlyInline):
    """What a dispute holds, line by line."""

    model = ContestedLine
    fields = ("month", "payee_ref", "stem", "right", "amount_micros", "currency")


class DisputeAdmin(ReadOnlyAdmin):
    """Contested shares; a decision takes two people."""

    list_display = ("claimant", "reason", "opened_at", "expires_at", "proposed_by", "decided_at")
    inlines = (ContestedInline,)
    actions_detail = ("propose", "confirm")

    @action(description="Propose a decision", url_path="propose")
    def propose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say whose the money is; somebody else confirms."""
        row = get_object_or_404(Dispute, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            party = data["party"]
            propose_decision(
                dispute_id=row.pk,
                awards=[("party", str(party), PPM)] if party else [],
                reason=data["reason"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Proposed: somebody else confirms it."

        return ask_and_do(
            request,
            title="Propose a decision",
            consequence=f"Nothing moves before somebody else confirms. Held now: {_held(row)}.",
            form_class=DecisionForm,
            do=do,
            back=list_of("deductions_dispute"),
        )

    @action(description="Confirm the decision", url_path="confirm")
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Carry out what another person proposed."""
        row = get_object_or_404(Dispute, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            confirm_decision(
                dispute_id=row.pk, confirmed_by=staff_actor(request)[1], now=timezone.now()
            )
            return "Decided: the money is payable."

        whom = "those who earned it"
        if row.awards:
            whom = ", ".join(f"{kind} {ref}" for kind, ref, _ in row.awards)
        return ask_and_do(
            request,
            title="Confirm the decision",
            consequence=f"{_held(row)} become payable to {whom}. Because: {row.decision}",
            form_class=forms.Form,
            do=do,
            back=list_of("deductions_dispute"),
        )


def _held(row: Dispute) -> str:
    held = [f"{amount_text(n)} {currency}" for currency, n in sorted(contested_of(row).items())]
    return ", ".join(held) or "nothing"


class CoveredInline(ReadOnlyInline):
    """The recordings whose earnings recoup an advance; none means all."""

    model = AdvanceRecording


class AdvanceAdmin(ReadOnlyAdmin):
    """Advances under their agreements; who agreed one does not pay it."""

    list_display = ("agreement", "payee_ref", "amount_micros", "currency", "recoup_ppm", "paid_at")
    search_fields = ("agreement", "payee_ref")
    inlines = (CoveredInline,)
    actions_detail = ("pay",)

    @action(description="It was paid", url_path="pay")
    def pay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Post that it left our bank."""
        row = get_object_or_404(Advance, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            pay_advance(
                advance_id=row.pk,
                paid_by=staff_actor(request)[1],
                bank_ref=data["bank_ref"],
                now=timezone.now(),
            )
            return "It is in the books and recoups from the next close on."

        return ask_and_do(
            request,
            title="This advance was paid",
            consequence=f"{amount_text(row.amount_micros)} {row.currency} left our bank.",
            form_class=BankForm,
            do=do,
            back=list_of("deductions_advance"),
        )


class ReserveAdmin(ReadOnlyAdmin):
    """What waits, until when and why."""

    list_display = ("payee_ref", "amount_micros", "currency", "why", "release_at", "released_at")
    list_filter = ("why", "currency")
    search_fields = ("payee_ref",)
    actions_detail = ("release",)

    @action(description="Release this reserve", url_path="release")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make it payable before its day."""
        row = get_object_or_404(Reserve, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            release_reserve(reserve_id=row.pk, actor=staff_actor(request), now=timezone.now())
            return "Released: it is payable again."

        return ask_and_do(
            request,
            title="Release this reserve",
            consequence=f"{amount_text(row.amount_micros)} {row.currency} become payable. "
            f"They waited because: {row.reason}",
            form_class=forms.Form,
            do=do,
            back=list_of("deductions_reserve"),
        )


class TaxProfileAdmin(ReadOnlyAdmin):
    """Tax forms that payees signed."""

    list_display = ("payee_ref", "form", "country", "treaty_ppm", "signed_at", "status")
    list_filter = ("status", "form")
    search_fields = ("payee_ref",)
    actions_detail = ("accept", "reject")

    @action(description="Accept this form", url_path="accept")
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It counts from now on."""
        return self._review(request, object_id, is_accepted=True)

    @action(description="Reject this form", url_path="reject")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The payee signs another one."""
        return self._review(request, object_id, is_accepted=False)

    def _review(self, request: HttpRequest, object_id: str, *, is_accepted: bool) -> HttpResponse:
        row = get_object_or_404(TaxProfile, pk=object_id)
        word = "accepted" if is_accepted else "rejected"

        def do(data: dict[str, Any]) -> str:
            review_tax_form(
                profile_id=row.pk,
                is_accepted=is_accepted,
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return f"The form is {word}."

        return ask_and_do(
            request,
            title=f"This form is {word}",
            consequence="What waited for it is taxed by it and payable."
            if is_accepted
            else "Income of US source goes on waiting.",
            form_class=forms.Form,
            do=do,
            back=list_of("deductions_taxprofile"),
        )


DEDUCTION_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Dispute: DisputeAdmin,
    Advance: AdvanceAdmin,
    ReserveRule: ReadOnlyAdmin,
    Reserve: ReserveAdmin,
    TaxProfile: TaxProfileAdmin,
    Withheld: ReadOnlyAdmin,
}
