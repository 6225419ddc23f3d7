"""A party of an ended version that cannot be reached: two people decide in its place.

Their decision rests on a document and counts as that party's signature on that one sheet. It
refuses a party that is only named by the new version: nobody is put on a sheet without a yes of
theirs. Invariant: a party has had 30 days to answer, and who proposed the decision never takes it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.catalog.agreement import check_open, count_if_agreed, locked_sheet
from licensing.catalog.asking import agreed_to, holders_ended_by
from licensing.catalog.models import SplitSheet, StandIn
from licensing.catalog.rules import UNREACHED_DAYS, CatalogRefused, clean_name
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.two_people import decide

LONGEST_DOCUMENT = 4_000


@transaction.atomic
def propose_stand_in(
    *,
    sheet_id: UUID,
    party_id: UUID,
    document: str,
    proposed_by: str,
    now: datetime,
    evidence_sha256: str = "",
) -> StandIn:
    """Ask a second person to decide in place of a party. `document`: its words, or title and date;
    `evidence_sha256`: the same as a file that was kept.

    Raises CatalogRefused: not_open, ends_another, not_on_ended_version, has_agreed, too_early,
    no_document, proposed.
    """
    sheet = locked_sheet(sheet_id)
    check_open(sheet, now)
    _check_party(sheet, party_id)
    if now < sheet.proposed_at + timedelta(days=UNREACHED_DAYS):
        raise CatalogRefused(
            "too_early",
            f"A party has {UNREACHED_DAYS} days to answer: it can be decided in its place from "
            f"{sheet.proposed_at + timedelta(days=UNREACHED_DAYS):%-d %B %Y} on.",
        )
    plain = document.replace("\0", "").strip()[:LONGEST_DOCUMENT]
    if not plain:
        raise CatalogRefused("no_document", "Write on which document it is decided.")
    try:
        with transaction.atomic():
            made = StandIn.objects.create(
                sheet=sheet,
                party_id=party_id,
                document=plain,
                evidence_sha256=evidence_sha256,
                proposed_by=proposed_by,
                proposed_at=now,
            )
    except IntegrityError as twice:
        raise CatalogRefused("proposed", "This waits for a second person already.") from twice
    _tell(made, "propose_stand_in", proposed_by, now)
    return made


@transaction.atomic
def decide_stand_in(
    *, stand_in_id: int, decided_by: str, proof: SecondFactor | None, now: datetime
) -> StandIn:
    """The second person's yes; where it was the last one missing, the sheet counts from now on.

    Raises CatalogRefused: decided, same_person, no_second_factor, stale_second_factor, not_open,
    ends_another, has_agreed.
    """
    row, sheet = _open(stand_in_id)
    proved = check_four_eyes(row.proposed_by, decided_by, proof, now, refused=CatalogRefused)
    check_open(sheet, now)
    _check_party(sheet, row.party_id)
    decide(row, state=StandIn.State.DECIDED, by=decided_by, now=now, proved=proved)
    _tell(row, "decide_stand_in", decided_by, now)
    count_if_agreed(sheet, ("user", decided_by), now)
    return row


@transaction.atomic
def drop_stand_in(*, stand_in_id: int, because: str, dropped_by: str, now: datetime) -> StandIn:
    """Do nothing of it; who proposed it may drop it. Raises CatalogRefused: decided."""
    row, _ = _open(stand_in_id)
    row.dropped_because = clean_name(because, "reason", 300)
    decide(row, state=StandIn.State.DROPPED, by=dropped_by, now=now)
    _tell(row, "drop_stand_in", dropped_by, now)
    return row


def _open(stand_in_id: int) -> tuple[StandIn, SplitSheet]:
    sheet = locked_sheet(StandIn.objects.get(pk=stand_in_id).sheet_id)
    row = StandIn.objects.select_for_update().select_related("party").get(pk=stand_in_id)
    if row.state != StandIn.State.OPEN:
        raise CatalogRefused("decided", "This was decided already.")
    return row, sheet


def _check_party(sheet: SplitSheet, party_id: UUID) -> None:
    if party_id not in holders_ended_by(sheet):
        raise CatalogRefused(
            "not_on_ended_version",
            "Only for a party of a version that this sheet ends can others decide.",
        )
    if party_id in agreed_to(sheet):
        raise CatalogRefused("has_agreed", "This party has signed already.")


def _tell(row: StandIn, verb: str, who: str, now: datetime) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="split_sheet",
        object_ref=row.sheet_id,
        after={"party": str(row.party_id), "state": row.state, "document": row.document},
        at=now,
    )
