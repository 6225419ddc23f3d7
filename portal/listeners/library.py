"""One's variations as rows of a list, each with a small stemma.

It refuses to decide who sees them. Invariant: the number of SQL queries does not grow with the
rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from generation.recipe import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from generation.variations import evidence
from generation.variations.models import Segment, Variation
from generation.variations.queries import is_share_known
from generation.variations.rules import TITLES, Mode, State
from licensing.attribution.models import LicenceSource
from licensing.attribution.queries import may_serve_each
from portal.audio.label import ai_label
from portal.audio.pictures import Picture, drawn
from portal.audio.stemma import SMALL_POINTS, Layer
from portal.audio.wording import clock

_WORDS: dict[str, tuple[str, str]] = {
    State.COMPOSING: ("wait", "Being arranged"),
    State.RENDERING: ("wait", "Being made"),
    State.READY: ("ok", "Ready"),
    State.WITHDRAWN: ("stop", "No longer played"),
    State.WAITING_FOR_APPROVAL: ("wait", "Waits for a yes"),
    State.DECLINED: ("stop", "Declined"),
    State.FAILED: ("stop", "Not made"),
    State.CANCELLED: ("", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """A variation in the list; `kind` is the sign of its state."""

    id: UUID
    title: str
    made_on: datetime
    kind: str
    word: str
    facts: str
    stemma: Picture


def library_rows(variations: Sequence[Variation], now: datetime) -> tuple[LibraryRow, ...]:
    """The rows of these variations (with request and record), in their order."""
    made = [one for one in variations if one.state == State.READY]
    served = may_serve_each((one.record_id for one in made if one.record_id), now)
    fallen = {one.pk for one in made if one.record_id not in served}
    sources, windows = _sources(variations), _windows(made)
    return tuple(
        _row(
            one,
            State.WITHDRAWN if one.pk in fallen else one.state,
            sources[one.record_id],
            windows[one.pk],
        )
        for one in variations
    )


def _sources(variations: Sequence[Variation]) -> dict[UUID | None, list[LicenceSource]]:
    records = [one.record_id for one in variations if one.record_id is not None]
    found: dict[UUID | None, list[LicenceSource]] = defaultdict(list)
    rows = LicenceSource.objects.filter(record__in=records).select_related("stem")
    for row in rows.order_by("record", "position"):
        found[row.record_id].append(row)
    return found


def _windows(variations: Sequence[Variation]) -> dict[UUID, list[tuple[int, bytes]]]:
    """(start, table of windows) of every stored piece."""
    found: dict[UUID, list[tuple[int, bytes]]] = defaultdict(list)
    rows = Segment.objects.filter(variation__in=[one.pk for one in variations])
    for row in rows.order_by("variation", "index").only("variation_id", "start", "windows"):
        found[row.variation_id].append((row.start, bytes(row.windows)))
    return found


def _row(
    one: Variation,
    state: str,
    sources: Sequence[LicenceSource],
    pieces: Sequence[tuple[int, bytes]],
) -> LibraryRow:
    kind, word = _WORDS[state]
    length = clock(one.length * 1000 // SAMPLE_RATE_HZ)
    ppm = one.record.model_ppm if one.record is not None else 0
    share = ai_label(ppm, is_known=is_share_known(one)).sentence
    facts = f"{length}. {share}" if one.length else TITLES[Mode(one.request.mode)].capitalize()
    layers = _layers(one, sources, pieces)
    title = f"Stemma of {one.title}: {len(layers)} stems over {length}"
    picture = drawn(layers, size="small", title=title)
    return LibraryRow(one.pk, one.title, one.created_at, kind, word, facts, picture)


def _layers(
    one: Variation, sources: Sequence[LicenceSource], pieces: Sequence[tuple[int, bytes]]
) -> tuple[Layer, ...]:
    """Share times loudness of each source in the window that lies at each point."""
    if not sources or not pieces:
        return ()
    tables = [evidence.rows_of(table, len(sources)) for _, table in pieces]
    rows = {
        start // WINDOW_SAMPLES + number: row
        for (start, _), table in zip(pieces, tables, strict=True)
        for number, row in enumerate(table)
    }
    points = [rows.get(number) for number in _sampled(one.length)]
    columns = [_heard(row, len(sources)) for row in points]
    return tuple(
        Layer(source.stem.role, source.stem.label, False, values)
        for source, values in zip(sources, zip(*columns, strict=True), strict=True)
    )


def _sampled(length: int) -> list[int]:
    """The number of the window at each point of a small stemma."""
    return [
        (2 * point + 1) * length // (2 * SMALL_POINTS * WINDOW_SAMPLES)
        for point in range(SMALL_POINTS)
    ]


def _heard(row: evidence.Row | None, count: int) -> tuple[float, ...]:
    shares = evidence.shares_of(row) if row is not None else None
    if row is None or shares is None:
        return (0.0,) * count
    loudness = evidence.loudness_of([row])
    return tuple(share * loudness for share in shares)
