"""Where the sources of one recipe meet, in torch: room, sum, bus curves, limiter and fades.

Compressor and limiter compute one curve each from the mix; the curves multiply every part. Knows
the recipe, not who hears it. Invariant: parts add up to the output within rounding.
"""

import torch
from torch import Tensor

from generation.engine import dynamics, marking, shares
from generation.engine.eq import CHUNK, K_WEIGHTING
from generation.engine.kernels import Audio, exp2_of
from generation.engine.reference import gains
from generation.engine.reference.arithmetic import DB
from generation.engine.reference.filters import cascade
from generation.engine.reference.marks import marked
from generation.engine.reference.room import room_of
from generation.engine.reference.steps import Steps
from generation.engine.reference.strips import Channel, Dry, faded
from generation.engine.reference.tape import Tape
from generation.engine.spans import spans_of
from generation.engine.windows import RUN_IN
from generation.recipe import BLOCK_SAMPLES, WINDOW_SAMPLES, Recipe

_KEEP = 8 * BLOCK_SAMPLES
# Windows are filtered and added up so many at once, wherever a piece is cut.
_STRIDE = 4 * WINDOW_SAMPLES


class Desk:
    """The desk of one recipe over what its sources play.

    `dry(lo, hi)`: float32 [rows, 2, 2, hi - lo] as `Sources.sound` gives it: a row per source, then
    one for the notes of nets of each source that has any; `plain`: the rows that play anything
    still to be equalized.
    """

    def __init__(
        self,
        recipe: Recipe,
        dry: Dry,
        plain: set[int],
        device: torch.device,
        mark: Audio | None,
        steps: Steps,
    ) -> None:
        self._recipe, self._device, self._steps = recipe, device, steps
        self._mark = None if mark is None else torch.from_numpy(mark).to(device)
        self._channels = [
            Channel(spans_of(recipe, index), _row(dry, index), index in plain, device)
            for index in range(len(recipe.sources))
        ]
        self._count, self.owners = len(recipe.sources), shares.generated_sources(recipe)
        for row, owner in enumerate(self.owners, self._count):
            led, spans = self._channels[owner], spans_of(recipe, owner)
            self._channels.append(Channel(spans, _row(dry, row), row in plain, device, led))
        self._dry, self._before = dry, max(channel.memory for channel in self._channels)
        reverb, compressor = recipe.bus.reverb, recipe.bus.compressor
        self._room = None if reverb is None else room_of(reverb, device)
        memory = 0 if compressor is None else dynamics.compressor_memory(compressor)
        self._memory = memory // dynamics.STEP
        self._lead = dynamics.limiter_memory(recipe.bus.limiter) // dynamics.LIMIT_STEP
        wet = 0 if self._room is None else self._room.blocks * BLOCK_SAMPLES
        self._strips = Tape(self._stripped, wet + _KEEP, BLOCK_SAMPLES)
        self._mix = Tape(self._mixed, memory + _KEEP, BLOCK_SAMPLES)
        before = self._lead * dynamics.LIMIT_STEP
        self._loud = Tape(self._raised, before + _KEEP, BLOCK_SAMPLES)
        self._out = (
            self._loud if mark is None else Tape(self._marked, before + _KEEP, BLOCK_SAMPLES)
        )
        self._gain = exp2_of(recipe.gain_db * DB)

    def _stripped(self, lo: int, hi: int) -> Tensor:
        """Left, right and send of every row: [rows, 3, n]; nothing sounds before sample 0."""
        if lo >= 0:
            # All channels read parts of this; asked for at once, it is worked out once.
            self._dry(lo - self._before, -(-hi // CHUNK) * CHUNK)
            return torch.stack([channel.sound(lo, hi) for channel in self._channels])
        silence = torch.zeros((len(self._channels), 3, min(hi, 0) - lo), device=self._device)
        return silence if hi <= 0 else torch.cat((silence, self._stripped(0, hi)), dim=-1)

    def _with_room(self, strips: Tensor, sends: Tensor) -> Tensor:
        """Left and right of `strips` [n, 3, m] and the return of `sends` [n, P blocks + m]."""
        if self._room is None:
            return strips[:, :2]
        return strips[:, :2] + self._room.returned(sends, self._steps.met)

    def _sends_from(self, lo: int) -> int:
        return lo if self._room is None else lo - self._room.blocks * BLOCK_SAMPLES

    def gathered(self, lo: int, hi: int) -> Tensor:
        """Rows before the bus curves, [rows, 2, n]; lo and hi are multiples of a block."""
        strips = self._strips.read(self._sends_from(lo), hi)
        return self._with_room(strips[..., lo - hi :], strips[:, 2])

    def _mixed(self, lo: int, hi: int) -> Tensor:
        """The sum of all sources and of the room's answer to all sends: [2, n]."""
        strips = self._strips.read(self._sends_from(lo), hi)
        total = torch.zeros_like(strips[0])
        for strip in strips[: self._count]:
            total = total + strip
        return self._with_room(total[None, :, lo - hi :], total[None, 2])[0]

    def _raised(self, lo: int, hi: int) -> Tensor:
        """The mix after compressor and planned gain, and that curve: [3, n]."""
        curve = torch.full((hi - lo,), self._gain, device=self._device)
        compressor = self._recipe.bus.compressor
        if compressor is not None:
            mix = self._mix.read(lo - self._memory * dynamics.STEP, hi)
            levels = gains.levels_of(mix)
            curve = curve * gains.compressor_gain(compressor, levels, self._memory)
        return torch.cat((self._mix.read(lo, hi) * curve, curve[None]))

    def _marked(self, lo: int, hi: int) -> Tensor:
        assert self._mark is not None
        loud = self._loud.read(lo - marking.FRAME, hi + marking.FRAME)[:2]
        return marked(loud, lo, self._mark)

    def _limit(self, lo: int, hi: int) -> Tensor:
        """Limiter and fades over [lo, hi), any samples; zero outside the recipe."""
        step, recipe, margin = dynamics.LIMIT_STEP, self._recipe, dynamics.PEAK_TAPS
        first, last = lo // step, -(-hi // step)
        ahead = dynamics.lookahead_steps(recipe.bus.limiter)
        begin, end = (first - self._lead) * step - margin, (last + ahead) * step + margin
        peaks = gains.peaks_from(self._steps.tops_of(self._out.read(begin, end)[:2]))
        curve = gains.limiter_gain(recipe.bus.limiter, peaks, self._lead)
        curve = curve[lo - first * step : hi - first * step]
        if recipe.fade_in and lo < recipe.fade_in:
            curve = curve * faded(lo, hi, 0, recipe.fade_in, 1, self._device)
        if recipe.fade_out and hi > recipe.length - recipe.fade_out:
            curve = curve * faded(lo, hi, recipe.length - 1, recipe.fade_out, -1, self._device)
        t = torch.arange(lo, hi, device=self._device)
        return torch.where((t >= 0) & (t < recipe.length), curve, 0.0)

    def sound(self, lo: int, hi: int) -> Tensor:
        """The output, float32 [2, hi - lo]."""
        return self._out.read(lo, hi)[:2] * self._limit(lo, hi)

    def parts(self, lo: int, hi: int) -> Tensor:
        """Every source's part of the output, float32 [sources, 2, hi - lo]."""
        return self._rows(lo, hi)[: self._count]

    def _rows(self, lo: int, hi: int) -> Tensor:
        """Every row's part of the output, float32 [rows, 2, hi - lo]."""
        curve = self._limit(lo, hi) * self._loud.read(lo, hi)[2]
        begin, end = lo // BLOCK_SAMPLES * BLOCK_SAMPLES, -(-hi // BLOCK_SAMPLES) * BLOCK_SAMPLES
        gathered = self.gathered(begin, end)
        return gathered[..., lo - begin : hi - begin] * curve

    def windows(self, lo: int, hi: int) -> Tensor:
        """The windows that begin in [lo, hi): float64 [windows, rows]; a window is of sources.

        lo is a multiple of WINDOW_SAMPLES.
        """
        first, last = lo // _STRIDE * _STRIDE, -(-hi // _STRIDE) * _STRIDE
        rows = self._rows(first - RUN_IN, last)
        weighted = cascade(rows, K_WEIGHTING, _STRIDE, RUN_IN).double()
        cut = weighted.view(*weighted.shape[:2], -1, WINDOW_SAMPLES)
        mixed = cut[: self._count].sum(0)
        table: Tensor = (cut * mixed).sum((1, 3)).T / WINDOW_SAMPLES
        skipped = (lo - first) // WINDOW_SAMPLES
        return table[skipped : skipped - (-(hi - lo) // WINDOW_SAMPLES)]


def _row(dry: Dry, index: int) -> Dry:
    return lambda lo, hi: dry(lo, hi)[index]
