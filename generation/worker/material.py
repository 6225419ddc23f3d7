"""What there is to make something of: cleared stems, what was measured in them, their limits.

It knows a use that somebody asked for, whatever is made of it. It refuses to know recipes. It never
chooses what is not cleared, and a refusal carries a code and a sentence for a person.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from generation.analysis.queries import (
    measured_stems,
    recording_analyses,
    stem_analyses,
)
from generation.analysis.values import ROLES, RecordingAnalysis, StemAnalysis
from generation.compose.values import Limits, Song, SongStem
from generation.variations import choosing, rules
from generation.variations.models import VariationRequest
from generation.variations.rules import Mode
from generation.worker.loop import Clock, JobRefused
from licensing.catalog.models import Stem
from licensing.clearance.models import Clearance
from licensing.clearance.operations import clear_use
from licensing.clearance.queries import ClearableRecording, ClearableStem, list_clearable

UNMEASURED = ("not_measured", "The recording is still being measured; ask again in a moment.")
ALL_LEFT_OUT = ("all_left_out", "Without these stems nothing is left to make it of.")
NOTHING = ("nothing_clearable", "No artist permits this use here yet.")


class Asking(Protocol):
    """Whoever asks for a use: a request for a variation, or a live session."""

    requester_kind: Any
    requester_ref: Any
    mode: Any
    recordings: Any
    targets: Any
    seed: Any
    territory: Any
    channel: Any
    by_taste: Any


Material = list[tuple[ClearableRecording, tuple[ClearableStem, ...]]]


def cleared_for(
    request: Asking, clock: Clock, *, all_named: bool = True, is_live: bool = False
) -> tuple[ClearableRecording, ...]:
    """The recordings asked for (or all), with the stems that may be used like this here and now.

    Raises JobRefused when one that was named may not be used, unless what is left will do.
    `is_live`: for a session, where no holder can be asked first.
    """
    named = [UUID(one) for one in request.recordings]
    found = list_clearable(
        rules.use_for(Mode(request.mode), request.requester_kind),
        request.territory,
        request.channel,
        clock(),
        requester=(request.requester_kind, request.requester_ref),
        recording_ids=named or None,
        is_live=is_live,
        by_taste=bool(request.by_taste),
    )
    if not named:
        return found
    by_id = {one.recording_id: one for one in found}
    for missing in (one for one in named if all_named and one not in by_id):
        stems = Stem.objects.filter(recording_id=missing, state=Stem.State.READY)
        clear(request, list(stems.values_list("id", flat=True)), clock, is_live=is_live)
        raise JobRefused(*NOTHING)
    return tuple(by_id[one] for one in named if one in by_id)


def clear(
    request: Asking, stems: Sequence[UUID], clock: Clock, *, is_live: bool = False
) -> Clearance:
    """The recorded decision; raises JobRefused with its first reason when it is no."""
    clearance = clear_use(
        use=rules.use_for(Mode(request.mode), request.requester_kind),
        stems=stems,
        requester=(request.requester_kind, request.requester_ref),
        territory=request.territory,
        channel=request.channel,
        is_live=is_live,
        by_taste=bool(request.by_taste),
        now=clock(),
    )
    if not clearance.allowed:
        raise JobRefused("not_cleared", clearance.reasons[0]["sentence"])
    return clearance


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured, with corrections: in recordings as a whole, and in each of their stems."""

    together: Mapping[UUID, RecordingAnalysis]
    alone: Mapping[UUID, StemAnalysis]


Preference = Callable[[Sequence[choosing.Candidate], Heard], str | None]


def heard_in(found: Sequence[ClearableRecording]) -> Heard:
    """What was measured in these recordings, read together however many there are."""
    together = recording_analyses(one.recording_id for one in found)
    measured = (one for one in found if one.recording_id in together)
    return Heard(together, stem_analyses(stem.stem_id for one in measured for stem in one.stems))


