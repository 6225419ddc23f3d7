"""The jobs "encode_aac" and "encode_flac": one HLS segment out of the stored pieces.

Invariant: what is encoded is what was stored, and nothing is encoded of what may not be heard.
"""

import io

import numpy as np

from generation.engine import codecs, hls
from generation.engine.kernels import Audio
from generation.engine.segments import encode_segment
from generation.variations import encodings
from generation.variations.models import Variation
from generation.variations.rules import AUDIBLE
from generation.work.models import Job
from generation.worker.loop import Clock
from licensing.attribution.queries import may_serve
from licensing.catalog.store import audio_store, put_once


def encode(job: Job, clock: Clock) -> None:
    """Make segment `job.part` of the rendition that the kind names, unless it is there already."""
    variation = Variation.objects.get(id=job.subject_ref)
    if variation.state not in AUDIBLE or variation.record_id is None:
        return
    if not may_serve(variation.record_id, clock()):
        return
    form, end = encodings.KINDS[job.kind], int(job.payload["end"])
    wanted = encodings.wanted_segment(variation, form, job.part, end)
    if wanted is None:
        return
    if encodings.size_of(wanted) is None:
        sound, begin = _sound_of(wanted)

        def samples(start: int, stop: int) -> Audio:
            return sound[:, start - begin : stop - begin]

        data = encode_segment(hls.RENDITIONS[form], samples, job.part, end)
        put_once(wanted.name, io.BytesIO(data))
    encodings.announce(variation.id, wanted)


def _sound_of(wanted: encodings.Wanted) -> tuple[Audio, int]:
    """The pieces joined, and the sample at which they begin."""
    parts = []
    for _start, _end, name in wanted.pieces:
        with audio_store().open(name) as file:
            parts.append(codecs.decode_flac(file.read()))
    return np.concatenate(parts, axis=1), wanted.pieces[0][0]
