"""The form of a variation: which sections, how many bars each, how much energy.

It knows modes and bars. It refuses to know stems and samples. Invariant: the bars of the sections
sum to the bars asked, and the last section is an ending whose last bars ring out.
"""

from dataclasses import dataclass

from generation.compose.choice import Dice

# name, energy against the ask's, level in dB against the loudest, share of the stems
_SHAPES: dict[str, tuple[float, float, float]] = {
    "intro": (-0.30, -4.0, 0.60),
    "build": (-0.08, -2.0, 0.85),
    "body": (0.08, -0.5, 1.00),
    "break": (-0.32, -4.0, 0.65),
    "peak": (0.22, 0.0, 1.20),
    "ending": (-0.12, -2.0, 0.90),
}
_CYCLES = (
    ("build", "body", "break", "peak"),
    ("body", "break", "build", "peak"),
    ("build", "body", "break", "body", "peak"),
)
_ROUND = ("body", "build", "peak", "body", "break", "build", "body", "peak")
# how far a mode lets sections differ, in energy and in level
_CONTRAST = {"remix": 1.0, "collaboration": 0.9, "mood": 0.45, "focus": 0.0, "ambient": 0.0}


@dataclass(frozen=True, slots=True)
class Span:
    """A section to be: `bar` and `bars` on the variation's grid; `share` scales how many stems
    sound.

    `level_db` is its loudness against the loudest section, `kind` its shape, `name` what people
    read.
    """

    name: str
    kind: str
    bar: int
    bars: int
    energy: float
    level_db: float
    share: float


def ring_bars(bars: int, bar_seconds: float) -> int:
    """How many last bars hold the final chord: about 2.5 s, at most a quarter of the piece."""
    wanted = -(-2.5 // bar_seconds)
    return max(1, min(int(wanted), bars // 4)) if bars >= 4 else min(1, bars - 1)


def plan_form(mode: str, bars: int, bar_seconds: float, energy: float, dice: Dice) -> list[Span]:
    """Sections for `bars` bars; `bars` at least 1."""
    kinds = _kinds(mode, bars, bar_seconds, dice)
    contrast = _CONTRAST[mode]
    spans: list[Span] = []
    counts: dict[str, int] = {}
    at = 0
    for kind, size in kinds:
        counts[kind] = counts.get(kind, 0) + 1
        lift, level_db, share = _SHAPES[kind]
        heat = min(1.0, max(0.0, energy + lift * contrast))
        many = sum(1 for k, _ in kinds if k == kind) > 1
        name = f"{kind} {counts[kind]}" if many else kind
        shared = 1.0 + (share - 1.0) * max(contrast, 0.3)
        spans.append(Span(name, kind, at, size, heat, level_db * contrast, shared))
        at += size
    return spans


def live_span(mode: str, index: int, bars: int, energy: float) -> Span:
    """Section `index` of an endless piece: the kinds come round, and none is a beginning or an end.

    Where a mode lets sections differ little they are all alike in energy and level.
    """
    kind = _ROUND[index % len(_ROUND)] if _CONTRAST[mode] else "body"
    lift, level_db, share = _SHAPES[kind]
    contrast = _CONTRAST[mode]
    heat = min(1.0, max(0.0, energy + lift * contrast))
    shared = 1.0 + (share - 1.0) * max(contrast, 0.3)
    return Span(f"{kind} {index + 1}", kind, 0, bars, heat, level_db * contrast, shared)


def _kinds(mode: str, bars: int, bar_seconds: float, dice: Dice) -> list[tuple[str, int]]:
    """(kind, bars) of each section, summing to `bars`."""
    if bars < 4:
        return [("body", bars - 1), ("ending", 1)] if bars > 1 else [("body", 1)]
    unit = _unit(bars, bar_seconds)
    ending = max(
        ring_bars(bars, bar_seconds) + (unit // 2 if bars >= 4 * unit else 0), unit // 2, 1
    )
    intro = 0 if mode == "focus" or bars < 3 * unit else unit if bars >= 6 * unit else unit // 2
    middle = bars - ending - intro
    names = _middle(mode, max(1, round(middle / unit)), dice)
    sizes = _sizes(middle, len(names), unit)
    spans = [("intro", intro)] if intro else []
    spans += [(n, s) for n, s in zip(names, sizes, strict=True) if s > 0]
    return [*spans, ("ending", ending)]


def _unit(bars: int, bar_seconds: float) -> int:
    """Bars of a phrase: 16, 8, 4 or 2, so that five fit and one lasts 6 to 24 seconds."""
    for size in (16, 8, 4, 2):
        if bars >= 5 * size and 6.0 <= size * bar_seconds <= 24.0:
            return size
    return 4 if bars >= 8 else 2


def _middle(mode: str, count: int, dice: Dice) -> list[str]:
    if mode == "focus":
        return ["body"] * count
    if count <= 2:
        return ["body", "peak"][-count:] if mode != "mood" else ["body"] * count
    names: list[str] = []
    turn = 0
    while len(names) < count:
        names += dice.pick(f"cycle {turn}", _CYCLES)
        turn += 1
    names = names[:count]
    if names[-1] in ("break", "build"):
        names[-1] = "peak"
    return names


def _sizes(total: int, count: int, unit: int) -> list[int]:
    """`count` sizes that sum to `total`: whole phrases, odd bars given to the last ones."""
    sizes = [unit] * count
    short = total - sum(sizes)
    at = count - 1
    while short != 0:
        step = max(-sizes[at] + 1, short) if short < 0 else short
        if short > 0 and abs(short) > unit:
            step = unit
        sizes[at] += step
        short -= step
        at = (at - 1) % count
    return sizes
