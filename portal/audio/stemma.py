"""The stemma: who sounds when, and how much, as curves with integer coordinates.

It knows thicknesses over equal spans, roles and labels. It refuses to know templates, rows, colors
and requests. Invariants: layers stand in one fixed order, a model's part directly beside the human
layer of its role; two neighbours share one edge, coordinate for coordinate, so that no gap opens
between them; every number written is an integer.

Baseline after L. Byron and M. Wattenberg, "Stacked Graphs: Geometry & Aesthetics" (2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FULL_POINTS = 97
SMALL_POINTS = 49
WIDTH = 1_200
FULL_HEIGHT = 300
SMALL_HEIGHT = 100
ORDER = ("strings", "vocals", "pad", "guitar", "keys", "other", "bass", "drums")

# A letter of 13 px text on the narrowest page that shows labels (768 px wide), in units.
_LETTER_UNITS = 12
_LINE_UNITS = 27
# Layers that add up to less are drawn as silence: numbers so small divide to no number.
_SILENT = 1e-30
_MARGIN_UNITS = 2

Edge = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """What sounds under one name. `values`: thickness at equally spaced moments, any unit, >= 0."""

    role: str
    label: str
    is_model: bool
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A name inside its stream; `x` and `y` in hundredths of a percent of the stream's box."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A drawn layer: `path` is SVG path data inside `0 0 width height`."""

    role: str
    label: str
    is_model: bool
    path: str
    place: Label | None


def in_order(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """`layers` from top to bottom; unknown roles stand with "other"; ties keep their order."""

    def rank(layer: Layer) -> tuple[int, bool]:
        role = layer.role if layer.role in ORDER else "other"
        return ORDER.index(role), layer.is_model

    return tuple(sorted(layers, key=rank))


def resampled(values: Sequence[float], points: int) -> tuple[float, ...]:
    """Means of `values` over `points` equal spans (a value counts where its span overlaps)."""
    count = len(values)
    if count == 0:
        return (0.0,) * points
    means = []
    for point in range(points):
        first = point * count // points
        last = max(first + 1, -(-(point + 1) * count // points))
        means.append(sum(values[first:last]) / (last - first))
    return tuple(means)


def calmed(values: Sequence[float]) -> tuple[float, ...]:
    """`values` through the kernel 1 2 1, pinched to nothing at both ends, where nothing sounds."""
    last = len(values) - 1
    smooth = [
        (values[max(0, i - 1)] + 2 * value + values[min(last, i + 1)]) / 4
        for i, value in enumerate(values)
    ]
    smooth[0] = smooth[last] = 0.0
    return tuple(smooth)


def edges_of(layers: Sequence[Layer], height: int) -> tuple[Edge, ...]:
    """The n + 1 edges of n stacked layers, top first, integers inside `height` less a margin."""
    count = len(layers)
    points = len(layers[0].values)
    stacks = []
    for point in range(points):
        values = [layer.values[point] for layer in layers]
        above = -sum((count - i) * value for i, value in enumerate(values)) / (count + 1)
        stack = [above]
        for value in values:
            stack.append(stack[-1] + value)
        stacks.append(stack)
    top = min(stack[0] for stack in stacks)
    span = max(stack[-1] for stack in stacks) - top
    is_heard = span > _SILENT
    scale = (height - 2 * _MARGIN_UNITS) / span if is_heard else 0.0
    rest = 0.0 if is_heard else (height - 2 * _MARGIN_UNITS) / 2
    return tuple(
        tuple(_MARGIN_UNITS + round((stack[edge] - top) * scale + rest) for stack in stacks)
        for edge in range(count + 1)
    )


def columns_of(points: int) -> Edge:
    """The x of every point."""
    return tuple(round(i * WIDTH / (points - 1)) for i in range(points))


def _slope(before: int, after: int) -> float:
    """A slope between two rises that keeps the curve from overshooting (Fritsch, Carlson 1980)."""
    if before * after <= 0:
        return 0.0
    mean = (before + after) / 2
    most = 3 * min(abs(before), abs(after))
    return max(-most, min(most, mean))


def curves(xs: Edge, ys: Edge) -> tuple[tuple[int, int, int, int, int, int], ...]:
    """Relative cubic Bezier pieces through the points: (c1x, c1y, c2x, c2y, dx, dy) each."""
    rises = [b - a for a, b in pairwise(ys)]
    slopes = [float(rises[0])]
    slopes += [_slope(a, b) for a, b in pairwise(rises)]
    slopes.append(float(rises[-1]))
    pieces = []
    for i, rise in enumerate(rises):
        width = xs[i + 1] - xs[i]
        third = round(width / 3)
        leave, arrive = round(slopes[i] / 3), rise - round(slopes[i + 1] / 3)
        pieces.append((third, leave, width - third, arrive, width, rise))
    return tuple(pieces)


def path_between(xs: Edge, upper: Edge, lower: Edge) -> str:
    """SVG path data of the area between two edges: along the upper, back along the lower one."""
    there = curves(xs, upper)
    back = tuple(
        (c2x - dx, c2y - dy, c1x - dx, c1y - dy, -dx, -dy)
        for c1x, c1y, c2x, c2y, dx, dy in reversed(curves(xs, lower))
    )
    turn = f"V{lower[-1]}" if lower[-1] != upper[-1] else ""
    return f"M{xs[0]} {upper[0]}c{_text(there)}{turn}c{_text(back)}Z"


def _text(pieces: Sequence[tuple[int, ...]]) -> str:
    return " ".join(str(number) for piece in pieces for number in piece)


def label_place(xs: Edge, upper: Edge, lower: Edge, letters: int, height: int) -> Label | None:
    """Where a name of so many letters lies wholly inside the stream, or None: nowhere."""
    half = letters * _LETTER_UNITS // 2
    best: tuple[int, int, int] | None = None
    for x in xs:
        if x - half < 0 or x + half > WIDTH:
            continue
        under = [i for i, at in enumerate(xs) if x - half - WIDTH // len(xs) <= at <= x + half]
        ceiling = max(upper[i] for i in under)
        floor = min(lower[i] for i in under)
        room = floor - ceiling
        if room >= _LINE_UNITS and (best is None or room > best[0]):
            best = (room, x, (ceiling + floor) // 2)
    if best is None:
        return None
    return Label(x=best[1] * 10_000 // WIDTH, y=best[2] * 10_000 // height)


def draw(layers: Sequence[Layer], *, points: int, height: int) -> tuple[Stream, ...]:
    """The streams of `layers`, top first; layers that never sound are left out.

    Values are resampled to `points` and calmed. An empty or silent stemma gives no streams.
    """
    heard = [
        Layer(one.role, one.label, one.is_model, calmed(resampled(one.values, points)))
        for one in in_order(layers)
        if any(value > 0 for value in one.values)
    ]
    if not heard:
        return ()
    xs = columns_of(points)
    edges = edges_of(heard, height)
    return tuple(
        Stream(
            role=layer.role if layer.role in ORDER else "other",
            label=layer.label,
            is_model=layer.is_model,
            path=path_between(xs, edges[i], edges[i + 1]),
            place=label_place(xs, edges[i], edges[i + 1], len(layer.label), height),
        )
        for i, layer in enumerate(heard)
    )
