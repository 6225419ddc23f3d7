"""The desk's pages about what the provider rang: what came, what was done, what could not be.

An event that met something nobody foresaw is set aside, so that it keeps no other waiting; a person
looks, and lets it be tried again or leaves it. Its body stays in the database.
"""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.payouts.inbox import leave_undone, try_again
from licensing.payouts.models import EventTrouble, HandledEvent, ProviderEvent
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin


class ProviderEventAdmin(ReadOnlyAdmin):
    """What rang."""

    list_display = ("id", "type", "told_at", "received_at", "handled")
    list_filter = ("type",)
    exclude = ("body",)


class EventTroubleAdmin(ReadOnlyAdmin):
    """What could not be acted on, why, and the two ends of what is set aside."""

    list_display = ("event", "reason", "tries", "last_at", "is_set_aside")
    list_filter = ("is_set_aside",)
    list_select_related = ("event",)
    actions_detail = ("again", "leave")
    deeds_while = {"is_set_aside": True}

    @action(description="Try it again", url_path="again", permissions=["decide"])
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the next sweep act on it."""
        row = get_object_or_404(EventTrouble, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            try_again(
                event_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "It is tried again with the next sweep."

        return ask_and_do(
            request,
            title="Try it again",
            consequence=f"What stopped it: {row.reason}. If that happens again, it is set aside "
            "again.",
            form_class=ReasonForm,
            do=do,
            back=list_of("payouts_eventtrouble"),
        )

    @action(description="Leave it undone", url_path="leave", permissions=["decide"])
    def leave(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Never act on it."""
        row = get_object_or_404(EventTrouble, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            leave_undone(
                event_id=row.pk,
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "It is left undone."

        return ask_and_do(
            request,
            title="Leave it undone",
            consequence=f"Nothing is done about it, ever. What stopped it: {row.reason}.",
            form_class=ReasonForm,
            do=do,
            back=list_of("payouts_eventtrouble"),
        )


EVENT_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    ProviderEvent: ProviderEventAdmin,
    HandledEvent: ReadOnlyAdmin,
    EventTrouble: EventTroubleAdmin,
}
