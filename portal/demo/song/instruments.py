"""Pitched instruments: wave tables that open and close, bells by frequency modulation, plucked
strings.

It knows MIDI numbers and seconds. It refuses to know scores. Invariant: no partial lies above 20
kHz, so nothing folds back.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from portal.demo.song.canvas import RATE, Sound

_SIZE = 4_096
_TOP_HZ = 20_000.0
_VOWELS = {
    "a": ((760, 1.0, 90), (1_250, 0.5, 110), (2_600, 0.22, 170)),
    "o": ((480, 1.0, 80), (880, 0.45, 100), (2_500, 0.12, 170)),
    "u": ((340, 1.0, 70), (760, 0.20, 90), (2_300, 0.07, 160)),
    "e": ((470, 1.0, 80), (1_800, 0.42, 130), (2_550, 0.28, 170)),
}


def hertz(note: float) -> float:
    """The frequency of a MIDI number, A4 = 69 = 440 Hz."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def _table(levels: NDArray[np.float64], hz: float) -> Sound:
    """One cycle of partials 1, 2, 3 ... with `levels`, those above 20 kHz left out."""
    kept = levels[: max(1, int(_TOP_HZ / hz))]
    spectrum = np.zeros(_SIZE // 2 + 1, complex)
    spectrum[1 : len(kept) + 1] = kept * np.exp(1j * 2.4 * np.arange(len(kept)) ** 2)
    cycle = np.fft.irfft(spectrum) * _SIZE / 2
    return np.append(cycle, cycle[0]).astype(np.float32)


def _read(table: Sound, phase: NDArray[np.float64]) -> Sound:
    """`table` read at `phase` (in cycles), linear between its points."""
    place = (phase % 1.0) * _SIZE
    index = place.astype(np.int32)
    part = (place - index).astype(np.float32)
    low = table[index]
    return low + part * (table[index + 1] - low)


def shape(points: tuple[tuple[float, float], ...], seconds: float) -> Sound:
    """An envelope through (second, level) points, rounded where it rises and falls."""
    time = np.arange(round(seconds * RATE)) / RATE
    line = np.interp(time, [p[0] for p in points], [p[1] for p in points])
    return (line * line * (3 - 2 * line)).astype(np.float32)


@cache
def _saw(hz: float, cut_hz: float) -> Sound:
    k = np.arange(1, 400)
    return _table(1 / k / (1 + (k * hz / cut_hz) ** 3), hz)


def _swept(
    hz: float, phase: NDArray[np.float64], cuts: tuple[float, float], opening: Sound
) -> Sound:
    """A saw tooth whose filter opens from cuts[0] to cuts[1] as `opening` goes from 0 to 1."""
    dark = _read(_saw(hz, cuts[0]), phase)
    return dark + opening * (_read(_saw(hz, cuts[1]), phase) - dark)


def _line(hz: float, seconds: float, start: float = 0.0) -> NDArray[np.float64]:
    steps = np.arange(round(seconds * RATE), dtype=np.float64)
    return start + steps * (hz / RATE)


@cache
def bass(note: int, seconds: float, touch: float) -> Sound:
    """A round bass: saw and sub, its filter closing after the touch."""
    hz = hertz(note)
    time = np.arange(round((seconds + 0.06) * RATE)) / RATE
    phase = _line(hz, len(time) / RATE)
    opening = (touch * np.exp(-time / 0.16)).astype(np.float32)
    body = _swept(hz, phase, (240.0, 1_900.0), opening)
    body += 0.7 * np.sin(2 * np.pi * phase).astype(np.float32)
    body *= np.exp(-time / 2.6).astype(np.float32)
    return body * shape(
        ((0, 0), (0.006, 1), (seconds, 0.72), (seconds + 0.05, 0)), len(time) / RATE
    )


@cache
def electric_piano(note: int, seconds: float, touch: float) -> Sound:
    """A tine piano by frequency modulation: brighter when struck harder, swaying side to side."""
    hz = hertz(note)
    long = seconds + 0.35
    time = np.arange(round(long * RATE)) / RATE
    phase = 2 * np.pi * hz * time
    index = (0.4 + 1.9 * touch) * np.exp(-time / 0.35)
    tine = 0.22 * touch * np.exp(-time / 0.05) * np.sin(min(14, int(9_000 / hz)) * phase)
    decay = np.exp(-time / (2.2 * 2 ** ((60 - note) / 24)))
    body = np.sin(phase + index * np.sin(phase)) * decay + tine
    body *= shape(((0, 0), (0.003, 1), (seconds, 1), (long, 0)), long)
    sway = 0.22 * np.sin(2 * np.pi * 4.6 * time)
    return np.stack([body * (1 + sway), body * (1 - sway)]).astype(np.float32)


@cache
def pad(note: int, seconds: float, bright: float, seed: int) -> Sound:
    """Six slightly detuned saws spread over both ears, swelling open and closing again."""
    chance = np.random.default_rng(seed * 131 + note)
    long = seconds + 1.2
    opening = shape(((0, 0.1), (seconds * 0.6, bright), (long, 0.05)), long)
    sides = []
    for cents in ((-9.0, 2.0, 7.0), (-6.0, -2.0, 10.0)):
        lines = [
            _swept(
                hertz(note + c / 100),
                _line(hertz(note + c / 100), long, chance.random()),
                (420.0, 2_600.0),
                opening,
            )
            for c in cents
        ]
        sides.append(sum(lines[1:], lines[0]))
    return np.stack(sides) * shape(((0, 0), (0.5, 1), (seconds, 1), (long, 0)), long)


@cache
def bowed(note: int, seconds: float, touch: float, seed: int) -> Sound:
    """A small string section: four players, each with a vibrato of its own."""
    chance = np.random.default_rng(seed * 77 + note)
    long = seconds + 0.3
    time = np.arange(round(long * RATE)) / RATE
    opening = shape(((0, 0.1), (0.25, 0.5 + 0.5 * touch), (long, 0.2)), long)
    sides: list[Sound] = []
    for _ in range(4):
        speed, depth, off = (
            5.0 + chance.random(),
            0.10 + 0.06 * chance.random(),
            chance.normal(0, 5),
        )
        bend = (
            depth
            * np.minimum(1, time / 0.6)
            * np.sin(2 * np.pi * speed * time + 6 * chance.random())
        )
        step = hertz(note + off / 100) * 2 ** (bend / 12) / RATE
        sides.append(
            _swept(hertz(note), np.cumsum(step) + chance.random(), (900.0, 3_800.0), opening)
        )
    ends = shape(((0, 0), (0.14, 1), (seconds, 0.9), (long, 0)), long)
    return (
        np.stack(
            [sides[0] + 0.6 * sides[1] + 0.3 * sides[2], sides[3] + 0.6 * sides[2] + 0.3 * sides[1]]
        )
        * ends
    )


@cache
def plucked(note: int, seconds: float, touch: float, seed: int) -> Sound:
    """A plucked string after Karplus and Strong: a burst of noise in a leaking loop."""
    hz = hertz(note)
    period = RATE / hz - 0.5
    whole = int(period)
    part = period - whole
    n = round((seconds + 0.1) * RATE)
    burst = np.zeros(n)
    noise = np.random.default_rng(seed * 1_000 + note).uniform(-1, 1, whole)
    burst[:whole] = lfilter([0.25 + 0.55 * touch], [1, -(0.75 - 0.55 * touch)], noise)
    leak = 0.5 * 0.996 ** (110.0 / hz)
    loop = np.zeros(whole + 3)
    loop[0] = 1.0
    loop[whole : whole + 3] -= np.array([(1 - part), 1.0, part]) * leak
    string = lfilter([1.0], loop, burst)
    string = lfilter([1, -1], [1, -0.995], string)
    whole_tone = string * shape(((0, 1), (seconds, 1), (seconds + 0.09, 0)), n / RATE)
    return np.asarray(whole_tone, np.float32)


def sung(
    note: int, before: int | None, seconds: float, vowels: str, touch: float, seed: int
) -> Sound:
    """A voice-like line: a glottal buzz through vowels, gliding from `before`, vibrato, some
    breath.
    """
    chance = np.random.default_rng(seed)
    long = seconds + 0.09
    time = np.arange(round(long * RATE)) / RATE
    glide = (note - before if before else 0.6) * np.exp(-time / 0.045)
    wave = (
        0.28
        * np.clip((time - 0.25) / 0.4, 0, 1)
        * np.sin(2 * np.pi * 5.4 * time + 6 * chance.random())
    )
    drift = 0.05 * np.interp(time, np.linspace(0, long, 8), chance.standard_normal(8))
    phase = np.cumsum(hertz(note) * 2 ** ((wave + drift - glide) / 12) / RATE)
    first, last = _voice(hertz(note), vowels[0]), _voice(hertz(note), vowels[-1])
    morph = np.clip((time / seconds - 0.3) / 0.5, 0, 1).astype(np.float32)
    tone = _read(first, phase)
    tone += morph * (_read(last, phase) - tone)
    air = chance.standard_normal(len(time))
    breath = lfilter([0.10, -0.10], [1, -1.2, 0.36], air).astype(np.float32)
    line = tone + (0.05 + 0.12 * np.exp(-time / 0.05).astype(np.float32)) * breath
    swell = shape(((0, 0), (0.05, 1), (seconds * 0.8, 0.85), (long, 0)), long)
    return np.asarray(touch * line * swell, np.float32)


@cache
def _voice(hz: float, vowel: str) -> Sound:
    partials = np.arange(1, 120) * hz
    mouth = sum(
        level / (1 + ((partials - centre) / width) ** 2) for centre, level, width in _VOWELS[vowel]
    )
    levels = (0.04 + mouth) / np.arange(1, 120) ** 0.75
    levels *= 1 / (1 + (partials / 5_500) ** 4)
    return _table(levels / np.sqrt((levels**2).sum()), hz)
