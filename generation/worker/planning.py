"""The jobs "live_plan" and "live_nets": the next sections of a session, each cleared anew.

What was asked last is planned from the next bar line on; a stem whose grant fell leaves there too.
Rules write the first section and whatever a change asks, at once; where there is time nets write.
Invariant: a section rests on a clearance of its own moment that names all its sources, and follows
from its targets, the seed, the sections before it and the nets that its recipe names.
"""

from collections.abc import Collection
from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from generation.compose.live import next_section
from generation.compose.reel import (
    Reel,
    chain_from,
    frame_of,
    recipe_of,
    reel_from,
    reel_of,
    section_from,
)
from generation.compose.sections import (
    LiveSection,
    cut_short,
    next_line,
    said,
    with_known_onsets,
)
from generation.compose.sections_by_nets import section_by_nets
from generation.compose.stages.watch import Watch
from generation.compose.values import Ask, CannotCompose, Song
from generation.recipe import DigestMismatch, Recipe, RecipeError, read_once, to_json
from generation.sessions import rules
from generation.sessions.asking import latest_control
from generation.sessions.ending import end_session
from generation.sessions.jobs import put_plan
from generation.sessions.models import LiveSession, Section
from generation.sessions.operations import Planned, write_section
from generation.sessions.queries import WITHDRAWN, heard_now, stand_of
from generation.sessions.rules import State
from generation.variations.rules import Mode
from generation.work.models import Job
from generation.worker.ahead import render_ahead
from generation.worker.levelling import level_after, levelled
from generation.worker.loop import Clock, JobRefused, step_aside
from generation.worker.material import (
    Heard,
    Material,
    chosen_for,
    cleared_for,
    heard_in,
    limits_of,
    material_of,
    song_of,
)
from generation.worker.nets import keep_times, nets_for
from generation.worker.preferring import preference_in
from generation.worker.spent import count, spending
from licensing.attribution.rules import OpenRefused
from licensing.clearance.limits import tightest
from licensing.clearance.queries import ClearableRecording

STEERED = "steered"
# A grant may fall between clearing and writing; cleared again, its stem is left out.
TRIES = 3
# So many sections back are read, for novelty and for what rings over.
REMEMBERED = 24


def read_chain(rows: list[Section]) -> list[LiveSection]:
    """What is to sound of sections in the order of writing."""
    return chain_from([section_from(read_once(row.recipe), row.frame) for row in rows])


def plan_session(job: Job, clock: Clock) -> None:
    """Write by rules what is wanted soon, the newest wishes among it; the rest is left to nets."""
    _plan(job, clock, rules.PLAN)


def plan_by_nets(job: Job, clock: Clock) -> None:
    """Write sections by nets until the session is planned far enough, letting urgent jobs pass.

    What cannot wait, or was wished meanwhile, is left to rules.
    """
    _plan(job, clock, rules.NETS)


