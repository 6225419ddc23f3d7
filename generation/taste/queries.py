"""Reads of taste: what is believed, in words and in numbers, and all that is kept of a listener.

Whose it is comes in as (kind, ref); who may ask is the face's question. Invariant: whatever is
read stands on the newest prior, also where a row was last written under an older one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Subquery

from generation.taste.models import (
    Decision,
    Feedback,
    PlayHeard,
    RecordingChoice,
    Taste,
    TasteImport,
    TastePrior,
)
from generation.taste.rules import model, words
from generation.taste.rules.attributes import ATTRIBUTES, FEATURES, SCHEMA
from generation.taste.rules.model import Belief
from generation.taste.rules.words import Leaning

Listener = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Current:
    """A listener's belief on the newest prior, whose number is `version` (0: the neutral one)."""

    is_on: bool
    observations: int
    version: int
    belief: Belief


@dataclass(frozen=True, slots=True)
class TasteView:
    """A listener's taste as a page shows it. `said`: how often they said or set something, `plays`
    how many plays taught something beside that; `learns_plays`: whether plays may.
    """

    is_on: bool
    shares_prior: bool
    learns_plays: bool
    said: int
    plays: int
    decisions: int
    prior_listeners: int
    updated_at: datetime | None
    leanings: tuple[Leaning, ...]


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """What a listener said of one thing: "LIKE", "SKIP" or ""; attribute -> "MORE" or "LESS"."""

    verdict: str
    told: Mapping[str, str]


def of(listener: Listener) -> dict[str, str]:
    """The columns that name a listener."""
    return {"listener_kind": listener[0], "listener_ref": listener[1]}


def newest_prior() -> TastePrior | None:
    """The prior in force; None before the first fit."""
    return TastePrior.objects.filter(schema=SCHEMA).order_by("-id").first()


def prior_belief(prior: TastePrior | None) -> Belief:
    """The prior as a belief; the neutral one where there is no row."""
    if prior is None:
        return model.neutral_prior()
    return model.from_bytes(bytes(prior.mean), bytes(prior.precision))


def current_belief(listener: Listener) -> Current:
    """What is believed of a listener now, as a rule in one statement."""
    newest = TastePrior.objects.filter(schema=SCHEMA).order_by("-id").values("id")[:1]
    row = Taste.objects.filter(**of(listener)).annotate(newest=Subquery(newest)).first()
    if row is None:
        prior = newest_prior()
        return Current(True, 0, prior.pk if prior else 0, prior_belief(prior))
    version = row.newest
    belief = model.from_bytes(bytes(row.mean), bytes(row.precision))
    if row.prior_id != version:
        belief = model.on_prior(belief, prior_belief(row.prior), prior_belief(newest_prior()))
    return Current(row.is_on, row.observations, version or 0, belief)


def get_taste(listener: Listener) -> Taste | None:
    """The row; None for somebody of whom nothing is kept."""
    return Taste.objects.filter(**of(listener)).first()


def is_on(listener: Listener) -> bool:
    """Whether taste may learn and choose for this listener; on until they switch it off."""
    return not Taste.objects.filter(**of(listener), is_on=False).exists()


def learns_plays(listener: Listener) -> bool:
    """Whether taste is on and the listener agreed that plays teach it."""
    return Taste.objects.filter(**of(listener), is_on=True, learns_plays=True).exists()


def is_known(listener: Listener) -> bool:
    """Whether taste is on and something is known of the listener."""
    return Taste.objects.filter(**of(listener), is_on=True, observations__gt=0).exists()


def taste_view(listener: Listener) -> TasteView:
    """What is believed of a listener, on the newest prior."""
    row, newest = get_taste(listener), newest_prior()
    plays = PlayHeard.objects.filter(**of(listener)).count()
    chosen = sum(
        kind._default_manager.filter(**of(listener)).count() for kind in (Decision, RecordingChoice)
    )
    return TasteView(
        is_on=row is None or row.is_on,
        shares_prior=row is not None and row.shares_prior,
        learns_plays=row is not None and row.learns_plays,
        said=row.observations - plays if row else 0,
        plays=plays,
        decisions=chosen,
        prior_listeners=newest.listeners if newest else 0,
        updated_at=row.updated_at if row else None,
        leanings=words.leanings(current_belief(listener).belief),
    )


def feedback_on(listener: Listener, subject_ref: str) -> FeedbackView:
    """What a listener said of one thing heard."""
    rows = Feedback.objects.filter(**of(listener), subject_ref=subject_ref)
    said = dict(rows.values_list("attribute", "said"))
    return FeedbackView(said.pop("", ""), said)


def chosen_by_taste(subject_ref: str) -> dict[str, Any] | None:
    """The targets that taste chose for what was made of a decision; what was sent is not among
    them. None where there is no decision: it chose nothing, or its listener had that erased.
    """
    row = Decision.objects.filter(subject_ref=subject_ref).order_by("-pk").first()
    if row is None:
        return None
    names = {"tempo": "tempo_bpm"}
    sent = {
        names.get(name, name)
        for name, (low, high) in row.bounds.items()
        if low == high and name != "vocals"
    }
    return {name: value for name, value in row.targets.items() if name not in sent}


def export_taste(listener: Listener) -> dict[str, Any]:
    """Everything this room keeps of a listener, as plain data for JSON."""
    row = get_taste(listener)
    return {
        "schema": SCHEMA,
        "is_on": row is None or row.is_on,
        "shares_prior": row is not None and row.shares_prior,
        "consented_at": _told(row.consented_at if row else None),
        "learns_plays": row is not None and row.learns_plays,
        "plays_since": _told(row.plays_since if row else None),
        "updated_at": _told(row.updated_at if row else None),
        "belief": None if row is None else _numbers(current_belief(listener).belief),
        "in_words": {one.attribute: one.sentence for one in taste_view(listener).leanings},
        "feedback": _rows(listener, Feedback, "said_at"),
        "plays": _rows(listener, PlayHeard, "heard_at"),
        "decisions": _rows(listener, Decision, "decided_at"),
        "recordings_chosen": _rows(listener, RecordingChoice, "decided_at"),
        "imports": _rows(listener, TasteImport, "read_at"),
    }


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _numbers(belief: Belief) -> dict[str, Any]:
    """The belief with the names of its features."""
    names = ["always", *ATTRIBUTES, *(f"{name} squared" for name in ATTRIBUTES)]
    names += [f"energy for {context}" for context in ("mood", "focus", "ambient")]
    assert len(names) == FEATURES
    return {
        "features": names,
        "mean": [round(float(one), 6) for one in belief.mean],
        "precision": [[round(float(one), 4) for one in row] for row in belief.precision],
    }


def _rows(listener: Listener, kind: type[Model], moment: str) -> list[dict[str, Any]]:
    """The listener's rows of one kind, oldest first, without what names them."""
    kept = ("id", "listener_kind", "listener_ref")
    names = [one.name for one in kind._meta.concrete_fields if one.name not in kept]
    rows = kind._default_manager.filter(**of(listener)).order_by(moment, "id")
    return [
        {name: _told(one[name]) if name == moment else one[name] for name in names}
        for one in rows.values(*names)
    ]
