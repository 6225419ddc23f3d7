"""Deciding at the desk what another person proposed for a coming month: set it, or drop it.

It refuses to know what is proposed; pages say how it is set and what changes. Whoever sets it shows
a second factor first, and sees what changes before anything happens.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.ledger.rules import month_after, month_of, month_start
from licensing.receipts.proposed import Proposed, month_text
from portal.accounts.second_factor import second_factor_of
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.second_person import asks_for_second_factor
from portal.backoffice.showing import show_and_do

PROPOSED = "Proposed: somebody else sets it or drops it."


class ComingForm(ReasonForm):
    """From which month on, and why."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    month = forms.DateField(
        label="From which month on",
        help_text="Any day of a month that has not begun.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose a day of the first month it is to hold in."},
    )

    def clean_month(self) -> datetime:
        month: date = self.cleaned_data["month"].replace(day=1)
        if month <= month_of(timezone.now()):
            first = month_after(month_of(timezone.now()))
            raise forms.ValidationError(
                f"What has begun keeps its terms: {first:%B %Y} is the first month to choose."
            )
        return month_start(month)


class ProposedAdmin(ReadOnlyAdmin):
    """What waits for a second person, and what was decided."""

    confirm: ClassVar[Callable[..., Any]]
    """The operation that sets it: proposal_id, confirmed_by, proof, now."""
    refuse: ClassVar[Callable[..., Any]]
    """The operation that drops it: proposal_id, reason, dropped_by, now."""
    named: ClassVar[str]
    """What is set or dropped, for titles and keys: "these terms"."""
    changes: ClassVar[Callable[..., Sequence[Change]]]
    """What changes with a proposal, before and after, in words."""
    actions_detail = ("carry_out", "drop")
    deeds_while = {"state": Proposed.State.OPEN}

    @action(description="Set it", url_path="set", permissions=["decide"])
    def carry_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set what another person proposed."""
        row = _get(self.model, object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(data: dict[str, Any]) -> Outcome:
            type(self).confirm(
                proposal_id=row.pk,
                confirmed_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            return Outcome(f"It holds from {month_text(row)} on.", type(self).changes(row))

        return show_and_do(
            request,
            title=f"Set {self.named}",
            consequence=f"From {month_text(row)} on; the months before keep what they had. "
            f"Proposed because: {row.reason}",
            form_class=forms.Form,
            do=do,
            back=self._list(),
        )

    @action(description="Drop it", url_path="drop", permissions=["decide"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set nothing of it."""
        row = _get(self.model, object_id)

        def do(data: dict[str, Any]) -> str:
            type(self).refuse(
                proposal_id=row.pk,
                reason=data["reason"],
                dropped_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Dropped: everything stays as it is."

        return ask_and_do(
            request,
            title=f"Drop {self.named}",
            consequence=f"It was to hold from {month_text(row)} on; everything stays as it is. "
            f"Proposed because: {row.reason}",
            form_class=ReasonForm,
            do=do,
            back=self._list(),
        )

    def _list(self) -> str:
        return list_of(f"{self.model._meta.app_label}_{self.model._meta.model_name}")


def _get(model: type[models.Model], object_id: str) -> Any:
    return get_object_or_404(model._default_manager.all(), pk=object_id)
