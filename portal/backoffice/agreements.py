"""The desk's pages about partners who are billed for what they use: who is, at which prices.

Nothing is edited: a new agreement is a deed of two people, its end one of one, and the one before
it stays.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.money import MICROS_PER_UNIT
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.receipts.agreeing import MOST_DUE_DAYS, agree_usage, end_usage_agreement
from licensing.receipts.models import UsageAgreement, UsagePrice
from licensing.receipts.rules import USAGE_UNITS
from portal.backoffice.deeds import ask_and_do, list_of, staff_actor
from portal.backoffice.deeds_of_two import DeedOfTwo, Doing, ask_for, known
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.partners.models import Client


class AgreementForm(forms.Form):
    """Who is billed for use from now on, at which prices."""

    client = forms.ModelChoiceField(Client.objects.filter(is_active=True), label="Partner")
    country = forms.RegexField(r"^[A-Z]{2}$", label="Country whose tax is on the invoice, like DE")
    currency = forms.ChoiceField(choices=[(code, code) for code in THRESHOLD_MINOR])
    play = forms.DecimalField(
        label="A play, without tax", max_digits=10, decimal_places=6, min_value=0
    )
    minute = forms.DecimalField(
        label="A started minute of a session, without tax",
        max_digits=10,
        decimal_places=6,
        min_value=0,
    )
    more = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Uses with prices of their own, a line each, like: FOCUS MINUTE 0.004",
        required=False,
    )
    due_days = forms.IntegerField(
        min_value=1, max_value=MOST_DUE_DAYS, initial=30, label="Days until payment is due"
    )
    billed_to = forms.CharField(max_length=200, label="Name, address and tax number on the invoice")

    def clean_more(self) -> dict[tuple[str, str], int]:
        prices = {}
        for line in self.cleaned_data["more"].splitlines():
            if line.strip():
                use, unit, micros = _price(line)
                prices[use, unit] = micros
        return prices


def _price(line: str) -> tuple[str, str, int]:
    parts = line.split()
    try:
        use, unit, text = parts
        micros = forms.DecimalField(decimal_places=6, min_value=0).clean(text) * MICROS_PER_UNIT
    except (ValueError, forms.ValidationError) as error:
        raise forms.ValidationError(f"Write use, unit and price in this line: {line}") from error
    if unit not in USAGE_UNITS:
        raise forms.ValidationError(f"The unit is one of {', '.join(USAGE_UNITS)}: {line}")
    return use, unit, int(micros)


class PriceInline(ReadOnlyInline):
    """Prices of an agreement."""

    model = UsagePrice
    fields = ("use", "unit", "price_micros")


class AgreementAdmin(ReadOnlyAdmin):
    """Who is billed for use, and the deeds that begin and end it."""

    list_display = ("payer_ref", "country", "currency", "due_days", "effective_from", "ends_it")
    search_fields = ("payer_ref", "billed_to")
    inlines = (PriceInline,)
    actions_list = ("agree",)
    actions_detail = ("end",)
    deeds_while = {"ends_it": False}

    @action(description="Agree on billing by use", url_path="agree", permissions=["decide"])
    def agree(self, request: HttpRequest) -> HttpResponse:
        """Bill a partner for use from now on."""

        return ask_for(
            request,
            AGREE,
            title="Agree on billing by use",
            consequence="From then on its customers hear everything without a receipt; what they "
            "play is billed by the month and reaches the artists once it is paid.",
            back=list_of("receipts_usageagreement"),
        )

    @action(description="End this billing", url_path="end", permissions=["decide"])
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bill nothing that is used from now on."""
        row = get_object_or_404(UsageAgreement, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            now = timezone.now()
            end_usage_agreement(
                payer=(row.payer_kind, row.payer_ref), at=now, actor=staff_actor(request), now=now
            )
            return "It ends now; what was used before is still billed."

        return ask_and_do(
            request,
            title="End this billing",
            consequence="Its customers hear previews from now on, unless a receipt covers them.",
            form_class=forms.Form,
            do=do,
            back=list_of("receipts_usageagreement"),
        )


def _agreed(data: dict[str, Any], doing: Doing) -> Outcome:
    ours = {
        ("", "PLAY"): int(data["play"] * MICROS_PER_UNIT),
        ("", "MINUTE"): int(data["minute"] * MICROS_PER_UNIT),
    }
    agree_usage(
        payer=("client", str(data["client"].pk)),
        prices=ours | data["more"],
        country=data["country"],
        currency=data["currency"],
        due_days=data["due_days"],
        billed_to=data["billed_to"],
        effective_from=doing.now,
        actor=doing.actor,
        now=doing.now,
    )
    return Outcome(f"What {data['client']} uses from now on is billed by the month.")


AGREE = known(DeedOfTwo("agree_usage", AgreementForm, _agreed))
AGREEMENT_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {UsageAgreement: AgreementAdmin}
