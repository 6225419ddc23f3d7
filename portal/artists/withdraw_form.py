"""Withdrawing as a form: what becomes of the variations that are finished, until when, and why."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from licensing.clearance.effects import LONGEST_SUNSET, Effect
from portal.accounts.names import printable


class WithdrawForm(forms.Form):
    """The choice of the artist; nothing new is made whatever she chooses."""

    effect = forms.ChoiceField(
        choices=[
            (Effect.TAKE_DOWN.value, "Take them down now"),
            (Effect.SUNSET.value, "Let them play until a day"),
            (Effect.KEEP.value, "Let them play on"),
        ],
        widget=forms.RadioSelect,
        initial=Effect.TAKE_DOWN.value,
        label="What becomes of them",
        error_messages={"required": "Choose what becomes of the finished variations."},
    )
    until = forms.DateField(
        required=False,
        label="Last day, if they play until a day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a date as year-month-day, for example 2027-03-31."},
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        validators=[printable],
        label="Why, if you want to say it",
        help_text="Kept with the withdrawal; not shown to listeners.",
    )

    def clean(self) -> dict[str, Any]:
        """A day, ahead and within a year, for what plays until a day; none is kept for the rest."""
        facts = self.cleaned_data
        if facts.get("effect") != Effect.SUNSET or "until" in self.errors:
            return facts
        day, today = facts.get("until"), timezone.now().date()
        if day is None:
            self.add_error("until", "Say the last day on which they may play.")
        elif not today <= day < today + LONGEST_SUNSET:
            self.add_error("until", "Choose a day from today on, within a year.")
        return facts

    def chosen(self) -> dict[str, Any]:
        """What `withdraw_uses` takes; the day named is still in it, and ends in UTC."""
        facts = self.cleaned_data
        day: date | None = facts["until"] if facts["effect"] == Effect.SUNSET else None
        after = day and datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)
        return {"effect": facts["effect"], "served_until": after, "reason": facts["reason"]}
