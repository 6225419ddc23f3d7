"""The desk's pages about exchange: rates as sources quoted them, and what was exchanged at them."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from licensing.payouts.exchange import store_rate
from licensing.payouts.models import Conversion, ExchangeRate
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.payouts.rules.exchange import NANO
from portal.backoffice.deeds import ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin

_CURRENCIES = [(code, code) for code in THRESHOLD_MINOR]


class RateForm(forms.Form):
    """What one unit of a currency is in another, who quoted it, and when."""

    sold = forms.CharField(max_length=3, min_length=3, label="One unit of (as EUR)")
    bought = forms.ChoiceField(choices=_CURRENCIES, label="is in")
    rate = forms.DecimalField(max_digits=19, decimal_places=9, min_value=0, label="this much")
    source = forms.CharField(max_length=100, label="Quoted by")
    quoted_at = forms.DateTimeField(label="Quoted at, UTC, like 2026-11-20 15:00")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("sold") == data.get("bought"):
            raise forms.ValidationError("The two currencies differ.")
        if data.get("rate") == 0:
            raise forms.ValidationError("A rate is above zero.")
        if data.get("quoted_at") and data["quoted_at"] > timezone.now():
            raise forms.ValidationError("A rate of the future is not known.")
        return data


class RateAdmin(ReadOnlyAdmin):
    """Rates, and the deed that adds one."""

    list_display = ("sold", "bought", "rate_nano", "source", "quoted_at", "stored_by")
    list_filter = ("sold", "bought", "source")
    actions_list = ("store",)

    @action(description="Store a rate", url_path="store", permissions=["decide"])
    def store(self, request: HttpRequest) -> HttpResponse:
        """Keep a rate by which balances are exchanged."""

        def do(data: dict[str, Any]) -> str:
            row = store_rate(
                sold=data["sold"],
                bought=data["bought"],
                rate_nano=int(data["rate"] * NANO),
                source=data["source"],
                quoted_at=data["quoted_at"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return f"{row} is stored."

        return ask_and_do(
            request,
            title="Store a rate",
            consequence="Payout runs opened within a day of its moment exchange at it; a newer one "
            "takes its place. It is never edited.",
            form_class=RateForm,
            do=do,
            back=list_of("payouts_exchangerate"),
        )


class ConversionAdmin(ReadOnlyAdmin):
    """What was exchanged."""

    list_display = ("payee_ref", "rate", "sold_micros", "bought_micros", "spread_micros")
    search_fields = ("payee_ref", "key")


RATE_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    ExchangeRate: RateAdmin,
    Conversion: ConversionAdmin,
}
