"""The desk's deeds about advances: agree one, and post that it was paid.

Who agreed one never says that it was paid; who says so shows a second factor and sees the entry.
"""

from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.models import Recording
from licensing.deductions.accounts import Payee, payable_of
from licensing.deductions.advances import agree_advance, pay_advance
from licensing.deductions.models import Advance, AdvanceRecording
from licensing.ledger.queries import balance_of
from licensing.money import amount_text
from licensing.payouts.rules.due import THRESHOLD_MINOR
from portal.accounts.second_factor import second_factor_of
from portal.artists.words import percent
from portal.backoffice.deeds import ReasonForm, list_of, staff_actor
from portal.backoffice.earned import last_earned
from portal.backoffice.fields import MicrosField, PayeeField, PercentField, RowField
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.second_person import asks_for_second_factor, check_no_gain
from portal.backoffice.showing import show_and_do

_RIGHTS = [("", "both rights"), ("MASTER", "the master"), ("PUBLISHING", "the publishing")]
_CURRENCIES = [(code, code) for code in THRESHOLD_MINOR]


class AdvanceForm(ReasonForm):
    """Who gets how much ahead of earnings, and which earnings give it back."""

    agreement = forms.CharField(max_length=100, label="Number of the agreement")
    payee = PayeeField()
    amount = MicrosField(label="Amount")
    currency = forms.ChoiceField(choices=_CURRENCIES, label="Currency")
    recoup = PercentField(label="Of what it covers, so many percent recoup it", initial="100")
    right = forms.ChoiceField(choices=_RIGHTS, required=False, label="Earnings of")
    recording = RowField(
        Recording.objects.all(),
        label="Only of the recording with this id",
        required=False,
        help_text="Empty: of all recordings of the payee.",
    )
    is_crossed = forms.BooleanField(
        required=False, label="Earnings under the payee's other crossed agreements recoup it too"
    )
    field_order = (
        *("agreement", "payee", "amount", "currency", "recoup", "right", "recording"),
        *("is_crossed", "reason"),
    )


class BankForm(forms.Form):
    """Under which reference the bank moved it."""

    bank_ref = forms.CharField(max_length=100, label="The bank's reference")


class CoveredInline(ReadOnlyInline):
    """The recordings whose earnings recoup an advance; none means all."""

    model = AdvanceRecording


class AdvanceAdmin(ReadOnlyAdmin):
    """Advances under their agreements; who agreed one does not pay it."""

    list_display = ("agreement", "payee_ref", "amount_micros", "currency", "recoup_ppm", "paid_at")
    search_fields = ("agreement", "payee_ref")
    inlines = (CoveredInline,)
    actions_list = ("agree",)
    actions_detail = ("pay",)
    deeds_while = {"paid_at": None}

    @action(description="Agree an advance", url_path="agree", permissions=["decide"])
    def agree(self, request: HttpRequest) -> HttpResponse:
        """Write it down; somebody else pays it."""
        return show_and_do(
            request,
            title="Agree an advance",
            consequence="It stands as agreed. Nothing moves before somebody else says that our "
            "bank paid it; from then on earnings recoup it.",
            form_class=AdvanceForm,
            do=lambda data: _agree(request, data),
            back=list_of("deductions_advance"),
        )

    @action(description="It was paid", url_path="pay", permissions=["decide"])
    def pay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Post that it left our bank."""
        row = get_object_or_404(Advance, pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(data: dict[str, Any]) -> Outcome:
            check_no_gain(request, [(row.payee_kind, row.payee_ref)])
            pay_advance(
                advance_id=row.pk,
                paid_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                bank_ref=data["bank_ref"],
                now=timezone.now(),
            )
            return Outcome("It is in the books and recoups from the next close on.")

        return show_and_do(
            request,
            title="This advance was paid",
            consequence=f"{amount_text(row.amount_micros)} {row.currency} left our bank.",
            form_class=BankForm,
            do=do,
            back=list_of("deductions_advance"),
        )


def _agree(request: HttpRequest, data: dict[str, Any]) -> Outcome:
    recording = data["recording"]
    agree_advance(
        agreement=data["agreement"],
        payee=data["payee"],
        amount_micros=data["amount"],
        currency=data["currency"],
        recoup_ppm=data["recoup"],
        reason=data["reason"],
        agreed_by=staff_actor(request)[1],
        now=timezone.now(),
        right=data["right"],
        recordings=[recording.pk] if recording else [],
        is_crossed=data["is_crossed"],
    )
    covered = Q(statement__payee_kind=data["payee"][0], statement__payee_ref=data["payee"][1])
    covered &= Q(right=data["right"]) if data["right"] else Q()
    covered &= Q(stem__recording=recording.pk) if recording else Q()
    return Outcome(
        "Agreed: somebody else pays it.",
        [
            *_whose(data["payee"], data["currency"]),
            (f"{percent(data['recoup'])} of it recoup", last_earned(covered, data["recoup"])),
            ("When it is paid", f"{amount_text(data['amount'])} {data['currency']} leave our bank"),
        ],
    )


def _whose(payee: Payee, currency: str) -> list[Change]:
    """What the payee is owed now."""
    owed = amount_text(balance_of(payable_of(payee, currency)))
    return [("The payee is owed now", f"{owed} {currency}")]
