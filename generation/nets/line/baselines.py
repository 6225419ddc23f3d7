"""What simple counting reaches on the same notes as the line net, each part by itself.

Knows examples and counts; refuses to know the net. Invariant: every baseline is fitted on the
training split and sees what stands in its name, no hints.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from generation.nets.counting import WittenBell, joined, shifted, uniform_bits
from generation.nets.events import DURATIONS, NO_DURATION, PITCHES, START
from generation.nets.line.examples import Example

Ints = NDArray[np.int64]
Chains = tuple[list[Ints], list[Ints]]
Chain = Callable[[Example], Chains]
MARKOV = "two notes, chord, place in bar"
# Columns of `grounds` that the strongest baseline looks at: the pitch at the chord, the duration at
# the place in the bar. Either context in both, or the meter too, made it weaker.
_PLACE, _CHORD = 3, 5


def baseline_bits(train: Sequence[Example], test: Sequence[Example], part: str) -> dict[str, float]:
    """Name -> bits per event of `part` on the test examples."""
    learned = [one for one in train if one.part == part]
    asked = [one for one in test if one.part == part]
    found = {"uniform": uniform_bits((PITCHES + 1) * len(DURATIONS))}
    chains = {"unigram": _nothing, "3-gram": _two_notes, MARKOV: _two_notes_and_ground}
    for name, chain in chains.items():
        fit_pitch, fit_duration = _rows(learned, chain)
        see_pitch, see_duration = _rows(asked, chain)
        pitches = WittenBell(PITCHES + 1).fit(fit_pitch, _all(learned, "pitch"))
        durations = WittenBell(len(DURATIONS)).fit(fit_duration, _all(learned, "duration"))
        bits = pitches.bits(see_pitch, _all(asked, "pitch"))
        bits += durations.bits(see_duration, _all(asked, "duration"))
        found[name] = float(bits.mean())
    return found


def _rows(examples: Sequence[Example], chain: Chain) -> Chains:
    """The chains of contexts for pitch and for duration, over all examples."""
    both = [chain(one) for one in examples]
    pitch = [np.concatenate(level) for level in zip(*(one[0] for one in both), strict=True)]
    duration = [np.concatenate(level) for level in zip(*(one[1] for one in both), strict=True)]
    return pitch, duration


def _all(examples: Sequence[Example], name: str) -> Ints:
    return np.concatenate([getattr(one.events, name) for one in examples])


def _nothing(example: Example) -> Chains:
    none = np.zeros(len(example.events), dtype=np.int64)
    return [none], [none]


def _before(example: Example) -> tuple[Ints, Ints, Ints, Ints]:
    """The last two pitches and the last two durations, the newer ones first."""
    pitch, duration = example.events.pitch, example.events.duration
    return (
        *(shifted(pitch, 1, START), shifted(pitch, 2, START)),
        *(shifted(duration, 1, NO_DURATION), shifted(duration, 2, NO_DURATION)),
    )


def _two_notes(example: Example) -> Chains:
    pitch, older_pitch, duration, older_duration = _before(example)
    none = np.zeros_like(pitch)
    return (
        [none, pitch, joined(pitch, older_pitch)],
        [none, duration, joined(duration, older_duration)],
    )


def _two_notes_and_ground(example: Example) -> Chains:
    pitch, older_pitch, duration, older_duration = _before(example)
    none = np.zeros_like(pitch)
    place, chord = example.columns[:, _PLACE], example.columns[:, _CHORD]
    return (
        [none, pitch, joined(pitch, chord), joined(pitch, chord, older_pitch)],
        [
            *(none, duration, joined(duration, older_duration)),
            joined(duration, older_duration, place),
        ],
    )
