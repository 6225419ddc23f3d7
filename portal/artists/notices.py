"""Notices from outside on the artists' pages: what is said of their music, their answer, the end.

Only members of parties that hold what a notice names reach it, and only once the desk has asked
them. Invariant: the claimant's mail address and what other holders answered are never shown here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from licensing.catalog.models import Party, Recording
from licensing.compliance.models import Appeal, Takedown
from licensing.compliance.operations import answer_takedown, appeal
from licensing.compliance.queries import Target, holders_of, list_asked, target_of
from licensing.compliance.rules import (
    APPEAL_WITHIN,
    LONGEST_STATEMENT,
    THEIRS,
    UNDECIDED,
    ComplianceRefused,
    Ground,
    State,
)
from portal.accounts import access
from portal.accounts.views import get_or_post

_NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}
_STATES = {
    "ASKED": ("wait", "It plays on while this is looked into"),
    "ACTING": ("stop", "Blocked while this is looked into"),
    "UPHELD": ("stop", "Upheld: it stays blocked"),
    "REJECTED": ("ok", "Rejected: it stays"),
    "WITHDRAWN": ("ok", "Withdrawn by whoever gave it"),
}
_CHANGED = ("ok", "Looked at again: it plays again")


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in a recording's list; `until` while it can be answered."""

    id: UUID
    about: str
    ground: str
    kind: str
    word: str
    until: datetime | None


class AnswerForm(forms.Form):
    """What a holder says, and for which of their parties."""

    party = forms.ModelChoiceField(Party.objects.none(), label="As", empty_label=None)
    statement = forms.CharField(
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={
            "required": "Write what you have to say: it is read before anything is decided.",
            "max_length": f"At most {LONGEST_STATEMENT} characters.",
        },
    )

    def __init__(self, *args: Any, parties: list[Party], label: str, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["party"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Party.objects.filter(pk__in=[one.pk for one in parties]).order_by("name")
        field.initial = parties[0] if parties else None
        if len(parties) == 1:
            field.widget = forms.HiddenInput()
        self.fields["statement"].label = label


def notices_on(recording: Recording) -> tuple[NoticeRow, ...]:
    """The notices about a recording, its stems and what was made of it, newest first."""
    rows = list_asked(recording.pk).select_related("appeal")
    return tuple(
        NoticeRow(
            one.pk,
            target_of(one).title,
            THEIRS[Ground(one.ground)],
            *_state(one),
            one.answer_until if one.state in UNDECIDED else None,
        )
        for one in rows
    )


@login_required
@never_cache
@get_or_post
def notice(request: HttpRequest, takedown_id: UUID) -> HttpResponse:
    """One notice: what is said, the answer of one's own parties, the decision, a second look."""
    row = Takedown.objects.select_related("appeal").filter(pk=takedown_id).first()
    if row is None or row.asked_at is None:
        raise Http404
    target = target_of(row)
    holders = holders_of(target)
    mine = list(access.parties_of(request.user).filter(pk__in=holders))
    if not mine:
        raise Http404
    signing = list(access.parties_of(request.user, "sign").filter(pk__in=holders))
    form = _form(request, row, signing)
    if form is not None and form.is_valid() and _say(request, row, form):
        return redirect("artists:notice", row.pk)
    return render(request, "artists/notice.html", _facts(row, target, mine, form))


def _form(request: HttpRequest, row: Takedown, parties: list[Party]) -> AnswerForm | None:
    """The form for what may be said now: an answer, or the wish for a second look; or None."""
    if row.state in UNDECIDED:
        answered = row.answers.values_list("party_id", flat=True)
        parties = [one for one in parties if one.pk not in set(answered)]
        label = "Your answer"
    elif _may_appeal(row):
        label = "What was overlooked"
    else:
        return None
    return AnswerForm(request.POST or None, parties=parties, label=label) if parties else None


def _may_appeal(row: Takedown) -> bool:
    if row.state != State.UPHELD or _appeal_of(row) is not None or row.decided_at is None:
        return False
    return timezone.now() <= row.decided_at + APPEAL_WITHIN


def _say(request: HttpRequest, row: Takedown, form: AnswerForm) -> bool:
    """Write the answer or the wish down; False with an error on the form where it is refused."""
    facts = form.cleaned_data
    said = answer_takedown if row.state in UNDECIDED else appeal
    try:
        said(
            takedown_id=row.pk,
            party_id=facts["party"].pk,
            statement=facts["statement"],
            actor=("user", str(request.user.pk)),
            now=timezone.now(),
        )
    except ComplianceRefused as refused:
        form.add_error(None, refused.sentence)
        return False
    messages.success(request, "It is kept, and read before anything is decided.")
    return True


def _facts(
    row: Takedown, target: Target, mine: list[Party], form: AnswerForm | None
) -> dict[str, object]:
    kind, word = _state(row)
    asked = _appeal_of(row)
    return {
        "notice": row,
        "title": target.title,
        "ground": THEIRS[Ground(row.ground)],
        "recordings": Recording.objects.filter(pk__in=target.recordings, party__in=mine),
        "answers": row.answers.filter(party__in=mine).select_related("party"),
        "appeal": asked,
        "is_my_appeal": asked is not None and asked.party in mine,
        "appeal_until": row.decided_at and row.decided_at + APPEAL_WITHIN,
        "is_open": row.state in UNDECIDED,
        "form": form,
        "kind": kind,
        "word": word,
        **_NAV,
    }


def _appeal_of(row: Takedown) -> Appeal | None:
    return getattr(row, "appeal", None)


def _state(row: Takedown) -> tuple[str, str]:
    asked = _appeal_of(row)
    is_changed = asked is not None and asked.outcome == Appeal.Outcome.CHANGED
    return _CHANGED if is_changed else _STATES[row.state]
