"""Reads of the catalog: which sheet is effective when, and what still waits for a signature.

It refuses to decide whether something may be used. Invariant: the number of SQL queries does not
grow with the number of stems asked about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from licensing.catalog.models import Party, Recording, Share, Signature, SplitSheet, StandIn, Stem

MASTER = SplitSheet.Right.MASTER
PUBLISHING = SplitSheet.Right.PUBLISHING


class ShareView(NamedTuple):
    """One line of an effective sheet."""

    party_id: UUID
    ppm: int
    administered_by: str


class SocietyShare(NamedTuple):
    """A share that a society collects; empty territories mean the world."""

    party_id: UUID
    society: str
    territories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """A signed sheet as it stands at a moment; shares by size, then party."""

    sheet_id: UUID
    right: str
    version: int
    effective_from: datetime
    text_sha256: str
    shares: tuple[ShareView, ...]
    societies: tuple[SocietyShare, ...]


@dataclass(frozen=True, slots=True)
class StemSheets:
    """Both rights of one stem: the effective sheets, and whether an unsigned one waits."""

    master: SheetView | None
    publishing: SheetView | None
    master_waits: bool
    publishing_waits: bool


class Leaving(NamedTuple):
    """A party of versions that a sheet ends: what it holds by the last of them, and by this one."""

    party_id: UUID
    name: str
    before_ppm: int
    after_ppm: int


class Declined(NamedTuple):
    """Who said no to a proposal, and why."""

    name: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class SheetState:
    """One sheet for a page: who stands on it and who still must sign. `leaving`: everybody on a
    version that it ends; `stood_in`: for whom two people have decided, and when."""

    sheet_id: UUID
    right: str
    on: str
    on_ref: UUID
    version: int
    state: str
    effective_from: datetime | None
    text: str
    text_sha256: str
    shares: tuple[tuple[UUID, str, int], ...]
    waiting_for: tuple[tuple[UUID, str], ...]
    proposed_at: datetime
    signed: tuple[tuple[UUID, datetime, str], ...]
    leaving: tuple[Leaving, ...]
    stood_in: tuple[tuple[UUID, datetime], ...]
    declined: Declined | None


def get_stem(stem_id: UUID) -> Stem:
    """One stem with its recording, work and audio; raises Stem.DoesNotExist."""
    return Stem.objects.select_related("recording__work", "audio", "party").get(pk=stem_id)


def list_stems(recording_id: UUID) -> QuerySet[Stem]:
    """A queryset of a recording's stems in their order, without deleted ones."""
    return (
        Stem.objects.filter(recording_id=recording_id)
        .exclude(state=Stem.State.DELETED)
        .select_related("audio", "party")
        .order_by("position")
    )


def list_recordings_of(party_id: UUID) -> QuerySet[Recording]:
    """A queryset of what a party keeps or has brought a stem to, newest first."""
    mine = Stem.objects.filter(recording=OuterRef("pk"), party_id=party_id)
    return (
        Recording.objects.filter(Q(party_id=party_id) | Exists(mine))
        .select_related("party", "work")
        .order_by("-created_at")
    )


def effective_sheet(right: str, stem: Stem | UUID, at: datetime) -> SheetView | None:
    """The sheet of one right of a stem that is effective at a moment, or None."""
    stem_id = stem.id if isinstance(stem, Stem) else stem
    sheets = sheets_of([stem_id], at)[stem_id]
    return sheets.master if right == MASTER else sheets.publishing


