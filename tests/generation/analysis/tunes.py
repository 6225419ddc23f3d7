"""A short tune by formula, in stems, and ways to play it that owe nothing to the engine."""

import numpy as np
from scipy.signal import resample

from generation.recipe import Bus, Clip, Limiter, Recipe, Section, Source

RATE = 48_000
BEAT = RATE // 2
BAR = 4 * BEAT
CHORDS = ((57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62))
OTHER = ((58, 61, 65), (51, 55, 58), (56, 60, 63), (54, 58, 61))


def _hz(note):
    return 440.0 * 2.0 ** ((note - 69) / 12)


def _note(note, seconds, decay, partials=4):
    at = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * _hz(note) * n * at) / n**1.5 for n in range(1, partials + 1))
    edge = np.minimum(1.0, np.minimum(at, at[::-1]) / 0.01)
    return sound * np.exp(-at * decay) * edge


def _lay(line, sound, at):
    end = min(len(line), at + len(sound))
    line[at:end] += sound[: end - at]


def tune(bars=8, chords=CHORDS, seed=1):
    """Stems float32 [2, n] by role: drums, bass, keys, pad; at 120 beats a minute."""
    rng = np.random.default_rng(seed)
    lines = {role: np.zeros(bars * BAR) for role in ("drums", "bass", "keys", "pad")}
    fade = np.exp(-np.arange(9_600) / 1_200.0)
    low = np.sin(2 * np.pi * 60 * np.arange(9_600) / RATE)
    for bar in range(bars):
        chord = chords[bar % 4]
        for beat in (0, 2):
            _lay(lines["drums"], 0.8 * low * fade, bar * BAR + beat * BEAT)
        for beat in (1, 3):
            _lay(lines["drums"], 0.3 * rng.standard_normal(9_600) * fade, bar * BAR + beat * BEAT)
        for beat in (0.0, 1.5, 3.0):
            start = round(bar * BAR + beat * BEAT)
            _lay(lines["bass"], 0.3 * _note(chord[0] - 12, 0.6, 3.0), start)
        for beat in ((0.0, 1.0, 2.5), (0.5, 1.5, 3.0))[bar % 2]:
            for note in chord:
                _lay(lines["keys"], 0.12 * _note(note, 0.7, 4.0), round(bar * BAR + beat * BEAT))
        for note in chord:
            _lay(lines["pad"], 0.05 * _note(note + 12, BAR / RATE, 0.0, 2), bar * BAR)
    return {role: np.stack([line, line]).astype(np.float32) for role, line in lines.items()}


def recipe_of(stems, length, clips, **changes):
    """A recipe whose sources are `stems` (role by role) and that lays `clips`."""
    sources = tuple(Source(role, role, stem.shape[1]) for role, stem in stems.items())
    fields = {
        "mode": "remix",
        "length": length,
        "grid": None,
        "key": None,
        "sources": sources,
        "sections": (Section("body", 0, length, 0.5),),
        "clips": tuple(clips),
        "strips": (),
        "bus": Bus(None, None, Limiter()),
        "gain_db": 0.0,
        "target_lufs": -14.0,
        "reached_lufs": -14.0,
        "seed": 1,
    }
    return Recipe(**(fields | changes))


def clip(source, start, end, anchors, role="keys", semitones=0, **more):
    """A clip of a source; drums by slices, everything else by the vocoder."""
    processor = "slices/1" if role == "drums" else "vocoder/1"
    return Clip(source, processor, start, end, anchors, semitones, **more)


def rearranged(stems, order):
    """Bars in another order: (recipe, sound), by copying samples."""
    length = len(order) * BAR
    clips = [
        clip(place, n * BAR, (n + 1) * BAR, ((n * BAR, bar * BAR),), role)
        for place, role in enumerate(stems)
        for n, bar in enumerate(order)
    ]
    whole = sum(stems.values())
    sound = np.concatenate([whole[:, bar * BAR : (bar + 1) * BAR] for bar in order], axis=1)
    return recipe_of(stems, length, clips), sound


def faster(stems, semitones):
    """The tape run faster or slower: pitch and pace together; (recipe, sound)."""
    size = next(iter(stems.values())).shape[1]
    length = round(size / 2.0 ** (semitones / 12.0))
    clips = [
        Clip(place, "vocoder/1", 0, length, ((0, 0), (length, size)), semitones)
        for place in range(len(stems))
    ]
    sound = resample(sum(stems.values()), length, axis=1).astype(np.float32)
    return recipe_of(stems, length, clips), sound
