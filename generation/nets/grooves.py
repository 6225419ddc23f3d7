"""Drum parts as plain values, and the recorded ones that the drum net learns from.

A part is bars of hits on a grid of sixteenths in 4/4: which voice, how hard, how far off the grid.
It refuses to know sounds, tempo and swing ratios: swing is an offset like any other. Invariant: a
step holds at most one hit of a voice, velocity lies in (0, 1], an offset in [-0.5, 0.5] of a step.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

VOICES = (
    "kick", "snare", "hat_closed", "hat_open", "tom_low", "tom_mid", "tom_high", "crash", "ride",
)  # fmt: skip
STEPS = 16
PHRASE = 4  # bars over which energy is taken
# Families of style as the source names them; what is not among them is played "free".
STYLES = (
    "afrobeat", "afrocuban", "blues", "country", "dance", "funk", "gospel", "highlife", "hiphop",
    "jazz", "latin", "middleeastern", "neworleans", "pop", "punk", "reggae", "rock", "soul",
)  # fmt: skip
# Hits a bar between one energy bin and the next: fifths of the recorded phrases.
ENERGY_EDGES = (13.75, 17.0, 20.0, 24.0)
ENERGIES = len(ENERGY_EDGES) + 1
# Classes of about equal use, as lower edges above the first; velocities of 127, offsets in steps.
VELOCITY_EDGES = (22, 33, 44, 56, 70, 87, 112)
OFFSET_EDGES = (-0.35, -0.25, -0.18, -0.12, -0.07, -0.03, 0.01, 0.06, 0.14, 0.28)
VELOCITIES, OFFSETS = len(VELOCITY_EDGES) + 1, len(OFFSET_EDGES) + 1


class BadGrooves(ValueError):
    """A file of recorded parts that cannot be read; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One stroke. `step` 0 to 15 in its bar, `voice` a place in VOICES, `offset` in steps, late
    is positive.
    """

    step: int
    voice: int
    velocity: float
    offset: float


Bar = tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Groove:
    """A part as arrays over its steps, a whole number of bars.

    `velocity` float32 [steps, 9] of 127, 0 where nothing is struck; `offset` float32 [steps, 9].
    """

    name: str
    player: str
    style: str
    split: str
    velocity: F32
    offset: F32

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        """Where something is struck, [steps, 9]."""
        return self.velocity > 0.0

    @property
    def bars(self) -> int:
        """Whole bars."""
        return len(self.velocity) // STEPS


def read_grooves(path: Path) -> list[Groove]:
    """The parts of at least two bars in the JSON file `path`, fills left out.

    Format: `pieces`, each with `id` ("player/session/number"), `style`, `type`, `split`, `bars` and
    `hits`: [sixteenth from the start, voice, velocity 1 to 127, hundredths of a sixteenth]. Raises
    BadGrooves.
    """
    try:
        pieces = json.loads(path.read_text())["pieces"]
        chosen = [one for one in pieces if one["type"] == "beat" and one["bars"] >= 2]
        return [_groove(one) for one in chosen]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadGrooves(f"{path.name} holds no drum parts that can be read: {error}.") from error


def _groove(piece: dict[str, object]) -> Groove:
    steps = STEPS * int(str(piece["bars"]))
    velocity, offset = np.zeros((2, steps, len(VOICES)), np.float32)
    rows = np.asarray(piece["hits"], np.int64).reshape(-1, 4)
    if len(rows) and (rows[:, :2].min() < 0 or rows[:, 2].min() < 1 or rows[:, 2].max() > 127):
        raise BadGrooves(f"{piece['id']} has a hit outside its grid.")
    rows = rows[rows[:, 0] < steps]  # the stroke that ends a part lies on the bar line after it
    velocity[rows[:, 0], rows[:, 1]] = rows[:, 2]
    offset[rows[:, 0], rows[:, 1]] = np.clip(rows[:, 3] / 100.0, -0.5, 0.5)
    name = str(piece["id"])
    style = str(piece["style"]).split("/")[0]
    return Groove(name, name.split("/")[0], style, str(piece["split"]), velocity, offset)


def bars_of(velocity: F64, offset: F64) -> tuple[Bar, ...]:
    """Arrays [steps, 9] (velocity of 127) as bars of hits, rounded to a thousandth."""
    struck = np.argwhere(velocity > 0.0)
    bars: list[list[Hit]] = [[] for _ in range(len(velocity) // STEPS)]
    for step, voice in struck.tolist():
        force = round(float(velocity[step, voice]) / 127.0, 3)
        off = round(float(offset[step, voice]), 3)
        bars[step // STEPS].append(Hit(step % STEPS, voice, force, off))
    return tuple(tuple(bar) for bar in bars)


def energies_of(hits: npt.NDArray[np.bool_]) -> I64:
    """The energy bin 1 to 5 of every bar: that of the hits a bar in its phrase of four."""
    per_bar = hits.reshape(-1, STEPS * hits.shape[1]).sum(axis=1)
    starts = np.arange(0, len(per_bar), PHRASE)
    counts = np.minimum(PHRASE, len(per_bar) - starts)
    phrases = np.add.reduceat(per_bar, starts) / counts
    return np.repeat(1 + np.searchsorted(ENERGY_EDGES, phrases, side="right"), counts)


def style_number(style: str) -> int:
    """1 and on for a known family, 0 for one that is left free."""
    return STYLES.index(style) + 1 if style in STYLES else 0


def velocity_classes(velocity: F32) -> I64:
    """The class 0 to 7 of each velocity of 127."""
    return np.searchsorted(VELOCITY_EDGES, velocity, side="right")


def offset_classes(offset: F32) -> I64:
    """The class 0 to 10 of each offset in steps."""
    return np.searchsorted(np.asarray(OFFSET_EDGES, np.float32), offset, side="right")


def within(edges: Sequence[float], lowest: float, highest: float, chosen: I64, at: F64) -> F64:
    """A value in each chosen class, `at` 0 to 1 of its way between its edges."""
    bounds = np.asarray((lowest, *edges, highest), np.float64)
    low, high = bounds[chosen], bounds[chosen + 1]
    return low + (high - low) * at


def of_split(grooves: Iterable[Groove], *splits: str) -> Iterator[Groove]:
    """Those of the given splits, in their order."""
    return (one for one in grooves if one.split in splits)
