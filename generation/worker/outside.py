"""An external net's sound for one variation: asked for, stored under its digest, laid under.

It asks `serving` what may be opened here and keeps one net open. It refuses to know how nets sound.
Invariant: nothing sounds whose digest, weights, terms and words are not told to the record; where a
net may not be opened, nothing is made instead.
"""

import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings

from generation.compose.keys import parse_key
from generation.compose.outside import with_outside
from generation.engine.codecs import encode_flac, from_int24, to_int24
from generation.engine.kernels import Audio
from generation.engine.loudness import integrated_lufs
from generation.nets.external.admission import KNOWN
from generation.nets.external.opening import open_external, version_of
from generation.nets.external.values import (
    RATE_HZ,
    ExternalNet,
    ExternalNetError,
    ExternalPlan,
    Task,
)
from generation.nets.values import METERS, Signature
from generation.recipe import Recipe
from generation.serving.outside import external_folder, external_problems
from generation.worker.loop import Clock, JobRefused
from licensing.attribution.rules import ExternalMade
from licensing.catalog.operations import keep_made_audio
from licensing.catalog.store import object_name, put_once

# What every net can make at once; shorter than the piece, it is repeated.
SECONDS_AT_MOST = 40.0
REFUSED = "external_net"
SILENT = "The external net gave silence, so there is nothing to lay under the piece."


def laid_under(
    plan: Recipe, words: Sequence[str], seed: int, clock: Clock
) -> tuple[Recipe, tuple[ExternalMade, ...]]:
    """`plan` with a sound for these words under it, and what the record keeps of that.

    Raises JobRefused, with every reason, where the net cannot be opened or asked.
    """
    if told := external_problems():
        raise JobRefused(REFUSED, " ".join(told))
    name, folder = settings.EXTERNAL_NET, external_folder()
    try:
        net = _opened(name, folder, settings.COMMERCIAL)
        wish = _wish(plan, words)
        sound = net.generate(wish, (), seed)
    except ExternalNetError as error:
        raise JobRefused(REFUSED, str(error)) from error
    pcm = to_int24(sound.audio)
    lufs = integrated_lufs(from_int24(pcm))
    if lufs is None:
        raise JobRefused(REFUSED, SILENT)
    digest = _kept(from_int24(pcm), _packed(pcm), clock)
    terms = KNOWN[name]
    made = ExternalMade(
        digest=digest,
        position=len(plan.sources),
        net=name,
        title=terms.title,
        version=version_of(name, folder),
        licence=net.licence,
        commercial_ok=net.commercial_ok,
        training_data_note=net.training_data_note,
        task=str(wish.task),
        words=tuple(words),
        seed=seed,
    )
    return with_outside(plan, digest, sound.audio.shape[1], lufs, terms.title), (made,)


@lru_cache(maxsize=1)
def _opened(name: str, folder: Path | None, is_commercial: bool) -> ExternalNet:
    """The one external net of this process."""
    return open_external(name, folder, is_commercial=is_commercial)


def _wish(plan: Recipe, words: Sequence[str]) -> ExternalPlan:
    """What the net is asked: at the piece's tempo and in its key."""
    seconds = min(SECONDS_AT_MOST, plan.length / RATE_HZ)
    tempo_bpm = plan.grid.tempo_bpm if plan.grid is not None else 0.0
    return ExternalPlan(Task.WORDS, seconds, tuple(words), tempo_bpm, _signature(plan))


def _signature(plan: Recipe) -> Signature | None:
    """Key and meter; None where no key is known. Meters that nets do not know are told as 4/4."""
    if not plan.key:
        return None
    meter = (plan.grid.beats_per_bar if plan.grid is not None else 4, 4)
    meter = meter if meter in METERS else (4, 4)
    key = parse_key(plan.key)
    return Signature(meter, key.tonic, key.mode)


def _packed(pcm: np.ndarray) -> bytes:
    """Canonical PCM: interleaved int24, little endian."""
    return np.ascontiguousarray(pcm).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _kept(audio: Audio, packed: bytes, clock: Clock) -> str:
    """Store the sound under the digest of its canonical PCM, as stems are stored."""
    digest, flac = hashlib.sha256(packed).hexdigest(), encode_flac(audio)
    archive = put_once(object_name("archive", digest, "flac"), io.BytesIO(flac))
    keep_made_audio(
        digest=digest,
        frames=audio.shape[1],
        archive_name=archive,
        archive_sha256=hashlib.sha256(flac).hexdigest(),
        size=len(flac),
        now=clock(),
    )
    return digest
