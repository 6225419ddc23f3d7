"""The verbs of taste: say, criticise, set, import, switch, share, choose targets, erase.

Plays are in `playing`, recordings in `preferring`. Who may do it for whom is the face's question; a
listener is a value (kind, ref). Invariants: the belief is exactly its prior plus what stands in the
listener's rows and what they set or brought along; where the switch is off nothing is learned and
nothing chosen; erasing leaves no row.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Model

from generation.taste.keeping import (
    belief_of,
    digest_of,
    keep_belief,
    locked_row,
    logged,
    note_deed,
    seed_of,
)
from generation.taste.models import (
    Decision,
    Feedback,
    PlayHeard,
    RecordingChoice,
    Said,
    Taste,
    TasteImport,
)
from generation.taste.playing import unlearned
from generation.taste.queries import Listener, current_belief, of
from generation.taste.rules import choosing, importing, model
from generation.taste.rules.attributes import (
    ATTRIBUTES,
    CHOSEN,
    SCHEMA,
    Heard,
    targets_of,
    vector_of,
)
from generation.taste.rules.choosing import Bounds
from generation.taste.rules.importing import HistoryRefused
from generation.taste.rules.model import Observation

_DIRECTIONS = {Said.MORE.value: 1, Said.LESS.value: -1}


@transaction.atomic
def record_feedback(*, listener: Listener, heard: Heard, said: str, now: datetime) -> bool:
    """Take a verdict on something heard: "LIKE" or "SKIP" in the place of an earlier one; "" takes
    it back. False: the switch is off.
    """
    if said not in ("", Said.LIKE, Said.SKIP):
        raise ValueError("A verdict is LIKE, SKIP or nothing.")
    return _say(listener, heard, "", said, now)


@transaction.atomic
def critique(*, listener: Listener, heard: Heard, attribute: str, said: str, now: datetime) -> bool:
    """Take "MORE" or "LESS" of an attribute than in something heard; "" takes it back.

    False: the switch is off.
    """
    if said not in ("", Said.MORE, Said.LESS) or attribute not in ATTRIBUTES:
        raise ValueError("A critique is MORE or LESS of an attribute, or nothing.")
    return _say(listener, heard, attribute, said, now)


def _say(listener: Listener, heard: Heard, attribute: str, said: str, now: datetime) -> bool:
    row = locked_row(listener, now)
    if not row.is_on:
        return False
    mine = Feedback.objects.filter(**of(listener), subject_ref=heard.subject_ref)
    before = mine.filter(attribute=attribute).first()
    if (before.said if before else "") == said:
        return True
    belief = belief_of(row)
    if before is not None:
        belief = model.observed(belief, model.taken_out(_observation(before)))
        before.delete()
        row.observations -= 1
    if said and not attribute:
        belief = unlearned(row, belief, heard.subject_ref)
    if said:
        kept = Feedback.objects.create(
            **of(listener),
            subject_ref=heard.subject_ref,
            said=said,
            attribute=attribute,
            known=dict(heard.known),
            context=heard.context,
            said_at=now,
        )
        belief = model.observed(belief, _observation(kept))
        row.observations += 1
    keep_belief(row, belief, now)
    return True


def _observation(said: Feedback) -> Observation:
    vector = vector_of(said.known)
    if said.attribute:
        return model.comparison(vector, said.context, said.attribute, _DIRECTIONS[said.said])
    return model.liking(vector, said.context, 1.0 if said.said == Said.LIKE else 0.0)


@transaction.atomic
def set_belief(*, listener: Listener, ideals: Mapping[str, float | None], now: datetime) -> bool:
    """A listener says where on each attribute it is best (-1..1), or that it does not matter
    (None). False: the switch is off.
    """
    if any(name not in ATTRIBUTES or abs(ideal or 0.0) > 1.0 for name, ideal in ideals.items()):
        raise ValueError("An ideal lies between -1 and 1 on one of the attributes.")
    row = locked_row(listener, now)
    if not row.is_on:
        return False
    belief = belief_of(row)
    for name, ideal in ideals.items():
        belief = model.with_ideal(belief, name, ideal)
    row.observations += len(ideals)
    keep_belief(row, belief, now)
    return True


@transaction.atomic
def import_history(*, listener: Listener, data: bytes, form: str, now: datetime) -> int:
    """Read a listening history in ("csv" or "json"); the number of its lines. Nothing of it is
    kept but its digest. Raises HistoryRefused, also where the same file was read before or the
    switch is off.
    """
    history = importing.read_history(data, form)
    row = locked_row(listener, now)
    if not row.is_on:
        raise HistoryRefused("Taste is switched off: switch it on first.")
    _made, is_new = TasteImport.objects.get_or_create(
        **of(listener),
        sha256=hashlib.sha256(data).hexdigest(),
        defaults={"lines": len(history), "read_at": now},
    )
    if not is_new:
        raise HistoryRefused("This history was read before.")
    row.observations += len(history)
    keep_belief(row, model.observed_all(belief_of(row), importing.observations(history)), now)
    return len(history)


@transaction.atomic
def switch_taste(*, listener: Listener, is_on: bool, now: datetime) -> None:
    """Let taste learn and choose for this listener, or not; what was learned stays until erased."""
    row = locked_row(listener, now)
    if row.is_on != is_on:
        row.is_on = is_on
        row.save(update_fields=["is_on"])
        note_deed(listener, "switch_taste", {"is_on": is_on}, now)


@transaction.atomic
def share_taste(*, listener: Listener, shares: bool, now: datetime) -> None:
    """Agree that one's taste may be among the inputs of the shared prior, or leave it: the next
    fit is made without it.
    """
    row = locked_row(listener, now)
    if row.shares_prior != shares:
        row.shares_prior, row.consented_at = shares, now if shares else None
        row.save(update_fields=["shares_prior", "consented_at"])
        note_deed(listener, "share_taste", {"shares_prior": shares}, now)


@transaction.atomic
def erase_taste(*, listener: Listener, now: datetime) -> int:
    """Erase everything this room keeps of a listener; how many rows that were."""
    kinds: tuple[type[Model], ...] = (
        *(Feedback, PlayHeard, Decision, RecordingChoice),
        *(TasteImport, Taste),
    )
    gone = sum(kind._default_manager.filter(**of(listener)).delete()[0] for kind in kinds)
    if gone:
        note_deed(listener, "erase_taste", {}, now)
    return gone


@dataclass(frozen=True, slots=True)
class Decided:
    """What taste chose: targets of a request, and the number of the decision's row."""

    targets: dict[str, Any]
    decision: int


