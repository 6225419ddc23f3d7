"""Whether another way to render agrees with the compiled loops, and how far that goes.

Two questions, each asked of sound alone. Where nothing is decided anew, a second of tones through
every processor and the whole desk has to lie within AGREED_DB. Where decisions are taken (which bin
is a peak, far below the loudest), some seconds of tones over hiss, a voice and attacks fall into
stretches that phase begins afresh; a stretch beyond AGREED_DB is a frame that decided otherwise,
and of all frames OTHERWISE may. It knows no devices and no names. Invariant: the loops agree with
themselves wholly, and a way that is wrong everywhere fails both.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from generation.engine import render as loops
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Rendered
from generation.engine.stretch import MANNERS
from generation.engine.warm import LENGTH, OLDER, warm_recipe
from generation.recipe import (
    SAMPLE_RATE_HZ,
    Bus,
    Clip,
    Limiter,
    Recipe,
    Section,
    Source,
)

# The bound of all that is asked of two ways to render, whoever asks. The aim is one frame in a
# thousand; docs/benchmarks/gpu.md says what is reached, and decision 0165 why this is the bound.
AGREED_DB = 90.0
OTHERWISE = 1 / 100
# What a frame that decided otherwise leaves of its stretch at least: it is about faint noise.
LEAST_DB = 45.0

BUSY = 4 * SAMPLE_RATE_HZ
_AFRESH = SAMPLE_RATE_HZ // 5
_NEWEST = "vocoder/3"

Render = Callable[..., Rendered]


@dataclass(frozen=True, slots=True)
class Accord:
    """How two ways agree. `plain_db`: where nothing is decided anew; `frames` and `otherwise`: how
    many decided, and how many otherwise; `least_db`: the worst stretch of those.
    """

    plain_db: float
    frames: int
    otherwise: int
    least_db: float

    @property
    def share(self) -> float:
        """The share of frames that decided otherwise."""
        return self.otherwise / self.frames

    @property
    def is_enough(self) -> bool:
        """Whether either way may stand for the other."""
        is_near = self.plain_db >= AGREED_DB and self.least_db >= LEAST_DB
        return is_near and self.share <= OTHERWISE

    def __str__(self) -> str:
        return (
            f"within {self.plain_db:.0f} dB where nothing is decided anew, {self.otherwise} of "
            f"{self.frames} frames otherwise, the worst of them within {self.least_db:.0f} dB"
        )


def accord_of(render: Render) -> Accord:
    """How `render`, called as `generation.engine.render.render` is, agrees with the loops."""
    recipe, stems, onsets = busy_mix()
    plain = _plain_db(render)
    found = render(recipe, stems, onsets, 0, recipe.length, with_windows=False).parts
    wanted = loops.render(recipe, stems, onsets, 0, recipe.length, with_windows=False).parts
    levels = [snr_db(found[n, :, a:b], wanted[n, :, a:b]) for n, a, b in _stretches(recipe, onsets)]
    frames = sum(BUSY // MANNERS[_NEWEST].hop(clip.window) for clip in recipe.clips[:-1])
    return Accord(plain, frames, sum(level < AGREED_DB for level in levels), min(levels))


def snr_db(found: Audio, expected: Audio) -> float:
    """How far what differs lies below what was expected, in dB; NaN and infinity differ wholly."""
    noise = float(((found.astype(np.float64) - expected) ** 2).sum())
    power = float((expected.astype(np.float64) ** 2).sum())
    return 10.0 * float(np.log10(power / max(noise, 1e-30))) if np.isfinite(noise) else -np.inf


def _plain_db(render: Render) -> float:
    """How far below a second of tones by every processor the difference from the loops lies."""
    plan = warm_recipe()
    clips = tuple(clip for clip in plan.clips if clip.processor != OLDER)
    recipe = replace(plan, clips=clips, memory=0)
    time = np.arange(recipe.sources[0].length) / SAMPLE_RATE_HZ
    tone = (0.2 * np.sin(2.0 * np.pi * 220.0 * time)).astype(np.float32)
    onsets = {"warm": (np.array([12_000, 30_000], dtype=np.int64), np.array([12.0, 12.0]))}
    stems = {"warm": np.stack((tone, tone))}
    one = render(recipe, stems, onsets, 0, LENGTH)
    other = loops.render(recipe, stems, onsets, 0, LENGTH)
    return min(snr_db(one.audio, other.audio), snr_db(one.parts, other.parts))


def busy_mix() -> tuple[Recipe, dict[str, Audio], dict[str, Onsets]]:
    """(recipe, stems, onsets): chords over hiss by every window, a voice that keeps its formants,
    and attacks by slices, all of them attacked five times a second; 4 s by an idle bus.
    """
    rng, seconds = np.random.default_rng(7), BUSY * 5 // 4
    time = np.arange(seconds) / SAMPLE_RATE_HZ
    places = np.arange(_AFRESH, seconds, _AFRESH, dtype=np.int64)

    def tones(pitches: tuple[float, ...], partials: int, hiss: float) -> Audio:
        line = hiss * rng.standard_normal((2, seconds))
        for hertz in pitches:
            for k in range(1, partials + 1):
                line += 0.08 * np.sin(2.0 * np.pi * hertz * k * time + k) / k**1.3
        return line.astype(np.float32)

    struck = np.exp(-(np.arange(seconds) % _AFRESH) / 900.0) * rng.standard_normal((2, seconds))
    stems = {
        "keys": tones((220.0, 277.2, 329.6), 8, 0.002),
        "pad": tones((110.0, 164.8, 196.0), 5, 0.002),
        "lead": tones((523.3,), 12, 0.002),
        "voice": tones((150.0,), 20, 0.004),
        "drums": (0.2 * struck).astype(np.float32),
    }
    anchors = ((0, 0), (BUSY, round(BUSY * 124 / 112)))
    clips = (
        Clip(0, _NEWEST, 0, BUSY, anchors, 2, 4_096),
        Clip(1, _NEWEST, 0, BUSY, anchors, -3, 8_192),
        Clip(2, _NEWEST, 0, BUSY, anchors, 2, 2_048),
        Clip(3, _NEWEST, 0, BUSY, anchors, -4, 2_048, formants=True),
        Clip(4, "slices/1", 0, BUSY, anchors),
    )
    recipe = Recipe(
        mode="remix",
        length=BUSY,
        grid=None,
        key=None,
        sources=tuple(Source(name, "other", seconds) for name in stems),
        sections=(Section("A", 0, BUSY, 0.5),),
        clips=clips,
        strips=(),
        bus=Bus(None, None, Limiter(ceiling_dbtp=0.0)),
        gain_db=-12.0,
        target_lufs=-14.0,
        reached_lufs=-14.0,
        seed=1,
    )
    return recipe, stems, dict.fromkeys(stems, (places, np.full(len(places), 12.0)))


def _stretches(recipe: Recipe, onsets: dict[str, Onsets]) -> list[tuple[int, int, int]]:
    """(source, first and last sample) between each two moments at which phase begins afresh."""
    found = []
    for clip in recipe.clips:
        (_, _), (out, read) = clip.anchors
        places = onsets[recipe.sources[clip.source].digest][0] * out // read
        edges = [0, *places[places < recipe.length].tolist(), recipe.length]
        found += [(clip.source, begin, end) for begin, end in pairwise(edges)]
    return found
