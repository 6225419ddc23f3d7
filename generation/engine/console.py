"""One source's way through its console: EQ, compressor, gain, pan and send, section by section.

Knows one source; which strip holds when is said by `spans`, the room and the bus are elsewhere.
Invariant: every stage reads whole units of an absolute grid with a bounded past.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from generation.engine import dynamics, eq
from generation.engine.clips import Dry, Generated
from generation.engine.kernels import (
    Audio,
    Turns,
    exp2_of,
    fixed,
    kernel,
    raised_cosine,
    within,
)
from generation.engine.spans import CROSS, Span
from generation.engine.tape import Tape
from generation.engine.vectors import fma, load, splat, store
from generation.recipe import Band, Strip

Read = Callable[[int, int], Audio]
STEREO = (2,)


@lru_cache(maxsize=8)
def flat(count: int) -> Audio:
    """The gains of a strip without a compressor: ones, for reading only."""
    return fixed(np.ones(count, dtype=np.float32))


class Tone:
    """What a source plays through one equalizer, and how loud that is.

    Strips that differ in nothing else share it. `plain` is still to be equalized, `shaped` is so
    already; before `since` there is silence. Levels are kept for `memory` samples.
    """

    def __init__(
        self,
        bands: tuple[Band, ...],
        plain: Read | None,
        shaped: Read | None,
        since: int,
        memory: int,
    ) -> None:
        self._equal: Tape | None = None
        sections = eq.sections_of(bands)
        if plain is not None and len(sections):
            dry = plain

            def equalized(lo: int, hi: int, out: Audio) -> None:
                eq.cascade(dry(lo - eq.RUN_IN, hi), sections, eq.CHUNK, eq.RUN_IN, out)

            begins = since // eq.CHUNK * eq.CHUNK
            self._equal = Tape(equalized, STEREO, np.float32, eq.CHUNK, eq.CHUNK, begins)
            plain = self._equal.read
        self.read = _joined(plain, shaped)
        self._levels = Tape(self._measured, (), np.int32, memory // dynamics.STEP)

    def _measured(self, lo: int, hi: int, out: Turns) -> None:
        sound = self.read(lo * dynamics.STEP, hi * dynamics.STEP)
        dynamics.measure_levels(sound, dynamics.STEP, out)

    def levels(self, first: int, last: int) -> Turns:
        """How loud steps [first, last) of dynamics.STEP samples are, as `measure_levels` has it."""
        found: Turns = self._levels.read(first, last)
        return found

    def take_over(self, other: "Tone", since: int, until: int) -> None:
        """Goes on where the same source's `other` is, with what it knows of [since, until)."""
        if self._equal is not None and other._equal is not None:
            self._equal.take_over(other._equal, since, until)
        first, last = -(-since // dynamics.STEP), until // dynamics.STEP
        self._levels.take_over(other._levels, first, last)


def _joined(plain: Read | None, shaped: Read | None) -> Read:
    """Both together, or the one that there is."""
    if plain is None or shaped is None:
        alone = shaped if plain is None else plain
        assert alone is not None
        return alone
    one, other = plain, shaped

    def both(lo: int, hi: int, out: Audio) -> None:
        np.add(one(lo, hi), other(lo, hi), out=out)

    return Tape(both, STEREO, np.float32, dynamics.STEP).read


class Lane:
    """One span of one source, in the tone of its strip.

    A lane that is led by another takes its compressor's gain.
    """

    def __init__(self, span: Span, tone: Tone, leader: "Lane | None" = None) -> None:
        self._span, self._tone, self._leader = span, tone, leader
        strip = span.strip
        self._memory = memory_of(strip) // dynamics.STEP
        self._squeeze = None
        if strip.compressor is not None and leader is None:
            self._squeeze = dynamics.squeeze_of(strip.compressor)
        gain = exp2_of(strip.gain_db * 0.16609640474436812)
        angle = (strip.pan + 1.0) * math.pi / 4.0
        self._left = gain * math.sqrt(2.0) * math.cos(angle)
        self._right = gain * math.sqrt(2.0) * math.sin(angle)
        self._send = 0.0
        if strip.send_db is not None:
            self._send = 0.5 * exp2_of(strip.send_db * 0.16609640474436812)

    def _gains(self, lo: int, hi: int) -> Audio:
        """The compressor's gain at the steps of [lo, hi), multiples of STEP, and at its end."""
        if self._leader is not None:
            return self._leader._gains(lo, hi)
        compressor = self._span.strip.compressor
        if compressor is None:
            return flat((hi - lo) // dynamics.STEP + 1)
        levels = self._tone.levels(lo // dynamics.STEP - self._memory, hi // dynamics.STEP)
        return dynamics.compressor_steps(compressor, levels, self._memory)

    def is_alone(self, lo: int, hi: int) -> bool:
        """Whether this span holds throughout [lo, hi), without a blend."""
        return self._span.start <= lo and hi <= self._span.end - CROSS

    def pour(self, lo: int, hi: int, over: int, out: Audio) -> None:
        """What this span gives to [lo, hi), multiples of STEP, without a blend; as `pour_steps`."""
        if self._squeeze is None:
            gains = self._gains(lo, hi)
            sound = self._tone.read(lo, hi)
            pour_steps(sound, gains, self._left, self._right, self._send, over, out)
            return
        levels = self._tone.levels(lo // dynamics.STEP - self._memory, hi // dynamics.STEP)
        sound = self._tone.read(lo, hi)
        pour_squeezed(
            sound, levels, self._squeeze, self._memory, self._left, self._right, self._send, over,
            out,
        )  # fmt: skip

    def lay(self, lo: int, hi: int, laid: int, out: Audio) -> int:
        """What this span gives to samples [lo, hi) of `out` [3, n]: left, right, send.

        Up to `laid` it is added; from there on `out` need not be blank. Returns up to where it is
        written now.
        """
        a, b = max(lo, self._span.start - CROSS), min(hi, self._span.end)
        if a >= b:
            return laid
        a, b = a // dynamics.STEP * dynamics.STEP, -(-b // dynamics.STEP) * dynamics.STEP
        a, b = max(a, lo), min(b, hi)
        out[:, laid - lo : max(laid, a) - lo] = 0.0
        over = min(max(laid, a), b) - a
        part = out[:, a - lo : b - lo]
        if self.is_alone(a, b):
            self.pour(a, b, over, part)
            return max(laid, b)
        gain = dynamics.spread(self._gains(a, b), dynamics.STEP)
        blend(gain, a, self._span.start, self._span.end, CROSS)
        pour(self._tone.read(a, b), gain, self._left, self._right, self._send, over, part)
        return max(laid, b)


def memory_of(strip: Strip) -> int:
    """Samples of the past that a strip's gain depends on."""
    return 0 if strip.compressor is None else dynamics.compressor_memory(strip.compressor)


class Channel:
    """All spans of one source: dry sound in, left, right and send out; silence before `since`.

    What is a part of another channel's sound is led by it: each lane takes that channel's gains, so
    that the part is the part that it is of the whole. As much of the dry sound is kept as a tone
    that comes in asks back for.
    """

    def __init__(
        self,
        spans: tuple[Span, ...],
        dry: Dry | Generated,
        since: int,
        leader: "Channel | None" = None,
    ) -> None:
        memory = max(memory_of(span.strip) for span in spans)
        steps = memory + dynamics.STEP
        self._dry = dry
        self._plain: Tape | None = None
        self._shaped: Tape | None = None
        if dry.is_plain:
            self._plain = Tape(
                dry.plain, STEREO, np.float32, steps + eq.RUN_IN + eq.CHUNK, begins=since
            )
        if dry.is_shaped:
            self._shaped = Tape(dry.shaped, STEREO, np.float32, steps, begins=since)
        plain = None if self._plain is None else self._plain.read
        shaped = None if self._shaped is None else self._shaped.read
        self._tones: dict[tuple[Band, ...], Tone] = {
            bands: Tone(bands, plain, shaped, since, memory)
            for bands in dict.fromkeys(span.strip.eq for span in spans)
        }
        leaders = leader._lanes if leader is not None else [None] * len(spans)
        self._lanes: list[Lane] = [
            Lane(span, self._tones[span.strip.eq], lane)
            for span, lane in zip(spans, leaders, strict=True)
        ]
        self.sends = any(span.strip.send_db is not None for span in spans)

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi), both multiples of dynamics.STEP, into float32 [3, hi - lo]."""
        laid = lo
        for lane in self._lanes:
            laid = lane.lay(lo, hi, laid, out)
        out[:, laid - lo :] = 0.0

    def add(self, lo: int, hi: int, out: Audio, *, is_first: bool) -> None:
        """As `sound`, but added to `out`, unless it is the first there."""
        for lane in self._lanes:
            if lane.is_alone(lo, hi):
                lane.pour(lo, hi, 0 if is_first else hi - lo, out)
                return
        part = out if is_first else np.empty_like(out)
        self.sound(lo, hi, part)
        if not is_first:
            out += part

    def take_over(self, other: "Channel", since: int, until: int) -> None:
        """Goes on where the same source's `other` is, with what it knows of [since, until)."""
        if isinstance(self._dry, Dry) and isinstance(other._dry, Dry):
            self._dry.take_over(other._dry, until)
        for mine, theirs in ((self._plain, other._plain), (self._shaped, other._shaped)):
            if mine is not None and theirs is not None:
                mine.take_over(theirs, since, until)
        for bands, tone in self._tones.items():
            if bands in other._tones:
                tone.take_over(other._tones[bands], since, until)


@kernel
def blend(gain: Audio, lo: int, start: int, end: int, cross: int) -> None:
    """Multiplies `gain`, which begins at `lo`, by the span's raised cosine rise and fall."""
    for i in range(min(gain.shape[0], start - lo)):
        gain[i] *= raised_cosine((lo + i - (start - cross) + 0.5) / cross)
    for i in range(max(0, end - cross - lo), gain.shape[0]):
        gain[i] *= raised_cosine((end - lo - i - 0.5) / cross)


@kernel
def pour(
    sound: Audio, gain: Audio, left: float, right: float, send: float, over: int, out: Audio
) -> None:
    """`sound` [2, n] times gain and pan into `out` [3, n], added up to `over`; multiples of 16."""
    a, b = splat(np.float32(left)), splat(np.float32(right))
    s = splat(np.float32(send))
    for i in range(0, gain.shape[0], 16):
        give(sound, i, load(gain, i), a, b, s, i < over, out)


@kernel
def pour_steps(
    sound: Audio, gains: Audio, left: float, right: float, send: float, over: int, out: Audio
) -> None:
    """As `pour`, by a gain that is a line through `gains`, one at the beginning of each STEP."""
    a, b = splat(np.float32(left)), splat(np.float32(right))
    s, ramp = splat(np.float32(send)), np.arange(dynamics.STEP).astype(np.float32)
    for j in range(gains.shape[0] - 1):
        slope = dynamics.slope_of(gains, j, dynamics.STEP)
        for i in range(0, dynamics.STEP, 16):
            at, g = j * dynamics.STEP + i, fma(slope, load(ramp, i), splat(gains[j]))
            give(sound, at, g, a, b, s, at < over, out)


@kernel
def pour_squeezed(
    sound: Audio, levels: Turns, by: dynamics.Squeeze, memory: int, left: float, right: float,
    send: float, over: int, out: Audio,
) -> None:  # fmt: skip
    """As `pour_steps`, by a compressor, from `levels` of `memory` steps more before `sound`."""
    gains = np.empty(levels.shape[0] - memory + 1, dtype=np.float32)
    dynamics.squeeze(levels, by, memory - 1, gains)
    pour_steps(sound, gains, left, right, send, over, out)


@within
def give(
    sound: Any, i: int, gain: Any, left: Any, right: Any, send: Any, is_over: bool, out: Any
) -> None:
    """Sixteen samples from i on, by lanes of gain and pan."""
    x, y = load(sound[0], i) * gain * left, load(sound[1], i) * gain * right
    z = (x + y) * send
    if is_over:
        x, y, z = x + load(out[0], i), y + load(out[1], i), z + load(out[2], i)
    store(out[0], i, x)
    store(out[1], i, y)
    store(out[2], i, z)
