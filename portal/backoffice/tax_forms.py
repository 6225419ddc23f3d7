"""The desk's deeds about tax forms: take one in for a payee, accept it, reject it.

No tax number is kept here: the form itself stays with whoever collects it, under its reference.
"""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.deductions.models import Reserve, TaxProfile
from licensing.deductions.queries import form_of
from licensing.deductions.rules.taxes import FORMS, PENDING, rate_ppm
from licensing.deductions.taxes import review_tax_form, submit_tax_form
from licensing.money import amount_text
from portal.accounts.countries import CODES
from portal.artists.words import percent, percent_ppm
from portal.backoffice.deeds import ReasonForm, list_of, staff_actor
from portal.backoffice.deeds_of_two import DeedOfTwo, Doing, ask_for, known
from portal.backoffice.fields import PayeeField
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.showing import show_and_do


class TaxForm(ReasonForm):
    """Which form a payee signed, when, and what it claims."""

    payee = PayeeField()
    form = forms.ChoiceField(choices=[(one, one) for one in FORMS], label="Form")
    form_ref = forms.CharField(
        max_length=100, label="Where the form lies", help_text="A reference; no tax number."
    )
    country = forms.CharField(max_length=2, label="Country of the payee, like DE")
    treaty = forms.CharField(
        required=False,
        label="Rate of a treaty, percent",
        help_text="Empty: no treaty is claimed, 30 percent.",
    )
    signed = forms.DateField(label="Signed on", widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ("payee", "form", "form_ref", "country", "treaty", "signed", "reason")

    def clean_country(self) -> str:
        """An ISO 3166 code of two letters."""
        code: str = self.cleaned_data["country"].upper()
        if code not in CODES:
            raise forms.ValidationError(f"{code} is no country code of two letters.")
        return code

    def clean_treaty(self) -> int | None:
        """Parts per million; 0 is a rate too."""
        if not self.cleaned_data["treaty"]:
            return None
        try:
            return percent_ppm(self.cleaned_data["treaty"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_signed(self) -> datetime:
        """The day's beginning, UTC."""
        return datetime.combine(self.cleaned_data["signed"], time(), UTC)


class TaxProfileAdmin(ReadOnlyAdmin):
    """Tax forms that payees signed."""

    list_display = ("payee_ref", "form", "country", "treaty_ppm", "signed_at", "status")
    list_filter = ("status", "form")
    search_fields = ("payee_ref",)
    actions_list = ("take_in",)
    actions_detail = ("accept", "reject")
    deeds_while = {"status": PENDING}

    @action(description="Take a form in", url_path="take-in", permissions=["decide"])
    def take_in(self, request: HttpRequest) -> HttpResponse:
        """Write down what a payee signed."""
        return show_and_do(
            request,
            title="Take a tax form in",
            consequence="It waits for somebody to accept it; until then income of US source waits.",
            form_class=TaxForm,
            do=lambda data: _take_in(request, data),
            back=list_of("deductions_taxprofile"),
        )

    @action(description="Accept this form", url_path="accept", permissions=["decide"])
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask that it counts; a second person says so."""
        row = get_object_or_404(TaxProfile, pk=object_id)
        return ask_for(
            request,
            ACCEPT,
            title="Accept this tax form",
            consequence="What waited for it is taxed by it and payable within a minute.",
            subject_ref=str(row.pk),
            back=list_of("deductions_taxprofile"),
        )

    @action(description="Reject this form", url_path="reject", permissions=["decide"])
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The payee signs another one."""
        row = get_object_or_404(TaxProfile, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            return _review(row, data["reason"], Doing("", staff_actor(request), timezone.now()))

        return show_and_do(
            request,
            title="This form is rejected",
            consequence="Income of US source goes on waiting.",
            form_class=ReasonForm,
            do=do,
            back=list_of("deductions_taxprofile"),
        )


def _review(row: TaxProfile, reason: str, doing: Doing, *, is_accepted: bool = False) -> Outcome:
    review_tax_form(
        profile_id=row.pk,
        is_accepted=is_accepted,
        reason=reason,
        actor=doing.actor,
        now=doing.now,
    )
    return Outcome(f"The form is {'accepted' if is_accepted else 'rejected'}.", _waiting(row))


def _accepted(data: dict[str, Any], doing: Doing) -> Outcome:
    row = TaxProfile.objects.get(pk=doing.subject_ref)
    return _review(row, data["seen_as"], doing, is_accepted=True)


class SeenForm(forms.Form):
    """What somebody saw who looked at the form itself."""

    seen_as = forms.CharField(max_length=300, label="What was seen on the form")


ACCEPT = known(DeedOfTwo("accept_tax_form", SeenForm, _accepted))


def _take_in(request: HttpRequest, data: dict[str, Any]) -> Outcome:
    row = submit_tax_form(
        payee=data["payee"],
        form=data["form"],
        form_ref=data["form_ref"],
        country=data["country"],
        signed_at=data["signed"],
        treaty_ppm=data["treaty"],
        reason=data["reason"],
        actor=staff_actor(request),
        now=timezone.now(),
    )
    last = f"{row.expires_on:%-d %B %Y}" if row.expires_on else "no end"
    return Outcome("It waits for somebody to accept it.", [("Counts until", last), *_waiting(row)])


def _waiting(row: TaxProfile) -> list[Change]:
    """What of the payee waits for a form now, and at which rate this one taxes it."""
    rows = Reserve.objects.filter(
        payee_kind=row.payee_kind,
        payee_ref=row.payee_ref,
        why=Reserve.Why.TAX_FORM,
        released_at__isnull=True,
    )
    sums = rows.values_list("currency").annotate(Sum("amount_micros")).order_by("currency")
    waits = ", ".join(f"{amount_text(micros)} {code}" for code, micros in sums) or "nothing"
    rate = rate_ppm(form_of(row), timezone.now().date())
    taxed = "none: it counts no more" if rate is None else percent(rate)
    return [("Waits for a form now", waits), ("Rate of this form", taxed)]
