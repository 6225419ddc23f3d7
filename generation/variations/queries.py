"""What pages and API read about variations: state, progress, play list, credits.

Reads only. It refuses to decide who may see: callers pass the requester or have asked access
before. Invariant: credits of a moment come from the stored windows of that moment, never from a
plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import QuerySet

from generation import recipe as recipes
from generation.external import external_places
from generation.recipe import SAMPLE_RATE_HZ, Recipe
from generation.variations import evidence, rules
from generation.variations.models import Segment, Variation
from generation.variations.rules import State
from licensing.attribution.models import LicenceSource
from licensing.catalog.models import Recording
from licensing.catalog.queries import is_uuid
from licensing.clearance.approving import Standing, approvals_of


@dataclass(frozen=True, slots=True)
class RecordingNamed:
    """A recording that sounds in a variation, and whose page it stands on."""

    id: UUID
    title: str
    party_id: UUID
    party_name: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A finished file; `name` is its name in the store."""

    format: str
    name: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class VariationView:
    """Everything a page shows of a variation. Times in ms; `bars_ms` are the bar lines.

    `pieces_done` of `pieces_of` are stored; `human_ppm` and `model_ppm` sum to 1,000,000, and are
    the final ones where `is_share_known`. `asked`: whose yes it waits for, who said no.
    """

    id: UUID
    title: str
    mode: str
    state: str
    attempt: int
    targets: dict[str, object]
    seed: int
    requester: tuple[str, str]
    visibility: str
    record_id: UUID | None
    pieces_done: int
    pieces_of: int
    duration_ms: int
    bars_ms: tuple[int, ...]
    beats_per_bar: int | None
    tempo_bpm: float | None
    key: str | None
    sections: tuple[tuple[str, int, int], ...]
    recordings: tuple[RecordingNamed, ...]
    human_ppm: int
    model_ppm: int
    is_share_known: bool
    target_lufs: float | None
    reached_lufs: float | None
    remarks: tuple[str, ...]
    files: tuple[FileView, ...]
    error_code: str
    error_sentence: str
    asked: Standing
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A piece of the play list: [start, end) in samples at 48 kHz, `name` in the store."""

    index: int
    start: int
    end: int
    name: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class SourceNamed:
    """A source of the recipe, as pages name it."""

    position: int
    stem_id: UUID
    label: str
    role: str
    recording_id: UUID
    recording_title: str
    party_id: UUID
    party_name: str


@dataclass(frozen=True, slots=True)
class Credit:
    """One source's share of a moment, or of the whole, in ppm."""

    source: SourceNamed
    ppm: int


@lru_cache(maxsize=64)
def read_plan(text: str) -> Recipe:
    """The recipe of a stored text, read once."""
    return recipes.from_json(text)


def get_variation(variation_id: UUID | str) -> Variation:
    """The row with its request and record; raises Variation.DoesNotExist."""
    return Variation.objects.select_related("request", "record").get(id=variation_id)


def titles_of(refs: Iterable[str]) -> dict[str, str]:
    """Titles of variations by their ids as text; what is no variation's id is left out."""
    ids = {ref for ref in refs if is_uuid(ref)}
    rows = Variation.objects.filter(pk__in=ids).values_list("pk", "title")
    return {str(pk): title for pk, title in rows}


def get_variation_for(requester: tuple[str, str], variation_id: UUID | str) -> Variation:
    """The row when it is the requester's own; raises Variation.DoesNotExist for a stranger."""
    return list_variations(requester).get(id=variation_id)


def list_variations(requester: tuple[str, str]) -> QuerySet[Variation]:
    """The requester's variations, newest first, as a queryset."""
    mine = Variation.objects.filter(
        request__requester_kind=requester[0], request__requester_ref=requester[1]
    )
    return mine.select_related("request", "record").order_by("-created_at")


