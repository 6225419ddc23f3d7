"""The desk's deed about partners: whom mails about withdrawals go to."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.partners.models import Client
from portal.partners.operations import name_contact


class ContactForm(ReasonForm):
    """An address, or none."""

    contact = forms.EmailField(
        required=False,
        label="Address of the partner's contact; empty sends no mails",
        error_messages={"invalid": "An e-mail address has a name, an @ and a domain."},
    )
    field_order = ("contact", "reason")


class ContactDeed:
    """Naming the contact of a partner."""

    actions_detail = ("name_contact",)

    @action(description="Name the contact", url_path="contact")
    def name_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Client, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            name_contact(
                client_id=row.pk,
                contact=data["contact"],
                by=staff_actor(request)[1],
                reason=data["reason"],
                now=timezone.now(),
            )
            return "Kept: the next mail about withdrawals goes there."

        return ask_and_do(
            request,
            title=f"Name the contact of {row.name}",
            consequence="One mail for withdrawals that touch its variations, with the day by "
            "which copies must be gone. Over the API they are read in any case.",
            form_class=lambda data: ContactForm(data, initial={"contact": row.contact}),
            do=do,
            back=list_of("partners_client"),
        )
