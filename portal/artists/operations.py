"""What artists do on two floors at once: a sheet drawn up with people who are not here yet.

Everything else on these pages calls an operation of the rooms below directly. Invariant: a new
contributor, the sheet that names them and the link that lets them sign are written together or not
at all; a key that is pressed twice makes one recording.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from licensing.attribution.operations import withdraw_uses
from licensing.catalog.models import Party, Recording, SplitSheet
from licensing.catalog.operations import Actor, create_party, create_recording, propose_sheet
from licensing.catalog.rules import ShareAsked, clean_name
from licensing.clearance.approval import ApproveFirst
from licensing.clearance.limits import Limits
from licensing.clearance.models import LONGEST_VOICE, Use
from licensing.clearance.operations import grant_matrix
from licensing.given import Given
from licensing.royalties.setting_cards import cards_in_force
from portal.accounts.models import Invitation, Membership, Role, User
from portal.accounts.operations import invite
from portal.artists.telling import tell_proposed, tell_replaced

PRESSED_TWICE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet as drawn up: a known party, or a name and the address to invite."""

    share_ppm: int
    party_id: UUID | None = None
    name: str = ""
    email: str = ""
    administered_by: str = "SELF"
    administrator: str = ""
    territories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class On:
    """The one thing a sheet stands on."""

    recording_id: UUID | None = None
    stem_id: UUID | None = None
    work_id: UUID | None = None


@transaction.atomic
def bring_recording(*, party_id: UUID, actor: Actor, now: datetime, **facts: Any) -> Recording:
    """A new recording; its form pressed twice finds the one that it made a moment ago.

    That one counts while nothing is in it: the same party and title, no stem and no sheet.
    """
    Party.objects.select_for_update(no_key=True).get(pk=party_id)
    twin = Recording.objects.filter(
        party_id=party_id,
        title=clean_name(facts["title"]),
        created_at__gt=now - PRESSED_TWICE,
        stems__isnull=True,
        sheets__isnull=True,
    ).first()
    return twin or create_recording(party_id=party_id, actor=actor, now=now, **facts)


@transaction.atomic
def draw_up_sheet(
    *,
    user: User,
    right: str,
    on: On,
    lines: Sequence[Line],
    now: datetime,
    effective_from: datetime | None = None,
) -> SplitSheet:
    """Propose a sheet; parties that are new here are made and invited. Raises CatalogRefused.

    Whoever draws it up reads and signs it afterwards like everybody else on it. Parties whose share
    would shrink or end are asked by mail at once, and those of a replaced proposal are told.
    """
    replaced = SplitSheet.objects.filter(
        state=SplitSheet.State.PROPOSED,
        right=right,
        recording=on.recording_id,
        stem=on.stem_id,
        work=on.work_id,
    ).first()
    actor = ("user", str(user.pk))
    shares, newcomers = _shares(lines, actor, now)
    sheet = propose_sheet(
        right=right,
        shares=shares,
        actor=actor,
        now=now,
        recording_id=on.recording_id,
        stem_id=on.stem_id,
        work_id=on.work_id,
        effective_from=effective_from,
    )
    for party, email in newcomers:
        invite(party=party, role=Role.SIGN, email=email, invited_by=user, now=now)
    if replaced is not None:
        tell_replaced(replaced=replaced, sheet=sheet, user=user)
    tell_proposed(sheet=sheet, user=user, now=now)
    return sheet


def _shares(
    lines: Sequence[Line], actor: Actor, now: datetime
) -> tuple[list[ShareAsked], list[tuple[Party, str]]]:
    """The lines as shares of parties, and those parties that are new here with their addresses."""
    shares, newcomers = [], []
    for line in lines:
        party_id = line.party_id
        if party_id is None:
            party = create_party(name=line.name, actor=actor, now=now)
            newcomers.append((party, line.email))
            party_id = party.pk
        shares.append(
            ShareAsked(
                party_id,
                line.share_ppm,
                line.administered_by,
                line.administrator,
                line.territories,
            )
        )
    return shares, newcomers


def remind(*, sheet: SplitSheet, party: Party, user: User, now: datetime) -> bool:
    """Ask once more for a signature. False when nobody is known who could be asked.

    A party that nobody acts for yet gets a fresh link at the address it was invited at.
    """
    members = Membership.objects.filter(party=party, role__in=[Role.ADMIN, Role.SIGN])
    addresses = list(members.values_list("user__email", flat=True))
    if addresses:
        link = settings.BASE_URL + reverse("artists:sheet", args=[sheet.pk])
        text = render_to_string(
            "emails/reminder.txt", {"sheet": sheet, "party": party, "user": user, "link": link}
        )
        send_mail(f"{user} waits for {party}’s signature", text, None, addresses)
        return True
    last = Invitation.objects.filter(party=party).order_by("-created_at").first()
    if last is None:
        return False
    invite(party=party, role=last.role, email=last.email, invited_by=user, now=now)
    return True


def known_parties(user: User, recording_ids: Sequence[UUID]) -> list[Party]:
    """Parties the user may put on a sheet by choosing: their own, those on their sheets,
    and those that brought stems."""
    mine = Party.objects.filter(memberships__user=user)
    beside = Party.objects.filter(
        shares__sheet__in=SplitSheet.objects.filter(recording__in=recording_ids)
        | SplitSheet.objects.filter(work__recordings__in=recording_ids)
        | SplitSheet.objects.filter(stem__recording__in=recording_ids)
    )
    brought = Party.objects.filter(stems__recording__in=recording_ids)
    return sorted({*mine, *beside, *brought}, key=lambda party: (party.name, str(party.pk)))


@transaction.atomic
def sign_matrix(
    *,
    user: User,
    party: Party,
    cells: Collection[tuple[str, UUID]],
    gone: Collection[tuple[str, UUID]],
    limits: Limits,
    approval: ApproveFirst | None,
    territories: Sequence[str],
    channels: Sequence[str],
    valid_until: datetime | None,
    given: Given,
    now: datetime,
) -> None:
    """One holder's signature under a matrix: what is ticked is granted, what was and is not is not.

    A voice is a grant of its own, which ends after ten years at the latest. Raises
    ClearanceRefused; then nothing has changed.
    """
    actor = ("user", str(user.pk))
    for stems, uses in _blocks(gone):
        withdraw_uses(
            party_id=party.pk, stem_ids=stems, uses=uses, actor=actor, given=given, now=now
        )
    cards = cards_in_force(now)
    voice = {cell for cell in cells if cell[0] == Use.VOICE}
    for part, ends_at in (
        (set(cells) - voice, valid_until),
        (voice, min(valid_until or now + LONGEST_VOICE, now + LONGEST_VOICE)),
    ):
        for stems, uses in _blocks(part):
            grant_matrix(
                stem_ids=stems,
                party_id=party.pk,
                uses=uses,
                actor=actor,
                now=now,
                limits=limits,
                approval=approval,
                territories=territories,
                channels=channels,
                valid_until=ends_at,
                royalty_terms=cards,
                given=given,
            )


def _blocks(cells: Collection[tuple[str, UUID]]) -> list[tuple[list[UUID], list[str]]]:
    """Cells as few blocks of stems x uses; stems with equal uses stand together."""
    uses_of: dict[UUID, set[str]] = {}
    for use, stem_id in cells:
        uses_of.setdefault(stem_id, set()).add(use)
    stems_of: dict[tuple[str, ...], list[UUID]] = {}
    for stem_id, uses in sorted(uses_of.items()):
        stems_of.setdefault(tuple(sorted(uses)), []).append(stem_id)
    return [(stems, list(uses)) for uses, stems in stems_of.items()]
