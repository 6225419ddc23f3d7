"""Stems at hand: decoded samples as memory maps, and the onsets that were stored with them.

It knows digests and the audio store. Invariant: what a digest names never changes, so whatever is
kept here stays right for as long as the process lives.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import IO

import numpy as np
from django.conf import settings

from generation.analysis.queries import first_onsets, kept_onsets
from generation.engine.clips import Onsets
from generation.external import EXTERNAL
from generation.ingest.planar import Planar, PlanarCache
from generation.onsets import Attacks
from generation.recipe import OnsetsMismatch, Recipe
from licensing.catalog.models import AudioObject
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


def _as_arrays(attacks: Attacks) -> Onsets:
    places, rises = attacks
    return np.array(places, dtype=np.int64), np.array(rises, dtype=np.float64)


@lru_cache(maxsize=256)
def _named(sha256: str) -> Onsets:
    found = kept_onsets(sha256)
    if found is None:
        raise OnsetsMismatch(f"The onsets {sha256[:12]} are not kept here, or not as named.")
    return _as_arrays(found)


@lru_cache(maxsize=256)
def _first(digest: str) -> Onsets:
    found = first_onsets(digest)
    if found is None:
        raise NotMeasured(f"The stem {digest[:12]} has not been measured.")
    return _as_arrays(found)


def load_onsets(plan: Recipe) -> dict[str, Onsets]:
    """The attacks in each stem of `plan`, by the digest of the stem: those that the recipe names.

    For a stem whose onsets it does not name (schema 3 and older), those that were measured first in
    it. Either is written once, so what was loaded here stays right. An external net's sound has
    none. Raises OnsetsMismatch where named ones are missing or other than named, NotMeasured.
    """
    return {
        one.digest: _first(one.digest) if one.onsets is None else _named(one.onsets)
        for one in plan.sources
        if one.role != EXTERNAL
    }
