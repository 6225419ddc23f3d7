"""Analyses as composer and pages read them: what was measured, with the artists' corrections."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from generation.analysis.models import (
    Correction,
    FirstOnsets,
    Onsets,
    RecordingMeasure,
    StemMeasure,
)
from generation.analysis.remembered import Remembered
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
from generation.onsets import Attacks, onsets_from

# Whose measure, and when it was taken: what was measured at that moment never changes.
Measured = tuple[UUID, datetime]


def measured_stem(stem_id: UUID) -> StemAnalysis | None:
    """What was measured in a stem, without corrections; None before that."""
    row = StemMeasure.objects.filter(stem_id=stem_id, version__in=READABLE).first()
    return None if row is None else stem_from_data(row.data)


def kept_onsets(sha256: str) -> Attacks | None:
    """The onsets of that name; None where they are not kept, or what is kept has another."""
    row = Onsets.objects.filter(sha256=sha256).first()
    data = b"" if row is None else bytes(row.data)
    if row is None or hashlib.sha256(data).hexdigest() != sha256:
        return None
    return onsets_from(data)


def first_onsets(audio: str) -> Attacks | None:
    """The onsets that were measured first in the audio of that digest; None before that."""
    row = FirstOnsets.objects.filter(audio_id=audio).first()
    return None if row is None else kept_onsets(row.onsets_id)


def stem_analysis(stem_id: UUID) -> StemAnalysis | None:
    """A stem's analysis with corrections; None before it was measured."""
    return stem_analyses([stem_id]).get(stem_id)


def stem_analyses(stem_ids: Iterable[UUID]) -> dict[UUID, StemAnalysis]:
    """The analyses of stems that were measured, with corrections; three statements at most."""
    wanted = list(stem_ids)
    corrections: dict[UUID, list[Corrected]] = {}
    for row in Correction.objects.filter(stem_id__in=wanted).order_by("id"):
        if row.stem_id is not None:
            corrections.setdefault(row.stem_id, []).append(Corrected(row.field, row.value))
    measures = StemMeasure.objects.filter(stem_id__in=wanted, version__in=READABLE)
    found = _stem_measures.of(measures.values_list("stem_id", "measured_at"))
    return {
        stem_id: correct_stem_analysis(measure, corrections.get(stem_id, []))
        for (stem_id, _), measure in found.items()
    }


def _read_stem_measures(keys: list[Measured]) -> dict[Measured, StemAnalysis]:
    rows = StemMeasure.objects.filter(stem_id__in=[stem_id for stem_id, _ in keys])
    data = dict(rows.values_list("stem_id", "data"))
    return {key: stem_from_data(data[key[0]]) for key in keys if key[0] in data}


def recording_analysis(recording_id: UUID) -> RecordingAnalysis | None:
    """A recording's analysis with corrections; None before it was measured as a whole."""
    return recording_analyses([recording_id]).get(recording_id)


def recording_analyses(recording_ids: Iterable[UUID]) -> dict[UUID, RecordingAnalysis]:
    """The analyses of recordings that were measured, with corrections; three statements."""
    wanted = list(recording_ids)
    corrections: dict[UUID, list[Corrected]] = {}
    for one in Correction.objects.filter(recording_id__in=wanted).order_by("id"):
        if one.recording_id is not None:
            corrections.setdefault(one.recording_id, []).append(Corrected(one.field, one.value))
    rows = RecordingMeasure.objects.filter(recording_id__in=wanted, version__in=READABLE)
    found = _recording_measures.of(rows.values_list("recording_id", "measured_at"))
    return {
        recording_id: correct_recording_analysis(measure, corrections.get(recording_id, []))
        for (recording_id, _), measure in found.items()
    }


def _read_recording_measures(keys: list[Measured]) -> dict[Measured, RecordingAnalysis]:
    rows = RecordingMeasure.objects.filter(recording_id__in=[one for one, _ in keys])
    data = dict(rows.values_list("recording_id", "data"))
    return {key: recording_from_data(data[key[0]]) for key in keys if key[0] in data}


def measured_stems(recording_id: UUID) -> tuple[UUID, ...]:
    """The stems a recording was measured from, in the order of its Gram; none before that."""
    rows = RecordingMeasure.objects.filter(recording_id=recording_id, version__in=READABLE)
    return tuple(rows.values_list("stems", flat=True).first() or ())


def list_corrections(recording_id: UUID) -> QuerySet[Correction]:
    """Every correction of a recording and of its stems, oldest first."""
    of_stems = Q(stem__recording_id=recording_id)
    return Correction.objects.filter(Q(recording_id=recording_id) | of_stems).order_by("id")


_stem_measures = Remembered(1_024, _read_stem_measures)
_recording_measures = Remembered(256, _read_recording_measures)
