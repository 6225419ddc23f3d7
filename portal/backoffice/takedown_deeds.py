"""What the desk may do with a takedown notice: ask holders, block meanwhile, decide, look again.

One person may do all of it: a block has to act within minutes and delays only, and a decision is
looked at again by somebody else when a holder asks. Invariant: both sides are told in any case.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from licensing.compliance.models import Appeal, Takedown
from licensing.compliance.operations import (
    ask_holders,
    block_meanwhile,
    decide_appeal,
    decide_takedown,
    withdraw_takedown,
)
from licensing.compliance.rules import ANSWER_WITHIN, LONGEST_REASONS, UNDECIDED, State
from portal.backoffice.deeds import ask_and_do, list_of, staff_actor
from portal.verify.telling import tell_claimant, tell_claimant_again
from portal.verify.telling_holders import tell_again, tell_asked, tell_blocked, tell_over

_MAY = ["decide_rights"]
_FITS = {
    "ask": {State.RECEIVED},
    "block": {State.RECEIVED, State.ASKED},
    "uphold": {State.ASKED, State.ACTING},
    "reject": UNDECIDED,
    "withdraw": UNDECIDED,
    "dispute": UNDECIDED | {State.UPHELD},
}
"""In which states which deed is offered, by the end of its address."""


class ReasonsForm(forms.Form):
    """Why, for both sides."""

    reasons = forms.CharField(
        max_length=LONGEST_REASONS,
        widget=forms.Textarea(attrs={"rows": 8}),
        label="Reasons, read by both sides",
        help_text="What was shown, which right it is, what follows. Name no one's address.",
        error_messages={"required": "Write the reasons: both sides read them."},
    )


class AgainForm(ReasonsForm):
    """What a second look comes to."""

    outcome = forms.ChoiceField(
        choices=[(value, word.capitalize()) for value, word in Appeal.Outcome.choices[1:]],
        label="It comes to",
    )
    field_order = ("outcome", "reasons")


class TakedownDeeds:
    """The deeds on a notice's page, each offered while it fits."""

    actions_detail = ("ask", "block", "uphold", "reject", "withdraw", "look_again", "dispute")

    def can_be_done(self, row: Any, deed: str) -> bool:
        if deed == "look-again":
            asked = Appeal.objects.filter(takedown=row).first()
            return asked is not None and asked.decided_at is None
        return State(row.state) in _FITS[deed]

    @action(description="Ask the holders", url_path="ask", permissions=_MAY)
    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything plays on while they answer."""
        return self._do(
            request,
            object_id,
            title="Ask the holders",
            consequence=f"They read the name and the words of the notice, not the address, and "
            f"have {ANSWER_WITHIN.days} days to answer. Everything plays on.",
            form_class=forms.Form,
            do=lambda row, _: _asked(request, row),
        )

    @action(description="Block meanwhile", url_path="block", permissions=_MAY)
    def block(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A hold until the decision; the holders are asked."""
        return self._do(
            request,
            object_id,
            title="Block meanwhile",
            consequence="Nothing that rests on it is served or cleared until this is decided. The "
            "holders are told at once and can answer. Money that was earned stays where it is.",
            form_class=forms.Form,
            do=lambda row, _: _blocked(request, row),
        )

    @action(description="Uphold", url_path="uphold", permissions=_MAY)
    def uphold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It stays blocked; both sides are told."""
        return self._do(
            request,
            object_id,
            title="Uphold this notice",
            consequence="What it names stays blocked. The same sound, uploaded again by anybody, "
            "waits under review. Both sides are told; a holder may ask for a second look.",
            form_class=ReasonsForm,
            do=lambda row, data: _decided(request, row, data["reasons"], upheld=True),
        )

    @action(description="Reject", url_path="reject", permissions=_MAY)
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It plays again; both sides are told."""
        return self._do(
            request,
            object_id,
            title="Reject this notice",
            consequence="What this notice blocked plays again. Its claimant is told, and the "
            "holders if they were asked.",
            form_class=ReasonsForm,
            do=lambda row, data: _decided(request, row, data["reasons"], upheld=False),
        )

    @action(description="Withdrawn by its claimant", url_path="withdraw", permissions=_MAY)
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the claimant's word, where they wrote instead of using their link."""
        return self._do(
            request,
            object_id,
            title="Withdraw at its claimant’s word",
            consequence="Only if whoever gave notice said so. What it blocked plays again.",
            form_class=forms.Form,
            do=lambda row, _: _withdrawn(request, row),
        )

    @action(description="Look again", url_path="look-again", permissions=_MAY)
    def look_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Somebody else than who upheld it decides again."""
        return self._do(
            request,
            object_id,
            title="Look again",
            consequence="A holder asked for it. Somebody else than who upheld it decides, once; "
            "both sides are told.",
            form_class=AgainForm,
            do=lambda row, data: _looked(request, row, data),
        )

    @action(description="Open a dispute", url_path="dispute", permissions=["decide"])
    def dispute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Whose the money is, is decided apart: the form, filled in from the notice."""
        row = get_object_or_404(Takedown, pk=object_id)
        about = {"STEM": "stem", "RECORDING": "recording"}.get(row.target_kind)
        facts = {"claimant": row.claimant_name, "reason": f"Notice {row.reference}"}
        if about is not None:
            facts[about] = row.target_ref
        else:
            facts["record"] = row.target_ref
        page = reverse("admin:deductions_dispute_open")
        return HttpResponseRedirect(f"{page}?{urlencode(facts)}")

    def _do(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        consequence: str,
        form_class: type[forms.Form],
        do: Callable[[Takedown, dict[str, Any]], str],
    ) -> HttpResponse:
        row = get_object_or_404(Takedown, pk=object_id)
        return ask_and_do(
            request,
            title=f"{title}: {row.reference}",
            consequence=consequence,
            form_class=form_class,
            do=lambda data: do(row, data),
            back=list_of("compliance_takedown"),
        )


def _asked(request: HttpRequest, row: Takedown) -> str:
    now = timezone.now()
    tell_asked(ask_holders(takedown_id=row.pk, actor=staff_actor(request), now=now))
    return f"The holders are asked about {row.reference}; everything plays on."


def _blocked(request: HttpRequest, row: Takedown) -> str:
    was_asked = row.asked_at is not None
    made = block_meanwhile(takedown_id=row.pk, actor=staff_actor(request), now=timezone.now())
    (tell_blocked if was_asked else tell_asked)(made)
    return f"Blocked until {row.reference} is decided; the holders are told."


def _decided(request: HttpRequest, row: Takedown, reasons: str, *, upheld: bool) -> str:
    made = decide_takedown(
        takedown_id=row.pk,
        upheld=upheld,
        reasons=reasons,
        actor=staff_actor(request),
        now=timezone.now(),
    )
    tell_claimant(made)
    tell_over(made)
    return f"{row.reference} is {'upheld' if upheld else 'rejected'}; both sides are told."


def _withdrawn(request: HttpRequest, row: Takedown) -> str:
    made = withdraw_takedown(takedown_id=row.pk, actor=staff_actor(request), now=timezone.now())
    tell_over(made)
    return f"{row.reference} is withdrawn; nothing is blocked by it."


def _looked(request: HttpRequest, row: Takedown, data: dict[str, Any]) -> str:
    made = decide_appeal(
        takedown_id=row.pk,
        changed=data["outcome"] == Appeal.Outcome.CHANGED,
        reasons=data["reasons"],
        actor=staff_actor(request),
        now=timezone.now(),
    )
    tell_claimant_again(made.takedown)
    tell_again(made.takedown)
    return f"{row.reference} was looked at again; both sides are told."
