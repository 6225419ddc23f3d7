"""The desk's page of deeds that wait for a second person: see what one does, do it, or drop it."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.decorators import action, display

from portal.accounts.second_factor import second_factor_of
from portal.backoffice.deeds import ReasonForm, ask_and_do, staff_actor
from portal.backoffice.deeds_of_two import (
    KNOWN,
    carry_out_deed,
    deeds_list,
    drop_deed,
    said_of,
)
from portal.backoffice.models import ProposedDeed
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Outcome
from portal.backoffice.second_person import (
    MAY_DECIDE,
    MAY_DECIDE_RIGHTS,
    asks_for_second_factor,
)
from portal.backoffice.showing import show_and_do


class ProposedDeedAdmin(ReadOnlyAdmin):
    """What waits for a second person, and what was decided."""

    list_display = (
        *("title", "reason", "state", "proposed_by", "proposed_at", "decided_by", "decided_at"),
    )
    list_filter = ("state", "title")
    ordering = ("-proposed_at",)
    fields = (
        *("title", "filled_in", "reason", "state", "proposed_by", "proposed_at"),
        *("decided_by", "decided_at", "proof_method", "proved_at", "decision"),
    )
    readonly_fields = ("filled_in",)
    actions_detail = ("carry_out", "drop")
    deeds_while = {"state": ProposedDeed.State.OPEN}

    @display(description="What was filled in")
    def filled_in(self, row: ProposedDeed) -> str:
        """Each field of the form, in its own words."""
        return format_html_join("", "{}: {}<br>", said_of(row))

    def has_decide_any_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For whoever decides about money or rights; which of them, the deed says."""
        user = request.user
        return bool(user.has_perm(MAY_DECIDE) or user.has_perm(MAY_DECIDE_RIGHTS))

    @action(description="See it and do it", url_path="do", permissions=["decide_any"])
    def carry_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what another person asked for."""
        row = _row(request, object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(_: dict[str, Any]) -> Outcome:
            found = carry_out_deed(
                deed_id=row.pk,
                confirmed_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            return Outcome(found.sentence, [*said_of(row), *found.changes], found.table)

        return show_and_do(
            request,
            title=row.title,
            consequence=f"Asked for because: {row.reason} What follows happens at once.",
            form_class=forms.Form,
            do=do,
            back=deeds_list(),
        )

    @action(description="Drop it", url_path="drop", permissions=["decide_any"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do nothing of it."""
        row = _row(request, object_id)

        def do(data: dict[str, Any]) -> str:
            drop_deed(
                deed_id=row.pk,
                reason=data["reason"],
                dropped_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Dropped: everything stays as it is."

        return ask_and_do(
            request,
            title="Drop it",
            consequence=f"{row}. Everything stays as it is. Asked for because: {row.reason}",
            form_class=ReasonForm,
            do=do,
            back=deeds_list(),
        )


def _row(request: HttpRequest, object_id: str) -> ProposedDeed:
    """The row, for somebody who may decide about what it is of."""
    row = get_object_or_404(ProposedDeed, pk=object_id)
    if not request.user.has_perm(KNOWN[row.deed].permission):
        raise PermissionDenied
    return row


DEED_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {ProposedDeed: ProposedDeedAdmin}
