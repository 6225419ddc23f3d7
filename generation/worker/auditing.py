"""The job "audit": a sealed variation rendered again from its recipe, and held against its record.

First what is stored is held against the record, then all that was stored is rendered again and
compared. Whether the variation may be played is not asked: what comes out is a report, and no
sample is kept, stored or handed out. Invariant: no recipe is rendered that plays other sounds than
its record rests on.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from generation import recipe as recipes
from generation.engine import codecs, master
from generation.engine.auditing import Compared, Comparison, Pcm, Word
from generation.engine.backends import Backend, backend_for
from generation.engine.checking import check_known
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Cache
from generation.engine.shares import generated_sources
from generation.ingest.planar import Planar
from generation.recipe import (
    PIECE_SAMPLES,
    DigestMismatch,
    Recipe,
    RecipeError,
    UnknownProcessor,
    UnknownSchema,
)
from generation.variations.audits import (
    AuditRefused,
    Finding,
    Report,
    Verdict,
    check_auditable,
    keep_audit,
)
from generation.variations.models import Segment, Variation
from generation.variations.queries import get_variation
from generation.work.models import Job
from generation.worker import stored_evidence as stored
from generation.worker.loop import Clock, JobForAnother, JobRefused, step_aside
from generation.worker.rendering import UNKNOWN, chosen_backend, parted
from generation.worker.stems import NotMeasured, load_onsets, load_stems
from generation.worker.weighing import Tables
from licensing.attribution.models import LicenceRecord
from licensing.catalog.models import AudioObject

_NOTHING: Pcm = np.zeros((0, 2), dtype=np.int32)


class _NotRendered(Exception):
    """It cannot be rendered again; the finding says why and what that means."""

    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(why)
        self.finding = Finding("sound", verdict, f"It was not rendered again: {why}")


def audit(job: Job, clock: Clock) -> None:
    """Audit the variation and write down what was found.

    A recipe of a newer schema is left to a worker that reads it.
    """
    variation = get_variation(job.subject_ref)
    try:
        recipes.from_json(variation.recipe)
    except UnknownSchema as unknown:
        raise JobForAnother(*UNKNOWN) from unknown
    except RecipeError:
        pass  # the report says it
    try:
        report = report_on(variation)
    except AuditRefused as refused:
        raise JobRefused("not_sealed", str(refused)) from refused
    keep_audit(variation_id=variation.id, report=report, now=clock())


def report_on(variation: Variation) -> Report:
    """Everything that can be compared of a sealed variation; raises AuditRefused for another."""
    record = check_auditable(variation)
    segments = list(variation.segments.order_by("index"))
    tables = Tables.of(segments)
    findings = [stored.recipe_finding(variation, record), stored.tables_finding(tables, record)]
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        path = Path(folder) / "master.flac"
        file = variation.files.filter(format="flac").first()
        if file is not None:
            try:
                findings.append(stored.fetch_master(file, record, path))
            except stored.Gone as gone:
                findings.append(Finding("master", Verdict.DIFFERENT, str(gone)))
        case = _Case(variation, record, segments, tables, path if path.exists() else None)
        try:
            for finding in _rendered_findings(case):
                findings.append(finding)
        except _NotRendered as reason:
            findings.append(reason.finding)
    return Report(tuple(findings))


@dataclass(frozen=True, slots=True)
class _Case:
    """What an audit compares with: `master` is None where the variation never had one."""

    variation: Variation
    record: LicenceRecord
    segments: Sequence[Segment]
    tables: Tables
    master: Path | None

    def indexes(self, plan: Recipe) -> Sequence[int]:
        """The pieces to render again: all of a finished variation, else those that were stored."""
        if self.master is not None:
            return range(recipes.piece_count(plan))
        return [one.index for one in self.segments]


def _rendered_findings(case: _Case) -> Iterator[Finding]:
    plan = _plan_of(case.variation)
    sources = stored.sources_finding(plan, case.record)
    yield sources
    if sources.verdict is not Verdict.IDENTICAL:
        return
    yield stored.lines_finding(case.variation, plan, case.tables, case.record)
    made = _Again(plan, case.indexes(plan))
    compared = _compared(case, plan, made)
    yield _sound_finding(compared, case)
    yield _windows_finding(case, plan, made)


def _plan_of(variation: Variation) -> Recipe:
    try:
        plan = recipes.from_json(variation.recipe)
        check_known(plan)
    except (UnknownSchema, UnknownProcessor) as unknown:
        raise _NotRendered(Verdict.BY_EVIDENCE, str(unknown)) from unknown
    except RecipeError as error:
        raise _NotRendered(Verdict.DIFFERENT, str(error)) from error
    return plan


def _material_of(plan: Recipe) -> tuple[Mapping[str, Planar], Mapping[str, Onsets]]:
    """The stems and onsets that the recipe names; raises _NotRendered."""
    digests = [source.digest for source in plan.sources]
    gone = AudioObject.objects.filter(digest__in=digests, removed_at__isnull=False)
    if gone.exists():
        raise _NotRendered(Verdict.BY_EVIDENCE, "The sound of a stem was deleted.")
    try:
        return load_stems(digests), load_onsets(plan)
    except DigestMismatch as error:
        raise _NotRendered(Verdict.DIFFERENT, str(error)) from error
    except (FileNotFoundError, AudioObject.DoesNotExist) as error:
        raise _NotRendered(Verdict.BY_EVIDENCE, "A stem is not in the store.") from error
    except NotMeasured as error:
        raise _NotRendered(Verdict.BY_EVIDENCE, str(error)) from error


class _Again:
    """Pieces rendered again, one after the other, their tables kept; memory is that of a piece."""

    def __init__(self, plan: Recipe, indexes: Sequence[int]) -> None:
        self.plan, self.indexes = plan, indexes
        self._stems, self._onsets = _material_of(plan)
        self._backend: Backend = backend_for(plan, chosen_backend())
        self._tables: dict[int, tuple[bytes, bytes, bytes]] = {}

    def pieces(self) -> Iterator[tuple[int, Audio]]:
        """(index, samples as they were streamed: what 24 bits keep of what was rendered)."""
        cache = Cache()
        for index in self.indexes:
            step_aside()
            start, end = recipes.piece_range(self.plan, index)
            rendered = self._backend.render(
                self.plan, self._stems, self._onsets, start, end, cache=cache, with_parts=False
            )
            stems, outside = parted(self.plan, rendered.windows)
            notes = rendered.generated if generated_sources(self.plan) else np.zeros(0)
            found = [np.ascontiguousarray(one, dtype="<f8") for one in (stems, notes, outside)]
            self._tables[index] = (found[0].tobytes(), found[1].tobytes(), found[2].tobytes())
            yield index, codecs.from_int24(codecs.to_int24(rendered.audio))

    def tables(self, indexes: Sequence[int]) -> Tables:
        """The tables of some of them, once all are rendered."""
        columns = zip(*(self._tables[index] for index in indexes), strict=True)
        return Tables(*(b"".join(column) for column in columns))


def _compared(case: _Case, plan: Recipe, made: _Again) -> Compared:
    """What was rendered beside the master, or beside the stored pieces where there is none."""
    comparison = Comparison()
    if case.master is not None:
        sound = (audio for _, audio in made.pieces())
        trimmed = master.scaled(sound, case.record.trim_db or 0.0)
        kept = codecs.read_pcm(case.master, PIECE_SAMPLES)
        found = (codecs.to_int24(one) for one in trimmed)
        for one, expected in zip_longest(found, kept, fillvalue=_NOTHING):
            comparison.add(one, expected)
        return comparison.result()
    rows = {one.index: one for one in case.segments}
    try:
        for index, audio in made.pieces():
            data = stored.piece_bytes(rows[index])
            comparison.add(codecs.to_int24(audio), codecs.to_int24(codecs.decode_flac(data)))
    except stored.Gone as gone:
        raise _NotRendered(Verdict.DIFFERENT, str(gone)) from gone
    return comparison.result()


def _sound_finding(compared: Compared, case: _Case) -> Finding:
    beside = "the archived master" if case.master is not None else "the stored pieces"
    figures = {
        "snr_db": compared.snr_db,
        "first_ms": compared.first_ms,
        "worst_ms": compared.worst_ms,
        "windows": compared.windows,
        "differing_windows": compared.differing,
    }
    return Finding("sound", Verdict(compared.word), _said(compared, beside), figures)


def _said(compared: Compared, beside: str) -> str:
    if compared.word is Word.IDENTICAL:
        return f"Rendered again it is {beside}, sample by sample."
    where = f"{(compared.first_ms or 0) / 1_000:.1f} s"
    if compared.word is Word.WITHIN:
        return (
            f"Rendered again it agrees with {beside} within rounding: what differs lies "
            f"{compared.snr_db:.1f} dB below the sound."
        )
    if compared.snr_db is None:
        return f"Rendered again it is not as long as {beside}; they part at {where}."
    return (
        f"Rendered again it differs from {beside}: what differs lies {compared.snr_db:.1f} dB "
        f"below the sound, first in the 100 ms that begin at {where}, most at "
        f"{(compared.worst_ms or 0) / 1_000:.1f} s."
    )


def _windows_finding(case: _Case, plan: Recipe, made: _Again) -> Finding:
    """The shares of what was rendered again beside those that were sealed."""
    again = made.tables([one.index for one in case.segments])
    if again.sha256() == case.record.windows_sha256:
        return Finding("shares", Verdict.IDENTICAL, "It gives the very windows that were sealed.")
    apart = stored.apart_ppm(case.variation, plan, again, case.record)
    verdict = stored.lines_verdict(apart)
    return Finding(
        "shares",
        Verdict.WITHIN if verdict is Verdict.IDENTICAL else verdict,
        f"Its windows are not those that were sealed; its lines lie up to {apart:,} ppm beside.",
        {"apart_ppm": apart},
    )
