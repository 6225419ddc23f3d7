"""One source's way through its console: EQ, compressor, gain, pan and send, section by section.

Knows one source; which strip holds when is said by `spans`, the room and the bus are elsewhere.
Invariant: every stage reads whole units of an absolute grid with a bounded past.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from generation.engine import dynamics, eq
from generation.engine.clips import Dry, Generated
from generation.engine.kernels import Audio, Turns, exp2_of, fixed, kernel, raised_cosine
from generation.engine.spans import CROSS, Span
from generation.engine.tape import Tape
from generation.engine.vectors import load, splat, store

Read = Callable[[int, int], Audio]
STEREO = (2,)


@lru_cache(maxsize=8)
def flat(count: int) -> Audio:
    """The gain of a strip without a compressor: ones, for reading only."""
    return fixed(np.ones(count, dtype=np.float32))


class Lane:
    """One span of one source; `plain` is still to be equalized, `shaped` is so already.

    Before `since` there is silence. A lane that is led by another takes its compressor's gain.
    """

    def __init__(
        self,
        span: Span,
        plain: Read | None,
        shaped: Read | None,
        since: int,
        leader: "Lane | None" = None,
    ) -> None:
        self._since, self._leader = since, leader
        self._span, strip = span, span.strip
        memory = 0 if strip.compressor is None else dynamics.compressor_memory(strip.compressor)
        self._memory = memory // dynamics.STEP
        self._read = self._joined(plain, shaped)
        self._levels = Tape(self._measured, (), np.int32, self._memory)
        gain = exp2_of(strip.gain_db * 0.16609640474436812)
        angle = (strip.pan + 1.0) * math.pi / 4.0
        self._left = gain * math.sqrt(2.0) * math.cos(angle)
        self._right = gain * math.sqrt(2.0) * math.sin(angle)
        self._send = 0.0
        if strip.send_db is not None:
            self._send = 0.5 * exp2_of(strip.send_db * 0.16609640474436812)

    def _joined(self, plain: Read | None, shaped: Read | None) -> Read:
        """What the source plays in this span, equalized."""
        sections = eq.sections_of(self._span.strip.eq)
        if plain is not None and len(sections):
            dry = plain

            def equalized(lo: int, hi: int, out: Audio) -> None:
                eq.cascade(dry(lo - eq.RUN_IN, hi), sections, eq.CHUNK, eq.RUN_IN, out)

            begins = self._since // eq.CHUNK * eq.CHUNK
            plain = Tape(equalized, STEREO, np.float32, eq.CHUNK, eq.CHUNK, begins).read
        if plain is None or shaped is None:
            alone = shaped if plain is None else plain
            assert alone is not None
            return alone
        one, other = plain, shaped

        def both(lo: int, hi: int, out: Audio) -> None:
            np.add(one(lo, hi), other(lo, hi), out=out)

        return Tape(both, STEREO, np.float32, dynamics.STEP).read

    def _measured(self, lo: int, hi: int, out: Turns) -> None:
        sound = self._read(lo * dynamics.STEP, hi * dynamics.STEP)
        dynamics.measure_levels(sound, dynamics.STEP, out)

    def _gain(self, lo: int, hi: int) -> Audio:
        """The compressor's gain over [lo, hi), multiples of STEP."""
        if self._leader is not None:
            return self._leader._gain(lo, hi)
        compressor = self._span.strip.compressor
        if compressor is None:
            return flat(hi - lo)
        first = lo // dynamics.STEP - self._memory
        levels = self._levels.read(first, hi // dynamics.STEP)
        return dynamics.compressor_gain(compressor, levels, self._memory)

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
        gain = self._gain(a, b)
        if self._span.end < b or self._span.start > a or self._span.end - CROSS < b:
            gain = gain.copy()
            blend(gain, a, self._span.start, self._span.end, CROSS)
        out[:, laid - lo : max(laid, a) - lo] = 0.0
        over = min(max(laid, a), b) - a
        part = out[:, a - lo : b - lo]
        pour(self._read(a, b), gain, self._left, self._right, self._send, over, part)
        return max(laid, b)

    @property
    def memory(self) -> int:
        """Samples of the source's past that the span depends on."""
        return self._memory * dynamics.STEP + eq.RUN_IN + eq.CHUNK


class Channel:
    """All spans of one source: dry sound in, left, right and send out; silence before `since`.

    What is a part of another channel's sound is led by it: each lane takes that channel's gains, so
    that the part is the part that it is of the whole.
    """

    def __init__(
        self,
        spans: tuple[Span, ...],
        dry: Dry | Generated,
        since: int,
        leader: "Channel | None" = None,
    ) -> None:
        plain = shaped = None
        if dry.is_plain:
            keep = eq.RUN_IN + eq.CHUNK
            plain = Tape(dry.plain, STEREO, np.float32, keep, begins=since).read
        if dry.is_shaped:
            keep = dynamics.STEP
            shaped = Tape(dry.shaped, STEREO, np.float32, keep, begins=since).read
        leaders = leader._lanes if leader is not None else [None] * len(spans)
        self._lanes: list[Lane] = [
            Lane(span, plain, shaped, since, lane)
            for span, lane in zip(spans, leaders, strict=True)
        ]
        self.sends = any(span.strip.send_db is not None for span in spans)

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi), both multiples of dynamics.STEP, into float32 [3, hi - lo]."""
        laid = lo
        for lane in self._lanes:
            laid = lane.lay(lo, hi, laid, out)
        out[:, laid - lo :] = 0.0


@kernel
def blend(gain: Audio, lo: int, start: int, end: int, cross: int) -> None:
    """Multiplies `gain`, which begins at `lo`, by the span's raised cosine rise and fall."""
    for i in range(gain.shape[0]):
        t = lo + i
        gain[i] *= raised_cosine((t - (start - cross) + 0.5) / cross)
        gain[i] *= raised_cosine((end - t - 0.5) / cross)


@kernel
def pour(
    sound: Audio, gain: Audio, left: float, right: float, send: float, over: int, out: Audio
) -> None:
    """`sound` [2, n] times gain and pan into `out` [3, n], added up to `over`; multiples of 16."""
    a, b = splat(np.float32(left)), splat(np.float32(right))
    s = splat(np.float32(send))
    for i in range(0, gain.shape[0], 16):
        g = load(gain, i)
        x, y = load(sound[0], i) * g * a, load(sound[1], i) * g * b
        z = (x + y) * s
        if i < over:
            x, y, z = x + load(out[0], i), y + load(out[1], i), z + load(out[2], i)
        store(out[0], i, x)
        store(out[1], i, y)
        store(out[2], i, z)
