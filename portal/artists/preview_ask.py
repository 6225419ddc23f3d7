"""What a preview is asked to be: a use at one end of the limits that a grant would have.

Pure: numbers in, targets of a request out. It refuses to know rows and forms. Invariant: a preview
goes exactly as far as the grant would let a listener go, as far as tempo and key can be asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.compose.keys import moved, parse_key
from licensing.clearance.limits import Limits

SECONDS = 30.0
# A key names no octave: further than half of one, the composer would take the shorter way.
KEY_MOST = 6
TEMPO_BPM = (40.0, 240.0)
USES: Mapping[str, str] = {
    "REMIX": "Remix",
    "MOOD": "Mood bed",
    "FOCUS": "Focus session",
    "AMBIENT": "Ambient",
}
ENDS: Mapping[str, str] = {
    "middle": "at the recorded tempo and pitch",
    "high": "as fast and high as you allow",
    "low": "as slow and low as you allow",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What was measured in the recording, where it has a tempo and a key."""

    tempo_bpm: float | None
    key: str | None


def targets_at(use: str, end: str, limits: Limits, ground: Ground) -> dict[str, Any]:
    """The targets of a preview of `use` at `end` of the limits, 30 s long.

    An ambient piece has no tempo to ask for; what was not measured is left to the composer.
    """
    targets: dict[str, Any] = {"seconds": SECONDS, "vocals": limits.vocals}
    ratio, semitones = _moved_by(end, limits)
    if ground.tempo_bpm is not None and use != "AMBIENT":
        low, high = TEMPO_BPM
        targets["tempo_bpm"] = min(high, max(low, ground.tempo_bpm * ratio))
    if ground.key is not None:
        targets["key"] = str(moved(parse_key(ground.key), semitones))
    return targets


def _moved_by(end: str, limits: Limits) -> tuple[float, int]:
    """Tempo ratio and semitones at an end."""
    most = min(KEY_MOST, limits.semitones_max)
    if end == "high":
        return limits.tempo_max_ratio, most
    return (limits.tempo_min_ratio, -most) if end == "low" else (1.0, 0)


def end_named(use: str, end: str) -> str:
    """How a preview is called in a list."""
    return f"{USES[use]}, {ENDS[end]}"
