"""Split sheets agreed: proposed with a text, signed by every party, effective from then on.

It refuses to know who may click: faces check the role and the fresh log-in. Invariant: one open
proposal per thing; the last signature makes the sheet effective, never retroactively; nobody loses
a signed share without a yes of theirs.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from licensing.audit.operations import record_fact
from licensing.catalog.asking import Target, agreed_to, asked_of, ended_sheets, lock_thing
from licensing.catalog.models import EndedVersion, Share, Signature, SplitSheet
from licensing.catalog.rules import (
    CatalogRefused,
    ShareAsked,
    check_shares,
    clean_name,
    normalise_territory,
    starts_at,
    text_sha256,
)
from licensing.catalog.societies import society_named
from licensing.catalog.wording import text_of
from licensing.given import Given

Actor = tuple[str, str]


@transaction.atomic
def propose_sheet(
    *,
    right: str,
    shares: Sequence[ShareAsked],
    actor: Actor,
    now: datetime,
    recording_id: UUID | None = None,
    stem_id: UUID | None = None,
    work_id: UUID | None = None,
    effective_from: datetime | None = None,
) -> SplitSheet:
    """Write the next version for one thing and ask its parties to sign; replaces an open proposal.

    The parties of signed versions that it ends are asked too; its text names them. MASTER stands on
    a recording or a stem, PUBLISHING on a work. Raises CatalogRefused.
    """
    check_shares(shares)
    target = _locked_target(right, recording_id, stem_id, work_id)
    versions = SplitSheet.objects.filter(right=right, **target)
    version = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    replaced = versions.filter(state=SplitSheet.State.PROPOSED).update(
        state=SplitSheet.State.REPLACED
    )
    sheet = _written(right, target, version, _cleaned(shares, now), effective_from, actor, now)
    ended = sheet.ended_versions.order_by("pk").values_list("ended_id", flat=True)
    record_fact(
        actor=actor,
        verb="propose_sheet",
        object_kind="split_sheet",
        object_ref=sheet.id,
        before={"replaced_proposals": replaced} if replaced else None,
        after={
            "right": right,
            "version": version,
            "text_sha256": sheet.text_sha256,
            "ends": [str(ref) for ref in ended],
        },
        at=now,
    )
    return sheet


def _written(
    right: str,
    target: Target,
    version: int,
    shares: Sequence[ShareAsked],
    effective_from: datetime | None,
    actor: Actor,
    now: datetime,
) -> SplitSheet:
    """The sheet with its shares; a draft until they are there, because later they cannot come."""
    ended = ended_sheets(right, target, starts_at(effective_from, now))
    text = text_of(
        right=right,
        target=next(iter(target.values())),
        version=version,
        shares=shares,
        effective_from=effective_from,
        ended=ended,
    )
    sheet = SplitSheet.objects.create(
        right=right,
        **target,
        version=version,
        effective_from=effective_from,
        text=text,
        text_sha256=text_sha256(text),
        proposed_by=":".join(map(str, actor)),
        proposed_at=now,
    )
    EndedVersion.objects.bulk_create(EndedVersion(sheet=sheet, ended=one) for one in ended)
    Share.objects.bulk_create(
        Share(
            sheet=sheet,
            party_id=share.party_id,
            share_ppm=share.share_ppm,
            administered_by=share.administered_by,
            administrator=share.administrator,
            administrator_territories=list(share.territories),
        )
        for share in shares
    )
    sheet.state = SplitSheet.State.PROPOSED
    sheet.save(update_fields=["state"])
    return sheet


def _locked_target(
    right: str, recording_id: UUID | None, stem_id: UUID | None, work_id: UUID | None
) -> Target:
    """The one thing a sheet stands on, locked. Raises CatalogRefused: sheet_on_nothing."""
    named = [ref for ref in (recording_id, stem_id, work_id) if ref is not None]
    fits = work_id is None if right == SplitSheet.Right.MASTER else work_id is not None
    if right not in SplitSheet.Right.values or len(named) != 1 or not fits:
        raise CatalogRefused(
            "sheet_on_nothing",
            "A master sheet stands on one recording or one stem, a publishing sheet on one work.",
        )
    return lock_thing(recording_id=recording_id, stem_id=stem_id, work_id=work_id)


def _cleaned(shares: Sequence[ShareAsked], now: datetime) -> list[ShareAsked]:
    """Largest share first, ties by party, so that the same shares always make the same text; a
    society by its one name here."""
    ordered = sorted(shares, key=lambda share: (-share.share_ppm, str(share.party_id)))
    return [
        ShareAsked(
            share.party_id,
            share.share_ppm,
            share.administered_by,
            _administrator(share, now),
            tuple(sorted({normalise_territory(place) for place in share.territories})),
        )
        for share in ordered
    ]


def _administrator(share: ShareAsked, now: datetime) -> str:
    if share.administered_by == Share.AdministeredBy.SOCIETY:
        return society_named(share.administrator, now)
    return clean_name(share.administrator, "administrator", 100) if share.administrator else ""


@transaction.atomic
def sign_sheet(
    *,
    sheet_id: UUID,
    party_id: UUID,
    user_ref: str,
    given: Given,
    text_sha256: str,
    now: datetime,
) -> SplitSheet:
    """One party's yes to the text it read; the last one makes the sheet SIGNED and sets its date.

    Signing the same text again changes nothing. Raises CatalogRefused: `not_on_sheet`,
    `other_text` (what was shown is not what is proposed), `not_open` (signed, replaced or declined
    already), `ends_another` (it would end a version whose parties were not asked).
    """
    sheet = locked_sheet(sheet_id)
    if party_id not in asked_of(sheet):
        raise CatalogRefused("not_on_sheet", "This party does not stand on the split sheet.")
    if sheet.text_sha256 != text_sha256:
        raise CatalogRefused("other_text", "The split sheet is not the text that was shown.")
    if sheet.signatures.filter(party_id=party_id).exists():
        return sheet
    check_open(sheet, now)
    Signature.objects.create(
        sheet=sheet,
        party_id=party_id,
        user_ref=user_ref,
        text_sha256=text_sha256,
        signed_at=now,
        **given.fields(),
    )
    _fact(sheet, "sign_sheet", ("party", str(party_id)), now)
    count_if_agreed(sheet, ("party", str(party_id)), now)
    return sheet


def locked_sheet(sheet_id: UUID) -> SplitSheet:
    """The sheet and what it stands on, locked in the order in which proposals lock them."""
    known = SplitSheet.objects.get(pk=sheet_id)
    lock_thing(recording_id=known.recording_id, stem_id=known.stem_id, work_id=known.work_id)
    return SplitSheet.objects.select_for_update().get(pk=sheet_id)


def check_open(sheet: SplitSheet, now: datetime) -> None:
    """Raise CatalogRefused unless the sheet waits, and asks everybody whom it must ask."""
    if sheet.state != SplitSheet.State.PROPOSED:
        raise CatalogRefused("not_open", "This split sheet no longer waits for signatures.")
    on = {"recording": sheet.recording, "stem": sheet.stem, "work": sheet.work}
    target: Target = {name: row for name, row in on.items() if row is not None}
    ends = ended_sheets(sheet.right, target, starts_at(sheet.effective_from, now))
    said = set(sheet.ended_versions.values_list("ended_id", flat=True))
    if not said.issuperset(one.pk for one in ends):
        raise CatalogRefused(
            "ends_another",
            "It would end a version that was signed since: draw it up anew, so that everybody on "
            "that one is asked too.",
        )


def count_if_agreed(sheet: SplitSheet, actor: Actor, now: datetime) -> None:
    """Make the sheet count when everybody it asks has agreed."""
    if not asked_of(sheet) <= agreed_to(sheet):
        return
    sheet.state = SplitSheet.State.SIGNED
    sheet.signed_at = now
    sheet.effective_from = starts_at(sheet.effective_from, now)
    sheet.save(update_fields=["state", "signed_at", "effective_from"])
    _fact(sheet, "agree_split_sheet", actor, now)


@transaction.atomic
def decline_sheet(
    *, sheet_id: UUID, party_id: UUID, user_ref: str, because: str, now: datetime
) -> SplitSheet:
    """One party's no: the proposal is over, and what counted before goes on counting.

    Whoever signed it may still say no while others are waited for. Raises CatalogRefused:
    `not_on_sheet`, `not_open`, and what `clean_name` says of the reason.
    """
    sheet = locked_sheet(sheet_id)
    if party_id not in asked_of(sheet):
        raise CatalogRefused("not_on_sheet", "This party does not stand on the split sheet.")
    if sheet.state != SplitSheet.State.PROPOSED:
        raise CatalogRefused("not_open", "This split sheet no longer waits for signatures.")
    sheet.state = SplitSheet.State.DECLINED
    sheet.declined_by_id, sheet.declined_at = party_id, now
    sheet.declined_because = clean_name(because, "reason", 300)
    sheet.save(update_fields=["state", "declined_by", "declined_at", "declined_because"])
    _fact(sheet, "decline_sheet", ("user", user_ref), now)
    return sheet


def _fact(sheet: SplitSheet, verb: str, actor: Actor, now: datetime) -> None:
    start = sheet.effective_from.isoformat() if sheet.effective_from else None
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="split_sheet",
        object_ref=sheet.id,
        after={"state": sheet.state, "effective_from": start, "text_sha256": sheet.text_sha256},
        at=now,
    )
