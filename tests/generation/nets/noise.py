"""A song of filtered, gated noise, measured as ingest does: enough to be mixed and heard."""

from dataclasses import asdict

import numpy as np
import scipy.signal

from generation.analysis.measure import measure_stem
from generation.compose.hearing.songs import Song, Taken, kept

RATE = 48_000


def noise_song(seconds: float = 4.0) -> Song:
    """Drums, a bass and a voice of noise."""
    rng = np.random.default_rng(3)
    made = []
    for name, low, high, gate in (
        ("drums", 2_000.0, 9_000.0, 0.25),
        ("bass", 60.0, 250.0, 1.0),
        ("vocals", 400.0, 2_500.0, 0.6),
    ):
        sos = scipy.signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos")
        line = scipy.signal.sosfilt(sos, rng.standard_normal(round(seconds * RATE)))
        line *= 0.1 / line.std() * ((np.arange(line.size) / RATE * 2.0) % 1.0 < gate)
        sound = kept(np.stack([line, line]).astype(np.float32))
        analysis = measure_stem(sound, name)
        assert analysis.bands is not None
        made.append(Taken(name, analysis.role, sound, asdict(analysis.bands)))
    return Song("noise", "test", tuple(made))
