"""Single tones, chords and hits by formula, for what is measured of slices and chords."""

import numpy as np

RATE = 48_000


def hertz(midi):
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)


def tone(midi, seconds, decay=2.0, partials=8, tilt=1.2):
    """A tone with partials that begins within 4 ms and is let go over the last 10."""
    time = np.arange(round(seconds * RATE)) / RATE
    base = hertz(midi)
    numbers = [n for n in range(1, partials + 1) if n * base < 20_000]
    sound = sum(np.sin(2 * np.pi * n * base * time + n) / n**tilt for n in numbers)
    edge = np.minimum(1.0, np.minimum(time / 0.004, (seconds - time) / 0.01))
    return 0.15 * sound * np.exp(-decay * time) * edge


def kick():
    time = np.arange(RATE // 4) / RATE
    return 0.7 * np.sin(2 * np.pi * (48 * time + 4 * (1 - np.exp(-30 * time)))) * np.exp(-14 * time)


def snare(rng):
    time = np.arange(RATE // 5) / RATE
    body = 0.25 * np.sin(2 * np.pi * 190 * time) * np.exp(-25 * time)
    return body + 0.25 * rng.standard_normal(len(time)) * np.exp(-22 * time)


def hat(rng):
    noise = np.diff(rng.standard_normal(RATE // 10 + 2), 2)
    return 0.08 * noise * np.exp(-np.arange(len(noise)) / 1_200)


def in_a_row(sounds, gap=2_400):
    """(float32 [2, n], where each begins): one after the other, `gap` samples of near silence
    between, and before the first."""
    starts, at = [], gap
    for sound in sounds:
        starts.append(at)
        at += len(sound) + gap
    line = np.zeros(at)
    for start, sound in zip(starts, sounds, strict=True):
        line[start : start + len(sound)] = sound
    line += 1e-5 * np.random.default_rng(1).standard_normal(at)
    return np.stack([line, 0.7 * line]).astype(np.float32), np.asarray(starts)
