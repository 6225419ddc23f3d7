"""Where the sources meet: room, sum, bus compressor, planned gain, limiter and fades.

Compressor and limiter compute one curve each from the mix; the curves multiply every part. Knows
the recipe and the stems, not who hears them. Invariant: parts add up to the output.
"""

from collections.abc import Mapping

import numpy as np

from generation.engine import dynamics, marking
from generation.engine.clips import Dry, Onsets
from generation.engine.console import Channel
from generation.engine.kernels import Audio, Reals, Samples, Turns, exp2_of, fade
from generation.engine.reverb import Room, room_of
from generation.engine.tape import Cache, Tape
from generation.recipe import BLOCK_SAMPLES, Recipe

_MARGIN = dynamics.PEAK_TAPS
_NONE: tuple[Samples, Reals] = (np.empty(0, dtype=np.int64), np.empty(0))


def first_block(recipe: Recipe, source: int) -> int | None:
    """The block in which a source begins to sound; None when it never does."""
    starts = [clip.start for clip in recipe.clips if clip.source == source]
    starts += [note.start for note in recipe.notes if note.source == source]
    return min(starts) // BLOCK_SAMPLES if starts else None


class Send:
    """One source's channel and its share of the room; silent before block `begins`."""

    def __init__(self, channel: Channel, room: Room | None, begins: int) -> None:
        self._room = room if channel.sends else None
        since = begins * BLOCK_SAMPLES
        self._channel = Tape(channel.sound, 2 * BLOCK_SAMPLES, BLOCK_SAMPLES, begins=since)
        self._spectra = Tape(self._sent, 2, axis=0, begins=begins)

    def _sent(self, lo: int, hi: int) -> Audio:
        assert self._room is not None
        poured = self._channel.read((lo - 1) * BLOCK_SAMPLES, hi * BLOCK_SAMPLES)
        return self._room.send_spectra(np.ascontiguousarray(poured[2]))

    def sound(self, lo: int, hi: int) -> Audio:
        """Dry and wet together, float32 [2, hi - lo]; lo and hi are multiples of a block."""
        if self._room is None:
            dry: Audio = self._channel.read(lo, hi)[:2]
            return dry
        first, last = lo // BLOCK_SAMPLES, hi // BLOCK_SAMPLES
        sends = self._spectra.read(first - self._room.blocks + 1, last)
        wet = self._room.returned(sends, last - first)
        wet += self._channel.read(lo, hi)[:2]
        return wet


