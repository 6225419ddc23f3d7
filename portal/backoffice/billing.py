"""The desk's pages about what listeners subscribe to: prices, and how subscriptions stand.

Shown, never edited; a new price is a deed. Cards and addresses are the provider's.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.subscriptions.models import Offer, Subscriber, Subscription
from licensing.subscriptions.operations import set_offer
from portal.backoffice.deeds import ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin


class OfferForm(forms.Form):
    """What a month costs from now on."""

    country = forms.RegexField(r"^[A-Z]{2}$", label="Country; empty for all others", required=False)
    currency = forms.ChoiceField(choices=[(code, code) for code in THRESHOLD_MINOR])
    price = forms.DecimalField(
        label="A month with tax", max_digits=8, decimal_places=2, min_value=1
    )


class OfferAdmin(ReadOnlyAdmin):
    """Prices, and the deed that adds one."""

    list_display = ("product", "country", "price_minor", "currency", "effective_from")
    list_filter = ("product", "country")
    actions_list = ("offer",)

    @action(description="Set a price", url_path="offer", permissions=["decide"])
    def offer(self, request: HttpRequest) -> HttpResponse:
        """Sell a month at another price."""

        def do(data: dict[str, Any]) -> str:
            now = timezone.now()
            set_offer(
                country=data["country"],
                currency=data["currency"],
                price_minor=int(data["price"] * 100),
                effective_from=now,
                actor=staff_actor(request),
                now=now,
            )
            return f"A month costs {data['price']} {data['currency']} from now on."

        return ask_and_do(
            request,
            title="Set a price",
            consequence="Whoever subscribes from now on pays it; who did before keeps theirs.",
            form_class=OfferForm,
            do=do,
            back=list_of("subscriptions_offer"),
        )


class SubscriberAdmin(ReadOnlyAdmin):
    """Payers as the provider's customers."""

    list_display = ("payer_kind", "payer_ref", "provider_id", "opened_at")
    search_fields = ("payer_ref", "provider_id")
    exclude = ("checkout_url",)


class SubscriptionAdmin(ReadOnlyAdmin):
    """Subscriptions as last seen."""

    list_display = ("subscriber", "product", "status", "price_minor", "currency", "until")
    list_filter = ("status", "country")
    search_fields = ("provider_id", "subscriber__payer_ref")


BILLING_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Offer: OfferAdmin,
    Subscriber: SubscriberAdmin,
    Subscription: SubscriptionAdmin,
}
