"""A belief in words and numbers that a page can show: where something is liked best, and how sure.

It knows beliefs and English, no pages. Invariant: what is said of an attribute follows from the
belief alone, the same each time, so that a listener reads what the chooser acts on.
"""

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from generation.taste.rules.attributes import ATTRIBUTES, Vector, linear_place, square_place
from generation.taste.rules.model import Belief, as_floats

UNKNOWN = "Nothing certain is known yet."
GRID: Vector = np.linspace(-1.0, 1.0, 41)
_DRAWS = 400
# A difference in liking smaller than this is not worth a sentence.
_MATTERS = 0.04
# A slope known no better than this is not known: what somebody set, or said often, is.
_UNSURE = 0.18

# attribute -> (its name, what it is at -1, what it is at 1)
WORDS: dict[str, tuple[str, str, str]] = {
    "tempo": ("Tempo", "slow", "fast"),
    "energy": ("Energy", "calm", "lively"),
    "density": ("Density", "sparse", "full"),
    "brightness": ("Brightness", "dark", "bright"),
    "valence": ("Feeling", "sad", "glad"),
    "vocals": ("Vocals", "without voices", "with voices"),
    "drums": ("Drums", "without drums", "with many drums"),
    "novelty": ("Novelty", "familiar", "new"),
}


@dataclass(frozen=True, slots=True)
class Leaning:
    """What is believed about one attribute. `best`: where it is liked most, -1 to 1; four times in
    five it lies between `low` and `high`. `gain`: how much more the best is liked than the worst.
    `sureness`: how probable it is that the better side is the better one, 0.5 to 1.
    """

    attribute: str
    name: str
    ends: tuple[str, str]
    best: float
    low: float
    high: float
    gain: float
    sureness: float
    sentence: str


def leanings(belief: Belief) -> tuple[Leaning, ...]:
    """What is believed about every attribute, in their order."""
    covariance = as_floats(np.linalg.inv(belief.precision))
    return tuple(_leaning(belief, covariance, name) for name in ATTRIBUTES)


def _leaning(belief: Belief, covariance: Vector, attribute: str) -> Leaning:
    places = [linear_place(attribute), square_place(attribute)]
    mean, spread = belief.mean[places], covariance[np.ix_(places, places)]
    shapes = np.stack([GRID, GRID * GRID])
    worth = mean @ shapes
    low, high = _between(mean, spread, shapes)
    level = np.flatnonzero(worth >= worth.max() - 1e-9)
    best = float(GRID[level[len(level) // 2]])  # where all is alike, the middle
    gain = float(worth.max() - worth.min())
    doubt = sqrt(max(float(spread[0, 0]), 1e-12))
    slope = abs(float(mean[0])) / doubt
    sureness = 0.5 * (1.0 + erf(slope / sqrt(2.0)))
    name, less, more = WORDS[attribute]
    sentence = _sentence((less, more), best, gain, sureness, high - low, doubt)
    return Leaning(attribute, name, (less, more), best, low, high, gain, sureness, sentence)


def _between(mean: Vector, spread: Vector, shapes: Vector) -> tuple[float, float]:
    """The tenth and the ninetieth of a hundred places where the best may lie; always the same."""
    noise = np.random.default_rng(0).standard_normal((_DRAWS, 2))
    root = np.linalg.cholesky(spread)
    bests = np.sort(GRID[np.argmax((mean + noise @ root.T) @ shapes, axis=1)])
    return float(bests[_DRAWS // 10]), float(bests[-1 - _DRAWS // 10])


def _sentence(
    ends: tuple[str, str], best: float, gain: float, sureness: float, width: float, doubt: float
) -> str:
    if gain < _MATTERS:
        return UNKNOWN if doubt > _UNSURE else "It does not seem to matter to you."
    strength = "strongly" if gain > 0.4 else "clearly" if gain > 0.2 else "a little"
    if abs(best) < 0.25:
        if width > 1.4:
            return UNKNOWN
        return f"You prefer the middle, {strength}."
    side = ends[1] if best > 0 else ends[0]
    if sureness < 0.75:
        return f"Perhaps you prefer it {side}; little is known yet."
    how_sure = "This is quite sure" if sureness > 0.95 else "This is likely"
    return f"You prefer it {side}, {strength}. {how_sure}."
