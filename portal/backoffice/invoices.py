"""The desk's pages about partners' invoices: what waits to be issued, to be paid, to be confirmed.

Everything is shown and nothing edited; each deed is an operation of the room below. That an invoice
was paid is said by one person, with evidence, and confirmed by another.
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
from licensing.invoicing.sending import send_to_provider, take_back_from_provider
from licensing.money import MICROS_PER_UNIT, amount_text
from licensing.payouts.provider import gateway
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.receipts.agreeing import MOST_DUE_DAYS, agree_usage, end_usage_agreement
from licensing.receipts.models import UsageAgreement, UsagePrice
from licensing.receipts.rules import USAGE_UNITS
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.money import MonthForm
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.partners.models import Client

BACK = "invoicing_invoice"


class AgreementForm(forms.Form):
    """Who is billed for use from now on, at which prices."""

    client = forms.ModelChoiceField(Client.objects.filter(is_active=True), label="Partner")
    country = forms.RegexField(r"^[A-Z]{2}$", label="Country whose tax is on the invoice")
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
        widget=forms.Textarea,
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


class EvidenceForm(forms.Form):
    """Where the payment is seen."""

    evidence = forms.CharField(
        max_length=300, label="Where it is seen: the bank's statement and line"
    )


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

    @action(description="Agree on billing by use", url_path="agree")
    def agree(self, request: HttpRequest) -> HttpResponse:
        """Bill a partner for use from now on."""

        def do(data: dict[str, Any]) -> str:
            now = timezone.now()
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
                effective_from=now,
                actor=staff_actor(request),
                now=now,
            )
            return f"What {data['client']} uses from now on is billed by the month."

        return ask_and_do(
            request,
            title="Agree on billing by use",
            consequence="From now on its customers hear everything without a receipt; what they "
            "play is billed by the month and reaches the artists once it is paid.",
            form_class=AgreementForm,
            do=do,
            back=list_of("receipts_usageagreement"),
        )

    @action(description="End this billing", url_path="end")
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


class LineInline(ReadOnlyInline):
    """Lines of an invoice."""

    model = InvoiceLine
    fields = ("use", "unit", "quantity", "price_micros", "amount_micros")


class InvoiceAdmin(ReadOnlyAdmin):
    """Invoices by state, and their deeds."""

    list_display = ("number", "payer_ref", "month", "state", "gross_micros", "currency", "due_on")
    list_filter = ("state", "currency")
    search_fields = ("number", "payer_ref")
    exclude = ("pay_url",)
    inlines = (LineInline,)
    actions_list = ("draft",)
    actions_detail = ("issue", "send", "claim", "confirm", "deny", "void")

    @action(description="Draft a month's invoices", url_path="draft")
    def draft(self, request: HttpRequest) -> HttpResponse:
        """Draft what was used in a closed month."""

        def do(data: dict[str, Any]) -> str:
            made = operations.draft_invoices(
                month=data["month"], actor=staff_actor(request), now=timezone.now()
            )
            return f"{len(made)} drafts wait to be issued."

        return ask_and_do(
            request,
            title="Draft a month's invoices",
            consequence="Counts what partners used in a closed month; nothing is owed before it is "
            "issued.",
            form_class=MonthForm,
            do=do,
            back=list_of(BACK),
        )

    @action(description="Issue it", url_path="issue")
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it its number."""
        consequence = "It gets the next number and is owed from now on; it is never edited again."
        return _on(request, object_id, "Issue", consequence, operations.issue_invoice)

    @action(description="Let it be paid at the provider", url_path="send")
    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send it to the provider."""
        row = get_object_or_404(Invoice, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            send_to_provider(invoice_id=row.pk, gateway=gateway(), now=timezone.now())
            return "The partner finds the page where it can be paid in the API."

        consequence = f"{_sum(row)} can be paid by card or transfer on the provider's page."
        return _ask(request, f"Send {row}", consequence, forms.Form, do)

    @action(description="It was paid", url_path="claim")
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
        return _ask(request, f"Was {row} paid?", consequence, EvidenceForm, do)

    @action(description="Confirm that it was paid", url_path="confirm")
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the money in that another person saw."""
        row = get_object_or_404(Invoice, pk=object_id)
        consequence = (
            f"{_sum(row)} are a receipt then, and the plays they are for accrue in the open month. "
            f"Seen: {row.evidence or 'nobody said so yet'}"
        )
        return _on(request, object_id, "Confirm", consequence, operations.confirm_payment)

    @action(description="It was not paid after all", url_path="deny")
    def deny(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take back what somebody said."""
        consequence = "Nothing came in; it stays owed."
        return _on(request, object_id, "Not paid", consequence, operations.deny_payment, ReasonForm)

    @action(description="Void or drop it", url_path="void")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back by a reversal, or a draft before it has a number."""
        row = get_object_or_404(Invoice, pk=object_id)
        if row.state == "DRAFT":
            consequence = "The draft goes; its month can be drafted again."
            return _on(request, object_id, "Drop", consequence, operations.drop_draft, ReasonForm)

        def do(data: dict[str, Any]) -> str:
            if row.provider_id:
                take_back_from_provider(invoice_id=row.pk, gateway=gateway())
            operations.void_invoice(
                invoice_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "Voided: its entry is reversed, its number stays."

        consequence = f"{_sum(row)} are not owed any more; its month can be drafted again."
        return _ask(request, f"Void {row}", consequence, ReasonForm, do)


def _on(
    request: HttpRequest,
    object_id: str,
    name: str,
    consequence: str,
    deed: Any,
    form_class: type[forms.Form] = forms.Form,
) -> HttpResponse:
    """A deed that needs nothing but the invoice and, with ReasonForm, a reason."""
    row = get_object_or_404(Invoice, pk=object_id)

    def do(data: dict[str, Any]) -> str:
        done = deed(invoice_id=row.pk, actor=staff_actor(request), now=timezone.now(), **data)
        return f"{done}: {done.state.lower()}."

    return _ask(request, f"{name}: {row}", consequence, form_class, do)


def _ask(
    request: HttpRequest, title: str, consequence: str, form_class: type[forms.Form], do: Any
) -> HttpResponse:
    return ask_and_do(
        request,
        title=title,
        consequence=consequence,
        form_class=form_class,
        do=do,
        back=list_of(BACK),
    )


def _sum(row: Invoice) -> str:
    return f"{amount_text(row.gross_micros)[:-4]} {row.currency}"


INVOICE_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    UsageAgreement: AgreementAdmin,
    Invoice: InvoiceAdmin,
    InvoiceCounter: ReadOnlyAdmin,
}
