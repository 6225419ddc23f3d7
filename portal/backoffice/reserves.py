"""The desk's deeds about reserves: rules that set earnings aside, amounts held, and their release.

A reserve delays what is paid and never lowers what was earned; every deed says why.
"""

from datetime import UTC, datetime, time
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.models import Recording
from licensing.deductions.models import Reserve, ReserveRule
from licensing.deductions.reserves import (
    end_reserve_rule,
    hold_balance,
    place_reserve_rule,
    release_reserve,
)
from licensing.money import amount_text
from licensing.payouts.rules.due import THRESHOLD_MINOR
from portal.artists.words import percent
from portal.backoffice.deeds import ReasonForm, list_of, staff_actor
from portal.backoffice.earned import last_earned
from portal.backoffice.fields import MicrosField, PayeeField, PercentField, RowField
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.showing import show_and_do


class RuleForm(ReasonForm):
    """Whose earnings wait, how much of them, and how long."""

    payee = PayeeField(required=False)
    recording = RowField(
        Recording.objects.all(), label="Only of the recording with this id", required=False
    )
    aside = PercentField(label="Set aside, percent")
    days = forms.IntegerField(
        min_value=1, max_value=3_660, label="For so many days after the month's end"
    )
    field_order = ("payee", "recording", "aside", "days", "reason")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and data["payee"] is None and data["recording"] is None:
            self.add_error("payee", "Write whose earnings wait, or which recording's.")
        return data


class AmountForm(ReasonForm):
    """How much of what is payable waits, and until when."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    payee = PayeeField()
    amount = MicrosField(label="Amount")
    currency = forms.ChoiceField(choices=[(one, one) for one in THRESHOLD_MINOR], label="Currency")
    until = forms.DateField(
        required=False,
        label="Released on its own after this day",
        help_text="Empty: until somebody releases it.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ("key", "payee", "amount", "currency", "until", "reason")

    def clean_until(self) -> datetime | None:
        """The end of a day that lies ahead."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        end = datetime.combine(day, time.max, UTC)
        if end <= timezone.now():
            raise forms.ValidationError("Write a day that lies ahead.")
        return end


class ReserveRuleAdmin(ReadOnlyAdmin):
    """Rules in force and ended ones."""

    list_display = ("payee_ref", "recording", "ppm", "days", "reason", "placed_at", "ended_at")
    list_select_related = ("recording",)
    search_fields = ("payee_ref",)
    actions_list = ("place",)
    actions_detail = ("end",)
    deeds_while = {"ended_at": None}

    @action(description="Place a reserve rule", url_path="place", permissions=["decide"])
    def place(self, request: HttpRequest) -> HttpResponse:
        """Set a part of earnings aside from the next close on."""
        return show_and_do(
            request,
            title="Place a reserve rule",
            consequence="From the next close on this part of each month's earnings waits on the "
            "payee's reserve account, and is payable once its days are over.",
            form_class=RuleForm,
            do=lambda data: _place(request, data),
            back=list_of("deductions_reserverule"),
        )

    @action(description="End this rule", url_path="end", permissions=["decide"])
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set nothing more aside by it."""
        row = get_object_or_404(ReserveRule, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            end_reserve_rule(
                rule_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            waits = row.reserves.filter(released_at__isnull=True).count()
            return Outcome(
                "The rule has ended.", [("Amounts it set aside, which keep their day", str(waits))]
            )

        return show_and_do(
            request,
            title="End this rule",
            consequence=f"It was placed because: {row.reason}. Nothing more is set aside by it.",
            form_class=ReasonForm,
            do=do,
            back=list_of("deductions_reserverule"),
        )


def _place(request: HttpRequest, data: dict[str, Any]) -> Outcome:
    payee, recording = data["payee"], data["recording"]
    place_reserve_rule(
        ppm=data["aside"],
        days=data["days"],
        reason=data["reason"],
        actor=staff_actor(request),
        now=timezone.now(),
        payee=payee or ("", ""),
        recording_id=recording.pk if recording else None,
    )
    which = Q(stem__recording=recording.pk) if recording else Q()
    if payee:
        which &= Q(statement__payee_kind=payee[0], statement__payee_ref=payee[1])
    earned = last_earned(which, data["aside"])
    return Outcome(
        "The rule is in force from the next close on.",
        [(f"{percent(data['aside'])} of what was earned last", earned)],
    )


class ReserveAdmin(ReadOnlyAdmin):
    """What waits, until when and why."""

    list_display = ("payee_ref", "amount_micros", "currency", "why", "release_at", "released_at")
    list_filter = ("why", "currency")
    search_fields = ("payee_ref",)
    actions_list = ("hold",)
    actions_detail = ("release",)
    deeds_while = {"released_at": None}

    @action(description="Hold an amount", url_path="hold", permissions=["decide"])
    def hold(self, request: HttpRequest) -> HttpResponse:
        """Move what is payable to the payee's reserve."""

        def do(data: dict[str, Any]) -> Outcome:
            hold_balance(
                key=data["key"],
                payee=data["payee"],
                currency=data["currency"],
                amount_micros=data["amount"],
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
                release_at=data["until"],
            )
            return Outcome("It waits on the payee's reserve account.")

        return show_and_do(
            request,
            title="Hold an amount",
            consequence="What is payable now waits on the payee's reserve account. It stays the "
            "payee's.",
            form_class=AmountForm,
            do=do,
            back=list_of("deductions_reserve"),
        )

    @action(description="Release this reserve", url_path="release", permissions=["decide"])
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make it payable before its day."""
        row = get_object_or_404(Reserve, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            release_reserve(
                reserve_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return Outcome("Released: it is payable again.")

        return show_and_do(
            request,
            title="Release this reserve",
            consequence=f"{amount_text(row.amount_micros)} {row.currency} become payable. "
            f"They waited because: {row.reason}",
            form_class=ReasonForm,
            do=do,
            back=list_of("deductions_reserve"),
        )
