"""The job "piece": two seconds of sound, stored under their digest, then made visible by a row.

Invariant: whoever renders a piece, and however often, gets the same bytes under the same name.
"""

import hashlib
import io
from functools import cache, lru_cache

import numpy as np
import structlog
from django.conf import settings

from generation import recipe as recipes
from generation.engine import codecs
from generation.engine.backends import Backend, backend_for, choose_backend
from generation.engine.checking import check_known
from generation.engine.kernels import Reals
from generation.engine.render import Cache
from generation.engine.shares import generated_sources
from generation.external import external_places
from generation.recipe import Recipe, UnknownProcessor, UnknownSchema
from generation.variations.models import Variation
from generation.variations.operations import store_segment, withdraw_variation
from generation.variations.rules import State
from generation.work.models import Job
from generation.worker.loop import Clock, JobForAnother
from generation.worker.stems import load_onsets, load_stems
from licensing.attribution.queries import may_make
from licensing.catalog.store import object_name, put_once

SEGMENT = "segment"
UNKNOWN = (
    "recipe_unknown",
    "This was planned for another version of our machines and none came in time; "
    "nothing was billed.",
)
_cache = Cache()
log = structlog.get_logger(__name__)


@cache
def chosen_backend() -> Backend:
    """The way this process renders, chosen once: as ENGINE_BACKEND asks."""
    backend = choose_backend(
        settings.ENGINE_BACKEND, say=lambda why: log.warning("backend", why=why)
    )
    log.info("backend", name=backend.name)
    return backend


@lru_cache(maxsize=16)
def read_recipe(text: str) -> Recipe:
    """The recipe of a text, read once, with every version in it known here.

    Raises JobForAnother where one is not: a worker of another version may know it.
    """
    try:
        plan = recipes.from_json(text)
        check_known(plan)
    except (UnknownSchema, UnknownProcessor) as unknown:
        raise JobForAnother(*UNKNOWN) from unknown
    return plan


def render_piece(job: Job, clock: Clock) -> None:
    """Render piece `job.part` of the variation, unless a grant fell or nobody waits any more."""
    variation = Variation.objects.get(id=job.subject_ref)
    if variation.state != State.RENDERING:
        return
    if variation.record_id is None or not may_make(variation.record_id, clock()):
        withdraw_variation(variation_id=variation.id, now=clock())
        return
    plan = read_recipe(variation.recipe)
    start, end = recipes.piece_range(plan, job.part)
    digests = [source.digest for source in plan.sources]
    rendered = backend_for(plan, chosen_backend()).render(
        plan,
        load_stems(digests),
        load_onsets(plan),
        start,
        end,
        cache=_cache,
        with_parts=False,
    )
    data = codecs.encode_flac(rendered.audio)
    digest = hashlib.sha256(data).hexdigest()
    name = put_once(object_name(SEGMENT, digest, "flac"), io.BytesIO(data))
    stems, outside = parted(plan, rendered.windows)
    store_segment(
        variation_id=variation.id,
        index=job.part,
        name=name,
        digest=digest,
        size=len(data),
        windows=np.ascontiguousarray(stems, dtype="<f8").tobytes(),
        generated=rendered.generated.astype("<f8").tobytes() if generated_sources(plan) else b"",
        outside=outside.astype("<f8").tobytes(),
        now=clock(),
    )


def parted(plan: Recipe, windows: Reals) -> tuple[Reals, Reals]:
    """The columns of stems, and the sum of those that external nets made, empty without any."""
    outside = list(external_places(plan))
    if not outside:
        return windows, np.zeros(0)
    return np.delete(windows, outside, axis=1), windows[:, outside].sum(axis=1)
