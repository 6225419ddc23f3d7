"""How what is sealed came about: request, job, nets, versions and guidance, for its particulars.

It knows requests, sessions, recipes and the folders of released nets. It refuses to know what a
record does with it. Invariant: a net is named by the digest that the recipe names; where no card
bears it any more, its version is not guessed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from generation.analysis.likeness import THRESHOLDS
from generation.nets.chosen import Choice
from generation.recipe import Recipe, processors
from generation.serving.released import NETS, sound_choices
from generation.sessions.models import LiveSegment, LiveSession
from generation.taste.queries import chosen_by_taste
from generation.variations.models import Variation
from generation.variations.oversight import oversight_of
from generation.work.models import Job
from generation.worker.loop import step_aside
from generation.worker.rendering import read_recipe
from licensing.attribution.particulars import NetUsed, Origin, Oversight


def origin_of_variation(
    variation: Variation, plan: Recipe, job: Job, *, is_compared: bool
) -> Origin:
    """The origin of a variation that `job` seals. `is_compared`: its likeness was measured."""
    asked = variation.request
    return Origin(
        title=variation.title,
        request_ref=str(asked.pk),
        request_sha256=asked.request_sha256,
        job_ref=str(job.pk),
        attempt=variation.attempt,
        seed=asked.seed,
        oversight=level_of(
            str(variation.pk),
            asked.mode,
            asked.targets,
            is_named=bool(asked.recordings or asked.without),
            was_by_taste=bool(asked.by_taste),
        ),
        nets=nets_used(plan.nets),
        recipe_schema=plan.schema,
        processors=_processors([plan]),
        likeness_thresholds=THRESHOLDS if is_compared else "",
    )


def origin_of_session(session: LiveSession, heard: Sequence[LiveSegment], job: Job) -> Origin:
    """The origin of a session that `job` seals, by the sections of which something was heard.

    Raises JobForAnother where one of them is of a newer version than this worker.
    """
    sections = session.sections.filter(index__in={one.version for one in heard})
    plans = []
    for text in sections.values_list("recipe", flat=True):
        step_aside()
        plans.append(read_recipe(text))
    controls = list(session.controls.values_list("targets", flat=True))
    return Origin(
        title=session.title,
        request_ref=str(session.pk),
        request_sha256=_sha256_of_asked(session, controls),
        job_ref=str(job.pk),
        attempt=job.attempt,
        seed=session.seed,
        oversight=level_of(
            str(session.pk),
            session.mode,
            session.targets,
            is_named=bool(session.recordings or session.artist or controls),
            was_by_taste=bool(session.by_taste),
        ),
        nets=nets_used(net for plan in plans for net in plan.nets),
        recipe_schema=max((plan.schema for plan in plans), default=None),
        processors=_processors(plans),
    )


def level_of(
    subject: str, mode: str, targets: Mapping[str, Any], *, is_named: bool, was_by_taste: bool
) -> Oversight | None:
    """The level; None where taste chose, nobody named anything, and what it chose was erased."""
    chosen = chosen_by_taste(subject)
    if was_by_taste and chosen is None and not is_named:
        return None
    return oversight_of(mode=mode, targets=targets, by_taste=chosen or {}, is_named=is_named)


def nets_used(digests: Iterable[str]) -> tuple[NetUsed, ...]:
    """The nets of these digests, by what lies in the folders of released nets now."""
    known: dict[str, Choice] = {}
    for net in NETS:
        known |= sound_choices(net)
    return tuple(
        NetUsed(known[one].net, known[one].version, one) if one in known else NetUsed("", None, one)
        for one in sorted(set(digests))
    )


def _processors(plans: Iterable[Recipe]) -> tuple[str, ...]:
    return tuple(sorted({name for plan in plans for _, name in processors(plan)}))


def _sha256_of_asked(session: LiveSession, controls: Sequence[dict[str, Any]]) -> str:
    """Hex SHA-256 over all that was asked of a session, in the order in which it was asked."""
    said = {
        "mode": session.mode,
        "targets": session.targets,
        "recordings": session.recordings,
        "artist": str(session.artist) if session.artist else None,
        "seed": session.seed,
        "territory": session.territory,
        "channel": session.channel,
        "controls": controls,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
