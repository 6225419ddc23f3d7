"""What people type at the desk about money that came in or went back.

Where a payer is billed, in which currency and with which tax is looked up where nobody writes it.
Invariant: no country, currency or tax is taken because another payer has it; what is not known is
asked for in words.
"""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from licensing.catalog.queries import is_uuid
from licensing.money import MICROS_PER_UNIT
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.receipts.operations import LISTENING
from licensing.receipts.queries import agreement_at, list_receipts, own_terms_at
from licensing.receipts.rules import GIVEN_BACK, KINDS, tax_inside
from licensing.subscriptions.queries import offer_at
from portal.accounts.countries import COUNTRIES, country_name
from portal.accounts.models import User
from portal.backoffice.names import look_up
from portal.partners.models import Client

Payer = tuple[str, str]
_LISTENER = "listener "
_CURRENCIES = [("", "what this payer pays in"), *((code, code) for code in THRESHOLD_MINOR)]


class ReceiptForm(forms.Form):
    """Money that came in from a listener or a partner."""

    payer = forms.CharField(label="Listener's e-mail, or the partner's client id", max_length=254)
    kind = forms.ChoiceField(choices=[(kind, kind.lower()) for kind in KINDS], label="Kind")
    country = forms.ChoiceField(
        choices=[("", "where this payer is billed"), *COUNTRIES], label="Billed in", required=False
    )
    currency = forms.ChoiceField(choices=_CURRENCIES, label="Currency", required=False)
    amount = forms.DecimalField(
        label="Amount with tax", max_digits=12, decimal_places=2, min_value=0
    )
    tax = forms.DecimalField(
        label="Of this, tax",
        help_text="Empty: by the terms of the country; a promotion carries none.",
        max_digits=12,
        decimal_places=6,
        min_value=0,
        required=False,
    )
    month = forms.DateField(label="Covers the month of", help_text="Any day of it.")
    key = forms.CharField(max_length=150, label="Number of the payment, never used twice")

    @staticmethod
    def kept(name: str, given: list[str]) -> list[str]:
        """What is kept of what was typed: a listener's reference instead of an address."""
        if name != "payer":
            return given
        user = User.objects.filter(email__iexact=given[0].strip()).first()
        return given if user is None else [f"{_LISTENER}{user.pk}"]

    @staticmethod
    def told(name: str, value: str) -> str:
        """What was kept, as people read it: a listener by name."""
        ref = value.removeprefix(_LISTENER)
        if name != "payer" or ref == value:
            return value
        return look_up([("user", ref)]).get(("user", ref), value)

    def clean_payer(self) -> Payer:
        text = self.cleaned_data["payer"].strip()
        known = text.removeprefix(_LISTENER)
        rows = User.objects.all()
        by_ref = known != text and is_uuid(known)
        user = (rows.filter(pk=known) if by_ref else rows.filter(email__iexact=text)).first()
        if user is not None:
            return ("user", str(user.pk))
        client = Client.objects.filter(pk=text).first() if is_uuid(text) else None
        if client is None:
            raise forms.ValidationError("Nobody here has this address or this client id.")
        return ("client", str(client.pk))

    def clean(self) -> dict[str, Any]:
        """Adds `tax_micros`, and where nothing was chosen what is known of the payer."""
        data = super().clean() or {}
        if self.errors:
            return data
        now = timezone.now()
        data["country"] = data["country"] or country_of(data["payer"], now)
        if not data["country"]:
            self.add_error("country", "Nobody knows where this payer is billed: choose it.")
            return data
        data["currency"] = data["currency"] or currency_of(data["payer"], data["country"], now)
        if not data["currency"]:
            self.add_error("currency", "Nobody knows what this payer pays in: choose it.")
            return data
        data["tax_micros"] = self._tax_micros(data)
        return data

    def _tax_micros(self, data: dict[str, Any]) -> int:
        if data["kind"] == "PROMOTION":
            if data["tax"]:
                self.add_error("tax", "A promotion carries no tax: nobody paid it.")
            return 0
        if data["tax"] is not None:
            return int(data["tax"] * MICROS_PER_UNIT)
        terms = own_terms_at(LISTENING, data["country"], start_of(data["month"]))
        if terms is None:
            where = country_name(data["country"])
            self.add_error("tax", f"No tax terms are set for {where}: set them, or write the tax.")
            return 0
        return tax_inside(int(data["amount"] * MICROS_PER_UNIT), terms.tax_ppm)


class RefundForm(forms.Form):
    """What went back to who paid."""

    kind = forms.ChoiceField(choices=[(kind, kind.lower()) for kind in GIVEN_BACK], label="Kind")
    amount = forms.DecimalField(
        label="Amount with tax", max_digits=12, decimal_places=2, min_value=0
    )
    key = forms.CharField(max_length=150, label="The provider's id of it, never used twice")


def start_of(month: date) -> datetime:
    """The first moment of a day's month, UTC."""
    return datetime.combine(month.replace(day=1), time(), UTC)


def country_of(payer: Payer, now: datetime) -> str:
    """Where a payer is billed: by the agreement, by what the account says, by the last receipt, or
    for a partner where its customers are; "" when nobody knows."""
    kind, ref = payer
    agreement = agreement_at(payer, now)
    if agreement is not None:
        return agreement.country
    said = User.objects.filter(pk=ref).values_list("country", flat=True) if kind == "user" else ()
    paid = list_receipts(payer)
    where = Client.objects.filter(pk=ref).values_list("territory", flat=True)
    before = paid[0].country if paid else ""
    return next(iter(said), "") or before or (next(iter(where), "") if kind == "client" else "")


def currency_of(payer: Payer, country: str, now: datetime) -> str:
    """What a payer pays in: by the agreement, the last receipt, or what a month costs there; ""
    when nobody knows."""
    agreement = agreement_at(payer, now)
    if agreement is not None:
        return agreement.currency
    paid = list_receipts(payer)
    if paid and paid[0].country == country:
        return paid[0].currency
    offer = offer_at(LISTENING, country, now)
    return offer.currency if offer is not None else ""
