"""What the property tests draw: tonal clips of every kind that composing may write, and cuts.

Clips are by the newest processor most of the time, by older ones now and then, as sealed records
name them. A drawn piece is long enough for phase checkpoints (2.7 s apart) to be passed.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from scipy.signal import lfilter

from generation.engine.render import Rendered, render
from generation.recipe import Band, Bus, Clip, Compressor, Limiter, Recipe, Reverb, Section, Strip
from tests.generation.engine.material import RATE, chord, noise, plain_recipe

HOP = 4_800
SECONDS = 6
TONAL = ("vocoder/3", "vocoder/2", "vocoder/1")


@dataclass(frozen=True)
class Tone:
    """How one tonal clip is played. `slope`: samples of the stem a sample; `is_struck`: whether
    stored onsets start its phase afresh.
    """

    processor: str
    window: int
    semitones: int
    formants: bool
    slope: float
    is_struck: bool


def tones(processors=TONAL):
    """Tonal clips, by the first of `processors` four times as often as by each of the others."""
    return st.builds(
        Tone,
        st.sampled_from([processors[0]] * 3 + list(processors)),
        st.sampled_from([2_048, 4_096, 8_192]),
        st.integers(-12, 12),
        st.booleans(),
        st.sampled_from([0.8, 0.93, 1.0, 124 / 112, 1.3]),
        st.booleans(),
    )


def spoken(pitch_hz, seconds=4):
    """A buzz through three resonances, as a voice is."""
    pulses = np.zeros(int(seconds * RATE))
    pulses[:: int(RATE / pitch_hz)] = 1.0
    voice = np.zeros(len(pulses))
    for centre, level in ((700.0, 1.0), (1_900.0, 0.5), (2_900.0, 0.3)):
        r, w = np.exp(-np.pi * 120 / RATE), 2 * np.pi * centre / RATE
        voice += level * lfilter([1 - r], [1, -2 * r * np.cos(w), r * r], pulses)
    voice = 0.3 * voice / np.abs(voice).max()
    return np.stack([voice, voice]).astype(np.float32)


@lru_cache(maxsize=4)
def _stems(seconds):
    """A chord over hiss and a voice that breathes, long enough for every slope."""
    long = 1.3 * seconds + 1
    hiss = noise(long, 0.003)
    return {"a": chord(long) + hiss, "b": spoken(150.0, long) + hiss[:, ::-1]}


@dataclass(frozen=True, eq=False)
class Piece:
    """A recipe with its material, and the whole of it made in one go by the loops."""

    recipe: Recipe
    stems: dict
    onsets: dict
    whole: Rendered

    def part(self, start, end, cache=None):
        return render(self.recipe, self.stems, self.onsets, start, end, cache=cache)


def piece_of(recipe, stems, onsets):
    return Piece(recipe, stems, onsets, render(recipe, stems, onsets, 0, recipe.length))


def recipe_of(pair, seconds=SECONDS):
    """(recipe, stems, onsets): two tonal clips through two sections of a whole console."""
    length = seconds * RATE
    clips = []
    for source, tone in enumerate(pair):
        start = 1_000 + 9_000 * source
        anchors = ((0, 0), (40_000, 40_000), (length, 40_000 + int(tone.slope * (length - 40_000))))
        clips.append(
            Clip(
                source, tone.processor, start, length, anchors, tone.semitones, tone.window,
                tone.formants, 2_000, 2_000,
            )
        )  # fmt: skip
    places = np.arange(20_000, length, 70_000, dtype=np.int64)
    struck = (places, np.full(len(places), 12.0))
    onsets = {name: struck for name, tone in zip("ab", pair, strict=True) if tone.is_struck}
    seam = 3 * length // 5 + 123
    tilt = (Band("high_shelf", 6_000.0, 4.0), Band("peak", 500.0, -3.0))
    recipe = plain_recipe(
        length,
        _stems(seconds),
        clips,
        sections=(Section("A", 0, seam, 0.5), Section("B", seam, length, 0.8)),
        strips=(
            Strip(0, 0, -3.0, 0.2, (), None, -12.0),
            Strip(0, 1, -1.0, -0.2, tilt, Compressor(-24.0, 3.0, 10.0, 60.0), -10.0),
            Strip(1, 0, 0.0, -0.3, tilt),
            Strip(1, 1, -2.0, -0.3),
        ),
        bus=Bus(
            Reverb("reverb/1", 0.3, 20.0, 4_000.0, 0.0, 5),
            Compressor(-18.0, 2.0, 20.0, 80.0),
            Limiter(),
        ),
        gain_db=9.0,
        fade_in=4_000,
        fade_out=24_000,
    )
    return recipe, _stems(seconds), onsets


@lru_cache(maxsize=16)
def piece_by(pair):
    """The piece of two drawn clips, made once."""
    return piece_of(*recipe_of(pair))


def assert_same(whole, start, end, made):
    """The bits of the whole: sound, parts and windows."""
    assert np.array_equal(made.audio, whole.audio[:, start:end])
    assert np.array_equal(made.parts, whole.parts[:, :, start:end])
    windows = 0 if start % HOP else -(-(end - start) // HOP)
    assert len(made.windows) == windows
    first = start // HOP
    assert np.array_equal(made.windows, whole.windows[first : first + windows])


def cuts_of(length, most):
    """Stretches that cover a recipe without a gap, some of them beginning on a window.

    One begins in its last quarter, where phase has been carried past a checkpoint.
    """
    free, late = st.integers(1, length - 1), st.integers(3 * length // 4, length - 1)
    places = st.lists(free | free.map(lambda at: at // HOP * HOP), max_size=most - 1)

    def stretches(found):
        few, last = found
        return list(pairwise(sorted({0, length, last, *few})))

    return st.tuples(places, late).map(stretches)