@transaction.atomic
def decide_targets(
    *, listener: Listener, key: str, context: str, bounds: Bounds, now: datetime
) -> Decided | None:
    """Targets within `bounds` (attribute -> lowest, highest), by this listener's taste; logged with
    their propensity. The same key decides once. None: the switch is off.
    """
    known = Decision.objects.filter(**of(listener), key=key).first()
    if known is not None:
        return Decided(known.targets, known.pk)
    current = current_belief(listener)
    if not current.is_on:
        return None
    seed = seed_of(listener, key)
    chance = np.random.default_rng(seed)
    among = choosing.candidates(bounds, chance)
    taken = choosing.choose(current.belief, among, context, chance)
    free = frozenset(name for name in CHOSEN if name in bounds)
    made = logged(
        Decision,
        of(listener) | {"key": key},
        {
            "context": context,
            "bounds": {name: list(ends) for name, ends in bounds.items()},
            "seed": seed,
            "candidates": len(among),
            "chosen": taken.index,
            "propensity": taken.propensity,
            "scale": choosing.SCALE,
            "targets": targets_of(taken.attributes, free),
            "schema": SCHEMA,
            "prior_version": current.version,
            "belief_sha256": digest_of(current.belief),
            "decided_at": now,
        },
    )
    return Decided(made.targets, made.pk)


def name_subject(*, decision: int, subject_ref: str) -> None:
    """Say what was made of a decision, so that what is said of it can be laid beside it."""
    Decision.objects.filter(pk=decision).update(subject_ref=subject_ref)
