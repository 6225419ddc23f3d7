"""The picture of a variation as numbers: who sounds when, how loud, and what of it a model wrote.

Measured where pieces are stored, planned elsewhere. It refuses to draw. Invariant: in every window
what people and models gave adds up to what was measured of the source, and the models' part of all
sources to what was measured of the models.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from struct import iter_unpack
from uuid import UUID

from generation.external import external_places
from generation.recipe import WINDOW_SAMPLES, Recipe
from generation.variations import evidence
from generation.variations.evidence import Row
from generation.variations.models import Variation
from generation.variations.queries import (
    SourceNamed,
    get_variation,
    in_ms,
    read_plan,
    sources_of,
)


@dataclass(frozen=True, slots=True)
class StemmaTable:
    """The picture: `values[source][point]`, share times loudness, 0 to 1; `model` in the same
    shape, what of it notes gave that a model wrote; `outside[point]`: what an external net's sound
    gave beside the sources, empty where none is in it.

    Point n lies at `points_ms[n]`; the first `known` points were measured, the others are planned.
    """

    sources: tuple[SourceNamed, ...]
    points_ms: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]
    known: int
    model: tuple[tuple[float, ...], ...] = ()
    outside: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """100 ms as they were measured: each source's part, the models' part of all of them, and what
    an external net gave beside them.
    """

    parts: Row
    generated: float = 0.0
    outside: float = 0.0


def stemma_table(variation_id: UUID | str, points: int = 97) -> StemmaTable:
    """Who sounds when, and how loud: the values of the stemma picture at `points` moments."""
    row = get_variation(variation_id)
    sources = sources_of(row)
    if not sources:
        return StemmaTable((), (), (), 0)
    plan = read_plan(row.recipe)
    stored, players = _windows(row, len(sources)), _players(plan)
    columns, written, beside, known = [], [], [], 0
    for point in range(points):
        start, end = point * row.length // points, (point + 1) * row.length // points
        heard = _between(stored, start, end)
        if heard and known == point:
            known += 1
        whole = _measured(list(heard.values())) if heard else _planned(plan, (start + end) // 2)
        column = whole[: len(sources)]
        columns.append(column)
        beside.append(sum(whole[len(sources) :]))
        written.append(_written(column, heard, players))
    marks = tuple(in_ms(point * row.length // points) for point in range(points))
    values = tuple(zip(*columns, strict=True))
    model = tuple(zip(*written, strict=True))
    outside = tuple(beside) if external_places(plan) else ()
    return StemmaTable(sources, marks, values, known, model, outside)


def model_parts(window: Window, playing: Collection[int]) -> Row:
    """The models' part of each source in one window. `playing`: sources that play a note of a model
    in it; where several do, what was measured of all is divided by what each of them gives.
    """
    room = {place: max(0.0, window.parts[place]) for place in playing}
    whole = sum(room.values())
    share = min(1.0, window.generated / whole) if whole > 0.0 else 0.0
    return tuple(share * room.get(place, 0.0) for place in range(len(window.parts)))


def _windows(row: Variation, sources: int) -> dict[int, Window]:
    """Window number in the whole piece -> what was measured, for what is stored."""
    numbered: dict[int, Window] = {}
    for segment in row.segments.order_by("index"):
        first = segment.start // WINDOW_SAMPLES
        table = evidence.rows_of(bytes(segment.windows), sources)
        notes, sounds = _numbers(segment.generated), _numbers(segment.outside)
        for place, parts in enumerate(table):
            generated = notes[place] if notes else 0.0
            outside = sounds[place] if sounds else 0.0
            numbered[first + place] = Window(parts, generated, outside)
    return numbered


def _numbers(data: bytes | memoryview) -> list[float]:
    return [one for (one,) in iter_unpack("<d", bytes(data))]


def _players(plan: Recipe) -> dict[int, set[int]]:
    """Window number -> the sources that play a note of a model in it."""
    found: dict[int, set[int]] = {}
    for note in plan.notes:
        if note.net:
            last = note.start + note.length - 1
            for number in range(note.start // WINDOW_SAMPLES, last // WINDOW_SAMPLES + 1):
                found.setdefault(number, set()).add(note.source)
    return found


def _between(stored: Mapping[int, Window], start: int, end: int) -> dict[int, Window]:
    first = start // WINDOW_SAMPLES
    last = max(first + 1, -(-end // WINDOW_SAMPLES))
    return {number: stored[number] for number in range(first, last) if number in stored}


def _measured(windows: Sequence[Window]) -> Row:
    """The thickness of each source, and behind them that of external sounds."""
    rows = [(*one.parts, one.outside) for one in windows]
    shares = evidence.mean_shares(rows)
    loudness = evidence.loudness_of(rows)
    if shares is None:
        return tuple(0.0 for _ in rows[0])
    return tuple(round(share * loudness, 4) for share in shares)


def _written(
    column: Row, heard: Mapping[int, Window], players: Mapping[int, Collection[int]]
) -> Row:
    """What models wrote of one point: each source's thickness by its models' part of its sound.

    Where only the room still rings, the part belongs to all who play for models.
    """
    whole, models = [0.0] * len(column), [0.0] * len(column)
    everybody = set().union(*players.values())
    for number, window in heard.items():
        parts = model_parts(window, players.get(number, everybody))
        for place, part in enumerate(window.parts):
            whole[place] += max(0.0, part)
            models[place] += parts[place]
    return tuple(
        round(value * model / total, 4) if total > 0.0 else 0.0
        for value, model, total in zip(column, models, whole, strict=True)
    )


def _planned(plan: Recipe, sample: int) -> Row:
    """Before it is rendered: the sources with a clip there share the section's energy equally."""
    sounding = {one.source for one in plan.clips if one.start <= sample < one.end}
    energy = next((s.energy for s in plan.sections if s.start <= sample < s.end), 0.5)
    each = (0.4 + 0.5 * energy) / len(sounding) if sounding else 0.0
    return tuple(
        round(each, 4) if number in sounding else 0.0 for number in range(len(plan.sources))
    )
