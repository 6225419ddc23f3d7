"""The job "compose": from a request to an open licence record and pieces to render.

Clears the rights, gathers what was measured, asks the director, checks the plan, opens. Invariant:
it opens with exactly the sources that sound, under one clearance that names them all.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from generation import recipe as recipes
from generation.analysis.queries import measured_stems, recording_analysis, stem_analysis
from generation.analysis.values import ROLES, RecordingAnalysis, StemAnalysis
from generation.compose.director import compose
from generation.compose.values import Ask, CannotCompose, Limits, Song, SongStem
from generation.compose.whole import NotTheSong, check_probes, levels_of
from generation.engine.plan import plan_gain, with_plan
from generation.recipe import DigestMismatch, Recipe, RecipeError
from generation.uploads.queries import is_recording_measuring
from generation.variations import choosing, rules
from generation.variations.models import VariationRequest
from generation.variations.operations import open_variation
from generation.variations.queries import get_variation
from generation.variations.rules import Mode, State
from generation.work.models import Job
from generation.worker.loop import Clock, JobNotYet, JobRefused
from generation.worker.stems import load_onsets, load_stems
from licensing.attribution.rules import OpenRefused
from licensing.catalog.models import Stem
from licensing.clearance.models import Clearance
from licensing.clearance.operations import clear_use
from licensing.clearance.queries import ClearableRecording, ClearableStem, list_clearable

UNMEASURED = ("not_measured", "The recording is still being measured; ask again in a moment.")
NOTHING = ("nothing_clearable", "No artist permits this use here yet.")


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
    cleared = _cleared(request, clock)
    stems = _material(cleared, request)
    clearance = _clear(request, [stem.stem_id for one in stems for stem in one[1]], clock)
    try:
        plan = _plan(request, stems, clearance)
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
            sources=[(by_digest[source.digest], source.digest) for source in plan.sources],
            now=clock(),
        )
    except OpenRefused as refused:
        raise JobRefused("not_cleared", refused.reasons[0].sentence) from refused


Material = list[tuple[ClearableRecording, tuple[ClearableStem, ...]]]


def _cleared(request: VariationRequest, clock: Clock) -> tuple[ClearableRecording, ...]:
    """The recordings asked for (or all), with the stems that may be used like this here and now."""
    named = [UUID(one) for one in request.recordings]
    found = list_clearable(
        rules.use_of(Mode(request.mode)),
        request.territory,
        request.channel,
        clock(),
        requester=(request.requester_kind, request.requester_ref),
        recording_ids=named or None,
    )
    if not named:
        return found
    by_id = {one.recording_id: one for one in found}
    for missing in (one for one in named if one not in by_id):
        stems = Stem.objects.filter(recording_id=missing, state=Stem.State.READY)
        _clear(request, list(stems.values_list("id", flat=True)), clock)
        raise JobRefused(*NOTHING)
    return tuple(by_id[one] for one in named)


def _clear(request: VariationRequest, stems: Sequence[UUID], clock: Clock) -> Clearance:
    """The recorded decision; raises JobRefused with its first reason when it is no."""
    clearance = clear_use(
        use=rules.use_of(Mode(request.mode)),
        stems=stems,
        requester=(request.requester_kind, request.requester_ref),
        territory=request.territory,
        channel=request.channel,
        now=clock(),
    )
    if not clearance.allowed:
        raise JobRefused("not_cleared", clearance.reasons[0]["sentence"])
    return clearance


def _material(found: tuple[ClearableRecording, ...], request: VariationRequest) -> Material:
    """The stems to work with, each digest once; chosen by the house when none was named."""
    targets: dict[str, Any] = request.targets
    wanted: set[str] | None = None
    if not request.recordings:
        wanted = set(
            choosing.choose(
                [_candidate(one) for one in found if measured_stems(one.recording_id)],
                Mode(request.mode),
                tempo_bpm=targets["tempo_bpm"],
                key=targets["key"],
                vocals=targets["vocals"],
                seed=request.seed,
            )
        )
    material: Material = []
    seen: set[str] = set()
    for one in found:
        stems = []
        for stem in one.stems:
            if (wanted is None or str(stem.stem_id) in wanted) and stem.digest not in seen:
                seen.add(stem.digest)
                stems.append(stem)
        if stems:
            material.append((one, tuple(stems)))
    if not material:
        raise JobRefused(*NOTHING)
    return material


def _together(one: ClearableRecording) -> RecordingAnalysis:
    found = recording_analysis(one.recording_id)
    if found is None:
        raise JobRefused(*UNMEASURED)
    return found


def _candidate(one: ClearableRecording) -> choosing.Candidate:
    analysis = _together(one)
    return choosing.Candidate(
        recording=str(one.recording_id),
        stems=tuple((str(stem.stem_id), _role(stem)) for stem in one.stems),
        tempo_bpm=analysis.tempo_bpm,
        key=analysis.key,
        with_others=one.limits.with_others,
    )


def _role(stem: ClearableStem) -> str:
    return _analysis(stem).role


def _analysis(stem: ClearableStem) -> StemAnalysis:
    """What was measured, with the role that the artist gave the stem."""
    found = stem_analysis(stem.stem_id)
    if found is None:
        raise JobRefused(*UNMEASURED)
    return replace(found, role=stem.role) if stem.role in ROLES else found


def _plan(request: VariationRequest, material: Material, clearance: Clearance) -> Recipe:
    """The director's recipe, checked against the stems and with its gain planned on them.

    Raises CannotCompose, RecipeError, NotTheSong.
    """
    targets: dict[str, Any] = request.targets
    ask = Ask(mode=request.mode, seed=request.seed, **targets)
    songs = [_song(one, stems) for one, stems in material]
    plan = compose(ask, songs, _limits(clearance.limits))
    digests = [source.digest for source in plan.sources]
    sounds = load_stems(digests)
    planned = plan_gain(plan, sounds, load_onsets(digests), levels_of(songs))
    check_probes(plan, sounds, planned)
    return recipes.from_json(recipes.to_json(with_plan(plan, planned)))


def _limits(limits: dict[str, Any]) -> Limits:
    """The clearance's limits, within what the composer can do at all."""
    widest = Limits()
    return Limits(
        tempo_min_ratio=max(widest.tempo_min_ratio, limits["tempo_min_ratio"]),
        tempo_max_ratio=min(widest.tempo_max_ratio, limits["tempo_max_ratio"]),
        semitones_max=min(widest.semitones_max, limits["semitones_max"]),
        vocals=limits["vocals"],
    )


def _song(one: ClearableRecording, stems: tuple[ClearableStem, ...]) -> Song:
    """The recording as the director reads it, with its Gram matrices cut to the stems at hand."""
    analysis = _together(one)
    order = measured_stems(one.recording_id)
    if not {stem.stem_id for stem in stems} <= set(order):
        raise JobRefused(*UNMEASURED)
    rows = [order.index(stem.stem_id) for stem in stems]
    gram = tuple(tuple(tuple(span[i][j] for j in rows) for i in rows) for span in analysis.gram)
    return Song(
        stems=tuple(SongStem(stem.digest, stem.label, _analysis(stem)) for stem in stems),
        analysis=replace(analysis, gram=gram),
    )