def sheets_of(stem_ids: Iterable[UUID], at: datetime) -> dict[UUID, StemSheets]:
    """Both rights of many stems in three SQL queries; unknown stems are left out."""
    rows = list(Stem.objects.filter(pk__in=list(stem_ids)).select_related("recording"))
    sheets = list(
        SplitSheet.objects.filter(
            Q(stem__in=[row.id for row in rows])
            | Q(recording__in=[row.recording_id for row in rows])
            | Q(work__in=[row.recording.work_id for row in rows]),
            state__in=[SplitSheet.State.PROPOSED, SplitSheet.State.SIGNED],
        ).order_by("version")
    )
    effective: dict[UUID, SplitSheet] = {}
    waiting: set[UUID] = set()
    for sheet in sheets:
        target = _target(sheet)
        if sheet.state == SplitSheet.State.PROPOSED:
            waiting.add(target)
        elif sheet.effective_from is not None and sheet.effective_from <= at:
            effective[target] = sheet
        else:
            waiting.add(target)
    views = _views(effective.values())
    return {row.id: _stem_sheets(row, effective, views, waiting) for row in rows}


def _target(sheet: SplitSheet) -> UUID:
    target = sheet.stem_id or sheet.recording_id or sheet.work_id
    assert target is not None  # a check constraint says so
    return target


def _stem_sheets(
    row: Stem,
    effective: Mapping[UUID, SplitSheet],
    views: Mapping[UUID, SheetView],
    waiting: set[UUID],
) -> StemSheets:
    """A stem's own master sheet goes before its recording's."""
    master = effective.get(row.id) or effective.get(row.recording_id)
    publishing = effective.get(row.recording.work_id)
    return StemSheets(
        master=views[master.id] if master else None,
        publishing=views[publishing.id] if publishing else None,
        master_waits=row.id in waiting or row.recording_id in waiting,
        publishing_waits=row.recording.work_id in waiting,
    )


def _views(sheets: Iterable[SplitSheet]) -> dict[UUID, SheetView]:
    known = {sheet.id: sheet for sheet in sheets}
    shares: dict[UUID, list[Share]] = {sheet_id: [] for sheet_id in known}
    for share in Share.objects.filter(sheet__in=list(known)).order_by("-share_ppm", "party_id"):
        shares[share.sheet_id].append(share)
    return {sheet_id: _view(sheet, shares[sheet_id]) for sheet_id, sheet in known.items()}


def _view(sheet: SplitSheet, shares: list[Share]) -> SheetView:
    assert sheet.effective_from is not None  # a signed sheet has a date
    return SheetView(
        sheet_id=sheet.id,
        right=sheet.right,
        version=sheet.version,
        effective_from=sheet.effective_from,
        text_sha256=sheet.text_sha256,
        shares=tuple(ShareView(s.party_id, s.share_ppm, s.administered_by) for s in shares),
        societies=tuple(
            SocietyShare(s.party_id, s.administrator, tuple(s.administrator_territories))
            for s in shares
            if s.administered_by == Share.AdministeredBy.SOCIETY
        ),
    )


def list_sheets_of_recording(recording_id: UUID) -> tuple[SheetState, ...]:
    """Every sheet of a recording, its stems and its work, newest version first, for its page."""
    return _sheet_states(
        SplitSheet.objects.filter(
            Q(recording_id=recording_id)
            | Q(stem__recording_id=recording_id)
            | Q(work__recordings=recording_id)
        )
    )


def list_sheets_to_sign(party_id: UUID) -> tuple[SheetState, ...]:
    """Proposed sheets that wait for this party's signature: it is named, or a version in which it
    holds a share would end."""
    signed = Signature.objects.filter(sheet=OuterRef("pk"), party_id=party_id)
    decided = StandIn.objects.filter(
        sheet=OuterRef("pk"), party_id=party_id, state=StandIn.State.DECIDED
    )
    asked = Q(shares__party_id=party_id) | Q(ended_versions__ended__shares__party_id=party_id)
    return _sheet_states(
        SplitSheet.objects.filter(
            asked, ~Exists(signed), ~Exists(decided), state=SplitSheet.State.PROPOSED
        )
    )


def list_unsigned_sheets() -> QuerySet[SplitSheet]:
    """A queryset of the proposals that somebody has to sign: a rights administrator's queue."""
    return SplitSheet.objects.filter(state=SplitSheet.State.PROPOSED)


def get_sheet_state(sheet_id: UUID) -> SheetState:
    """One sheet for its page; raises SplitSheet.DoesNotExist."""
    states = _sheet_states(SplitSheet.objects.filter(pk=sheet_id))
    if not states:
        raise SplitSheet.DoesNotExist
    return states[0]


