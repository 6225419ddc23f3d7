"""The desk's pages about partners' invoices: what waits to be issued, to be paid, to be confirmed.

Everything is shown and nothing edited; each deed is an operation of the room below, and what one
posts is seen before. That an invoice was paid is said by one person, with evidence, and confirmed
by another.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.invoicing import operations
from licensing.invoicing.models import Invoice, InvoiceCounter, InvoiceLine
from licensing.invoicing.rules import DRAFT, ISSUED
from licensing.invoicing.sending import send_to_provider, take_back_from_provider
from licensing.money import amount_text
from licensing.payouts.provider import gateway
from portal.accounts.second_factor import second_factor_of
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.money import MonthForm
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.second_person import asks_for_second_factor
from portal.backoffice.showing import Deed, show_and_do

BACK = "invoicing_invoice"
# What the keys say: the deed with its object.
_ISSUE, _SEND = "Issue this invoice", "Let it be paid at the provider"
_CLAIM, _CONFIRM, _DENY = (
    "Say that it was paid",
    "Confirm this payment",
    "Say that it is still owed",
)
_VOID, _DROP = "Void this invoice", "Drop this draft"


class EvidenceForm(forms.Form):
    """Where the payment is seen."""

    evidence = forms.CharField(
        max_length=300, label="Where it is seen: the bank's statement and line"
    )


class LineInline(ReadOnlyInline):
    """Lines of an invoice."""

    model = InvoiceLine
    fields = ("use", "unit", "quantity", "price_micros", "amount_micros")


def deeds_of(row: Invoice) -> frozenset[str]:
    """What may become of an invoice as it stands, by the names of the deeds."""
    if row.state == DRAFT:
        return frozenset({"issue", "void"})
    if row.state != ISSUED:
        return frozenset()
    if row.claimed_by:
        return frozenset({"confirm", "deny"})
    return frozenset({"claim", "void"} if row.provider_id else {"send", "claim", "void"})


class InvoiceAdmin(ReadOnlyAdmin):
    """Invoices by state, and their deeds."""

    list_display = ("number", "payer_ref", "month", "state", "gross_micros", "currency", "due_on")
    list_filter = ("state", "currency")
    search_fields = ("number", "payer_ref")
    exclude = ("pay_url",)
    inlines = (LineInline,)
    actions_list = ("draft",)
    actions_detail = ("issue", "send", "claim", "confirm", "deny", "void")

    def can_be_done(self, row: Any, deed: str) -> bool:
        """Its state, and who said what of it, decide."""
        return deed in deeds_of(row)

    @action(description="Draft a month's invoices", url_path="draft", permissions=["decide"])
    def draft(self, request: HttpRequest) -> HttpResponse:
        """Draft what was used in a closed month."""

        def do(data: dict[str, Any]) -> str:
            made = operations.draft_invoices(
                month=data["month"], actor=staff_actor(request), now=timezone.now()
            )
            many = "1 draft waits" if len(made) == 1 else f"{len(made)} drafts wait"
            return f"{many} to be issued."

        return ask_and_do(
            request,
            title="Draft a month's invoices",
            consequence="Counts what partners used in a closed month; nothing is owed before it is "
            "issued.",
            form_class=MonthForm,
            do=do,
            back=list_of(BACK),
        )

    @action(description="Issue it", url_path="issue", permissions=["decide"])
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it its number."""
        row = get_object_or_404(Invoice, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            done = operations.issue_invoice(
                invoice_id=row.pk, actor=staff_actor(request), now=timezone.now()
            )
            return Outcome(
                f"Invoice {done.number} is owed until {done.due_on:%-d %B %Y}.",
                [("Its number", str(done.number)), ("To be paid by", f"{done.due_on:%-d %B %Y}")],
            )

        consequence = "It gets the next number and is owed from now on; it is never edited again."
        return _show(request, f"Issue: {row}", consequence, forms.Form, do, key=_ISSUE)

    @action(description="Let it be paid at the provider", url_path="send", permissions=["decide"])
    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send it to the provider."""
        row = get_object_or_404(Invoice, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            send_to_provider(invoice_id=row.pk, gateway=gateway(), now=timezone.now())
            return "The partner finds the page where it can be paid in the API."

        consequence = f"{_sum(row)} can be paid by card or transfer on the provider's page."
        return _ask(request, f"Send {row}", consequence, forms.Form, do, key=_SEND)

    @action(description="It was paid", url_path="claim", permissions=["decide"])
    def claim(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that the money is there."""
        row = get_object_or_404(Invoice, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            operations.claim_payment(
                invoice_id=row.pk,
                evidence=data["evidence"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "Said: somebody else confirms it."

        consequence = f"Says that all of it, {_sum(row)}, came in. Somebody else confirms it."
        return _ask(request, f"Was {row} paid?", consequence, EvidenceForm, do, key=_CLAIM)

    @action(description="Confirm that it was paid", url_path="confirm", permissions=["decide"])
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the money in that another person saw."""
        row = get_object_or_404(Invoice, pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(data: dict[str, Any]) -> Outcome:
            operations.confirm_payment(
                invoice_id=row.pk,
                confirmed_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            return Outcome(f"{row}: paid.")

        consequence = (
            f"{_sum(row)} are a receipt then, and the plays they are for accrue in the open month. "
            f"Seen: {row.evidence or 'nobody said so yet'}"
        )
        return _show(request, f"Confirm: {row}", consequence, forms.Form, do, key=_CONFIRM)

    @action(description="It was not paid after all", url_path="deny", permissions=["decide"])
    def deny(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take back what somebody said."""
        row = get_object_or_404(Invoice, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            operations.deny_payment(
                invoice_id=row.pk, actor=staff_actor(request), now=timezone.now(), **data
            )
            return f"{row}: still owed."

        consequence = "Nothing came in; it stays owed."
        return _ask(request, f"Not paid: {row}", consequence, ReasonForm, do, key=_DENY)

    @action(description="Void or drop it", url_path="void", permissions=["decide"])
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back by a reversal, or a draft before it has a number."""
        row = get_object_or_404(Invoice, pk=object_id)
        if row.state == DRAFT:
            return self._drop(request, row)

        def void(data: dict[str, Any]) -> Outcome:
            operations.void_invoice(
                invoice_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return Outcome("Voided: its entry is reversed, its number stays.")

        def do(data: dict[str, Any]) -> Outcome:
            if row.provider_id:
                take_back_from_provider(invoice_id=row.pk, gateway=gateway())
            return void(data)

        consequence = f"{_sum(row)} are not owed any more; its month can be drafted again."
        return _show(request, f"Void {row}", consequence, ReasonForm, do, void, key=_VOID)

    def _drop(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        def do(data: dict[str, Any]) -> str:
            operations.drop_draft(
                invoice_id=row.pk, actor=staff_actor(request), now=timezone.now(), **data
            )
            return f"{row}: dropped."

        consequence = "The draft goes; its month can be drafted again."
        return _ask(request, f"Drop: {row}", consequence, ReasonForm, do, key=_DROP)


def _ask(
    request: HttpRequest,
    title: str,
    consequence: str,
    form_class: type[forms.Form],
    do: Any,
    *,
    key: str,
) -> HttpResponse:
    """A deed that posts nothing."""
    return ask_and_do(
        request,
        title=title,
        consequence=consequence,
        form_class=form_class,
        do=do,
        back=list_of(BACK),
        key=key,
    )


def _show(
    request: HttpRequest,
    title: str,
    consequence: str,
    form_class: type[forms.Form],
    do: Deed,
    shown: Deed | None = None,
    *,
    key: str,
) -> HttpResponse:
    """A deed that posts: what it comes to is seen first."""
    return show_and_do(
        request,
        title=title,
        consequence=consequence,
        form_class=form_class,
        do=do,
        shown=shown,
        back=list_of(BACK),
        key=key,
    )


def _sum(row: Invoice) -> str:
    return f"{amount_text(row.gross_micros)[:-4]} {row.currency}"


INVOICE_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Invoice: InvoiceAdmin,
    InvoiceCounter: ReadOnlyAdmin,
}
