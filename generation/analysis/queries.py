"""Analyses as composer and pages read them: what was measured, with the artists' corrections."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet

from generation.analysis.models import Correction, RecordingMeasure, StemMeasure
from generation.analysis.rules import (
    Corrected,
    correct_recording_analysis,
    correct_stem_analysis,
)
from generation.analysis.values import (
    READABLE,
    RecordingAnalysis,
    StemAnalysis,
    recording_from_data,
    stem_from_data,
)


def measured_stem(stem_id: UUID) -> StemAnalysis | None:
    """What was measured in a stem, without corrections; None before that."""
    row = StemMeasure.objects.filter(stem_id=stem_id, version__in=READABLE).first()
    return None if row is None else stem_from_data(row.data)


def stem_analysis(stem_id: UUID) -> StemAnalysis | None:
    """A stem's analysis with corrections; None before it was measured."""
    return stem_analyses([stem_id]).get(stem_id)


def stem_analyses(stem_ids: Iterable[UUID]) -> dict[UUID, StemAnalysis]:
    """The analyses of those stems that were measured, with corrections, in two statements."""
    wanted = list(stem_ids)
    corrections: dict[UUID, list[Corrected]] = {}
    for row in Correction.objects.filter(stem_id__in=wanted).order_by("id"):
        if row.stem_id is not None:
            corrections.setdefault(row.stem_id, []).append(Corrected(row.field, row.value))
    measures = StemMeasure.objects.filter(stem_id__in=wanted, version__in=READABLE)
    return {
        stem_id: correct_stem_analysis(
            _stem_measure(stem_id, measured_at), corrections.get(stem_id, [])
        )
        for stem_id, measured_at in measures.values_list("stem_id", "measured_at")
    }


@lru_cache(maxsize=1_024)
def _stem_measure(stem_id: UUID, _measured_at: datetime) -> StemAnalysis:
    """What was measured at that moment; read once, for it is long and replaced as a whole."""
    return stem_from_data(StemMeasure.objects.values_list("data", flat=True).get(stem_id=stem_id))


def recording_analysis(recording_id: UUID) -> RecordingAnalysis | None:
    """A recording's analysis with corrections; None before it was measured as a whole."""
    return recording_analyses([recording_id]).get(recording_id)


def recording_analyses(recording_ids: Iterable[UUID]) -> dict[UUID, RecordingAnalysis]:
    """The analyses of those recordings that were measured, with corrections, in two statements."""
    wanted = list(recording_ids)
    corrections: dict[UUID, list[Corrected]] = {}
    for one in Correction.objects.filter(recording_id__in=wanted).order_by("id"):
        if one.recording_id is not None:
            corrections.setdefault(one.recording_id, []).append(Corrected(one.field, one.value))
    rows = RecordingMeasure.objects.filter(recording_id__in=wanted, version__in=READABLE)
    return {
        recording_id: correct_recording_analysis(
            _recording_measure(recording_id, measured_at), corrections.get(recording_id, [])
        )
        for recording_id, measured_at in rows.values_list("recording_id", "measured_at")
    }


@lru_cache(maxsize=256)
def _recording_measure(recording_id: UUID, _measured_at: datetime) -> RecordingAnalysis:
    """What was measured at that moment, read once."""
    rows = RecordingMeasure.objects.values_list("data", flat=True)
    return recording_from_data(rows.get(recording_id=recording_id))


def measured_stems(recording_id: UUID) -> tuple[UUID, ...]:
    """The stems a recording was measured from, in the order of its Gram; none before that."""
    rows = RecordingMeasure.objects.filter(recording_id=recording_id, version__in=READABLE)
    return tuple(rows.values_list("stems", flat=True).first() or ())


def list_corrections(recording_id: UUID) -> QuerySet[Correction]:
    """Every correction of a recording and of its stems, oldest first."""
    of_stems = Q(stem__recording_id=recording_id)
    return Correction.objects.filter(Q(recording_id=recording_id) | of_stems).order_by("id")
