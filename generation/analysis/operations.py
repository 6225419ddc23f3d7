"""Keeping what was measured, and taking an artist's correction of it.

Who may correct is the face's question. Each verb is one transaction with its audit fact.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from generation.analysis import rules
from generation.analysis.models import (
    Correction,
    FirstOnsets,
    Onsets,
    RecordingMeasure,
    StemMeasure,
)
from generation.analysis.values import (
    RecordingAnalysis,
    StemAnalysis,
    recording_to_data,
    stem_to_data,
)
from generation.onsets import onsets_bytes
from licensing.audit.operations import record_fact
from licensing.catalog.models import Recording, Stem

_SYSTEM = ("system", "analysis")


def store_stem_measure(*, stem_id: UUID, analysis: StemAnalysis, now: datetime) -> None:
    """Keep what was measured in a stem, in place of an earlier measure. Safe to repeat.

    Its onsets are added to those that are kept for good, because recipes name them. Raises
    Stem.DoesNotExist.
    """
    with transaction.atomic():
        stem = Stem.objects.select_for_update(no_key=True).get(id=stem_id)
        StemMeasure.objects.update_or_create(
            stem=stem,
            defaults={
                "onsets_id": _kept_onsets(stem.audio_id, analysis, now),
                "data": stem_to_data(analysis),
                "version": analysis.version,
                "measured_at": now,
            },
        )
        after = {"role": analysis.role, "tempo_bpm": analysis.tempo_bpm, "key": analysis.key}
        _tell("measured", "stem", stem_id, after, now)


def _kept_onsets(audio: str | None, analysis: StemAnalysis, now: datetime) -> str:
    """Keeps the onsets of an analysis, once, and as the first of its audio where none are.

    Returns their digest.
    """
    data = onsets_bytes(analysis.onsets, analysis.onset_db)
    sha256 = hashlib.sha256(data).hexdigest()
    kept = Onsets(sha256=sha256, data=data, kept_at=now)
    Onsets.objects.bulk_create([kept], ignore_conflicts=True)
    if audio is not None:
        first = FirstOnsets(audio_id=audio, onsets_id=sha256, measured_at=now)
        FirstOnsets.objects.bulk_create([first], ignore_conflicts=True)
    return sha256


def store_recording_measure(
    *, recording_id: UUID, stems: Sequence[UUID], analysis: RecordingAnalysis, now: datetime
) -> None:
    """Keep what was measured in a recording from `stems`, in the order of its Gram matrices.

    Safe to repeat. Raises Recording.DoesNotExist, ValueError when stems and matrices disagree.
    """
    if any(len(span) != len(stems) for span in analysis.gram):
        raise ValueError("The Gram matrices do not have one row for each stem.")
    with transaction.atomic():
        recording = Recording.objects.select_for_update(no_key=True).get(id=recording_id)
        RecordingMeasure.objects.update_or_create(
            recording=recording,
            defaults={
                "stems": list(stems),
                "data": recording_to_data(analysis),
                "version": analysis.version,
                "measured_at": now,
            },
        )
        after = {"tempo_bpm": analysis.tempo_bpm, "key": analysis.key}
        _tell("measured", "recording", recording_id, after, now)


def correct_stem(
    *, stem_id: UUID, field: str, value: Any, made_by: str, now: datetime
) -> Correction:
    """Write an artist's correction of a stem down; it wins over every measure, past and coming.

    `made_by`: the user's reference. Raises rules.CorrectionRefused, Stem.DoesNotExist.
    """
    rules.check_stem_correction(field, value)
    with transaction.atomic():
        stem = Stem.objects.get(id=stem_id)
        made = Correction.objects.create(
            stem=stem, field=field, value=value, made_by=made_by, made_at=now
        )
        _tell("corrected", "stem", stem_id, {field: value}, now, ("user", made_by))
    return made


def correct_recording(
    *, recording_id: UUID, field: str, value: Any, made_by: str, now: datetime
) -> Correction:
    """Write an artist's correction of a recording down; beats, bars and parts follow it.

    Raises rules.CorrectionRefused (also where nothing was measured yet), Recording.DoesNotExist.
    """
    with transaction.atomic():
        recording = Recording.objects.get(id=recording_id)
        measure = RecordingMeasure.objects.filter(recording=recording).first()
        if measure is None:
            raise rules.CorrectionRefused("The recording has not been measured yet.")
        rules.check_recording_correction(field, value, int(measure.data["length"]))
        made = Correction.objects.create(
            recording=recording, field=field, value=value, made_by=made_by, made_at=now
        )
        _tell("corrected", "recording", recording_id, {field: value}, now, ("user", made_by))
    return made


def _tell(
    verb: str,
    kind: str,
    ref: UUID,
    after: dict[str, Any],
    now: datetime,
    actor: tuple[str, str] = _SYSTEM,
) -> None:
    record_fact(actor=actor, verb=verb, object_kind=kind, object_ref=ref, after=after, at=now)
