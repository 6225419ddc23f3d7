"""The desk's pages of societies: what is owed to them, and payments past the provider.

Societies have no account at the provider: one person writes what was wired on which document,
another, with a second factor, posts it. It writes through the operations of payouts alone.
"""

import uuid
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.models import Society
from licensing.money import amount_text
from licensing.payouts.models import OutsidePayment
from licensing.payouts.outside import SOCIETY, drop_outside, post_outside, propose_outside
from licensing.payouts.planning import outlook_of
from licensing.payouts.rules.due import THRESHOLD_MINOR
from portal.accounts.second_factor import second_factor_of
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.second_person import asks_for_second_factor
from portal.backoffice.showing import show_and_do

_MINOR = 100
"""Of a unit: every currency that is paid has two decimals (`THRESHOLD_MINOR` says so)."""


class OutsideForm(forms.Form):
    """What was wired, when, under which number."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    currency = forms.ChoiceField(choices=[(code, code) for code in THRESHOLD_MINOR])
    amount = forms.DecimalField(
        label="Amount in units, like 1250.40", max_digits=12, decimal_places=2, min_value=0
    )
    document = forms.CharField(
        max_length=100, label="Number of the bank's or the society's document"
    )
    paid_on = forms.DateField(
        label="Paid on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class SocietyAdmin(ReadOnlyAdmin):
    """Collecting societies by their one name here."""

    list_display = ("name", "created_at")
    search_fields = ("name",)
    actions_detail = ("pay_outside",)

    @action(description="Say that it was paid", url_path="paid", permissions=["decide"])
    def pay_outside(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to post what was wired to it."""
        row = get_object_or_404(Society, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            made = propose_outside(
                key=data["key"],
                society=row.name,
                currency=data["currency"],
                amount_minor=int(data["amount"] * _MINOR),
                document=data["document"],
                paid_on=data["paid_on"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return f"{made}: somebody else posts it or drops it."

        return ask_and_do(
            request,
            title=f"Say that {row.name} was paid",
            consequence=f"{_owed(row)} Nothing is posted before a second person has confirmed it.",
            form_class=OutsideForm,
            do=do,
            back=list_of("payouts_outsidepayment"),
        )


def _owed(row: Society) -> str:
    """What is payable to a society now, a currency each."""
    found = outlook_of((SOCIETY, row.name), timezone.now())
    amounts = ", ".join(f"{amount_text(one.balance_micros)} {one.currency}" for one in found)
    return f"Owed to {row.name} now: {amounts or 'nothing'}."


class OutsideAdmin(ReadOnlyAdmin):
    """Payments to societies past the provider, posted and waiting."""

    list_display = ("payee_ref", "amount_minor", "currency", "document", "paid_on", "state")
    list_filter = ("state", "currency")
    search_fields = ("payee_ref", "document")
    actions_detail = ("post_it", "drop")
    deeds_while = {"state": OutsidePayment.State.OPEN}

    @action(description="Post it", url_path="post", permissions=["decide"])
    def post_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The second person's yes."""
        row = get_object_or_404(OutsidePayment, pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(_: dict[str, Any]) -> Outcome:
            post_outside(
                payment_id=row.pk,
                confirmed_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            return Outcome(f"{row} is posted.")

        return show_and_do(
            request,
            title=f"Post {row}",
            consequence=f"Paid on {row.paid_on:%-d %B %Y}, document {row.document}. Look at the "
            "bank's line first: what is posted is only reversed, never taken back.",
            form_class=forms.Form,
            do=do,
            back=list_of("payouts_outsidepayment"),
        )

    @action(description="Drop it", url_path="drop", permissions=["decide"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Post nothing of it."""
        row = get_object_or_404(OutsidePayment, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            drop_outside(
                payment_id=row.pk,
                because=data["reason"],
                dropped_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Dropped: nothing was posted."

        return ask_and_do(
            request,
            title=f"Drop {row}",
            consequence="Nothing of it is posted; the document may be written again.",
            form_class=ReasonForm,
            do=do,
            back=list_of("payouts_outsidepayment"),
        )


OUTSIDE_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Society: SocietyAdmin,
    OutsidePayment: OutsideAdmin,
}
