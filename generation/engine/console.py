"""One source's way through its console: EQ, compressor, gain, pan and send, section by section.

A section's strip is blended into the next over CROSS samples that end where the next begins, so
that its first beat already sounds as it should. Knows one source; the room and the bus are
elsewhere. Invariant: every stage reads whole units of an absolute grid with a bounded past.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from generation.engine import dynamics, eq
from generation.engine.kernels import Audio, Turns, exp2_of, kernel, raised_cosine
from generation.engine.tape import Tape
from generation.recipe import Recipe, Strip

CROSS = 2_400
_FAR = 1 << 60

Read = Callable[[int, int], Audio]


@dataclass(frozen=True, slots=True)
class Span:
    """A strip and the samples over which it holds: [start, end), then blended into the next."""

    strip: Strip
    start: int
    end: int


def spans_of(recipe: Recipe, source: int) -> tuple[Span, ...]:
    """The strips of a source in time, equal neighbors joined; a missing strip changes nothing."""
    strips = {s.section: replace(s, section=0) for s in recipe.strips if s.source == source}
    plain = Strip(source=source, section=0, gain_db=0.0)
    spans: list[Span] = []
    for index, section in enumerate(recipe.sections):
        strip = strips.get(index, plain)
        if spans and spans[-1].strip == strip:
            continue
        if spans:
            spans[-1] = replace(spans[-1], end=section.start)
        spans.append(Span(strip, section.start if spans else -_FAR, _FAR))
    return tuple(spans) or (Span(plain, -_FAR, _FAR),)


class Lane:
    """One span of one source; `read` gives the source's dry sound."""

    def __init__(self, span: Span, read: Read) -> None:
        self._span, strip = span, span.strip
        self._sections = eq.sections_of(strip.eq)
        memory = 0 if strip.compressor is None else dynamics.compressor_memory(strip.compressor)
        self._memory = memory // dynamics.STEP
        self._read = read
        if len(self._sections):
            shaped = Tape(self._shaped(read), eq.CHUNK, eq.CHUNK)
            self._read = shaped.read
        self._levels = Tape(self._measured, eq.CHUNK // dynamics.STEP)
        gain = exp2_of(strip.gain_db * 0.16609640474436812)
        angle = (strip.pan + 1.0) * math.pi / 4.0
        self._left = gain * math.sqrt(2.0) * math.cos(angle)
        self._right = gain * math.sqrt(2.0) * math.sin(angle)
        self._send = 0.0
        if strip.send_db is not None:
            self._send = 0.5 * exp2_of(strip.send_db * 0.16609640474436812)

    def _shaped(self, read: Read) -> Read:
        def make(lo: int, hi: int) -> Audio:
            out = np.empty((2, hi - lo), dtype=np.float32)
            eq.cascade(read(lo - eq.RUN_IN, hi), self._sections, eq.CHUNK, eq.RUN_IN, out)
            return out

        return make

    def _measured(self, lo: int, hi: int) -> Turns:
        levels = np.empty(hi - lo, dtype=np.int32)
        sound = self._read(lo * dynamics.STEP, hi * dynamics.STEP)
        dynamics.measure_levels(sound, dynamics.STEP, levels)
        return levels

    def _gain(self, lo: int, hi: int) -> Audio:
        """The compressor's gain over [lo, hi), multiples of STEP."""
        compressor = self._span.strip.compressor
        if compressor is None:
            return np.ones(hi - lo, dtype=np.float32)
        first = lo // dynamics.STEP - self._memory
        levels = self._levels.read(first, hi // dynamics.STEP)
        return dynamics.compressor_gain(compressor, levels, self._memory)

    def add(self, lo: int, hi: int, out: Audio) -> None:
        """Adds what this span gives to samples [lo, hi) of `out` [3, n]: left, right, send."""
        a, b = max(lo, self._span.start - CROSS), min(hi, self._span.end)
        if a >= b:
            return
        a, b = a // dynamics.STEP * dynamics.STEP, -(-b // dynamics.STEP) * dynamics.STEP
        a, b = max(a, lo), min(b, hi)
        gain = self._gain(a, b)
        if self._span.end < b or self._span.start > a or self._span.end - CROSS < b:
            blend(gain, a, self._span.start, self._span.end, CROSS)
        pour(self._read(a, b), gain, self._left, self._right, self._send, out[:, a - lo : b - lo])

    @property
    def memory(self) -> int:
        """Samples of the source's past that the span depends on."""
        return self._memory * dynamics.STEP + eq.RUN_IN + eq.CHUNK


class Channel:
    """All spans of one source: dry sound in, left, right and send out, float32 [3, n]."""

    def __init__(self, recipe: Recipe, source: int, dry: Read) -> None:
        spans = spans_of(recipe, source)
        memory = max(Lane(span, dry).memory for span in spans)
        self._dry = Tape(dry, memory + eq.CHUNK)
        self._lanes = [Lane(span, self._dry.read) for span in spans]
        self.sends = any(span.strip.send_db is not None for span in spans)

    def sound(self, lo: int, hi: int) -> Audio:
        """Samples [lo, hi), both multiples of dynamics.STEP."""
        out = np.zeros((3, hi - lo), dtype=np.float32)
        for lane in self._lanes:
            lane.add(lo, hi, out)
        return out


@kernel
def blend(gain: Audio, lo: int, start: int, end: int, cross: int) -> None:
    """Multiplies `gain`, which begins at `lo`, by the span's raised cosine rise and fall."""
    for i in range(gain.shape[0]):
        t = lo + i
        gain[i] *= raised_cosine((t - (start - cross) + 0.5) / cross)
        gain[i] *= raised_cosine((end - t - 0.5) / cross)


@kernel
def pour(sound: Audio, gain: Audio, left: float, right: float, send: float, out: Audio) -> None:
    """Adds `sound` [2, n] times gain and pan to `out` [3, n]."""
    a, b, s = np.float32(left), np.float32(right), np.float32(send)
    for i in range(gain.shape[0]):
        x, y = sound[0, i] * gain[i] * a, sound[1, i] * gain[i] * b
        out[0, i] += x
        out[1, i] += y
        out[2, i] += (x + y) * s
