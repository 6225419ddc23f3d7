"""What a play says of its listener's taste, where it says anything: a weak observation.

It knows lengths and what came next, no rows. Being heard to the end is faint praise and being left
at once for something else is a faint no; anything between, a pause and a closed page say nothing.
Invariant: whatever a play says weighs WEIGHT of a verdict, so that what is said outright stands.
"""

from collections.abc import Mapping

from generation.taste.rules.attributes import vector_of
from generation.taste.rules.importing import HEARD_OUT, SKIPPED, SKIPPED_BEFORE_MS
from generation.taste.rules.model import NOISE_PRECISION, Observation, liking

# A play counts as so much of a verdict: it gains by that (docs/benchmarks/taste.md), and people
# leave and stay for many reasons that are not the sound.
WEIGHT = 0.25
PRECISION = WEIGHT * NOISE_PRECISION
# The last seconds are often a fade that nobody waits for.
_END_PERCENT = 90
# What was not heard for so long was not judged but passed by, or a slip.
JUDGED_FROM_MS = 2_000

OUT, LEFT = "OUT", "LEFT"
_REWARDS = {OUT: HEARD_OUT, LEFT: SKIPPED}


def is_heard_out(heard_ms: int, duration_ms: int) -> bool:
    """Whether nine tenths of a piece were heard."""
    return heard_ms * 100 >= duration_ms * _END_PERCENT > 0


def is_left(heard_ms: int, duration_ms: int) -> bool:
    """Whether a piece that was followed by another had been left at once: before 30 s and before
    its half, though not within its first moments.
    """
    return JUDGED_FROM_MS <= heard_ms < SKIPPED_BEFORE_MS and 2 * heard_ms < duration_ms


def observation(known: Mapping[str, float], context: str, ended: str) -> Observation:
    """What a play that ended so says. Raises KeyError for an end that says nothing."""
    return liking(vector_of(known), context, _REWARDS[ended], WEIGHT)
