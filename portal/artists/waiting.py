"""What waits for an artist's answer or signature, and telling them by mail.

Approvals, agreements on consent, split sheets and previews, for everybody who may sign for the
party that is asked. It decides nothing, and names nobody who asked for a variation.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse

from generation.variations.approving import list_waiting
from generation.variations.models import Variation
from generation.variations.previews import LASTS, list_previews
from generation.variations.rules import PARTY, State
from licensing.attribution.queries import may_make
from licensing.catalog.models import EndedVersion, Party, Recording, Share, Signature, SplitSheet
from licensing.catalog.queries import list_sheets_to_sign
from licensing.clearance.agreeing import holders_of, pending_for
from licensing.clearance.models import Approval, ConsentAgreement, Grant
from portal.accounts.access import parties_of
from portal.accounts.mailing import EVERY, Waiting, mail_waiting
from portal.accounts.models import Mailed, Role, User

log = logging.getLogger(__name__)


def tell_artists(*, now: datetime) -> int:
    """Mail everybody who is asked something; to how many. Safe to repeat, and to run twice.

    A mail that cannot be sent is logged and tried again next time; the others go out.
    """
    told = 0
    for user in _asked(now):
        try:
            told += mail_waiting(user=user, waiting=waiting_for(user, now), now=now)
        except OSError:
            log.exception("a mail about what waits could not be sent")
    return told


def waiting_for(user: User, now: datetime) -> list[Waiting]:
    """All that waits for a login, whatever it was told before; the most pressing first."""
    parties = list(parties_of(user, "sign"))
    kinds = (_approvals, _agreements, _sheets, _previews)
    return [one for kind in kinds for party in parties for one in kind(party, now)]


def _asked(now: datetime) -> list[User]:
    """Who may sign for a party that is asked, wants mails and got none lately."""
    lately = Mailed.objects.filter(user=OuterRef("pk"), at__gt=now - EVERY)
    rows = User.objects.filter(
        ~Exists(lately),
        is_active=True,
        wants_mail=True,
        memberships__role__in=[Role.ADMIN, Role.SIGN],
        memberships__party__in=_parties(now),
    )
    return list(rows.distinct().order_by("pk"))


def _parties(now: datetime) -> set[UUID]:
    """Parties of which something is asked; one too many costs a look, none is left out."""
    found = set(
        Approval.objects.filter(state=Approval.State.WAITING).values_list("party_id", flat=True)
    )
    signed = Signature.objects.filter(sheet=OuterRef("sheet"), party=OuterRef("party"))
    unsigned = Share.objects.filter(~Exists(signed), sheet__state=SplitSheet.State.PROPOSED)
    found |= set(unsigned.values_list("party_id", flat=True))
    ended = EndedVersion.objects.filter(sheet__state=SplitSheet.State.PROPOSED).values("ended")
    found |= set(Share.objects.filter(sheet__in=ended).values_list("party_id", flat=True))
    open_ones = ConsentAgreement.objects.filter(counts_from__isnull=True)
    for recording in open_ones.values_list("recording_id", flat=True).distinct():
        found |= holders_of(recording, now).keys()
    previews = Variation.objects.filter(
        request__requester_kind=PARTY, state=State.READY, created_at__gt=now - LASTS
    )
    refs = previews.values_list("request__requester_ref", flat=True)
    return found | {UUID(ref) for ref in refs}


def _approvals(party: Party, now: datetime) -> Iterator[Waiting]:
    rows = [
        row
        for row in list_waiting(party.pk)
        if row.record_id is not None and may_make(row.record_id, now)
    ]
    if rows:
        many = f"{len(rows)} variations wait" if len(rows) > 1 else "A variation waits"
        things = tuple(
            (f"approval:{party.pk}:{row.pk}", row.ended_at or row.created_at) for row in rows
        )
        yield Waiting(f"{many} for your yes as {party}", reverse("artists:approvals"), things)


def _agreements(party: Party, now: datetime) -> Iterator[Waiting]:
    for state in pending_for(party.pk, now):
        made = state.agreement
        yield Waiting(
            f"An agreement on consent for “{made.recording.title}” waits for your signature "
            f"as {party}",
            reverse("artists:agreement", args=[made.recording_id]),
            ((f"agreement:{party.pk}:{made.pk}", made.recorded_at),),
        )


def _sheets(party: Party, now: datetime) -> Iterator[Waiting]:
    for sheet in list_sheets_to_sign(party.pk):
        yield Waiting(
            f"A split sheet for “{sheet.on}” waits for your signature as {party}",
            reverse("artists:sheet", args=[sheet.sheet_id]),
            ((f"sheet:{party.pk}:{sheet.sheet_id}", sheet.proposed_at),),
        )


def _previews(party: Party, now: datetime) -> Iterator[Waiting]:
    """Previews that can be heard, of recordings for which nothing was signed since."""
    ready = list_previews(party.pk).filter(state=State.READY, created_at__gt=now - LASTS)
    by_recording: dict[str, list[Variation]] = defaultdict(list)
    for row in ready:
        for ref in row.request.recordings[:1]:
            by_recording[ref].append(row)
    titles = Recording.objects.in_bulk(list(by_recording))
    for recording, rows in ((titles.get(UUID(ref)), rows) for ref, rows in by_recording.items()):
        oldest = min(row.created_at for row in rows)
        signed = Grant.objects.filter(
            party=party, stem__recording=recording, granted_at__gte=oldest
        )
        if recording is None or signed.exists():
            continue
        many = f"{len(rows)} previews" if len(rows) > 1 else "A preview"
        yield Waiting(
            f"{many} of “{recording.title}” can be heard until {oldest + LASTS:%-d %B}",
            reverse("artists:grant", args=[recording.pk]),
            tuple((f"preview:{party.pk}:{row.pk}", row.ended_at or row.created_at) for row in rows),
        )
