"""The money's pages: receipts, periods and statements are shown; two deeds write.

Recording a receipt and closing a month go through the same operations as everybody's; neither can
be undone here, and their pages say so first.
"""

from datetime import UTC, date, datetime, time
from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.queries import is_uuid
from licensing.corrections.refunding import refund_receipt
from licensing.receipts.models import Receipt
from licensing.receipts.operations import record_receipt
from licensing.receipts.rules import GIVEN_BACK, KINDS
from licensing.royalties.models import Period, RateCard, Statement, StatementLine
from portal.accounts.models import User
from portal.backoffice.corrections import StatementDeeds
from portal.backoffice.deeds import list_of, staff_actor
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.month_end import close_and_tell, counted_only, is_rehearsed
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.showing import show_and_do
from portal.partners.models import Client

MICROS = 1_000_000
_LINE_END = ("amount_micros", "note", "id")


class ReceiptForm(forms.Form):
    """Money that came in from a listener or a partner."""

    payer = forms.CharField(label="Listener's e-mail, or the partner's client id", max_length=254)
    kind = forms.ChoiceField(choices=[(kind, kind.lower()) for kind in KINDS], label="Kind")
    amount = forms.DecimalField(
        label="Amount with tax, EUR", max_digits=12, decimal_places=2, min_value=0
    )
    tax = forms.DecimalField(
        label="Of this, tax, EUR", max_digits=12, decimal_places=6, min_value=0
    )
    month = forms.DateField(label="Covers the month of", help_text="Any day of it.")
    key = forms.CharField(max_length=150, label="Number of the payment, never used twice")

    def clean_payer(self) -> tuple[str, str]:
        text = self.cleaned_data["payer"].strip()
        user = User.objects.filter(email__iexact=text).first()
        if user is not None:
            return ("user", str(user.pk))
        client = Client.objects.filter(pk=text).first() if is_uuid(text) else None
        if client is None:
            raise forms.ValidationError("Nobody here has this address or this client id.")
        return ("client", str(client.pk))


class RefundForm(forms.Form):
    """What went back to who paid."""

    kind = forms.ChoiceField(choices=[(kind, kind.lower()) for kind in GIVEN_BACK], label="Kind")
    amount = forms.DecimalField(
        label="Amount with tax", max_digits=12, decimal_places=2, min_value=0
    )
    key = forms.CharField(max_length=150, label="The provider's id of it, never used twice")


class MonthForm(forms.Form):
    """Which month."""

    month = forms.DateField(label="Any day of the month, like 2026-10-01")


def _start_of(month: date) -> datetime:
    return datetime.combine(month.replace(day=1), time(), UTC)


class ReceiptAdmin(ReadOnlyAdmin):
    """Money that came in, and how it was divided."""

    list_display = ("key", "kind", "payer_kind", "amount_micros", "currency", "covers_from")
    list_filter = ("kind", "currency")
    search_fields = ("key", "payer_ref")
    actions_list = ("record",)
    actions_detail = ("refund",)

    @action(description="Record a receipt", url_path="record", permissions=["decide"])
    def record(self, request: HttpRequest) -> HttpResponse:
        """Write money in."""

        def do(data: dict[str, Any]) -> Outcome:
            start = _start_of(data["month"])
            record_receipt(
                key=data["key"],
                kind=data["kind"],
                payer=data["payer"],
                amount_micros=int(data["amount"] * MICROS),
                currency="EUR",
                covers_from=start,
                covers_until=start + relativedelta(months=1),
                tax_micros=int(data["tax"] * MICROS),
                now=timezone.now(),
            )
            return Outcome(f"{data['amount']} EUR are in the books.")

        return show_and_do(
            request,
            title="Record a receipt",
            consequence="It is posted at once and cannot be edited; a correction is a new receipt.",
            form_class=ReceiptForm,
            do=do,
            back=list_of("receipts_receipt"),
        )

    @action(description="It went back", url_path="refund", permissions=["decide"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record a refund or chargeback, and take closed months' part back."""
        row = get_object_or_404(Receipt, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            refund_receipt(
                key=data["key"],
                receipt_id=row.pk,
                amount_micros=int(data["amount"] * MICROS),
                kind=data["kind"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return Outcome(f"{data['amount']} {row.currency} went back.")

        return show_and_do(
            request,
            title="Money of this receipt went back",
            consequence="What closed months divided of it is taken back from their payees by the "
            "same weights; whom it leaves below zero is asked for nothing.",
            form_class=RefundForm,
            do=do,
            back=list_of("receipts_receipt"),
        )


class PeriodAdmin(ReadOnlyAdmin):
    """Closed months."""

    list_display = ("month", "rate_card", "closed_at")
    actions_list = ("close",)

    @action(description="Close a month", url_path="close", permissions=["decide"])
    def close(self, request: HttpRequest) -> HttpResponse:
        """Close it, post what everyone earned, make the statements."""

        def do(data: dict[str, Any]) -> Outcome:
            return close_and_tell(data["month"], staff_actor(request), timezone.now())

        asked = MonthForm(request.POST)
        is_large = asked.is_valid() and not is_rehearsed(asked.cleaned_data["month"])
        return show_and_do(
            request,
            title="Close a month",
            consequence="Plays are looked through once more; what looks odd is held. Everyone's "
            "earnings are posted and the statements are made. A closed month is never opened "
            "again; what comes later is an adjustment in the open one.",
            form_class=MonthForm,
            do=do,
            shown=(lambda data: counted_only(data["month"])) if is_large else None,
            back=list_of("royalties_period"),
            summed=True,
        )


class LineInline(ReadOnlyInline):
    """Lines of a statement; corrections name them by number here, or by id."""

    model = StatementLine
    fields = ("position", "kind", "recording_title", "stem_label", "right", "plays", *_LINE_END)


class StatementAdmin(StatementDeeds, ReadOnlyAdmin):
    """What each payee was told."""

    list_display = ("payee_name", "period", "currency", "closing_micros", "version")
    list_filter = ("period", "currency")
    search_fields = ("payee_name", "payee_ref")
    inlines = (LineInline,)


MONEY_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Receipt: ReceiptAdmin,
    RateCard: ReadOnlyAdmin,
    Period: PeriodAdmin,
    Statement: StatementAdmin,
}
