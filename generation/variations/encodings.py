"""Segments for HLS clients: named by what they are made of, wanted by a listener, made by a worker.

A stored piece is the authority; a segment is a short-lived form of it. No row names one, so the
sweep of the store removes it a day after it was made, and it is made again when somebody asks.
Invariant: the name follows from codec, span and the digests of the pieces alone, so a name never
has two meanings and nothing is made twice while it lasts. Knows neither listeners nor encoders, and
of what the pieces belong to a name alone: live sessions have their segments made here as well.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from generation.engine import hls
from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.models import Variation
from generation.variations.rules import UNDER_WAY
from generation.work import operations as work
from generation.work.rules import Priority
from licensing.catalog.store import audio_store, object_name

# Start and end in samples, name in the store, digest.
Piece = tuple[int, int, str, str]
KINDS = {f"encode_{form}": form for form in hls.RENDITIONS}
MADE_BY = "hls/1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A segment of one rendition: where it lies in the store and how far its sound reaches.

    `pieces`: (start, end, name in the store) of what has to be heard to make it.
    """

    form: str
    index: int
    end: int
    name: str
    digest: str
    until_ms: int
    pieces: tuple[tuple[int, int, str], ...]


def reached_by(variation: Variation) -> int:
    """Samples from the beginning that are stored without a gap."""
    reached = 0
    rows = variation.segments.order_by("index").values_list("index", "end")
    for expected, (index, end) in enumerate(rows):
        if index != expected:
            break
        reached = end
    return reached


def end_of(variation: Variation, audible: int, reached: int) -> int:
    """Where the sound ends for somebody who may hear `audible` samples: no more comes of one that
    was stopped.
    """
    known = variation.length if variation.state in UNDER_WAY else reached
    return min(known, audible)


def wanted_segment(variation: Variation, form: str, index: int, end: int) -> Wanted | None:
    """Segment `index` of sound that ends at `end`; None when there is none, or not yet."""
    span = heard_by(form, index, end)
    if span is None:
        return None
    rows = variation.segments.filter(end__gt=span[0], start__lt=span[1]).order_by("index")
    return made_of(form, index, end, list(rows.values_list("start", "end", "name", "digest")))


def heard_by(form: str, index: int, end: int) -> tuple[int, int] | None:
    """The samples that segment `index` is made of; None when there is no such codec or segment."""
    rendition = hls.RENDITIONS.get(form)
    if rendition is None or not 0 <= index < hls.count_ready(rendition, end, end):
        return None
    return hls.heard_by(rendition, index, end)


def made_of(form: str, index: int, end: int, pieces: Sequence[Piece]) -> Wanted | None:
    """A segment out of its pieces, in their order; None where they leave a gap."""
    span = heard_by(form, index, end)
    if span is None:
        return None
    low, high = span
    if sum(min(piece[1], high) - max(piece[0], low) for piece in pieces) < high - low:
        return None
    stop = hls.span_of(index, end)[1]
    named = [MADE_BY, form, index, stop, high, [piece[3] for piece in pieces]]
    digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
    return Wanted(
        form=form,
        index=index,
        end=end,
        name=object_name("hls", digest, "m4s"),
        digest=digest,
        until_ms=stop * 1000 // SAMPLE_RATE_HZ,
        pieces=tuple((start, last, name) for start, last, name, _ in pieces),
    )


def size_of(wanted: Wanted) -> int | None:
    """Bytes of a segment that is made; None: nobody made it, or it was swept away."""
    store = audio_store()
    return store.size(wanted.name) if store.exists(wanted.name) else None


def ask_for(subject: tuple[str, str], wanted: Wanted, now: datetime) -> None:
    """Have a worker make a segment of `subject`, before what nobody waits for this moment."""
    job = work.Wanted(
        f"encode_{wanted.form}",
        subject,
        Priority.FIRST_PIECE,
        part=wanted.index,
        payload={"end": wanted.end},
    )
    work.put_jobs(wanted=[job], now=now)


@transaction.atomic
def announce(subject_ref: UUID | str, wanted: Wanted) -> None:
    """Tell whoever waits for the subject that this segment can be fetched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('segment', %s)", [f"{subject_ref}:{wanted.form} {wanted.index}"]
        )
