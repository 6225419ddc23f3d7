"""The stems that the kept recipe of schema 1 was composed for, made by formula.

Sixteen seconds at 120 bpm with the digests and lengths of `tests.generation.compose.songs`.
Invariant: the samples never change, for what the recipe sounded like on them is kept beside it.
"""

import numpy as np

RATE = 48_000
LENGTH = 16 * RATE
BEAT = RATE // 2
# From the start, and across the seam of the first two sections at sample 102,857.
STRETCHES = ((0, 1_920), (101_577, 103_497))


def _tones(hertz, partials, level, decay=0.0):
    """Partials of every tone; with `decay` they die away after each beat (per second)."""
    time = np.arange(LENGTH) / RATE
    shape = np.exp(-decay * (np.arange(LENGTH) % BEAT) / RATE)
    sound = np.zeros(LENGTH)
    for tone in hertz:
        for partial in range(1, partials + 1):
            sound += np.sin(2.0 * np.pi * partial * tone * time + partial) / partial**1.4
    return level * shape * sound


def _hits():
    """A decaying click every half beat, every other one higher."""
    ring = np.arange(BEAT // 2)
    sound = np.zeros(LENGTH)
    for number, place in enumerate(range(0, LENGTH, BEAT // 2)):
        tone = np.sin(2.0 * np.pi * (80.0 + 300.0 * (number % 2)) * ring / RATE)
        sound[place : place + len(ring)] += 0.5 * tone * np.exp(-ring / 1_200)
    return sound


def stems():
    """Float32 [2, n] by digest: drums, bass, keys, pad and vocals."""
    sounds = (
        _hits(),
        _tones((55.0,), 6, 0.25, 3.0),
        _tones((220.0, 261.63, 329.63), 4, 0.08, 2.0),
        _tones((110.0, 164.81, 261.63), 5, 0.05),
        _tones((293.66,), 9, 0.15),
    )
    planar = [np.stack((sound, 0.9 * sound)).astype(np.float32) for sound in sounds]
    return {f"a{n}".ljust(64, "0"): np.ascontiguousarray(one) for n, one in enumerate(planar)}


def onsets():
    """The stored attacks of the drums, 12 dB each."""
    places = np.arange(0, LENGTH, BEAT // 2, dtype=np.int64)
    return {"a0".ljust(64, "0"): (places, np.full(len(places), 12.0))}
