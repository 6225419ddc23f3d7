"""Split sheets agreed: proposed with a text, signed by every party, effective from then on.

It refuses to know who may click: faces check the role and the fresh log-in. Invariant: one open
proposal per thing; the last signature makes the sheet effective, never retroactively.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from licensing.audit.operations import record_fact
from licensing.catalog import identifiers
from licensing.catalog.models import (
    Party,
    Recording,
    Share,
    Signature,
    SplitSheet,
    Stem,
    Work,
)
from licensing.catalog.rules import (
    CatalogRefused,
    ShareAsked,
    SignedLine,
    check_shares,
    clean_name,
    normalise_territory,
    sheet_text,
    starts_at,
    text_sha256,
)

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

    MASTER stands on a recording or a stem, PUBLISHING on a work. Raises CatalogRefused.
    """
    check_shares(shares)
    target = _locked_target(right, recording_id, stem_id, work_id)
    versions = SplitSheet.objects.filter(right=right, **target)
    version = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    replaced = versions.filter(state=SplitSheet.State.PROPOSED).update(
        state=SplitSheet.State.REPLACED
    )
    sheet = _written(right, target, version, _cleaned(shares), effective_from, actor, now)
    record_fact(
        actor=actor,
        verb="propose_sheet",
        object_kind="split_sheet",
        object_ref=sheet.id,
        before={"replaced_proposals": replaced} if replaced else None,
        after={"right": right, "version": version, "text_sha256": sheet.text_sha256},
        at=now,
    )
    return sheet


def _written(
    right: str,
    target: dict[str, Any],
    version: int,
    shares: Sequence[ShareAsked],
    effective_from: datetime | None,
    actor: Actor,
    now: datetime,
) -> SplitSheet:
    """The sheet with its shares; a draft until they are there, because later they cannot come."""
    text = sheet_text(
        right=right,
        subject=_subject(next(iter(target.values()))),
        version=version,
        lines=_lines(shares),
        effective_from=effective_from,
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
) -> dict[str, Recording | Stem | Work]:
    """The one thing a sheet stands on, locked, so that versions of it are counted one by one."""
    named = [ref for ref in (recording_id, stem_id, work_id) if ref is not None]
    fits = work_id is None if right == SplitSheet.Right.MASTER else work_id is not None
    if right not in SplitSheet.Right.values or len(named) != 1 or not fits:
        raise CatalogRefused(
            "sheet_on_nothing",
            "A master sheet stands on one recording or one stem, a publishing sheet on one work.",
        )
    if recording_id is not None:
        return {"recording": Recording.objects.select_for_update().get(pk=recording_id)}
    if stem_id is not None:
        return {"stem": Stem.objects.select_for_update().get(pk=stem_id)}
    assert work_id is not None  # one of the three is named
    return {"work": Work.objects.select_for_update().get(pk=work_id)}


def _cleaned(shares: Sequence[ShareAsked]) -> list[ShareAsked]:
    """Largest share first, ties by party, so that the same shares always make the same text."""
    ordered = sorted(shares, key=lambda share: (-share.share_ppm, str(share.party_id)))
    return [
        ShareAsked(
            share.party_id,
            share.share_ppm,
            share.administered_by,
            clean_name(share.administrator, "administrator", 100) if share.administrator else "",
            tuple(sorted({normalise_territory(place) for place in share.territories})),
        )
        for share in ordered
    ]


def _lines(shares: Sequence[ShareAsked]) -> list[SignedLine]:
    parties = Party.objects.in_bulk([share.party_id for share in shares])
    if len(parties) != len(shares):
        raise CatalogRefused("unknown_party", "A party on this split sheet is not known here.")
    return [
        SignedLine(
            parties[share.party_id].name,
            _printed_identifiers(parties[share.party_id]),
            share.share_ppm,
            share.administered_by,
            share.administrator,
            share.territories,
        )
        for share in shares
    ]


def _printed_identifiers(party: Party) -> tuple[str, ...]:
    isni = [f"ISNI {identifiers.format_isni(party.isni)}"] if party.isni else []
    return (*isni, *([f"IPI {party.ipi}"] if party.ipi else []))


def _subject(target: Recording | Stem | Work) -> str:
    if isinstance(target, Stem):
        return f"the stem “{target.label}” of “{target.recording.title}”"
    if isinstance(target, Recording):
        code = f" (ISRC {identifiers.format_isrc(target.isrc)})" if target.isrc else ""
        return f"the recording “{target.title}”{code}"
    code = f" (ISWC {identifiers.format_iswc(target.iswc)})" if target.iswc else ""
    return f"the work “{target.title}”{code}"


@transaction.atomic
def sign_sheet(
    *,
    sheet_id: UUID,
    party_id: UUID,
    user_ref: str,
    method: str,
    locale: str,
    text_sha256: str,
    now: datetime,
) -> SplitSheet:
    """One party's yes to the text it read; the last one makes the sheet SIGNED and sets its date.

    Signing the same text again changes nothing. Raises CatalogRefused: `not_on_sheet`,
    `other_text` (what was shown is not what is proposed), `not_open` (signed or replaced already).
    """
    sheet = SplitSheet.objects.select_for_update().get(pk=sheet_id)
    if not sheet.shares.filter(party_id=party_id).exists():
        raise CatalogRefused("not_on_sheet", "This party does not stand on the split sheet.")
    if sheet.text_sha256 != text_sha256:
        raise CatalogRefused("other_text", "The split sheet is not the text that was shown.")
    if sheet.signatures.filter(party_id=party_id).exists():
        return sheet
    if sheet.state != SplitSheet.State.PROPOSED:
        raise CatalogRefused("not_open", "This split sheet no longer waits for signatures.")
    Signature.objects.create(
        sheet=sheet,
        party_id=party_id,
        user_ref=user_ref,
        method=method,
        locale=locale,
        text_sha256=text_sha256,
        signed_at=now,
    )
    _fact(sheet, "sign_sheet", ("party", str(party_id)), now)
    if sheet.signatures.count() == sheet.shares.count():
        sheet.state = SplitSheet.State.SIGNED
        sheet.signed_at = now
        sheet.effective_from = starts_at(sheet.effective_from, now)
        sheet.save(update_fields=["state", "signed_at", "effective_from"])
        _fact(sheet, "agree_split_sheet", ("party", str(party_id)), now)
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