def list_parties_of_recording(recording_id: UUID) -> frozenset[UUID]:
    """Every party that keeps it, brought a stem, or stands on one of its sheets, signed or not."""
    recording = Recording.objects.get(pk=recording_id)
    on_sheets = Share.objects.filter(
        Q(sheet__recording_id=recording_id)
        | Q(sheet__stem__recording_id=recording_id)
        | Q(sheet__work_id=recording.work_id)
    ).values_list("party_id", flat=True)
    brought = recording.stems.values_list("party_id", flat=True)
    return frozenset({recording.party_id, *brought, *on_sheets})


def names_of_parties(refs: Iterable[str]) -> dict[str, str]:
    """Names of parties by their ids as text; what is no party's id is left out."""
    ids = [ref for ref in refs if is_uuid(ref)]
    return {str(row.pk): row.name for row in Party.objects.filter(pk__in=ids).only("name")}


def is_uuid(text: str) -> bool:
    """Whether a text can be the id of a row."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _sheet_states(sheets: QuerySet[SplitSheet]) -> tuple[SheetState, ...]:
    rows = (
        sheets.select_related("stem", "recording", "work", "declined_by")
        .prefetch_related(
            "shares__party", "signatures", "stand_ins", "ended_versions__ended__shares__party"
        )
        .order_by("right", "recording", "stem", "work", "-version")
        .distinct()
    )
    return tuple(_sheet_state(sheet) for sheet in rows)


def _sheet_state(sheet: SplitSheet) -> SheetState:
    target: Stem | Recording | object = sheet.stem or sheet.recording or sheet.work
    signed = {signature.party_id for signature in sheet.signatures.all()}
    decided = [one for one in sheet.stand_ins.all() if one.state == StandIn.State.DECIDED]
    shares = sorted(sheet.shares.all(), key=lambda s: (-s.share_ppm, str(s.party_id)))
    leaving = _leaving(sheet)
    asked = {share.party_id: share.party.name for share in shares}
    asked |= {one.party_id: one.name for one in leaving}
    agreed = signed | {one.party_id for one in decided}
    open_still = sheet.state == SplitSheet.State.PROPOSED
    return SheetState(
        sheet_id=sheet.id,
        right=sheet.right,
        on=str(target),
        on_ref=_target(sheet),
        version=sheet.version,
        state=sheet.state,
        effective_from=sheet.effective_from,
        text=sheet.text,
        text_sha256=sheet.text_sha256,
        shares=tuple((share.party_id, share.party.name, share.share_ppm) for share in shares),
        waiting_for=tuple(
            (ref, name) for ref, name in asked.items() if open_still and ref not in agreed
        ),
        proposed_at=sheet.proposed_at,
        signed=tuple((s.party_id, s.signed_at, s.method) for s in sheet.signatures.all()),
        leaving=leaving,
        stood_in=tuple((one.party_id, one.decided_at) for one in decided if one.decided_at),
        declined=_declined(sheet),
    )


def _leaving(sheet: SplitSheet) -> tuple[Leaving, ...]:
    after = {share.party_id: share.share_ppm for share in sheet.shares.all()}
    found: dict[UUID, Leaving] = {}
    for ended in sorted((one.ended for one in sheet.ended_versions.all()), key=_age):
        for share in ended.shares.all():
            ref = share.party_id
            found[ref] = Leaving(ref, share.party.name, share.share_ppm, after.get(ref, 0))
    return tuple(sorted(found.values(), key=lambda one: (-one.before_ppm, str(one.party_id))))


def _age(sheet: SplitSheet) -> tuple[bool, int]:
    return sheet.stem_id is not None, sheet.version


def _declined(sheet: SplitSheet) -> Declined | None:
    if sheet.declined_by is None or sheet.declined_at is None:
        return None
    return Declined(sheet.declined_by.name, sheet.declined_at, sheet.declined_because)
