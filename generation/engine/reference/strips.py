"""One source's console in torch: EQ, compressor, gain, pan and send, section by section.

Knows one source; the room and the bus are elsewhere. Invariant: every stage reads whole units of an
absolute grid with a bounded past.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from generation.engine import dynamics, eq
from generation.engine.kernels import exp2_of
from generation.engine.reference import gains
from generation.engine.reference.arithmetic import DB, raised_cosine
from generation.engine.reference.filters import cascade
from generation.engine.reference.tape import Tape
from generation.engine.spans import CROSS, Span

# What a source plays, float32 [2, 2, n]: first what is still to be equalized, then what is already.
Dry = Callable[[int, int], Tensor]


def faded(lo: int, hi: int, first: int, length: int, step: int, device: torch.device) -> Tensor:
    """A raised cosine of `length` samples over [lo, hi): float32.

    It begins at `first` and rises (`step` 1), or falls to its end at `first` (`step` -1).
    """
    t = torch.arange(lo, hi, device=device)
    return raised_cosine(((step * (t - first)).double() + 0.5) / length).float()


class Lane:
    """One span of one source."""

    def __init__(
        self,
        span: Span,
        dry: Dry,
        is_plain: bool,
        device: torch.device,
        leader: "Lane | None" = None,
    ) -> None:
        self._leader = leader
        self._span, self._dry, self._device, strip = span, dry, device, span.strip
        memory = 0 if strip.compressor is None else dynamics.compressor_memory(strip.compressor)
        self._memory = memory // dynamics.STEP
        self._sections = eq.sections_of(strip.eq)
        self._sound, self.memory = self._joined, memory
        if is_plain and len(self._sections):
            self._sound = Tape(self._equalized, eq.CHUNK + memory, eq.CHUNK).read
            self.memory += eq.RUN_IN + eq.CHUNK
        gain = exp2_of(strip.gain_db * DB)
        angle = (strip.pan + 1.0) * math.pi / 4.0
        left, right = math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)
        self._sides = torch.tensor([[gain * left], [gain * right]], device=device).float()
        self._send = 0.0 if strip.send_db is None else 0.5 * exp2_of(strip.send_db * DB)

    def _joined(self, lo: int, hi: int) -> Tensor:
        return self._dry(lo, hi).sum(0)

    def _equalized(self, lo: int, hi: int) -> Tensor:
        dry = self._dry(lo - eq.RUN_IN, hi)
        equalized = cascade(dry[0], self._sections, eq.CHUNK, eq.RUN_IN)
        return equalized + dry[1, :, eq.RUN_IN :]

    def _gain(self, lo: int, hi: int) -> Tensor:
        """The compressor's gain over [lo, hi), multiples of STEP, times the span's cross-fades."""
        span, compressor, device = self._span, self._span.strip.compressor, self._device
        curve = torch.ones(hi - lo, device=device)
        if self._leader is not None:
            return self._leader._gain(lo, hi)
        if compressor is not None:
            before = self._memory * dynamics.STEP
            levels = gains.levels_of(self._sound(lo - before, hi))
            curve = gains.compressor_gain(compressor, levels, self._memory)
        if span.start > lo:
            curve = curve * faded(lo, hi, span.start - CROSS, CROSS, 1, device)
        if span.end - CROSS < hi:
            curve = curve * faded(lo, hi, span.end - 1, CROSS, -1, device)
        return curve

    def add(self, lo: int, hi: int, out: Tensor) -> None:
        """Adds what this span gives to samples [lo, hi) of `out` [3, n]: left, right, send."""
        a, b = max(lo, self._span.start - CROSS), min(hi, self._span.end)
        if a >= b:
            return
        a, b = a // dynamics.STEP * dynamics.STEP, -(-b // dynamics.STEP) * dynamics.STEP
        sides = self._sound(a, b) * self._gain(a, b) * self._sides
        out[:2, a - lo : b - lo] += sides
        out[2, a - lo : b - lo] += sides.sum(0) * self._send


class Channel:
    """All spans of one source: dry sound in, left, right and send out.

    What is a part of another channel's sound is led by it: each lane takes that channel's gains.
    """

    def __init__(
        self,
        spans: tuple[Span, ...],
        dry: Dry,
        is_plain: bool,
        device: torch.device,
        leader: "Channel | None" = None,
    ) -> None:
        leaders = leader._lanes if leader is not None else [None] * len(spans)
        self._lanes: list[Lane] = [
            Lane(span, dry, is_plain, device, lane)
            for span, lane in zip(spans, leaders, strict=True)
        ]
        self._device = device
        self.memory = max(lane.memory for lane in self._lanes)

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi), both multiples of a block: float32 [3, hi - lo]."""
        out = torch.zeros((3, hi - lo), device=self._device)
        for lane in self._lanes:
            lane.add(lo, hi, out)
        return out
