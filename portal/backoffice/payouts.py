"""The desk's pages about payouts: runs that wait for a second person, payments held.

Everything is shown and nothing edited; the deeds are operations of the room below. Whoever approves
a run shows a second factor first, and is not who opened it, through whatever door they come.
"""

from typing import Any

from django import forms
from django.contrib.admin import EmptyFieldListFilter
from django.db import models
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.money import MICROS_PER_UNIT, amount_text, minor_text
from licensing.payouts.exchange import exchange_text
from licensing.payouts.models import (
    ExchangeRate,
    PayeeAccount,
    PaymentHold,
    Payout,
    PayoutRun,
    PlannedConversion,
)
from licensing.payouts.operations import (
    approve_payout_run,
    drop_payout_run,
    hold_payments,
    open_payout_run,
    release_payments,
)
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.payouts.rules.states import OPEN
from portal.accounts.second_factor import second_factor_of
from portal.artists.words import counted
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.fields import PayeeField
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.names import name_in, name_rows
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Table
from portal.backoffice.second_person import asks_for_second_factor, check_no_gain

_SHOWN = 200
_CURRENCIES = [(code, code) for code in THRESHOLD_MINOR]


class CurrencyForm(forms.Form):
    """In which currency."""

    currency = forms.ChoiceField(choices=_CURRENCIES, label="Currency")


class HoldForm(ReasonForm):
    """Whose money waits, how much of it, and why."""

    payee = PayeeField()
    currency = forms.ChoiceField(choices=_CURRENCIES, label="Currency")
    amount = forms.DecimalField(
        label="Amount; empty holds everything",
        max_digits=12,
        decimal_places=6,
        min_value=0,
        required=False,
    )
    field_order = ("payee", "currency", "amount", "reason")


class PayoutInline(ReadOnlyInline):
    """Payouts of a run."""

    model = Payout
    fields = ("account", "amount_minor", "currency", "exchanged", "state", "reason", "problem")
    readonly_fields = ("exchanged",)

    def exchanged(self, row: Payout) -> str:
        """What of it is exchanged, at which rate."""
        return "; ".join(
            exchange_text(one.rate, one.sold_micros, one.spread_micros) for one in row.planned.all()
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Payout]:
        parts = PlannedConversion.objects.select_related("rate").order_by("pk")
        return super().get_queryset(request).prefetch_related(models.Prefetch("planned", parts))


