"""The job "compose": from a request to an open licence record and pieces to render.

Clears the rights, gathers what was measured, asks the director, checks the plan, opens. Invariant:
it opens with exactly the sources that sound, under one clearance that names them all.
"""

from typing import Any
from uuid import UUID

from generation import recipe as recipes
from generation.compose.values import Ask, CannotCompose
from generation.compose.whole import NotTheSong, check_probes, levels_of
from generation.engine.plan import plan_gain, with_plan
from generation.external import cleared_digests
from generation.recipe import DigestMismatch, Recipe, RecipeError
from generation.uploads.queries import is_recording_measuring
from generation.variations import rules
from generation.variations.models import VariationRequest
from generation.variations.operations import open_variation
from generation.variations.queries import get_variation
from generation.variations.rules import State
from generation.work.models import Job
from generation.worker.loop import Clock, JobNotYet, JobRefused
from generation.worker.material import (
    Heard,
    Material,
    chosen_for,
    clear,
    cleared_for,
    heard_in,
    left_of,
    limits_of,
    material_of,
    song_of,
)
from generation.worker.nets import compose_served
from generation.worker.outside import laid_under
from generation.worker.preferring import preference_for
from generation.worker.stems import load_onsets, load_stems
from licensing.attribution.rules import ExternalMade, OpenRefused
from licensing.clearance.models import Clearance


def compose_variation(job: Job, clock: Clock) -> None:
    """Clear, compose and open the variation; raises JobRefused with the reason for a person.

    Raises JobNotYet while a recording asked for is still being measured.
    """
    variation = get_variation(job.subject_ref)
    if variation.state != State.COMPOSING:
        return
    request = variation.request
    if any(is_recording_measuring(UUID(one)) for one in request.recordings):
        raise JobNotYet
    cleared = left_of(cleared_for(request, clock), request)
    heard, vocals = heard_in(cleared), bool(request.targets["vocals"])
    chosen = None
    if not request.recordings:
        prefer = preference_for(variation, clock)
        chosen = chosen_for(cleared, heard, request, vocals=vocals, prefer=prefer)
    stems = material_of(cleared, chosen)
    clearance = clear(request, [stem.stem_id for one in stems for stem in one[1]], clock)
    try:
        plan, external = _plan(request, stems, heard, clearance, clock)
    except DigestMismatch:
        raise  # the fault is ours and may be gone at the next attempt
    except (CannotCompose, RecipeError) as error:
        raise JobRefused("cannot_compose", str(error)) from error
    except NotTheSong as lost:
        raise JobRefused(rules.NOT_THE_SONG, str(lost)) from lost
    by_digest = {stem.digest: stem.stem_id for _one, chosen in stems for stem in chosen}
    try:
        open_variation(
            variation_id=variation.id,
            recipe=recipes.to_json(plan),
            clearance_id=clearance.id,
            sources=[(by_digest[one], one) for one in cleared_digests(plan)],
            external=external,
            now=clock(),
        )
    except OpenRefused as refused:
        raise JobRefused("not_cleared", refused.reasons[0].sentence) from refused


def _plan(
    request: VariationRequest,
    material: Material,
    heard: Heard,
    clearance: Clearance,
    clock: Clock,
) -> tuple[Recipe, tuple[ExternalMade, ...]]:
    """The director's recipe, checked against the stems and with its gain planned on them; and what
    an external net made in it.

    Raises CannotCompose, RecipeError, NotTheSong, JobRefused.
    """
    targets: dict[str, Any] = request.targets
    words = targets.get("external", ())
    wishes = {name: value for name, value in targets.items() if name != "external"}
    ask = Ask(mode=request.mode, seed=request.seed, **wishes)
    songs = [song_of(one, stems, heard) for one, stems in material]
    limits = limits_of(clearance.limits)
    plan = compose_served(ask, songs, limits, request.request_sha256, clock)
    external: tuple[ExternalMade, ...] = ()
    if words:
        plan, external = laid_under(plan, words, request.seed, clock)
    sounds = load_stems(source.digest for source in plan.sources)
    onsets = load_onsets(plan)
    planned = plan_gain(plan, sounds, onsets, levels_of(songs))
    check_probes(plan, sounds, planned)
    return recipes.from_json(recipes.to_json(with_plan(plan, planned))), external