def chosen_for(
    found: Sequence[ClearableRecording],
    heard: Heard,
    request: Asking,
    *,
    vocals: bool,
    prefer: Preference | None = None,
) -> frozenset[UUID]:
    """The stems that the house chooses of all that may be used, where none were named.

    `prefer` names the recording that comes first among those that must be moved about as little.
    """
    mode, candidates = Mode(request.mode), _candidates(found, heard)
    targets: dict[str, Any] = request.targets
    wish: dict[str, Any] = {name: targets[name] for name in ("tempo_bpm", "key")}
    rest: dict[str, Any] = {"vocals": vocals, "seed": request.seed}
    taken = None
    if prefer is not None:
        order = choosing.offered(candidates, mode, **wish, **rest)
        taken = prefer(order[: choosing.as_near(order, **wish)], heard)
    return frozenset(map(UUID, choosing.choose(candidates, mode, **wish, **rest, taken=taken)))


def left_of(
    found: tuple[ClearableRecording, ...], request: VariationRequest
) -> tuple[ClearableRecording, ...]:
    """The recordings less the stems that the request leaves out.

    Raises JobRefused where nothing is left of one that was named, or of all.
    """
    gone = frozenset(request.without)
    if not gone:
        return found
    kept = [
        replace(one, stems=tuple(stem for stem in one.stems if str(stem.stem_id) not in gone))
        for one in found
    ]
    left = tuple(one for one in kept if one.stems)
    if not left or (request.recordings and len(left) < len(kept)):
        raise JobRefused(*ALL_LEFT_OUT)
    return left


def material_of(found: tuple[ClearableRecording, ...], chosen: Collection[UUID] | None) -> Material:
    """The chosen stems (None: all), each digest once. Raises JobRefused when there is none."""
    material: Material = []
    seen: set[str] = set()
    for one in found:
        stems = []
        for stem in one.stems:
            if (chosen is None or stem.stem_id in chosen) and stem.digest not in seen:
                seen.add(stem.digest)
                stems.append(stem)
        if stems:
            material.append((one, tuple(stems)))
    if not material:
        raise JobRefused(*NOTHING)
    return material


def _candidates(found: Sequence[ClearableRecording], heard: Heard) -> list[choosing.Candidate]:
    """The recordings that were measured as a whole."""
    return [
        choosing.Candidate(
            recording=str(one.recording_id),
            stems=tuple(
                (str(stem.stem_id), known.role) for stem, known in _roles(one.stems, heard.alone)
            ),
            tempo_bpm=heard.together[one.recording_id].tempo_bpm,
            key=heard.together[one.recording_id].key,
            with_others=one.limits.with_others,
            with_explicit=one.limits.with_explicit,
            explicit=one.explicit,
        )
        for one in found
        if one.recording_id in heard.together
    ]


def _roles(
    stems: Sequence[ClearableStem], known: Mapping[UUID, StemAnalysis]
) -> list[tuple[ClearableStem, StemAnalysis]]:
    """What was measured in each, with the role that the artist gave it.

    Raises JobRefused while one of them is not measured.
    """
    if not all(stem.stem_id in known for stem in stems):
        raise JobRefused(*UNMEASURED)
    found = ((stem, known[stem.stem_id]) for stem in stems)
    return [
        (stem, replace(one, role=stem.role) if stem.role in ROLES else one) for stem, one in found
    ]


def limits_of(limits: dict[str, Any]) -> Limits:
    """The clearance's limits, within what the composer can do at all."""
    widest = Limits()
    return Limits(
        tempo_min_ratio=max(widest.tempo_min_ratio, limits["tempo_min_ratio"]),
        tempo_max_ratio=min(widest.tempo_max_ratio, limits["tempo_max_ratio"]),
        semitones_max=min(widest.semitones_max, limits["semitones_max"]),
        vocals=limits["vocals"],
        mix_reach=limits.get("mix_reach", widest.mix_reach),
    )


def song_of(one: ClearableRecording, stems: tuple[ClearableStem, ...], heard: Heard) -> Song:
    """The recording as the director reads it, with its Gram matrices cut to the stems at hand."""
    analysis, order = heard.together.get(one.recording_id), measured_stems(one.recording_id)
    if analysis is None or not {stem.stem_id for stem in stems} <= set(order):
        raise JobRefused(*UNMEASURED)
    rows = [order.index(stem.stem_id) for stem in stems]
    gram = tuple(tuple(tuple(span[i][j] for j in rows) for i in rows) for span in analysis.gram)
    mine = _roles(stems, heard.alone)
    return Song(
        stems=tuple(SongStem(one.digest, one.label, found) for one, found in mine),
        analysis=replace(analysis, gram=gram),
    )
