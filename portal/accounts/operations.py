"""Writes of accounts: confirming an age, opening a party, inviting, accepting, leaving.

Each verb is one transaction and leaves a fact in the audit log, with references instead of names.
"""

import secrets
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from licensing.audit.operations import record_fact
from licensing.catalog.models import Party
from licensing.catalog.operations import create_party
from portal.accounts import rules
from portal.accounts.models import Invitation, Membership, Role, User


class LastAdministrator(ValueError):
    """The party would be left without anybody who may manage it."""


def confirm_age(*, user: User, method: str, now: datetime) -> None:
    """Keep that `user` stated to be 16 or older: the fact, the method and the moment."""
    user.confirmed_16_at, user.confirmed_16_method = now, method
    user.save(update_fields=["confirmed_16_at", "confirmed_16_method"])


@transaction.atomic
def open_party(
    *, user: User, name: str, kind: str, isni: str = "", ipi: str = "", now: datetime
) -> Party:
    """A new party whose first administrator is `user`."""
    party = create_party(
        actor=("user", str(user.pk)), name=name, kind=kind, isni=isni, ipi=ipi, now=now
    )
    Membership.objects.create(user=user, party=party, role=Role.ADMIN, created_at=now)
    return party


@transaction.atomic
def invite(*, party: Party, role: str, email: str, invited_by: User, now: datetime) -> str:
    """Make a single-use link and mail it; its token is returned and kept only as a digest."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        party=party,
        role=role,
        email=email,
        token_sha256=rules.token_digest(token),
        invited_by=invited_by,
        created_at=now,
        expires_at=now + rules.INVITATION_LASTS,
    )
    record_fact(
        actor=("user", invited_by.pk),
        verb="invite",
        object_kind="party",
        object_ref=party.pk,
        after={"invitation": str(invitation.pk), "role": role},
        at=now,
    )
    transaction.on_commit(lambda: _mail(invitation, token))
    return token


def _mail(invitation: Invitation, token: str) -> None:
    facts = {
        "invitation": invitation,
        "link": settings.BASE_URL + reverse("accounts:invitation", args=[token]),
    }
    send_mail(
        f"{invitation.invited_by} asks you to sign as {invitation.party}",
        render_to_string("emails/invitation.txt", facts),
        None,
        [invitation.email],
    )


def find_invitation(token: str) -> Invitation | None:
    """The invitation behind a link, used or not."""
    rows = Invitation.objects.select_related("party", "invited_by")
    return rows.filter(token_sha256=rules.token_digest(token)).first()


@transaction.atomic
def accept_invitation(*, token: str, user: User, now: datetime) -> Membership:
    """Use a link once. The first member of a party manages it, whatever role was offered.

    Raises InvitationSpent when the link is unknown, used or over.
    """
    digest = rules.token_digest(token)
    invitation = Invitation.objects.select_for_update().filter(token_sha256=digest).first()
    if invitation is None:
        raise rules.InvitationSpent("This invitation is not known here.")
    rules.require_open(rules.InvitationFacts(invitation.expires_at, invitation.used_at), now)
    party = Party.objects.select_for_update().get(pk=invitation.party_id)
    is_first = not Membership.objects.filter(party=party).exists()
    membership, _ = Membership.objects.get_or_create(
        user=user,
        party=party,
        defaults={"role": Role.ADMIN if is_first else invitation.role, "created_at": now},
    )
    invitation.used_at, invitation.used_by = now, user
    invitation.save(update_fields=["used_at", "used_by"])
    record_fact(
        actor=("user", user.pk),
        verb="accept_invitation",
        object_kind="party",
        object_ref=party.pk,
        after={"invitation": str(invitation.pk), "role": membership.role},
        at=now,
    )
    return membership


@transaction.atomic
def end_membership(*, party: Party, user_id: UUID, ended_by: User, now: datetime) -> None:
    """Take a login's role in a party away. Raises LastAdministrator for the last such one."""
    members = list(Membership.objects.select_for_update().filter(party=party))
    leaving = next((one for one in members if one.user_id == user_id), None)
    if leaving is None:
        return
    managing = [one for one in members if one.role == Role.ADMIN]
    if managing == [leaving]:
        raise LastAdministrator("Somebody must manage this party: name another one first.")
    leaving.delete()
    record_fact(
        actor=("user", ended_by.pk),
        verb="end_membership",
        object_kind="party",
        object_ref=party.pk,
        before={"user": str(user_id), "role": leaving.role},
        at=now,
    )
