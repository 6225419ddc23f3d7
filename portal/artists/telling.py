"""Mails about split sheets that cannot wait for the daily one: a share is to end, a proposal ended.

They go to everybody who may sign for a party, whatever they chose about other mails: it is their
right that is asked for. A party that nobody acts for yet gets a fresh link at the address where it
was invited. Invariant: a mail goes out after what it tells has been written.
"""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from licensing.catalog.models import Party, SplitSheet
from licensing.catalog.queries import Leaving, get_sheet_state
from portal.accounts.models import Invitation, User
from portal.accounts.operations import invite
from portal.accounts.telling import addresses_of, mail_each, signers_of


def tell_proposed(*, sheet: SplitSheet, user: User, now: datetime) -> None:
    """Ask each party whose share would shrink or end by a sheet, at once."""
    for one in get_sheet_state(sheet.pk).leaving:
        if one.after_ppm < one.before_ppm:
            _ask(sheet, one, user, now)


def tell_replaced(*, replaced: SplitSheet, sheet: SplitSheet, user: User) -> None:
    """Tell everybody whom a proposal asked that another one has taken its place."""
    state = get_sheet_state(replaced.pk)
    asked = {ref for ref, _, _ in state.shares} | {one.party_id for one in state.leaving}
    facts = {"on": state.on, "user": user, "version": replaced.version, "link": _link(sheet)}
    mail_each(
        signers_of(asked),
        f"Another split sheet is proposed for “{state.on}”",
        "emails/sheet_replaced.txt",
        facts,
    )


def tell_declined(*, sheet: SplitSheet) -> None:
    """Tell whoever proposed a sheet, and everybody whom it asked, that one party said no."""
    state = get_sheet_state(sheet.pk)
    asked = {ref for ref, _, _ in state.shares} | {one.party_id for one in state.leaving}
    kind, _, ref = sheet.proposed_by.partition(":")
    proposer = User.objects.filter(pk=ref) if kind == "user" and ref.isdigit() else ()
    mail_each(
        {*signers_of(asked), *(one.email for one in proposer)},
        f"A split sheet for “{state.on}” was declined",
        "emails/sheet_declined.txt",
        {"on": state.on, "declined": state.declined, "link": _link(sheet)},
    )


def tell_decided(*, sheet: SplitSheet, party: Party, document: str) -> None:
    """Tell a party that two people have decided in its place, and on which document."""
    mail_each(
        addresses_of([party.pk]),
        f"A split sheet was decided on in the place of {party}",
        "emails/sheet_decided.txt",
        {"party": party, "document": document, "link": _link(sheet)},
    )


def _ask(sheet: SplitSheet, one: Leaving, user: User, now: datetime) -> None:
    state = get_sheet_state(sheet.pk)
    facts = {"on": state.on, "one": one, "user": user, "right": sheet.get_right_display()}
    addresses = signers_of([one.party_id])
    if not addresses:
        last = Invitation.objects.filter(party=one.party_id).order_by("-created_at").first()
        if last is None:
            return
        invite(party=last.party, role=last.role, email=last.email, invited_by=user, now=now)
        addresses = {last.email}
    mail_each(
        addresses,
        f"Your share in “{state.on}” would change: it needs your signature",
        "emails/share_ends.txt",
        facts | {"link": _link(sheet)},
    )


def _link(sheet: SplitSheet) -> str:
    return str(settings.BASE_URL) + reverse("artists:sheet", args=[sheet.pk])
