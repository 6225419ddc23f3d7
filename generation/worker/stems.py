"""Stems at hand: decoded samples as memory maps, and the onsets that were stored with them.

It knows digests and the audio store. Invariant: what a digest names never changes, so whatever is
kept here stays right for as long as the process lives.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import IO

import numpy as np
from django.conf import settings

from generation.analysis.queries import measured_stem
from generation.engine.clips import Onsets
from generation.ingest.planar import Planar, PlanarCache
from licensing.catalog.models import AudioObject, Stem
from licensing.catalog.store import audio_store


class NotMeasured(RuntimeError):
    """A stem is to sound before its attacks are known."""


def planar_cache() -> PlanarCache:
    """The folder of decoded stems that all workers of this machine share."""
    return PlanarCache(settings.PLANAR_CACHE_DIR, settings.PLANAR_CACHE_BYTES)


def load_stem(digest: str) -> Planar:
    """The samples named `digest`, float32 [2, n], made from the archive when they are not there."""

    def open_archive() -> IO[bytes]:
        name = AudioObject.objects.values_list("archive_name", flat=True).get(digest=digest)
        return audio_store().open(name)

    return planar_cache().load(digest, open_archive)


def load_stems(digests: Iterable[str]) -> dict[str, Planar]:
    """`load_stem` for many, by digest."""
    return {digest: load_stem(digest) for digest in digests}


@lru_cache(maxsize=256)
def _onsets(digest: str) -> Onsets:
    for stem_id in Stem.objects.filter(audio_id=digest).values_list("id", flat=True):
        found = measured_stem(stem_id)
        if found is not None:
            places = np.array(found.onsets, dtype=np.int64)
            return places, np.array(found.onset_db, dtype=np.float64)
    raise NotMeasured(f"The stem {digest[:12]} has not been measured.")


def load_onsets(digests: Iterable[str]) -> dict[str, Onsets]:
    """The attacks that were measured in each stem, by digest; raises NotMeasured.

    What was measured, not what was corrected: equal digests have equal onsets for ever.
    """
    return {digest: _onsets(digest) for digest in digests}
