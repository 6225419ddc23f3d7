"""The money's pages: receipts, periods and statements are shown; three deeds write.

Recording a receipt or a refund takes two people, closing a month one; all go through the same
operations as everybody's. None can be undone here, and their pages say so first.
"""

from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.corrections.refunding import refund_receipt
from licensing.money import MICROS_PER_UNIT
from licensing.receipts.models import Receipt
from licensing.receipts.operations import record_receipt
from licensing.royalties.funding import KIND as PROMOTION
from licensing.royalties.funding import record_promotion
from licensing.royalties.models import (
    MonthPool,
    MonthReceipts,
    Period,
    Statement,
    StatementLine,
)
from portal.accounts.countries import country_name
from portal.backoffice.corrections import StatementDeeds
from portal.backoffice.deeds import list_of, staff_actor
from portal.backoffice.deeds_of_two import DeedOfTwo, Doing, ask_for, known
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.month_end import close_and_tell, counted_only, is_rehearsed
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.receipt_forms import ReceiptForm, RefundForm, start_of
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.showing import show_and_do
from portal.backoffice.statement_files import StatementFiles

_LINE_END = ("amount_micros", "note", "id")


class MonthForm(forms.Form):
    """Which month."""

    month = forms.DateField(
        label="Any day of the month", widget=forms.DateInput(attrs={"type": "date"})
    )


class ReceiptAdmin(ReadOnlyAdmin):
    """Money that came in, and how it was divided."""

    list_display = ("key", "kind", "payer_ref", "country", "amount_micros", "received_at")
    list_filter = ("kind", "currency")
    search_fields = ("key", "payer_ref")
    actions_list = ("record",)
    actions_detail = ("refund",)

    @action(description="Record a receipt", url_path="record", permissions=["decide"])
    def record(self, request: HttpRequest) -> HttpResponse:
        """Ask for money to be written in."""
        return ask_for(
            request,
            RECORD,
            title="Record a receipt",
            consequence="Once posted it cannot be edited; a correction is a new receipt. "
            "A promotion pays for what its payer heard in the month already, too, while the month "
            "is open.",
            back=list_of("receipts_receipt"),
        )

    @action(description="It went back", url_path="refund", permissions=["decide"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a refund or chargeback to be recorded, and closed months' part taken back."""
        row = get_object_or_404(Receipt, pk=object_id)
        return ask_for(
            request,
            REFUND,
            title=f"Money of receipt {row.key} went back"[:100],
            consequence="What closed months divided of it is taken back from their payees by the "
            "same weights; whom it leaves below zero is asked for nothing.",
            subject_ref=str(row.pk),
            back=list_of("receipts_receipt"),
        )


def _written_in(data: dict[str, Any], doing: Doing) -> Outcome:
    funded = _record(data, doing)
    changes = [("Billed in", country_name(data["country"]))]
    if funded is not None:
        changes.append(("Plays so far that it pays for", f"{funded:,}"))
    return Outcome(f"{data['amount']} {data['currency']} are in the books.", changes)


def _record(data: dict[str, Any], doing: Doing) -> int | None:
    """Write money in; for a promotion, how many plays that nobody had paid for it took up."""
    start = start_of(data["month"])
    said = {
        "key": data["key"],
        "payer": data["payer"],
        "country": data["country"],
        "amount_micros": int(data["amount"] * MICROS_PER_UNIT),
        "currency": data["currency"],
        "covers_from": start,
        "covers_until": start + relativedelta(months=1),
        "actor": doing.actor,
        "now": doing.now,
    }
    if data["kind"] == PROMOTION:
        return record_promotion(**said)[1]
    record_receipt(**said, kind=data["kind"], tax_micros=data["tax_micros"])
    return None


def _went_back(data: dict[str, Any], doing: Doing) -> Outcome:
    row = Receipt.objects.get(pk=doing.subject_ref)
    refund_receipt(
        key=data["key"],
        receipt_id=row.pk,
        amount_micros=int(data["amount"] * MICROS_PER_UNIT),
        kind=data["kind"],
        actor=doing.actor,
        now=doing.now,
    )
    return Outcome(f"{data['amount']} {row.currency} went back.")


RECORD = known(DeedOfTwo("record_receipt", ReceiptForm, _written_in))
REFUND = known(DeedOfTwo("refund_receipt", RefundForm, _went_back))


_TAKEN = ("tax_micros", "fee_micros", "commission_micros")
_WAITS = ("unallocated_micros", "held_micros", "unplayed_micros")


class ReceiptsInline(ReadOnlyInline):
    """What was paid for a month, by country, and what came off it."""

    model = MonthReceipts
    fields = ("kind", "country", "currency", "paid_micros", *_TAKEN, "pool_micros")


class PoolInline(ReadOnlyInline):
    """What became of a month's pools."""

    model = MonthPool
    fields = ("currency", "received_micros", "joined_micros", "payees_micros", *_WAITS)


class PeriodAdmin(ReadOnlyAdmin):
    """Closed months, and where their money came from and went."""

    list_display = ("month", "rate_card", "closed_at")
    inlines = (ReceiptsInline, PoolInline)
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
            key="Close this month",
        )


class LineInline(ReadOnlyInline):
    """Lines of a statement; corrections name them by number here, or by id."""

    model = StatementLine
    fields = ("position", "kind", "recording_title", "stem_label", "right", "plays", *_LINE_END)


class StatementAdmin(StatementFiles, StatementDeeds, ReadOnlyAdmin):
    """What each payee was told, and the files to hand it out in."""

    actions_detail = (*StatementFiles.actions_detail, *StatementDeeds.actions_detail)

    list_display = ("payee_ref", "payee_kind", "period", "closing_micros", "version")
    list_filter = ("period", "currency")
    search_fields = ("payee_name", "payee_ref")
    inlines = (LineInline,)


MONEY_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Receipt: ReceiptAdmin,
    Period: PeriodAdmin,
    Statement: StatementAdmin,
}
