"""Taste takes one of several recordings first, for something that was asked for by taste.

What may be used and what is known of it is told from above; it refuses to know sound and rights.
Invariants: the same thing is chosen for once; everything offered is kept with the propensity; where
the switch is off nothing is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction

from generation.taste.keeping import digest_of, logged, seed_of
from generation.taste.models import Decision, RecordingChoice
from generation.taste.queries import Listener, current_belief, of
from generation.taste.rules import choosing
from generation.taste.rules.attributes import SCHEMA, vector_of

OFFERED_AT_MOST = choosing.CANDIDATES


@dataclass(frozen=True, slots=True)
class Offer:
    """A recording that may be used, and what is known of what it would become."""

    recording: str
    known: Mapping[str, float]


def who_asked_by_taste(subject_ref: str) -> Listener | None:
    """The listener by whose taste this was asked for; None where it was by hand, or was erased."""
    found = Decision.objects.filter(subject_ref=subject_ref)
    told = found.values_list("listener_kind", "listener_ref").first()
    return (told[0], told[1]) if told else None


@transaction.atomic
def prefer_recording(
    *,
    listener: Listener,
    subject_ref: str,
    context: str,
    offers: Sequence[Offer],
    now: datetime,
) -> str | None:
    """The recording that this listener's taste takes first, of the first OFFERED_AT_MOST offers.

    Logged with its propensity. For the same subject it is decided once; None: the switch is off,
    there is nothing to choose from, or what was taken then is offered no more.
    """
    among = list(offers)[:OFFERED_AT_MOST]
    made = RecordingChoice.objects.filter(**of(listener), subject_ref=subject_ref).first()
    current = current_belief(listener)
    if made is None and current.is_on and len(among) > 1:
        seed = seed_of(listener, f"recording of {subject_ref}")
        table = np.stack([vector_of(one.known) for one in among])
        taken = choosing.choose(current.belief, table, context, np.random.default_rng(seed))
        made = logged(
            RecordingChoice,
            of(listener) | {"subject_ref": subject_ref},
            {
                "context": context,
                "offered": [{"recording": one.recording} | dict(one.known) for one in among],
                "seed": seed,
                "chosen": taken.index,
                "propensity": taken.propensity,
                "scale": choosing.SCALE,
                "schema": SCHEMA,
                "prior_version": current.version,
                "belief_sha256": digest_of(current.belief),
                "decided_at": now,
            },
        )
    if made is None:
        return None
    first: str = made.offered[made.chosen]["recording"]
    return first if any(one.recording == first for one in offers) else None