def _plan(job: Job, clock: Clock, kind: str) -> None:
    for _ in range(REMEMBERED):
        session = LiveSession.objects.get(id=job.subject_ref)
        if session.state not in rules.UNDER_WAY:
            return
        place = _next_place(session, clock)
        if place is None:
            return
        planner = _planner_of(session, place)
        if planner != kind:
            put_plan(session, clock(), planner)
            return
        if not _write(session, place, clock, kind) or place.last is None:
            # Behind the first section nothing is planned before somebody hears it.
            return


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next section goes: after which sections, and why there."""

    chain: list[LiveSection]
    last: Section | None
    because: str
    control: int
    ask: Ask


def _planner_of(session: LiveSession, place: _Place) -> str:
    """Which job writes the section that is due."""
    if place.last is None or place.because:
        return rules.PLAN
    end = place.chain[-1].end
    return rules.planner_for(session.mode, end, session.handed) or rules.PLAN


def _write(session: LiveSession, place: _Place, clock: Clock, kind: str) -> bool:
    """Write the section that is due; False when it could not be."""
    for turn in range(TRIES):
        try:
            material, heard = _material(session, clock)
            with spending("plan"):
                made = _planned(session, place, material, heard, kind, clock)
            _written(session, place, made, material, clock)
            count("sections")
            return True
        except OpenRefused as refused:
            if turn == TRIES - 1:
                raise JobRefused("not_cleared", refused.reasons[0].sentence) from refused
        except DigestMismatch:
            raise  # the fault is ours and may be gone at the next attempt
        except (CannotCompose, RecipeError) as error:
            raise JobRefused("cannot_compose", str(error)) from error
    return False


def _next_place(session: LiveSession, clock: Clock) -> _Place | None:
    """Where a section is due: at the next line for a change, else at the end; None for nowhere."""
    is_new = session.state == State.OPENING  # its first section makes it LIVE
    newest = [] if is_new else list(session.sections.order_by("-index")[:REMEMBERED])[::-1]
    control, targets = latest_control(session)
    ask = Ask(mode=session.mode, seed=session.seed, **targets)
    index = control.index if control else 0
    if not newest:
        return _Place([], None, "", index, ask)
    chain, last, now = read_chain(newest), newest[-1], clock()
    because, heard = "", None
    if stand_of(session, now).fallen:
        because, heard = WITHDRAWN, heard_now(session, now)
    elif control is not None and last.control < index:
        because, heard = STEERED, control.said_at
    if because:
        since = rules.change_from(session.handed, heard, session.listed)
        since = min(since, chain[-1].end)
        chain = cut_short(chain, next_line(chain, since))
    elif not rules.is_plan_due(chain[-1].end, session.handed):
        if chain[-1].end >= rules.LONGEST and session.handed >= rules.LONGEST - rules.HELD_BACK:
            end_session(session_id=session.id, now=now, why=rules.TOO_LONG)
        return None
    return _Place(chain, last, because, index, ask)


def _material(session: LiveSession, clock: Clock) -> tuple[Material, Heard]:
    """What may be used at this moment of what the session was begun with, or of anything, and what
    was measured in it.

    Raises JobRefused where no artist permits the use any more.
    """
    is_new = session.state == State.OPENING
    found = _of_artist(cleared_for(session, clock, all_named=is_new, is_live=True), session.artist)
    material = _still(found, frozenset(map(UUID, session.stems)))
    if material is not None:
        return material, heard_in([one for one, _stems in material])
    if not is_new and not found:
        raise JobRefused(*rules.NOTHING_LEFT)
    heard, vocals = heard_in(found), session.mode != Mode.FOCUS
    if session.recordings:
        return material_of(found, None), heard
    prefer = preference_in(session, clock)
    return material_of(
        found, chosen_for(found, heard, session, vocals=vocals, prefer=prefer)
    ), heard


def _of_artist(
    found: tuple[ClearableRecording, ...], artist: UUID | None
) -> tuple[ClearableRecording, ...]:
    return tuple(one for one in found if artist is None or one.party_id == artist)


def _still(found: tuple[ClearableRecording, ...], kept: Collection[UUID]) -> Material | None:
    """The material of the session as far as it may still be used; None when nothing may."""
    if not any(stem.stem_id in kept for one in found for stem in one.stems):
        return None
    return material_of(found, kept)


def _planned(
    session: LiveSession,
    place: _Place,
    material: Material,
    heard: Heard,
    kind: str,
    clock: Clock,
) -> tuple[LiveSection, Reel, float]:
    """The section, what it is written on, and how far it is turned up or down."""
    songs: list[Song] = [song_of(one, stems, heard) for one, stems in material]
    tight = tightest(stem.limits for _one, stems in material for stem in stems)
    limits = limits_of(tight.to_json())
    if kind == rules.NETS:
        nets, instead = nets_for(str(session.id))
        watch = Watch(perf_counter, step_aside)
        section = section_by_nets(place.ask, songs, place.chain, nets, limits=limits, watch=watch)
        keep_times(watch.took, nets, section.nets, clock())
        section = said(section, [instead] if instead else [])
    else:
        section = next_section(place.ask, songs, place.chain, limits=limits)
    section = with_known_onsets(section, place.chain)
    if place.last is None:
        return section, reel_of(place.ask), 0.0
    reel = reel_from(read_once(place.last.recipe))
    level_db = level_after(session, place.last, reel.target_lufs)
    return levelled(section, level_db), reel, level_db


def _written(
    session: LiveSession,
    place: _Place,
    made: tuple[LiveSection, Reel, float],
    material: Material,
    clock: Clock,
) -> None:
    section, reel, level_db = made
    plan: Recipe = recipe_of(reel, [section])
    by_digest = {stem.digest: stem.stem_id for _one, stems in material for stem in stems}
    text = to_json(plan)
    frame = frame_of(section) | {"level_db": level_db, "said": _said(section)}
    if place.last is None:
        render_ahead(text, frame)
    write_section(
        session_id=session.id,
        after=place.last.digest if place.last is not None else "",
        planned=Planned(
            recipe=text,
            frame=frame,
            start=section.start,
            end=section.end,
            control=place.control,
            because=place.because,
            sources=[(by_digest[one.digest], one.digest) for one in plan.sources],
        ),
        stems=[str(stem) for stem in by_digest.values()],
        now=clock(),
    )


def _said(section: LiveSection) -> dict[str, object]:
    """What a player shows of a section."""
    return {
        "tempo_bpm": section.tempo_bpm,
        "key": section.key,
        "keys": list(section.keys),
        "energy": section.energy,
        "remarks": list(section.remarks),
    }
