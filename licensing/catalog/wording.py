"""The text of a split sheet made from rows: its lines, what it stands on, what it ends.

It refuses to decide who signs. Invariant: the words come from the rules; names and identifiers are
printed as they stand on the day of the proposal.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from licensing.catalog import identifiers
from licensing.catalog.models import Party, Recording, SplitSheet, Stem, Work
from licensing.catalog.rules import CatalogRefused, ShareAsked, SignedLine, sheet_text
from licensing.catalog.succession import LeavingLine, ending_text


def text_of(
    *,
    right: str,
    target: Recording | Stem | Work,
    version: int,
    shares: Sequence[ShareAsked],
    effective_from: datetime | None,
    ended: Sequence[SplitSheet],
) -> str:
    """What everybody asked reads and signs. Raises CatalogRefused: unknown_party."""
    after = {share.party_id: share.share_ppm for share in shares}
    return sheet_text(
        right=right,
        subject=subject(target),
        version=version,
        lines=_lines(shares),
        effective_from=effective_from,
        endings=[
            ending_text(one.version, subject(_stands_on(one)), _leaving(one, after))
            for one in ended
        ],
    )


def _leaving(ended: SplitSheet, after: dict[UUID, int]) -> list[LeavingLine]:
    return [
        LeavingLine(
            share.party.name,
            _printed_identifiers(share.party),
            share.share_ppm,
            after.get(share.party_id, 0),
        )
        for share in ended.shares.select_related("party").order_by("-share_ppm", "party_id")
    ]


def _stands_on(sheet: SplitSheet) -> Recording | Stem | Work:
    target = sheet.stem or sheet.recording or sheet.work
    assert target is not None  # a check constraint says so
    return target


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


def subject(target: Recording | Stem | Work) -> str:
    """What a sheet stands on, in words, with its code."""
    if isinstance(target, Stem):
        return f"the stem “{target.label}” of “{target.recording.title}”"
    if isinstance(target, Recording):
        code = f" (ISRC {identifiers.format_isrc(target.isrc)})" if target.isrc else ""
        return f"the recording “{target.title}”{code}"
    code = f" (ISWC {identifiers.format_iswc(target.iswc)})" if target.iswc else ""
    return f"the work “{target.title}”{code}"
