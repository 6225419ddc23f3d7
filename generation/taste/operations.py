"""The verbs of taste: say, criticise, set, import, switch, share, choose, erase.

Who may do it for whom is the face's question; a listener is a value (kind, ref). Invariants: the
belief is exactly its prior plus what stands in the listener's rows and what they set or brought
along; where the switch is off nothing is learned and nothing chosen; erasing leaves no row.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Model

from generation.taste.models import Decision, Feedback, Said, Taste, TasteImport
from generation.taste.queries import (
    Listener,
    current_belief,
    newest_prior,
    of,
    prior_belief,
)
from generation.taste.rules import choosing, importing, model
from generation.taste.rules.attributes import ATTRIBUTES, CHOSEN, SCHEMA, targets_of, vector_of
from generation.taste.rules.choosing import Bounds
from generation.taste.rules.importing import HistoryRefused
from generation.taste.rules.model import Belief, Observation
from licensing.audit.operations import record_fact

_DIRECTIONS = {Said.MORE.value: 1, Said.LESS.value: -1}


@dataclass(frozen=True, slots=True)
class Heard:
    """Something heard: its reference, what is known of it (attribute -> -1..1), and its context."""

    subject_ref: str
    known: Mapping[str, float]
    context: str


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
    row = _locked(listener, now)
    if not row.is_on:
        return False
    mine = Feedback.objects.filter(**of(listener), subject_ref=heard.subject_ref)
    before = mine.filter(attribute=attribute).first()
    if (before.said if before else "") == said:
        return True
    belief = _belief(row)
    if before is not None:
        belief = model.observed(belief, model.taken_out(_observation(before)))
        before.delete()
        row.observations -= 1
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
    _keep(row, belief, now)
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
    row = _locked(listener, now)
    if not row.is_on:
        return False
    belief = _belief(row)
    for name, ideal in ideals.items():
        belief = model.with_ideal(belief, name, ideal)
    row.observations += len(ideals)
    _keep(row, belief, now)
    return True


@transaction.atomic
def import_history(*, listener: Listener, data: bytes, form: str, now: datetime) -> int:
    """Read a listening history in ("csv" or "json"); the number of its lines. Nothing of it is
    kept but its digest. Raises HistoryRefused, also where the same file was read before or the
    switch is off.
    """
    history = importing.read_history(data, form)
    row = _locked(listener, now)
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
    _keep(row, model.observed_all(_belief(row), importing.observations(history)), now)
    return len(history)


@transaction.atomic
def switch_taste(*, listener: Listener, is_on: bool, now: datetime) -> None:
    """Let taste learn and choose for this listener, or not; what was learned stays until erased."""
    row = _locked(listener, now)
    if row.is_on != is_on:
        row.is_on = is_on
        row.save(update_fields=["is_on"])
        _note(listener, "switch_taste", {"is_on": is_on}, now)


@transaction.atomic
def share_taste(*, listener: Listener, shares: bool, now: datetime) -> None:
    """Agree that one's taste may be among the inputs of the shared prior, or leave it: the next
    fit is made without it.
    """
    row = _locked(listener, now)
    if row.shares_prior != shares:
        row.shares_prior, row.consented_at = shares, now if shares else None
        row.save(update_fields=["shares_prior", "consented_at"])
        _note(listener, "share_taste", {"shares_prior": shares}, now)


@transaction.atomic
def erase_taste(*, listener: Listener, now: datetime) -> int:
    """Erase everything this room keeps of a listener; how many rows that were."""
    kinds: tuple[type[Model], ...] = (Feedback, Decision, TasteImport, Taste)
    gone = sum(kind._default_manager.filter(**of(listener)).delete()[0] for kind in kinds)
    if gone:
        _note(listener, "erase_taste", {}, now)
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
    seed = _seed(listener, key)
    chance = np.random.default_rng(seed)
    among = choosing.candidates(bounds, chance)
    taken = choosing.choose(current.belief, among, context, chance)
    free = frozenset(name for name in CHOSEN if name in bounds)
    made, _is_new = Decision.objects.get_or_create(
        **of(listener),
        key=key,
        defaults={
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
            "belief_sha256": hashlib.sha256(b"".join(model.to_bytes(current.belief))).hexdigest(),
            "decided_at": now,
        },
    )
    return Decided(made.targets, made.pk)


def name_subject(*, decision: int, subject_ref: str) -> None:
    """Say what was made of a decision, so that what is said of it can be laid beside it."""
    Decision.objects.filter(pk=decision).update(subject_ref=subject_ref)


def _seed(listener: Listener, key: str) -> int:
    told = hashlib.sha256(":".join((*listener, key)).encode()).digest()
    return int.from_bytes(told[:6], "big")


def _locked(listener: Listener, now: datetime) -> Taste:
    """The listener's row, locked until the end of the transaction; made where there is none."""
    rows = Taste.objects.select_for_update().filter(**of(listener))
    found = rows.first()
    if found is not None:
        return found
    newest = newest_prior()
    mean, precision = model.to_bytes(prior_belief(newest))
    fresh = {"schema": SCHEMA, "mean": mean, "precision": precision, "prior": newest}
    Taste.objects.get_or_create(**of(listener), defaults=fresh | {"updated_at": now})
    return rows.get()


def _belief(row: Taste) -> Belief:
    """The belief of a locked row, moved to the newest prior; the row will be written there."""
    belief = model.from_bytes(bytes(row.mean), bytes(row.precision))
    newest = newest_prior()
    if row.prior_id != (newest.pk if newest else None):
        belief = model.on_prior(belief, prior_belief(row.prior), prior_belief(newest))
        row.prior = newest
    return belief


def _keep(row: Taste, belief: Belief, now: datetime) -> None:
    row.mean, row.precision = model.to_bytes(belief)
    row.schema, row.updated_at = SCHEMA, now
    row.save()


def _note(listener: Listener, verb: str, after: dict[str, Any], now: datetime) -> None:
    record_fact(
        actor=listener,
        verb=verb,
        object_kind="taste",
        object_ref=listener[1],
        after=after,
        at=now,
    )
