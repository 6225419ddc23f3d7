"""The deed at the desk of consent: an agreement of the operator with a collecting society.

Two people record it, through the operation of clearance alone. Until an agreement covers a use and
a place, stems with a share that the society collects there are not cleared
(`society_licence_required`).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from licensing.clearance.models import SocietyAgreement, Use
from licensing.clearance.operations import ClearanceRefused, record_society_agreement
from licensing.given import Given, Strength
from portal.accounts.countries import CODES
from portal.backoffice.deeds import list_of
from portal.backoffice.deeds_of_two import DeedOfTwo, Doing, ask_for, known
from portal.backoffice.evidence import EvidenceField
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.second_person import MAY_DECIDE_RIGHTS

_BY_TWO = "by two people at the desk"
_USES = [one for one in Use.choices if one[0] != Use.PREVIEW]


class AgreementForm(forms.Form):
    """What the agreement says: with whom, for what, where, how long."""

    society = forms.CharField(max_length=100, label="Society, as it stands on split sheets")
    reference = forms.CharField(max_length=100, label="Its reference")
    uses = forms.MultipleChoiceField(
        choices=_USES, widget=forms.CheckboxSelectMultiple, label="For these uses"
    )
    territories = forms.CharField(
        required=False, label="In these countries", help_text="Codes such as DE AT; empty: world."
    )
    until = forms.DateField(
        required=False,
        label="Last day, if it ends",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    evidence = EvidenceField()

    def clean_territories(self) -> list[str]:
        """ISO 3166 codes of two letters."""
        codes = self.cleaned_data["territories"].replace(",", " ").upper().split()
        odd = [code for code in codes if code not in CODES]
        if odd:
            raise forms.ValidationError(f"{odd[0]} is no country code of two letters.")
        return codes

    def clean_until(self) -> date | None:
        """A day that has not come yet."""
        day: date | None = self.cleaned_data["until"]
        if day is not None and day <= timezone.now().date():
            raise forms.ValidationError("This day is over.")
        return day


class AgreementDeeds:
    """Recording an agreement; a new one stands beside the old."""

    actions_list = ("record",)

    @action(description="Record an agreement", url_path="record", permissions=["decide_rights"])
    def record(self, request: HttpRequest) -> HttpResponse:
        return ask_for(
            request,
            RECORD,
            title="Record an agreement with a society",
            consequence="Once recorded, shares that it collects block none of these uses there.",
            back=list_of("clearance_societyagreement"),
        )


def _after(day: date | None) -> datetime | None:
    """The first moment after a day; the day itself is still in it."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


def _record(data: dict[str, Any], doing: Doing) -> Outcome:
    day: date | None = data["until"]
    try:
        with transaction.atomic():
            made: SocietyAgreement = record_society_agreement(
                society=data["society"],
                reference=data["reference"],
                uses=data["uses"],
                territories=data["territories"],
                valid_until=_after(day),
                actor=doing.actor,
                given=Given(_BY_TWO, Strength.DESK, evidence_sha256=data["evidence"]),
                now=doing.now,
            )
    except IntegrityError as twice:
        raise ClearanceRefused(
            "agreement_twice", "An agreement of this reference is recorded already."
        ) from twice
    where = " ".join(data["territories"]) or "everywhere"
    return Outcome(
        f"The agreement {made.reference} with {made.society} counts from now on.",
        [(f"{made.society} blocks no more", f"{', '.join(data['uses']).lower()}; {where}")],
    )


RECORD = known(DeedOfTwo("record_society_agreement", AgreementForm, _record, MAY_DECIDE_RIGHTS))
