"""Compiling every loop of the measuring half, before anybody waits for one.

Knows a few seconds of made-up sound that every step has something to hear in. Invariant: after
`warm_up` measuring and judging compile nothing.
"""

import numpy as np
import numpy.typing as npt

from generation.analysis import likeness
from generation.analysis.measure import measure_recording, measure_stem

RATE_HZ = 48_000
SECONDS = 16


def made_up() -> dict[str, npt.NDArray[np.float32]]:
    """Two stems, float32 [2, n] at 48 kHz, by role: struck noise and a bass in steady time."""
    at = np.arange(RATE_HZ * SECONDS) / RATE_HZ
    beat, noise = at % 0.5, np.random.default_rng(1).standard_normal(at.size)
    tones = 55.0 * 2.0 ** (np.floor(at * 2.0) % 5 / 12.0)
    sounds = {
        "drums": 0.4 * noise * np.exp(-beat * 30.0),
        "bass": 0.4 * np.sin(2.0 * np.pi * tones * at) * np.exp(-beat * 4.0),
    }
    return {role: np.stack((one, one)).astype(np.float32) for role, one in sounds.items()}


def warm_up() -> None:
    """Measures two stems and what they are together; most of a minute once per machine."""
    stems = made_up()
    alone = [measure_stem(sound, role) for role, sound in stems.items()]
    measure_recording(list(stems.values()), alone)
    likeness.warm_up()