def variation_view(variation_id: UUID | str) -> VariationView:
    """What a page shows; raises Variation.DoesNotExist."""
    row = get_variation(variation_id)
    plan = read_plan(row.recipe) if row.recipe else None
    model_ppm = row.record.model_ppm if row.record else 0
    return VariationView(
        id=row.id,
        title=row.title,
        mode=row.request.mode,
        state=row.state,
        attempt=row.attempt,
        targets=row.request.targets,
        seed=row.request.seed,
        requester=(row.request.requester_kind, row.request.requester_ref),
        visibility=row.visibility,
        record_id=row.record_id,
        pieces_done=row.segments.count(),
        pieces_of=row.piece_count,
        duration_ms=row.length * 1000 // SAMPLE_RATE_HZ,
        bars_ms=_bars(plan),
        beats_per_bar=plan.grid.beats_per_bar if plan and plan.grid else None,
        tempo_bpm=plan.grid.tempo_bpm if plan and plan.grid else None,
        key=plan.key if plan else None,
        sections=_sections(plan),
        recordings=_recordings(row),
        human_ppm=1_000_000 - model_ppm,
        model_ppm=model_ppm,
        is_share_known=is_share_known(row),
        target_lufs=plan.target_lufs if plan else None,
        reached_lufs=_reached(row, plan),
        remarks=plan.remarks if plan else (),
        files=_files(row),
        error_code=row.error_code,
        error_sentence=row.error_sentence,
        asked=asked_of(row),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def asked_of(row: Variation) -> Standing:
    """Whose yes is missing, and who said no; nothing is asked before a record is open."""
    if row.record is None or row.state in (State.COMPOSING, State.READY):
        return Standing()
    return approvals_of(row.record.clearance_id)


def is_share_known(row: Variation) -> bool:
    """Whether the model's share is final: it was sealed, or no net makes anything of it."""
    if row.record is not None and row.record.sealed_at is not None:
        return True
    if row.recipe:
        plan = read_plan(row.recipe)
        return not (any(note.net for note in plan.notes) or external_places(plan))
    targets = row.request.targets
    return bool(targets.get("line", "none") == "none" and not targets.get("external"))


def in_ms(sample: int) -> int:
    """The millisecond nearest to a sample."""
    return round(sample * 1000 / SAMPLE_RATE_HZ)


def _bars(plan: Recipe | None) -> tuple[int, ...]:
    if plan is None or plan.grid is None:
        return ()
    grid, bars, beat = plan.grid, [], 0
    while (sample := recipes.beat_sample(grid, beat)) < plan.length:
        bars.append(in_ms(sample))
        beat += grid.beats_per_bar
    return tuple(bars)


def _sections(plan: Recipe | None) -> tuple[tuple[str, int, int], ...]:
    if plan is None:
        return ()
    return tuple((one.name, in_ms(one.start), in_ms(one.end)) for one in plan.sections)


def _reached(row: Variation, plan: Recipe | None) -> float | None:
    if row.record is not None and row.record.reached_lufs is not None:
        return row.record.reached_lufs
    return plan.reached_lufs if plan else None


def _files(row: Variation) -> tuple[FileView, ...]:
    if row.state != rules.State.READY:
        return ()
    return tuple(
        FileView(one.format, one.name, one.digest, one.bytes)
        for one in row.files.order_by("format")
    )


def _recordings(row: Variation) -> tuple[RecordingNamed, ...]:
    """The recordings that sound; before there is a recipe, those that were asked for."""
    if row.record_id is not None:
        found = {one.recording_id: None for one in sources_of(row)}
        wanted = [str(one) for one in found]
    else:
        wanted = [str(one) for one in row.request.recordings]
    rows = Recording.objects.filter(id__in=wanted).select_related("party")
    by_id = {str(one.id): one for one in rows}
    return tuple(
        RecordingNamed(by_id[one].id, by_id[one].title, by_id[one].party_id, by_id[one].party.name)
        for one in wanted
        if one in by_id
    )


def sources_of(row: Variation) -> tuple[SourceNamed, ...]:
    """The sources of a variation in recipe order; empty before its record is open."""
    if row.record_id is None:
        return ()
    plan = read_plan(row.recipe)
    sources = LicenceSource.objects.filter(record_id=row.record_id).select_related(
        "stem__recording", "stem__party"
    )
    return tuple(
        SourceNamed(
            position=one.position,
            stem_id=one.stem_id,
            label=one.stem.label,
            role=plan.sources[one.position].role,
            recording_id=one.stem.recording_id,
            recording_title=one.stem.recording.title,
            party_id=one.stem.party_id,
            party_name=one.stem.party.name,
        )
        for one in sources.order_by("position")
    )


def playlist(variation_id: UUID | str) -> tuple[SegmentView, ...]:
    """The stored segments in order. A caller asks `may_serve` first; this does not."""
    rows = Segment.objects.filter(variation_id=variation_id).defer("windows").order_by("index")
    return tuple(
        SegmentView(one.index, one.start, one.end, one.name, one.digest, one.bytes) for one in rows
    )


def get_segment(variation_id: UUID | str, index: int) -> SegmentView:
    """One stored segment; raises Segment.DoesNotExist."""
    one = Segment.objects.defer("windows").get(variation_id=variation_id, index=index)
    return SegmentView(one.index, one.start, one.end, one.name, one.digest, one.bytes)


def credits_at(variation_id: UUID | str, ms: int) -> tuple[Credit, ...]:
    """Who sounds in the second that holds `ms`, loudest first; empty when silent or not stored."""
    row = get_variation(variation_id)
    sources = sources_of(row)
    sample = ms * SAMPLE_RATE_HZ // 1000
    segment = row.segments.filter(start__lte=sample, end__gt=sample).first()
    if segment is None or not sources:
        return ()
    rows = evidence.rows_of(bytes(segment.windows), len(sources))
    first = (ms // 1000 * 1000 - in_ms(segment.start)) // evidence.WINDOW_MS
    return _credits(sources, rows[max(0, first) : first + 10])


def credits_of(variation_id: UUID | str) -> tuple[Credit, ...]:
    """The lines of the whole: the record's once it is sealed, before that what is stored so far."""
    row = get_variation(variation_id)
    sources = sources_of(row)
    if row.record is not None and (lines := dict(row.record.lines.values_list("stem_id", "ppm"))):
        found = [Credit(one, lines[one.stem_id]) for one in sources if lines.get(one.stem_id)]
        return tuple(sorted(found, key=lambda credit: -credit.ppm))
    return _credits(sources, _windows(row, len(sources))) if sources else ()


def _windows(row: Variation, sources: int) -> list[evidence.Row]:
    tables = row.segments.order_by("index").values_list("windows", flat=True)
    return [one for table in tables for one in evidence.rows_of(bytes(table), sources)]


def _credits(sources: tuple[SourceNamed, ...], rows: list[evidence.Row]) -> tuple[Credit, ...]:
    shares = evidence.mean_shares(rows)
    if shares is None:
        return ()
    found = [
        Credit(source, ppm)
        for source, ppm in zip(sources, evidence.in_ppm(shares), strict=True)
        if ppm > 0
    ]
    return tuple(sorted(found, key=lambda credit: -credit.ppm))
