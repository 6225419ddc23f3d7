"""The desk's deeds about disputes: open one, propose a decision, confirm what another proposed.

The contested share alone waits, from the next close on. Money moves when the second person, with a
second factor, confirms; both see the entries first.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.attribution.models import LicenceRecord
from licensing.catalog.models import Party, Recording, SplitSheet, Stem
from licensing.deductions.disputes import (
    Share,
    confirm_decision,
    open_dispute,
    propose_decision,
)
from licensing.deductions.models import Award, ContestedLine, Dispute
from licensing.deductions.queries import awards_of, contested_of
from licensing.four_eyes import SecondFactor
from licensing.money import amount_text
from portal.accounts.second_factor import second_factor_of
from portal.backoffice.awards_field import AwardsField, said_of
from portal.backoffice.deeds import ReasonForm, list_of, staff_actor
from portal.backoffice.earned import last_earned
from portal.backoffice.fields import PercentField, RowField
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.second_person import asks_for_second_factor, check_no_gain, stand_in
from portal.backoffice.showing import show_and_do

_RIGHTS = [("", "both rights"), ("MASTER", "the master"), ("PUBLISHING", "the publishing")]
LONGEST = timedelta(days=366)


class DisputeForm(ReasonForm):
    """What is contested, by whom, how much of it, and until when a decision is due."""

    stem = RowField(Stem.objects.all(), label="Id of the stem", required=False)
    recording = RowField(Recording.objects.all(), label="or of the recording", required=False)
    sheet = RowField(SplitSheet.objects.all(), label="or of the split sheet …", required=False)
    party = RowField(Party.objects.all(), label="… with the party on it", required=False)
    record = RowField(
        LicenceRecord.objects.all(),
        label="Only in the variation of this licence record",
        required=False,
        help_text="With a stem. Empty: wherever it sounds.",
    )
    right = forms.ChoiceField(choices=_RIGHTS, required=False, label="Of which right")
    contested = PercentField(label="Contested, percent", initial="100")
    claimant = forms.CharField(max_length=200, label="Who contests it")
    due = forms.DateField(
        label="A decision is due by", widget=forms.DateInput(attrs={"type": "date"})
    )
    field_order = (
        *("stem", "recording", "sheet", "party", "record", "right", "contested"),
        *("claimant", "due", "reason"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        named = [data.get("stem"), data.get("recording"), data.get("sheet")]
        if self.errors.keys() & {"stem", "recording", "sheet", "party", "record"}:
            return data
        if sum(one is not None for one in named) != 1:
            self.add_error("stem", "Name one: a stem, a recording, or a split sheet.")
        if (data.get("sheet") is None) != (data.get("party") is None):
            self.add_error("party", "A party is contested on a split sheet: write both ids.")
        if data.get("record") is not None and data.get("stem") is None:
            self.add_error("record", "In one variation a stem is contested: write its id too.")
        return data

    def clean_due(self) -> datetime:
        """The end of a day within a year."""
        day = datetime.combine(self.cleaned_data["due"], time.max, UTC)
        if not timezone.now() < day <= timezone.now() + LONGEST:
            raise forms.ValidationError("Write a day that lies ahead, within a year.")
        return day


class DecisionForm(ReasonForm):
    """Whose the contested money is, and why."""

    awards = AwardsField()
    field_order = ("awards", "reason")


class AwardInline(ReadOnlyInline):
    """To whom the decision gives what is held, as proposed or decided."""

    model = Award
    fields = ("payee_kind", "payee_ref", "share_ppm")
    ordering = ("-share_ppm", "payee_ref")


class ContestedInline(ReadOnlyInline):
    """What a dispute holds, line by line."""

    model = ContestedLine
    fields = ("month", "payee_ref", "stem", "right", "amount_micros", "currency")


class DisputeAdmin(ReadOnlyAdmin):
    """Contested shares; a decision takes two people."""

    list_display = ("claimant", "reason", "opened_at", "expires_at", "proposed_by", "decided_at")
    inlines = (AwardInline, ContestedInline)
    actions_list = ("open",)
    actions_detail = ("propose", "confirm")
    deeds_while = {"decided_at": None}

    def can_be_done(self, row: Any, deed: str) -> bool:
        """There is something to confirm once somebody proposed it."""
        is_asked = deed != "confirm" or row.proposed_at is not None
        return is_asked and super().can_be_done(row, deed)

    @action(description="Open a dispute", url_path="open", permissions=["decide"])
    def open(self, request: HttpRequest) -> HttpResponse:
        """Hold a contested share from the next close on."""
        return show_and_do(
            request,
            title="Open a dispute",
            consequence="From the next close on the contested share waits in suspense; everybody "
            "else’s flows on. Two people decide it.",
            form_class=lambda data: DisputeForm(data, initial=request.GET.dict()),
            do=lambda data: _open(request, data),
            back=list_of("deductions_dispute"),
        )

    @action(description="Propose a decision", url_path="propose", permissions=["decide"])
    def propose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say whose the money is; somebody else confirms."""
        row = get_object_or_404(Dispute, pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            propose_decision(
                dispute_id=row.pk,
                awards=data["awards"],
                reason=data["reason"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return Outcome("Proposed: somebody else confirms it.")

        def shown(data: dict[str, Any]) -> Outcome:
            do(data)
            second, proof = stand_in(timezone.now())
            return _confirm(row, second, proof)

        return show_and_do(
            request,
            title="Propose a decision",
            consequence=f"Nothing moves before somebody else confirms. Held now: {_held(row)}.",
            form_class=DecisionForm,
            do=do,
            shown=shown,
            back=list_of("deductions_dispute"),
        )

    @action(description="Confirm the decision", url_path="confirm", permissions=["decide"])
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Carry out what another person proposed."""
        row = get_object_or_404(Dispute, pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere
        whom = said_of(awards_of(row)) or "those who earned it"

        def do(_: dict[str, Any]) -> Outcome:
            check_no_gain(request, (one.payee for one in awards_of(row)))
            return _confirm(row, staff_actor(request)[1], second_factor_of(request))

        return show_and_do(
            request,
            title="Confirm the decision",
            consequence=f"{_held(row)} become payable to {whom}. Because: {row.decision}",
            form_class=forms.Form,
            do=do,
            back=list_of("deductions_dispute"),
        )


def _open(request: HttpRequest, data: dict[str, Any]) -> Outcome:
    share = Share(
        sheet_id=data["sheet"].pk if data["sheet"] else None,
        party_id=data["party"].pk if data["party"] else None,
        stem_id=data["stem"].pk if data["stem"] else None,
        recording_id=data["recording"].pk if data["recording"] else None,
        record_ref=str(data["record"].pk) if data["record"] else "",
        right=data["right"],
        contested_ppm=data["contested"],
    )
    open_dispute(
        share=share,
        claimant=data["claimant"],
        reason=data["reason"],
        opened_by=staff_actor(request)[1],
        expires_at=data["due"],
        now=timezone.now(),
    )
    earned = last_earned(_lines_of(share), share.contested_ppm)
    return Outcome(
        "The dispute is open: its share waits from the next close on.",
        [("Contested of what was earned last", earned), ("Waits from", "the next close on")],
    )


def _lines_of(share: Share) -> Q:
    """The statement lines that a dispute about this share would have held."""
    if share.sheet_id:
        which = Q(sheet=share.sheet_id, party=share.party_id)
    elif share.stem_id:
        which = Q(stem=share.stem_id)
    else:
        which = Q(stem__recording=share.recording_id)
    which &= Q(record=share.record_ref) if share.record_ref else Q()
    return which & (Q(right=share.right) if share.right else Q())


def _confirm(row: Dispute, who: str, proof: SecondFactor | None) -> Outcome:
    leaves = _held(row)
    confirm_decision(dispute_id=row.pk, confirmed_by=who, proof=proof, now=timezone.now())
    return Outcome("Decided: the money is payable.", [("Leaves suspense", leaves)])


def _held(row: Dispute) -> str:
    held = [f"{amount_text(n)} {currency}" for currency, n in sorted(contested_of(row).items())]
    return ", ".join(held) or "nothing"
