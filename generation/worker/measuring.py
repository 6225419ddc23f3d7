"""The jobs "measure_stem" and "measure_recording": what is heard, written down once.

Invariant: a recording is measured from all its ready stems, each of which has been measured before
by this version: what an older one measured is measured again.
"""

from uuid import UUID

from generation.analysis.measure import measure_recording as measure_all
from generation.analysis.measure import measure_stem as measure_one
from generation.analysis.operations import store_recording_measure, store_stem_measure
from generation.analysis.queries import measured_stem
from generation.analysis.values import VERSION, StemAnalysis
from generation.work.models import Job
from generation.worker.loop import Clock
from generation.worker.stems import load_stem
from licensing.catalog.models import Stem
from licensing.catalog.operations import describe_stem
from licensing.catalog.queries import get_stem, list_stems


def measure_stem(job: Job, clock: Clock) -> None:
    """Measure one stem; a stem that went meanwhile is left alone."""
    stem = get_stem(UUID(job.subject_ref))
    if stem.audio_id is not None:
        _measured(stem, clock)


def _measured(stem: Stem, clock: Clock) -> StemAnalysis:
    assert stem.audio_id is not None
    analysis = measure_one(load_stem(stem.audio_id), stem.label)
    now = clock()
    store_stem_measure(stem_id=stem.id, analysis=analysis, now=now)
    if not stem.role:
        # Grants ask the stem itself whether it is a voice; what the artist named stays.
        describe_stem(stem_id=stem.id, role=analysis.role, actor=("system", "analysis"), now=now)
    return analysis


def _current(stem: Stem) -> StemAnalysis | None:
    """What this version measured in the stem."""
    found = measured_stem(stem.id)
    return found if found is not None and found.version == VERSION else None


def measure_recording(job: Job, clock: Clock) -> None:
    """Measure a recording from its ready stems in their order."""
    recording_id = UUID(job.subject_ref)
    stems = [one for one in list_stems(recording_id) if one.state == Stem.State.READY]
    if not stems:
        return
    analyses = [_current(one) or _measured(one, clock) for one in stems]
    audio = [load_stem(one.audio_id) for one in stems if one.audio_id is not None]
    analysis = measure_all(audio, analyses)
    store_recording_measure(
        recording_id=recording_id, stems=[one.id for one in stems], analysis=analysis, now=clock()
    )
