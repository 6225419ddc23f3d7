"""Material for the golden renders: sines, decaying clicks and hiss, the same sound for ever.

Sums of sines and an integer congruence make every sample; no library's random stream is asked,
because one may change. Invariant: the values here never change, or every golden is worthless.
"""

import numpy as np

RATE = 48_000
LENGTH = 120_000
HITS = (700, 9_700, 19_000, 31_000, 42_250, 55_000, 69_400, 71_100, 84_500, 96_000, 108_000)


def hiss(length, seed):
    """Even noise in [-1, 1): a linear congruence modulo 2**31, its upper bits."""
    state, out = seed, np.empty(length)
    for i in range(length):
        state = (1_103_515_245 * state + 12_345) % 2_147_483_648
        out[i] = (state >> 8) / 4_194_304.0 - 1.0
    return out


def _planar(left, right):
    return np.ascontiguousarray(np.stack((left, right)).astype(np.float32))


def chord():
    """Three notes of five partials each, slightly apart left and right.

    No hiss: its near ties between peaks would be decided anew by every way of rounding.
    """
    time = np.arange(LENGTH) / RATE
    sides = []
    for side in range(2):
        sound = np.zeros(LENGTH)
        for note in (196.0, 246.94, 311.13):
            for partial in range(1, 6):
                turn = partial * note * (1.0 + 0.0004 * side)
                sound += 0.09 / partial**1.3 * np.sin(2.0 * np.pi * turn * time + partial + side)
        sides.append(sound)
    return _planar(*sides)


def voice():
    """A gliding tone of twelve partials whose strength follows two fixed formants."""
    time = np.arange(LENGTH) / RATE
    hertz = 150.0 + 12.0 * np.sin(2.0 * np.pi * 0.7 * time)
    turn = 2.0 * np.pi * np.cumsum(hertz) / RATE
    sound = np.zeros(LENGTH)
    for partial in range(1, 13):
        at = 150.0 * partial
        level = 1.0 / (1.0 + ((at - 650.0) / 180.0) ** 2) + 0.5 / (
            1.0 + ((at - 1_300) / 250.0) ** 2
        )
        sound += 0.12 * level * np.sin(partial * turn + 0.3 * partial)
    return _planar(sound, 0.8 * sound)


def drums():
    """Decaying clicks of tone and hiss at HITS."""
    sound = np.zeros(LENGTH)
    grain = hiss(6_000, 77)
    ring = np.arange(6_000)
    for number, place in enumerate(HITS):
        size = min(6_000, LENGTH - place)
        tone = np.sin(2.0 * np.pi * (90.0 + 25.0 * (number % 3)) * ring / RATE)
        hit = 0.5 * tone * np.exp(-ring / 1_500) + 0.3 * grain * np.exp(-ring / 350)
        sound[place : place + size] += hit[:size]
    return _planar(sound, 0.9 * sound)


def stems():
    """All of it by name."""
    return {"chord": chord(), "voice": voice(), "drums": drums()}


def onsets():
    """The stored attacks of the drums, 20 dB each."""
    places = np.array(HITS, dtype=np.int64)
    return {"drums": (places, np.full(len(places), 20.0))}
