"""Pictures of the artist pages as numbers: waves, month columns, bars. Pure; templates draw them.

Positions are SVG attributes, never styles. Invariant: curves have integer coordinates, charts are
placed in percent, and no picture holds a number that does not stand in text beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WAVE_WIDTH = 600
WAVE_HEIGHT = 80
WAVE_COLUMNS = 150
FULL_SCALE = 127
CHART_BASE = 88.0
CHART_TOP = 8.0


def wave_path(peaks: Sequence[tuple[int, int]]) -> str:
    """Upright strokes of a waveform in a 600 x 80 box, from (low, high) pairs in -127..127."""
    if not peaks:
        return ""
    middle = WAVE_HEIGHT // 2
    step = WAVE_WIDTH // WAVE_COLUMNS
    strokes = []
    for column in range(WAVE_COLUMNS):
        first = column * len(peaks) // WAVE_COLUMNS
        last = max(first + 1, (column + 1) * len(peaks) // WAVE_COLUMNS)
        span = peaks[first:last]
        high = max(pair[1] for pair in span)
        low = min(pair[0] for pair in span)
        top = middle - max(1, high * (middle - 2) // FULL_SCALE)
        bottom = middle + max(1, -low * (middle - 2) // FULL_SCALE)
        strokes.append(f"M{column * step + step // 2} {top}V{bottom}")
    return "".join(strokes)


@dataclass(frozen=True, slots=True)
class Month:
    """One column to draw: a short name, one letter for narrow pages, and an amount in micros.

    `other` is what another model would have paid, drawn as a mark.
    """

    name: str
    letter: str
    amount: int
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A drawn month; every place is a percentage of the picture."""

    name: str
    letter: str
    value: str
    x: str
    middle: str
    y: str
    width: str
    height: str
    tick: str
    tick_from: str
    tick_until: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the chart with what it stands for."""

    y: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A month chart ready to be drawn."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def _step(highest: int) -> int:
    """The largest of 1, 2, 5 x 10^n cents of which at least two fit under `highest` micros."""
    best = 10_000
    size = 10_000
    while size <= max(highest, 20_000):
        for factor in (1, 2, 5):
            if 2 * factor * size <= max(highest, 20_000):
                best = factor * size
        size *= 10
    return best


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def month_chart(months: Sequence[Month], currency: str) -> Chart:
    """Columns over lines of round amounts; heights are proportional to amounts."""
    highest = max((max(month.amount, month.other or 0) for month in months), default=0)
    step = _step(highest)
    top = max(step * 2, -(-highest // step) * step)
    scale = (CHART_BASE - CHART_TOP) / top

    def height(amount: int) -> float:
        return max(0, amount) * scale

    slot = 92.0 / max(1, len(months))
    width = min(2.9, slot * 0.6)
    columns = tuple(
        Column(
            name=month.name,
            letter=month.letter,
            value=_short(month.amount),
            x=_percent(6.0 + slot * (place + 0.5) - width / 2),
            middle=_percent(6.0 + slot * (place + 0.5)),
            y=_percent(CHART_BASE - height(month.amount)),
            width=_percent(width),
            height=_percent(height(month.amount)),
            tick="" if month.other is None else _percent(CHART_BASE - height(month.other)),
            tick_from=_percent(6.0 + slot * (place + 0.5) - width / 2 - 0.5),
            tick_until=_percent(6.0 + slot * (place + 0.5) + width / 2 + 0.5),
            label=_percent(CHART_BASE - height(max(month.amount, month.other or 0))),
        )
        for place, month in enumerate(months)
    )
    lines = tuple(
        Line(
            _percent(CHART_BASE - height(amount)),
            _short(amount) + (f" {currency}" if amount + step > top else ""),
        )
        for amount in range(step, top + 1, step)
    )
    return Chart(columns, lines)


def _short(amount: int) -> str:
    """Whole units from a thousand on, cents below."""
    if amount >= 1_000_000_000:
        return f"{amount // 1_000_000:,}"
    return f"{amount // 1_000_000}.{amount // 10_000 % 100:02d}"
