"""How a section is phrased, and when a phrase comes back.

It knows bars and how often something was heard. It refuses to know notes. Invariant: phrases fill
the bars of their section, and what is played over the same ground comes back as in a song: twice,
then another, then the first again.
"""

from collections import Counter
from collections.abc import Hashable

from generation.nets.values import ChordLine

FORM = "AABA"


def phrase_bars(bars: int, longest: int) -> list[int]:
    """The lengths of the phrases of a section: `longest` bars each, the last what is left.

    A last phrase of less than half goes with the one before.
    """
    count, left = divmod(bars, longest)
    lengths = [longest] * count
    if left and count and 2 * left < longest:
        lengths[-1] += left
    elif left:
        lengths.append(left)
    return lengths


def phrases_of(chords: ChordLine, longest: int) -> list[tuple[int, ChordLine]]:
    """(first tick, chords) of each phrase of a section."""
    signature = chords.signature
    per_bar = signature.bar_ticks // signature.beat_ticks
    found, bar = [], 0
    for bars in phrase_bars(len(chords.chords) // per_bar, longest):
        part = chords.chords[bar * per_bar : (bar + bars) * per_bar]
        found.append((bar * signature.bar_ticks, ChordLine(signature, part)))
        bar += bars
    return found


class Returns:
    """Which letter of the form each ground is at, in the order of asking."""

    def __init__(self) -> None:
        self._heard: Counter[Hashable] = Counter()

    def letter(self, ground: Hashable) -> str:
        """The letter for the next time that `ground` is played over."""
        letter = FORM[self._heard[ground] % len(FORM)]
        self._heard[ground] += 1
        return letter
