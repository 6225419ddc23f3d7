"""What is asked of the mix net: names of its figures and what they must reach.

The first are read on the console as the net knows it, the rest ("heard") on the engine's own sound
by `generation.compose.hearing`. Invariant: a figure that is gated is measured under this name, or
the checkpoint is refused.
"""

from generation.nets.cards import Threshold
from generation.nets.mix_stems import DESCRIPTORS

ERROR = "error to target, console as modelled"
SAVED = "error saved against best of 64"
HEARD = "heard: error to target"
HEARD_SAVED = "heard: error saved against best of 64"
PEAK = "heard: highest true peak at -14 LUFS"
DRUMS_RISE = "heard: steps of rising energy with more drums"
BRIGHTER = "heard: steps of rising energy that are brighter"
STILL = "heard: moved at a reach of 0"


def foretold(descriptor: str) -> str:
    """The figure that says how well the modelled console foretells what is heard."""
    return f"heard: as foretold, {descriptor}"


THRESHOLDS = (
    Threshold(ERROR, 0.30, is_floor=False),
    Threshold(SAVED, 0.0),
    Threshold(HEARD, 0.30, is_floor=False),
    Threshold(HEARD_SAVED, 0.0),
    *(Threshold(foretold(one), 0.9) for one in DESCRIPTORS),
    Threshold(PEAK, -1.0, is_floor=False),
    Threshold(DRUMS_RISE, 1.0),
    Threshold(BRIGHTER, 1.0),
    Threshold(STILL, 0.0, is_floor=False),
)
