"""Reads for the works export: what a party has written or keeps, with its codes and its releases.

It refuses to know money. Invariant: the number of SQL queries does not grow with the works.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from licensing.attribution.models import AttributionLine
from licensing.catalog.models import Recording, Share, SplitSheet, Work
from licensing.ulid import ulid_text


@dataclass(frozen=True, slots=True)
class WriterView:
    """One share of the effective publishing sheet, and who collects it where (empty: world)."""

    name: str
    ipi: str
    isni: str
    share_ppm: int
    administered_by: str
    administrator: str
    territories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordingView:
    """One recording of a work; `party` keeps its page."""

    title: str
    isrc: str
    party: str


@dataclass(frozen=True, slots=True)
class DerivedView:
    """A released variation with sources of this work: `ppm` is what they are of it together;
    `variation` is its ULID.
    """

    title: str
    isrc: str
    released_at: datetime
    variation: str
    ppm: int


@dataclass(frozen=True, slots=True)
class WorkView:
    """A work as societies and administrators want to read it; `writers` is empty until a sheet is
    effective.
    """

    id: UUID
    title: str
    iswc: str
    writers: tuple[WriterView, ...]
    recordings: tuple[RecordingView, ...]
    derived: tuple[DerivedView, ...]


def list_works(party_id: UUID | None, at: datetime) -> tuple[WorkView, ...]:
    """Works that a party writes or keeps a recording of (all of them for None), by title."""
    works = Work.objects.order_by("title", "id")
    if party_id is not None:
        works = works.filter(
            Q(recordings__party_id=party_id)
            | Q(sheets__state=SplitSheet.State.SIGNED, sheets__shares__party_id=party_id)
        ).distinct()
    rows = list(works)
    ids = [row.pk for row in rows]
    writers, recordings, derived = _writers(ids, at), _recordings(ids), _derived(ids)
    return tuple(
        WorkView(
            row.pk, row.title, row.iswc, tuple(writers[row.pk]), tuple(recordings[row.pk]),
            tuple(derived[row.pk]),
        )
        for row in rows
    )  # fmt: skip


def _writers(works: Iterable[UUID], at: datetime) -> dict[UUID, list[WriterView]]:
    """The shares of each work's newest sheet that is effective at `at`, the largest first."""
    sheets = SplitSheet.objects.filter(
        work__in=works, state=SplitSheet.State.SIGNED, effective_from__lte=at
    )
    newest = sheets.order_by("work", "-version").distinct("work").values("pk")
    shares = Share.objects.filter(sheet__in=newest).select_related("party", "sheet")
    found: dict[UUID, list[WriterView]] = defaultdict(list)
    for share in shares.order_by("-share_ppm", "party_id"):
        assert share.sheet.work_id is not None  # it was found by its work
        party = share.party
        found[share.sheet.work_id].append(
            WriterView(
                party.name, party.ipi, party.isni, share.share_ppm, share.administered_by,
                share.administrator, tuple(share.administrator_territories),
            )
        )  # fmt: skip
    return found


def _recordings(works: Iterable[UUID]) -> dict[UUID, list[RecordingView]]:
    rows = Recording.objects.filter(work__in=works).select_related("party")
    found: dict[UUID, list[RecordingView]] = defaultdict(list)
    for row in rows.order_by("title", "id"):
        found[row.work_id].append(RecordingView(row.title, row.isrc, row.party.name))
    return found


def _derived(works: Iterable[UUID]) -> dict[UUID, list[DerivedView]]:
    lines = AttributionLine.objects.filter(
        stem__recording__work__in=works, record__release__isnull=False
    ).select_related("record__release", "stem__recording")
    parts: dict[tuple[UUID, UUID], list[AttributionLine]] = defaultdict(list)
    for line in lines.order_by("record__release__isrc"):
        parts[line.stem.recording.work_id, line.record_id].append(line)
    found: dict[UUID, list[DerivedView]] = defaultdict(list)
    for (work, _), group in parts.items():
        record = group[0].record
        release = record.release
        variation = ulid_text(UUID(record.subject_ref))
        ppm = sum(line.ppm for line in group)
        found[work].append(
            DerivedView(release.title, release.isrc, release.released_at, variation, ppm)
        )
    return found
