"""The desk's pages of plays: what looks odd and what came too late, with the deeds that decide.

A person decides, with a reason, and the artist is told counts and words. Listeners are references
nobody here needs; the pages leave them out.
"""

from typing import Any

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action, display

from licensing.royalties.deciding import match_usage, reject_usage, release_plays, uphold_plays
from licensing.royalties.models import Anomaly, HeldPart, HeldPool, Usage
from licensing.royalties.rules.anomalies import in_words
from portal.artists.words import counted
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin


class PlaysForm(ReasonForm):
    """Why, and whether it is about everything of the same listener."""

    of_whole_listener = forms.BooleanField(
        label="And all else that waits of this listener in this month", required=False
    )


class AnomalyAdmin(ReadOnlyAdmin):
    """Plays that look odd, by listener and record; a decision lets them count or keeps them out."""

    list_display = ("record", "month", "plays", "why", "score_ppm", "state", "found_at")
    list_filter = ("state", "month")
    search_fields = ("record__id",)
    exclude = ("listener_ref", "reasons")
    readonly_fields = ("why",)
    actions_detail = ("release", "uphold")
    deeds_while = {"state": Anomaly.State.OPEN}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Anomaly]:
        rows: QuerySet[Anomaly] = super().get_queryset(request)
        return rows.select_related("record")

    @display(description="Why")
    def why(self, row: Anomaly) -> str:
        """The reasons in words."""
        return in_words(row.reasons)

    @action(description="Let these plays count", url_path="release", permissions=["decide"])
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """They were honest."""
        return self._decide(request, object_id, is_released=True)

    @action(description="Keep them out", url_path="uphold", permissions=["decide"])
    def uphold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """They were not."""
        return self._decide(request, object_id, is_released=False)

    def _decide(self, request: HttpRequest, object_id: str, *, is_released: bool) -> HttpResponse:
        row = get_object_or_404(Anomaly, pk=object_id)
        decide = release_plays if is_released else uphold_plays
        word = "count" if is_released else "accrue nothing"

        def do(data: dict[str, Any]) -> str:
            plays = decide(
                anomaly_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
                of_whole_listener=data["of_whole_listener"],
            )
            return f"Decided: of {counted(plays, 'play')} all {word}."

        return ask_and_do(
            request,
            title=f"Plays of {row.month:%B %Y} that look odd",
            consequence=f"{counted(row.plays, 'play')} of one listener: {in_words(row.reasons)}. "
            f"Decided so, they {word}; in a closed month this is a line of the open one. It "
            "cannot be undone.",
            form_class=PlaysForm,
            do=do,
            back=list_of("royalties_anomaly"),
            key="Let these plays count" if is_released else "Keep these plays out",
        )


class UsageAdmin(ReadOnlyAdmin):
    """Plays that passed, and those that wait or do not count."""

    list_display = ("record", "state", "heard_ms", "repeat_score", "played_at", "accrual_month")
    list_filter = ("state", "accrual_month")
    search_fields = ("record__id",)
    exclude = ("listener_ref", "payer_ref", "payer_number")
    actions_detail = ("match", "reject")
    deeds_while = {"state": Usage.State.UNMATCHED}

    @action(description="Take it into its month", url_path="match", permissions=["decide"])
    def match(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It came too late, and counts all the same."""
        return self._settle(request, object_id, is_matched=True)

    @action(description="Reject it", url_path="reject", permissions=["decide"])
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It came too late, and stays out."""
        return self._settle(request, object_id, is_matched=False)

    def _settle(self, request: HttpRequest, object_id: str, *, is_matched: bool) -> HttpResponse:
        row = get_object_or_404(Usage, pk=object_id)
        settle = match_usage if is_matched else reject_usage

        def do(data: dict[str, Any]) -> str:
            settled = settle(
                usage_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            state = Usage.State(settled.state).label
            return f"Decided: {state}. It stands in {settled.accrual_month:%B %Y}."

        late = (row.received_at - row.played_at).days
        return ask_and_do(
            request,
            title=f"A play of {row.played_at:%B %Y} that came {late} days late",
            consequence="It counts in its month, or in the first one after it that is open."
            if is_matched
            else "It is kept and never accrues anything.",
            form_class=ReasonForm,
            do=do,
            back=list_of("royalties_usage"),
            key="Take it into its month" if is_matched else "Reject this play",
        )


PLAY_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Anomaly: AnomalyAdmin,
    HeldPart: ReadOnlyAdmin,
    HeldPool: ReadOnlyAdmin,
    Usage: UsageAdmin,
}
