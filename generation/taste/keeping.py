"""A listener's row of taste: locked, moved to the newest prior, written back, and its deeds noted.

It refuses to know what moves a belief. Invariant: whoever changes a belief holds its row locked, so
two that change it at once change it one after the other.
"""

import hashlib
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Model

from generation.taste.models import Taste
from generation.taste.queries import Listener, newest_prior, of, prior_belief
from generation.taste.rules import model
from generation.taste.rules.attributes import SCHEMA
from generation.taste.rules.model import Belief
from licensing.audit.operations import record_fact


def locked_row(listener: Listener, now: datetime) -> Taste:
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


def belief_of(row: Taste) -> Belief:
    """The belief of a locked row, moved to the newest prior; the row will be written there."""
    belief = model.from_bytes(bytes(row.mean), bytes(row.precision))
    newest = newest_prior()
    if row.prior_id != (newest.pk if newest else None):
        belief = model.on_prior(belief, prior_belief(row.prior), prior_belief(newest))
        row.prior = newest
    return belief


def keep_belief(row: Taste, belief: Belief, now: datetime) -> None:
    """Write the row with this belief."""
    row.mean, row.precision = model.to_bytes(belief)
    row.schema, row.updated_at = SCHEMA, now
    row.save()


def digest_of(belief: Belief) -> str:
    """SHA-256 of a belief as it is kept, by which a decision names what it was taken on."""
    return hashlib.sha256(b"".join(model.to_bytes(belief))).hexdigest()


def seed_of(listener: Listener, key: str) -> int:
    """The seed of one decision: the same for the same listener and key, 48 bits."""
    told = hashlib.sha256(":".join((*listener, key)).encode()).digest()
    return int.from_bytes(told[:6], "big")


Row = TypeVar("Row", bound=Model)


def logged(kind: type[Row], names: dict[str, Any], told: dict[str, Any]) -> Row:
    """The row of `kind` under `names`, written with what is `told`; where another was written
    meanwhile, that one. For whoever has looked already: somebody waits, and looks no second time.
    """
    try:
        with transaction.atomic():
            return kind._default_manager.create(**names, **told)
    except IntegrityError:
        return kind._default_manager.get(**names)


def note_deed(listener: Listener, verb: str, after: dict[str, Any], now: datetime) -> None:
    """Write down that a listener switched, shared or erased; a customer does so by their partner,
    whose reference theirs begins with.
    """
    kind, ref = listener
    record_fact(
        actor=("client", ref.partition(":")[0]) if kind == "customer" else listener,
        verb=verb,
        object_kind="taste",
        object_ref=listener[1],
        after=after,
        at=now,
    )
