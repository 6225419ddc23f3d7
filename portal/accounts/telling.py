"""Mails to parties, whatever somebody chose about other mails: it is their right that is asked.

It refuses to know what is told. Invariant: a mail goes out after what it tells has been written,
and nobody reads in it who else is told.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from portal.accounts.models import Invitation, Membership, Role


def signers_of(parties: Iterable[UUID]) -> set[str]:
    """Addresses of everybody who may sign for one of the parties."""
    rows = Membership.objects.filter(party__in=list(parties), role__in=[Role.ADMIN, Role.SIGN])
    return set(rows.filter(user__is_active=True).values_list("user__email", flat=True))


def addresses_of(parties: Iterable[UUID]) -> set[str]:
    """Whoever may sign for each; for a party that nobody acts for yet, where it was invited."""
    found: set[str] = set()
    for party in parties:
        last = Invitation.objects.filter(party=party).order_by("-created_at").first()
        found |= signers_of([party]) or ({last.email} if last else set())
    return found


def mail_each(addresses: Iterable[str], subject: str, template: str, facts: dict[str, Any]) -> None:
    """One message for each address."""
    text = render_to_string(template, facts)

    def send() -> None:
        for address in sorted(addresses):
            send_mail(subject, text, None, [address])

    transaction.on_commit(send)