class PayoutRunAdmin(ReadOnlyAdmin):
    """Runs, and the two deeds that decide one."""

    list_display = ("currency", "state", "opened_by", "opened_at", "decided_by", "decided_at")
    list_filter = ("state", "currency")
    inlines = (PayoutInline,)
    actions_list = ("open_run",)
    actions_detail = ("approve", "drop")
    deeds_while = {"state": OPEN}

    @action(description="Open a run", url_path="open", permissions=["decide"])
    def open_run(self, request: HttpRequest) -> HttpResponse:
        """Draft payouts for everyone who is due."""

        def do(data: dict[str, Any]) -> str:
            run = open_payout_run(
                currency=data["currency"], opened_by=staff_actor(request)[1], now=timezone.now()
            )
            number = run.payouts.count()
            waiting = "waits" if number == 1 else "wait"
            return f"{counted(number, 'payout')} {waiting} for a second person."

        return ask_and_do(
            request,
            title="Open a payout run",
            consequence="Drafts a payout for everyone who is due. Nothing moves before somebody "
            "else approves it.",
            form_class=CurrencyForm,
            do=do,
            back=list_of("payouts_payoutrun"),
        )

    @action(description="Approve this run", url_path="approve", permissions=["decide"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it on its way, by somebody else than who opened it."""
        run = get_object_or_404(PayoutRun, pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(data: dict[str, Any]) -> str:
            paid = run.payouts.values_list("account__payee_kind", "account__payee_ref")
            check_no_gain(request, paid)
            approve_payout_run(
                run_id=run.pk,
                approver=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            return "The run is approved; its payouts are sent from now on."

        total = run.payouts.aggregate(minor=Sum("amount_minor"))["minor"] or 0
        planned = PlannedConversion.objects.filter(payout__run=run)
        rates = {one.rate_id: one.rate for one in planned.select_related("rate")}
        exchanged = "".join(f" {_exchanged(planned, rate)}" for rate in rates.values())
        return ask_and_do(
            request,
            title="Approve this payout run",
            consequence=f"{counted(run.payouts.count(), 'payout')}, "
            f"{minor_text(total, run.currency)} {run.currency} together: it leaves our balance and "
            f"cannot be called back here.{exchanged}",
            form_class=forms.Form,
            do=do,
            back=list_of("payouts_payoutrun"),
            table=_paid(run),
        )

    @action(description="Drop this run", url_path="drop", permissions=["decide"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Pay nobody of it."""
        run = get_object_or_404(PayoutRun, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            drop_payout_run(
                run_id=run.pk,
                dropped_by=staff_actor(request)[1],
                reason=data["reason"],
                now=timezone.now(),
            )
            return "The run is dropped; everything in it stays payable."

        return ask_and_do(
            request,
            title="Drop this payout run",
            consequence="Nobody in it is paid now; what they are owed stays on their accounts.",
            form_class=ReasonForm,
            do=do,
            back=list_of("payouts_payoutrun"),
        )


def _paid(run: PayoutRun) -> Table:
    """Who is paid how much by a run, the largest amounts first; of very many only those."""
    rows = run.payouts.select_related("account").order_by("-amount_minor", "pk")
    largest = list(rows[:_SHOWN])
    name_rows(largest)
    lines = [
        (
            name_in(one.account, "payee_ref"),
            f"{minor_text(one.amount_minor, one.currency)} {one.currency}",
        )
        for one in largest
    ]
    more = rows.count() - len(largest)
    if more:
        lines.append((f"and {counted(more, 'smaller payout')}", ""))
    return Table("Who is paid", ("Payee", "Amount"), lines)


def _exchanged(planned: models.QuerySet[PlannedConversion], rate: ExchangeRate) -> str:
    """What a run exchanges at one rate, added up."""
    names = ("sold_micros", "bought_micros", "spread_micros")
    sums = planned.filter(rate=rate).aggregate(**{name: Sum(name) for name in names})
    said = exchange_text(rate, int(sums["sold_micros"]), int(sums["spread_micros"]))
    return f"Exchanged for it: {said}: {amount_text(int(sums['bought_micros']))} {rate.bought}."


class PaymentHoldAdmin(ReadOnlyAdmin):
    """What is not paid for now."""

    list_display = ("payee_ref", "currency", "amount_micros", "reason", "placed_at", "released_at")
    list_filter = ("currency",)
    search_fields = ("payee_ref",)
    actions_list = ("hold",)
    actions_detail = ("release",)
    deeds_while = {"released_at": None}

    @action(description="Hold payments", url_path="hold", permissions=["decide"])
    def hold(self, request: HttpRequest) -> HttpResponse:
        """Keep a payee's money, or a part, from being paid."""

        def do(data: dict[str, Any]) -> str:
            amount = data["amount"]
            hold_payments(
                payee=data["payee"],
                currency=data["currency"],
                amount_micros=int(amount * MICROS_PER_UNIT) if amount else None,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "It is held: earned as before, paid when released."

        return ask_and_do(
            request,
            title="Hold payments",
            consequence="The payee goes on earning; this much is not paid before it is released.",
            form_class=HoldForm,
            do=do,
            back=list_of("payouts_paymenthold"),
        )

    @action(description="Release these payments", url_path="release", permissions=["decide"])
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it be paid again."""
        hold = get_object_or_404(PaymentHold, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            release_payments(hold_id=hold.pk, actor=staff_actor(request), now=timezone.now())
            return "Released: the next run takes it."

        return ask_and_do(
            request,
            title="Release these payments",
            consequence=f"Held because: {hold.reason}. The next run pays it.",
            form_class=forms.Form,
            do=do,
            back=list_of("payouts_paymenthold"),
        )


class PayoutAdmin(ReadOnlyAdmin):
    """One payee's money of one run."""

    list_display = ("account", "amount_minor", "currency", "state", "reason", "problem", "seen_at")
    list_filter = ("state", "currency")
    search_fields = ("account__payee_ref", "transfer_id", "bank_payout_id")


class PayeeAccountAdmin(ReadOnlyAdmin):
    """Where payees are paid, and who closes their account."""

    list_display = (
        *("payee_kind", "payee_ref", "can_receive", "disabled_reason", "seen_at", "closing_at"),
    )
    list_filter = ("can_receive", ("closing_at", EmptyFieldListFilter))
    search_fields = ("payee_ref", "provider_id")


PAYOUT_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    PayoutRun: PayoutRunAdmin,
    Payout: PayoutAdmin,
    PayeeAccount: PayeeAccountAdmin,
    PaymentHold: PaymentHoldAdmin,
}