class Bus:
    """The whole desk of one recipe over its stems."""

    def __init__(
        self,
        recipe: Recipe,
        stems: Mapping[str, Audio],
        onsets: Mapping[str, Onsets],
        cache: Cache,
        mark: Audio | None = None,
        room_blocks: int | None = None,
    ) -> None:
        """`room_blocks` ends the room after so many blocks, for a look that need not be exact."""
        self._recipe, self._mark = recipe, mark
        room = None if recipe.bus.reverb is None else room_of(recipe.bus.reverb)
        if room is not None and room_blocks is not None:
            room = room.cut(room_blocks)
        self._sends: list[Send | None] = []
        for index, source in enumerate(recipe.sources):
            found = onsets.get(source.digest, _NONE)
            dry = Dry(recipe, index, stems[source.digest], found, cache)
            begins = first_block(recipe, index)
            self._sends.append(
                None if begins is None else Send(Channel(recipe, index, dry.sound), room, begins)
            )
        compressor, limiter = recipe.bus.compressor, recipe.bus.limiter
        memory = 0 if compressor is None else dynamics.compressor_memory(compressor)
        self._memory = memory // dynamics.STEP
        self._lead = dynamics.limiter_memory(limiter) // dynamics.LIMIT_STEP
        keep = 8 * BLOCK_SAMPLES
        self._parts = Tape(self._gathered, keep, BLOCK_SAMPLES)
        self._levels = Tape(self._measured, BLOCK_SAMPLES // dynamics.STEP)
        self._loud = Tape(self._raised, keep, BLOCK_SAMPLES)
        self._out = self._loud if mark is None else Tape(self._marked, keep, BLOCK_SAMPLES)
        self._peaks = Tape(self._peaked, 8 * BLOCK_SAMPLES // dynamics.LIMIT_STEP)
        self._gain = exp2_of(recipe.gain_db * 0.16609640474436812)

    def _gathered(self, lo: int, hi: int) -> Audio:
        """Parts before the bus curves, and their sum as one row more: [n_sources + 1, 2, n]."""
        out = np.empty((len(self._sends) + 1, 2, hi - lo), dtype=np.float32)
        out[-1] = 0.0
        for index, send in enumerate(self._sends):
            if send is None:
                out[index] = 0.0
                continue
            out[index] = send.sound(lo, hi)
            out[-1] += out[index]
        return out

    def _measured(self, lo: int, hi: int) -> Turns:
        levels = np.empty(hi - lo, dtype=np.int32)
        mix = self._parts.read(lo * dynamics.STEP, hi * dynamics.STEP)[-1]
        dynamics.measure_levels(mix, dynamics.STEP, levels)
        return levels

    def _raised(self, lo: int, hi: int) -> Audio:
        """The mix after compressor and planned gain, and that curve: [3, n]."""
        out = np.empty((3, hi - lo), dtype=np.float32)
        out[2] = self._gain
        compressor = self._recipe.bus.compressor
        if compressor is not None:
            first = lo // dynamics.STEP - self._memory
            levels = self._levels.read(first, hi // dynamics.STEP)
            out[2] *= dynamics.compressor_gain(compressor, levels, self._memory)
        np.multiply(self._parts.read(lo, hi)[-1], out[2], out=out[:2])
        return out

    def _marked(self, lo: int, hi: int) -> Audio:
        assert self._mark is not None
        loud = self._loud.read(lo - marking.FRAME, hi + marking.FRAME)[:2]
        return marking.marked(loud, lo, self._mark)

    def _peaked(self, lo: int, hi: int) -> Turns:
        peaks = np.empty(hi - lo, dtype=np.int32)
        step = dynamics.LIMIT_STEP
        loud = self._out.read(lo * step - _MARGIN, hi * step + _MARGIN)
        dynamics.measure_peaks(loud, _MARGIN, dynamics.PHASES, peaks)
        return peaks

    def _limit(self, lo: int, hi: int) -> Audio:
        """Limiter and fades over [lo, hi), any samples; zero outside the recipe."""
        step, limiter = dynamics.LIMIT_STEP, self._recipe.bus.limiter
        first, last = lo // step, -(-hi // step)
        peaks = self._peaks.read(first - self._lead, last + dynamics.lookahead_steps(limiter))
        curve = dynamics.limiter_gain(limiter, peaks, self._lead)
        curve = curve[lo - first * step : hi - first * step]
        length = self._recipe.length
        fade(curve, lo, self._recipe.fade_in, 1)
        fade(curve, length - 1 - lo, self._recipe.fade_out, -1)
        curve[max(0, length - lo) :] = 0.0
        curve[: max(0, -lo)] = 0.0
        return curve

    def before_limiter(self, lo: int, hi: int) -> Audio:
        """The mix after bus compressor and planned gain, float32 [2, hi - lo]."""
        out: Audio = self._loud.read(lo, hi)[:2].copy()
        return out

    def gathered(self, lo: int, hi: int) -> Audio:
        """Parts before the bus curves and their sum last: float32 [n_sources + 1, 2, hi - lo]."""
        out: Audio = self._parts.read(lo, hi)
        return out

    def sound(self, lo: int, hi: int) -> Audio:
        """The output, float32 [2, hi - lo]."""
        curve = self._limit(lo, hi)
        out: Audio = self._out.read(lo, hi)[:2] * curve
        return out

    def parts(self, lo: int, hi: int) -> Audio:
        """Every source's part of the output, float32 [n_sources, 2, hi - lo]."""
        curve = self._limit(lo, hi) * self._loud.read(lo, hi)[2]
        out: Audio = self._parts.read(lo, hi)[:-1] * curve
        return out
