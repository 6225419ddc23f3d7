"""The jobs "live_segment" and "live_seal": a second of a session, and its minutes closed.

Invariant: a segment is a pure function of the sections it names as its version, so any worker makes
the same bytes; what is attributed is what was handed out.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings

from generation.compose.reel import Reel, joined, part_for, reel_from
from generation.compose.sections import LiveSection
from generation.compose.stream import SEGMENT_SAMPLES, segment_range, version_of
from generation.engine import codecs
from generation.engine.backends import backend_for
from generation.engine.lines import lines_of
from generation.engine.render import Rendered as Sound
from generation.engine.shares import generated_sources, model_ppm_of
from generation.recipe import Recipe, read_once
from generation.sessions import rules
from generation.sessions.ending import Minute, close_minute, close_session
from generation.sessions.jobs import missing_segments, put_judge
from generation.sessions.models import LiveSegment, LiveSession, Section
from generation.sessions.operations import Rendered, store_segment
from generation.sessions.queries import stand_of
from generation.work.models import Job
from generation.worker.ahead import ahead
from generation.worker.loop import Clock
from generation.worker.origins import origin_of_session
from generation.worker.planning import REMEMBERED, read_chain
from generation.worker.rendering import chosen_backend
from generation.worker.spent import count, spending
from generation.worker.stems import load_onsets, load_stems
from generation.worker.tapes import Tapes
from licensing.attribution.models import LicenceSource
from licensing.catalog.store import object_name, put_once

LIVE = "live"
# So many sessions' newest sections are kept as they are planned, beside their tapes.
_SECTIONS = 64


@lru_cache(maxsize=1)
def _tapes() -> Tapes:
    return Tapes(settings.LIVE_TAPES_BYTES)


def render_segment(job: Job, clock: Clock) -> None:
    """Render segment `job.part` in its present version, again while a change makes it stale."""
    while _render_once(job, clock):
        pass


def _render_once(job: Job, clock: Clock) -> bool:
    """True when the segment was rendered and has become stale meanwhile."""
    session_id, number = job.subject_ref, job.part
    session = LiveSession.objects.get(id=session_id)
    stand = stand_of(session, clock())
    version = version_of(stand.chain, number)
    if session.state not in rules.UNDER_WAY or version is None:
        return False
    if version in stand.fallen or not missing_segments(session, stand.chain, [number]):
        return False
    rendered = _rendered(session_id, number, version)
    is_stored = store_segment(
        session_id=session.id, rendered=rendered, now=clock(), worker=job.worker, stand=stand
    )
    count("stored" if is_stored else "stale")
    if is_stored and number == max(rules.judged_seconds(stand.chain, version), default=None):
        session.home = job.worker
        put_judge(session, version, clock())
    return not is_stored


def _rendered(session_id: str, number: int, version: int) -> Rendered:
    """The second as the sections up to `version` make it, in the store."""
    with spending("recipe"):
        plan = plan_for(session_id, number, version)
    digests = [source.digest for source in plan.sources]
    with spending("render"):
        sound = _sound(session_id, number, plan)
    with spending("encode"):
        data = codecs.encode_flac(sound.audio)
        digest = hashlib.sha256(data).hexdigest()
    with spending("store"):
        name = put_once(object_name(LIVE, digest, "flac"), io.BytesIO(data))
    return Rendered(
        number=number,
        version=version,
        name=name,
        digest=digest,
        size=len(data),
        sources=digests,
        windows=np.ascontiguousarray(sound.windows, dtype="<f8").tobytes(),
        generated=sound.generated.astype("<f8").tobytes() if generated_sources(plan) else b"",
        players=[digests[place] for place in generated_sources(plan)],
    )


def _sound(session_id: str, number: int, plan: Recipe) -> Sound:
    """The second itself, out of what was rendered ahead where that was this one."""
    made = ahead().take(plan) if number == 0 else None
    tapes = _tapes().of(session_id, made.tapes if made is not None else None)
    if made is not None:
        return made.sound
    digests = [source.digest for source in plan.sources]
    stems, onsets = load_stems(digests), load_onsets(plan)
    start, end = segment_range(number)
    backend = backend_for(plan, chosen_backend())
    return backend.render(plan, stems, onsets, start, end, cache=tapes, with_parts=False)


def plan_for(session_id: str, number: int, version: int) -> Recipe:
    """What segment `number` is rendered of; the seconds of a section share it."""
    reel, chain = _chain_at(session_id, version)
    return _recipe_at(session_id, version, len(part_for(reel, chain, number)))


@lru_cache(maxsize=_SECTIONS)
def _chain_at(session_id: str, version: int) -> tuple[Reel, list[LiveSection]]:
    """The reel, and what was to sound once section `version` was written: rows never change."""
    rows = Section.objects.filter(session_id=UUID(session_id), index__lte=version)
    newest = list(rows.order_by("-index")[:REMEMBERED])[::-1]
    return reel_from(read_once(newest[-1].recipe)), read_chain(newest)


@lru_cache(maxsize=_SECTIONS)
def _recipe_at(session_id: str, version: int, count: int) -> Recipe:
    """The recipe of the last `count` sections of them."""
    reel, chain = _chain_at(session_id, version)
    return joined(reel, chain[-count:])


def seal_session(job: Job, clock: Clock) -> None:
    """Close the minutes that are heard; a session that is over closes with its last."""
    session = LiveSession.objects.select_related("record").get(id=job.subject_ref)
    if session.record is None or session.record.state != "OPEN":
        return
    is_over = session.state not in rules.UNDER_WAY
    for minute in rules.minutes_to_seal(session.handed, session.sealed, is_over=is_over):
        told = _told(session, _heard(session, rules.segments_of(minute)))
        sealed = Minute(minute, told.lines, told.sha256, told.model_ppm)
        close_minute(session_id=session.id, minute=sealed, now=clock())
    if is_over:
        heard = _heard(session, range(session.handed // SEGMENT_SAMPLES))
        told = _told(session, heard)
        close_session(
            session_id=session.id,
            lines=told.lines,
            windows_sha256=told.sha256,
            model_ppm=told.model_ppm,
            origin=origin_of_session(session, heard, job),
            now=clock(),
        )


def _heard(session: LiveSession, numbers: range) -> list[LiveSegment]:
    """The segments among `numbers` that were handed out, each in its last version."""
    reached = min(numbers.stop, session.handed // SEGMENT_SAMPLES)
    rows = session.segments.filter(number__gte=numbers.start, number__lt=reached)
    newest = {row.number: row for row in rows.order_by("number", "version")}
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class _Told:
    """What windows tell: (stem, ppm) by policy k-weighted-shapley/1, the digest of the tables, and
    the nets' part in ppm.
    """

    lines: tuple[tuple[UUID, int], ...]
    sha256: str
    model_ppm: int


def _told(session: LiveSession, heard: Sequence[LiveSegment]) -> _Told:
    digests = sorted({digest for one in heard for digest in one.sources})
    windows = np.concatenate([np.zeros((0, len(digests))), *_tables(heard, digests)])
    notes = np.concatenate([np.zeros(0), *map(_generated, heard)])
    found = lines_of(windows, digests) if digests else ()
    sources = LicenceSource.objects.filter(record_id=session.record_id)
    stems = dict(sources.values_list("digest", "stem_id"))
    sha256 = hashlib.sha256(b"".join(_written(one) for one in heard)).hexdigest()
    lines = tuple((stems[digest], ppm) for digest, ppm in found if ppm)
    return _Told(lines, sha256, model_ppm_of(windows, notes))


def _tables(
    heard: Iterable[LiveSegment], digests: Sequence[str]
) -> Iterable[npt.NDArray[np.float64]]:
    """Each segment's windows with a column for every one of `digests`."""
    for one in heard:
        own = np.frombuffer(bytes(one.windows), dtype="<f8").reshape(-1, len(one.sources))
        table = np.zeros((len(own), len(digests)))
        table[:, [digests.index(digest) for digest in one.sources]] = own
        yield table


def _generated(one: LiveSegment) -> npt.NDArray[np.float64]:
    """What notes of nets gave of each of a segment's windows."""
    told = np.frombuffer(bytes(one.generated), dtype="<f8")
    return told if len(told) else np.zeros(len(bytes(one.windows)) // (8 * len(one.sources)))


def _written(one: LiveSegment) -> bytes:
    """A segment's table as it goes into the digest: who its columns are, its numbers, the nets'."""
    numbers = bytes(one.windows) + bytes(one.generated)
    return "\n".join(one.sources).encode() + b"\n" + numbers
