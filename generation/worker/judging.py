"""The job "live_judge": does a section keep the song, by the seconds of it that were rendered.

Seconds are rendered ahead of whoever listens, so a section is judged by the very samples that are
about to be heard, and nobody waits for it: not a start, not a change, not a bar line. It refuses to
know how sections are composed. Invariant: each section that is long enough is judged once, like a
variation's stretches and by the same bounds; what falls below them sounds no further than the next
bar line.
"""

from collections.abc import Sequence

import numpy as np
import structlog

from generation.analysis.likeness import Likeness, likeness_of, sentence_of
from generation.compose.stream import segment_range
from generation.engine import codecs
from generation.engine.kernels import Audio
from generation.recipe import Recipe
from generation.sessions import rules
from generation.sessions.ending import end_session
from generation.sessions.models import LiveSegment, LiveSession
from generation.sessions.queries import places_of
from generation.work.models import Job
from generation.worker.live import plan_for
from generation.worker.loop import Clock, JobRefused, step_aside
from generation.worker.planning import UNLIKE, Refused, plan_instead
from generation.worker.spent import spending
from generation.worker.stems import load_stems
from licensing.catalog.store import audio_store

log = structlog.get_logger(__name__)

TAKEN_BACK = "Section {number} was taken back. {sentence}"
# So many seconds are one stretch: less hears no bar.
_STRETCH = 2


def judge_section(job: Job, clock: Clock) -> None:
    """Judge section `job.part`; where it does not keep the song another takes its place."""
    session = LiveSession.objects.get(id=job.subject_ref)
    numbers = rules.judged_seconds(places_of(session), job.part)
    rows = list(session.segments.filter(number__in=numbers, version=job.part).order_by("number"))
    if session.state not in rules.UNDER_WAY or len(rows) < len(numbers) or not rows:
        return
    plan = plan_for(str(session.id), rows[0].number, job.part)
    with spending("judge"):
        likeness = _likeness(plan, rows)
    if likeness.is_kept:
        return
    sentence = sentence_of(likeness, plan)
    log.warning("section taken back", session=str(session.id), section=job.part, why=sentence)
    missed = frozenset(plan.sources[place].digest for place in likeness.missed)
    section = session.sections.only("because").get(index=job.part)
    if section.because == UNLIKE and not missed:
        # It is plain already: there is nothing left to leave out.
        end_session(session_id=session.id, now=clock(), why=("not_the_song", sentence))
        return
    remark = TAKEN_BACK.format(number=job.part + 1, sentence=sentence)
    try:
        plan_instead(session.id, Refused(job.part, missed, remark), clock)
    except JobRefused as refused:
        end_session(session_id=session.id, now=clock(), why=(refused.code, refused.sentence))


def _likeness(plan: Recipe, rows: Sequence[LiveSegment]) -> Likeness:
    """How much the stored seconds are like their sources."""
    heard = []
    for at in range(0, len(rows), _STRETCH):
        step_aside()
        sound = [_samples(row) for row in rows[at : at + _STRETCH]]
        start = segment_range(rows[at].number)[0]
        heard.append((start, np.concatenate(sound, axis=1)))
    stems = load_stems(source.digest for source in plan.sources)
    return likeness_of(plan, stems, heard, step_aside)


def _samples(row: LiveSegment) -> Audio:
    with audio_store().open(row.name) as file:
        return codecs.decode_flac(file.read())
