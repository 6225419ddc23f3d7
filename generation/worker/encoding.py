"""The jobs "encode_aac" and "encode_flac": one HLS segment out of the stored pieces.

Invariant: what is encoded is what was stored, and nothing is encoded of what may not be heard.
"""

import io

import numpy as np

from generation.engine import codecs, hls
from generation.engine.kernels import Audio
from generation.engine.segments import encode_segment
from generation.sessions import listing
from generation.sessions.models import LiveSession
from generation.variations import encodings
from generation.variations.models import Variation
from generation.variations.rules import AUDIBLE
from generation.work.models import Job
from generation.worker.loop import Clock
from licensing.attribution.queries import may_serve
from licensing.attribution.rules import SESSION
from licensing.catalog.store import audio_store, put_once


def encode(job: Job, clock: Clock) -> None:
    """Make segment `job.part` of the rendition that the kind names, unless it is there already."""
    wanted = _wanted_by(job, clock)
    if wanted is None:
        return
    if encodings.size_of(wanted) is None:
        sound, begin = _sound_of(wanted)

        def samples(start: int, stop: int) -> Audio:
            return sound[:, start - begin : stop - begin]

        data = encode_segment(hls.RENDITIONS[wanted.form], samples, wanted.index, wanted.end)
        put_once(wanted.name, io.BytesIO(data))
    encodings.announce(job.subject_ref, wanted)


def _wanted_by(job: Job, clock: Clock) -> encodings.Wanted | None:
    """The segment, of a variation or of a live session; None where it may not be heard."""
    form = encodings.KINDS[job.kind]
    if job.subject_kind == SESSION:
        session = LiveSession.objects.get(id=job.subject_ref)
        return listing.wanted_segment(session, form, job.part, clock())
    variation = Variation.objects.get(id=job.subject_ref)
    if variation.state not in AUDIBLE or variation.record_id is None:
        return None
    if not may_serve(variation.record_id, clock()):
        return None
    return encodings.wanted_segment(variation, form, job.part, int(job.payload["end"]))


def _sound_of(wanted: encodings.Wanted) -> tuple[Audio, int]:
    """The pieces joined, and the sample at which they begin."""
    parts = []
    for _start, _end, name in wanted.pieces:
        with audio_store().open(name) as file:
            parts.append(codecs.decode_flac(file.read()))
    return np.concatenate(parts, axis=1), wanted.pieces[0][0]
