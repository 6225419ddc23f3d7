"""The nightly fit of the shared prior, out of the rows of listeners who consented.

It reads beliefs and writes one row. Invariants: only listeners who share and have taste switched
on are read; with fewer than LISTENERS_AT_LEAST the neutral prior comes in force, so that nobody who
left stays in it; the same inputs are fitted once.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import MD5, Cast, Concat

from generation.taste.models import Taste, TastePrior
from generation.taste.queries import newest_prior, prior_belief
from generation.taste.rules import model
from generation.taste.rules.attributes import SCHEMA
from generation.taste.rules.prior import LISTENERS_AT_LEAST, ROUNDS, fit_prior
from licensing.audit.operations import record_fact

# More change a mean no more; a fit of so many takes seconds and 100 MB.
LISTENERS_AT_MOST = 20_000


@transaction.atomic
def fit_shared_prior(*, now: datetime) -> TastePrior:
    """Fit the prior anew from those who consent now; priors that no row stands on go.

    Rows move to it when they are next read or written.
    """
    rows = _inputs(now)
    digest = _digest(rows)
    newest = newest_prior()
    if newest is not None and newest.inputs_sha256 == digest:
        return newest
    neutral = model.neutral_prior()
    fitted = neutral
    if rows:
        parts = [model.evidence(_belief(row), prior_belief(row.prior)) for row in rows]
        precisions = np.array([one[0] for one in parts])
        loads = np.array([one[1] for one in parts])
        fitted = fit_prior(precisions, loads, neutral)
    mean, precision = model.to_bytes(fitted)
    made = TastePrior.objects.create(
        schema=SCHEMA,
        mean=mean,
        precision=precision,
        listeners=len(rows),
        inputs_sha256=digest,
        fitted_at=now,
    )
    standing = Exists(Taste.objects.filter(prior=OuterRef("pk")))
    TastePrior.objects.exclude(pk=made.pk).filter(~standing).delete()
    record_fact(
        actor=("system", "taste"),
        verb="fit_prior",
        object_kind="taste_prior",
        object_ref=str(made.pk),
        after={"listeners": len(rows), "inputs_sha256": digest},
        at=now,
    )
    return made


def _belief(row: Taste) -> model.Belief:
    return model.from_bytes(bytes(row.mean), bytes(row.precision))


def _inputs(now: datetime) -> list[Taste]:
    """Those who consent, at most LISTENERS_AT_MOST, drawn by the day; nobody when they are few."""
    shared = Taste.objects.filter(
        shares_prior=True, is_on=True, observations__gt=0, schema=SCHEMA
    ).select_related("prior")
    lot = MD5(Concat(Cast("id", CharField()), Value(now.date().isoformat())))
    rows = list(shared.order_by(lot)[:LISTENERS_AT_MOST])
    return rows if len(rows) >= LISTENERS_AT_LEAST else []


def _digest(rows: Sequence[Taste]) -> str:
    """SHA-256 of what is fitted, in an order that names nobody, with the settings of the fit."""
    told = hashlib.sha256(f"{SCHEMA} {ROUNDS} {len(rows)}".encode())
    for one in sorted(_part(row) for row in rows):
        told.update(one)
    return told.hexdigest()


def _part(row: Taste) -> bytes:
    return b"".join((bytes(row.mean), bytes(row.precision), str(row.prior_id).encode()))
