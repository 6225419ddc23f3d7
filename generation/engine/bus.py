"""Where the sources meet: room, sum, bus compressor, planned gain, limiter and fades.

Compressor and limiter compute one curve each from the mix; the curves multiply every part. The mix
is made from the sum of all sends through the room, a part from its own: the room is linear, so the
parts add up to the output within rounding, and nobody pays for parts who does not ask for them.
Knows the recipe and the stems, not who hears them. Invariant: the sound does not depend on whether
parts were asked for.
"""

import math
from collections.abc import Mapping

import numpy as np

from generation.engine import dynamics, marking, shares
from generation.engine.agreed import agreed
from generation.engine.clips import Dry, Generated, Onsets
from generation.engine.console import Channel
from generation.engine.kernels import Audio, Reals, Samples, Turns, exp2_of, fade, fixed
from generation.engine.reverb import Room, adjoint_of, room_of
from generation.engine.score import Score
from generation.engine.sources import KEEP, Send, Source, add_up, first_block, heard_of
from generation.engine.spans import spans_of
from generation.engine.tape import Cache, Tape
from generation.engine.windows import RUN_IN, asked_of, weigh
from generation.recipe import BLOCK_SAMPLES, WINDOW_SAMPLES, Recipe

_MARGIN = dynamics.PEAK_TAPS
_NONE: tuple[Samples, Reals] = (np.empty(0, dtype=np.int64), np.empty(0))


def _is_same(one: Onsets, other: Onsets) -> bool:
    return one is other or all(map(np.array_equal, one, other))


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
        self._recipe, self._mark, self._onsets = recipe, mark, onsets
        room = None if recipe.bus.reverb is None else room_of(recipe.bus.reverb)
        if room is not None and room_blocks is not None:
            room = room.cut(room_blocks)
        self._room = room
        self._sources: list[Source | None] = []
        self._generated: list[Source] = []
        self._owners = shares.generated_sources(recipe)
        begins = self._set_up(stems, onsets, cache, room)
        since = min(begins, default=0) * BLOCK_SAMPLES
        self._poured = Tape(self._pour, (3,), np.float32, 2 * BLOCK_SAMPLES, BLOCK_SAMPLES, since)
        is_wet = any(source is not None and source.sends for source in self._sources)
        self._send = Send(self._poured, room, min(begins)) if room and is_wet else None
        compressor, limiter = recipe.bus.compressor, recipe.bus.limiter
        memory = 0 if compressor is None else dynamics.compressor_memory(compressor)
        self._memory = memory // dynamics.STEP
        self._lead = dynamics.limiter_memory(limiter) // dynamics.LIMIT_STEP
        self._ceiling = 10.0 ** (math.floor(limiter.ceiling_dbtp * 100) / 2000.0)
        # Samples of the mix that the curve looks ahead.
        self._ahead = dynamics.lookahead_steps(limiter) * dynamics.LIMIT_STEP + _MARGIN
        self._ahead += 0 if mark is None else marking.FRAME
        self._gathered = Tape(
            self._gather, (len(recipe.sources), 2), np.float32, KEEP, BLOCK_SAMPLES
        )
        self._mix = Tape(self._mixed, (2,), np.float32, KEEP, BLOCK_SAMPLES, since)
        self._levels = Tape(self._measured, (), np.int32, BLOCK_SAMPLES // dynamics.STEP)
        self._loud = Tape(self._raised, (3,), np.float32, KEEP, BLOCK_SAMPLES)
        self._out = self._loud
        if mark is not None:
            self._out = Tape(self._marked, (2,), np.float32, KEEP, BLOCK_SAMPLES)
        self._peaks = Tape(self._peaked, (), np.int32, KEEP // dynamics.LIMIT_STEP)
        self._curve = Tape(self._limited, (), np.float32, KEEP, dynamics.LIMIT_STEP)
        self._gain = exp2_of(recipe.gain_db * 0.16609640474436812)

    def _set_up(
        self,
        stems: Mapping[str, Audio],
        onsets: Mapping[str, Onsets],
        cache: Cache,
        room: Room | None,
    ) -> list[int]:
        """A channel for every source that sounds, and one for what nets wrote of it; the blocks in
        which they begin."""
        begins = []
        for index, source in enumerate(self._recipe.sources):
            found, spans = onsets.get(source.digest, _NONE), spans_of(self._recipe, index)
            first = first_block(self._recipe, index)
            if first is None:
                self._sources.append(None)
                continue
            stem = fixed(stems[source.digest])
            score, heard = Score(self._recipe, index, stem), heard_of(self._recipe, index)
            dry = Dry(self._recipe, index, stem, found, cache, spans, score)
            channel = Channel(spans, dry, first * BLOCK_SAMPLES)
            self._sources.append(Source(channel, room, first, heard))
            if index in self._owners:
                led = Channel(spans, Generated(score), first * BLOCK_SAMPLES, channel)
                self._generated.append(Source(led, room, first, heard))
            begins.append(first)
        return begins

    def take_over(self, other: "Bus") -> None:
        """Goes on where the desk of a recipe that shares some of its past is.

        `other` is of little use afterwards: what both know alike is no longer its own.
        """
        found = agreed(other._recipe, self._recipe) if self._hears_as(other) else None
        if found is None:
            return
        mine, theirs = self._by_digest(), other._by_digest()
        for key in mine.keys() & theirs.keys():
            mine[key].take_over(theirs[key], *found)
        if self._send is not None and other._send is not None:
            self._send.take_over(other._send, *found)
        for tape, old, unit in (
            (self._poured, other._poured, 1),
            (self._mix, other._mix, 1),
            (self._levels, other._levels, dynamics.STEP),
            (self._loud, other._loud, 1),
            (self._peaks, other._peaks, dynamics.LIMIT_STEP),
            (self._curve, other._curve, 1),
        ):
            tape.take_over(old, -(-found[0] // unit), found[1] // unit)

    def _hears_as(self, other: "Bus") -> bool:
        """Whether nothing but the recipes differs: no mark, the same attacks in every stem."""
        if self._mark is not None or other._mark is not None:
            return False
        one, two = self._onsets, other._onsets
        shared = {source.digest for source in other._recipe.sources}
        return all(
            _is_same(one.get(source.digest, _NONE), two.get(source.digest, _NONE))
            for source in self._recipe.sources
            if source.digest in shared
        )

    def _by_digest(self) -> dict[tuple[str, bool], Source]:
        """Sources by digest, and whether they are what nets wrote of it."""
        digests = [source.digest for source in self._recipe.sources]
        heard = zip(digests, self._sources, strict=True)
        found = {(digest, False): source for digest, source in heard if source is not None}
        for owner, notes in zip(self._owners, self._generated, strict=True):
            found[digests[owner], True] = notes
        return found

    def _pour(self, lo: int, hi: int, out: Audio) -> None:
        """All channels together, in recipe order: left, right, send."""
        sources = [one for one in self._sources if one is not None and one.is_heard(lo, hi)]
        if not sources:
            out[:] = 0.0
        elif all(source.channel.goes_on(lo) for source in sources):
            add_up([source.channel.read(lo, hi) for source in sources], out)
        else:
            for source in sources:
                source.add(lo, hi, out, is_first=source is sources[0])

    def _mixed(self, lo: int, hi: int, out: Audio) -> None:
        if self._send is None:
            out[:] = self._poured.read(lo, hi)[:2]
        else:
            self._send.with_return(lo, hi, out)

    def _gather(self, lo: int, hi: int, out: Audio) -> None:
        """Parts before the bus curves."""
        for row, source in zip(out, self._sources, strict=True):
            if source is None:
                row[:] = 0.0
            else:
                source.part(lo, hi, row)

    def _measured(self, lo: int, hi: int, out: Turns) -> None:
        mix = self._mix.read(lo * dynamics.STEP, hi * dynamics.STEP)
        dynamics.measure_levels(mix, dynamics.STEP, out)

    def _raised(self, lo: int, hi: int, out: Audio) -> None:
        """The mix after compressor and planned gain, and that curve."""
        compressor = self._recipe.bus.compressor
        if compressor is None:
            gains = np.ones((hi - lo) // dynamics.STEP + 1, dtype=np.float32)
        else:
            first = lo // dynamics.STEP - self._memory
            levels = self._levels.read(first, hi // dynamics.STEP)
            gains = dynamics.compressor_steps(compressor, levels, self._memory)
        dynamics.amplify(self._mix.read(lo, hi), gains, dynamics.STEP, self._gain, out)

    def _marked(self, lo: int, hi: int, out: Audio) -> None:
        assert self._mark is not None
        loud = self._loud.read(lo - marking.FRAME, hi + marking.FRAME)[:2]
        out[:] = marking.marked(loud, lo, self._mark)

    def _peaked(self, lo: int, hi: int, out: Turns) -> None:
        step = dynamics.LIMIT_STEP
        loud = self._out.read(lo * step - _MARGIN, hi * step + _MARGIN)
        dynamics.measure_peaks(loud, _MARGIN, dynamics.PHASES, out, self._ceiling)

    def _limited(self, lo: int, hi: int, curve: Audio) -> None:
        """Limiter and fades over [lo, hi), whole steps; zero outside the recipe."""
        step, limiter = dynamics.LIMIT_STEP, self._recipe.bus.limiter
        first, last = lo // step, hi // step
        peaks = self._peaks.read(first - self._lead, last + dynamics.lookahead_steps(limiter))
        gains = dynamics.limiter_steps(limiter, peaks, self._lead)
        dynamics.spread_into(gains, step, curve)
        length = self._recipe.length
        if lo < self._recipe.fade_in:
            fade(curve, lo, self._recipe.fade_in, 1)
            curve[: max(0, -lo)] = 0.0
        if hi > length - self._recipe.fade_out:
            fade(curve, length - 1 - lo, self._recipe.fade_out, -1)
            curve[max(0, length - lo) :] = 0.0

    def before_limiter(self, lo: int, hi: int) -> Audio:
        """The mix after bus compressor and planned gain, float32 [2, hi - lo]."""
        out: Audio = self._loud.read(lo, hi)[:2].copy()
        return out

    def channel(self, index: int, lo: int, hi: int) -> Audio | None:
        """What a source pours over [lo, hi), whole blocks: left, right, send; None if nothing."""
        source = self._sources[index]
        if source is None or not source.is_heard(lo, hi):
            return None
        poured: Audio = source.channel.read(lo, hi)
        return poured

    def gathered(self, lo: int, hi: int) -> Audio:
        """Parts before the bus curves, float32 [n_sources, 2, hi - lo]."""
        out: Audio = self._gathered.read(lo, hi)
        return out

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """The output into float32 [2, hi - lo]."""
        curve = self._curve.read(lo, hi)
        for channel, loud in zip(out, self._out.read(lo, hi), strict=False):
            np.multiply(loud, curve, out=channel)

    def _gains(self, lo: int, hi: int) -> tuple[Audio, Audio]:
        """The curves that multiply the parts over [lo, hi): compressor and gain, limiter and fades;
        valid until the mix is asked for further on.

        What the limiter looks at is asked for first, from as far back as it looks: it goes on from
        where it ended, and what lies before that would be gone.
        """
        self._loud.read(lo - self._lead * dynamics.LIMIT_STEP - _MARGIN, hi)
        limiter: Audio = self._curve.read(lo, hi)
        return self._loud.read(lo, hi)[2], limiter

    def parts(self, lo: int, hi: int) -> Audio:
        """Every source's part of the output, float32 [n_sources, 2, hi - lo]."""
        bus, limiter = self._gains(lo, hi)
        out: Audio = self._gathered.read(lo, hi) * (bus * limiter)
        return out

    def windows(self, lo: int, hi: int) -> tuple[Reals, Reals]:
        """The windows of [lo, hi), which begins and ends with one.

        Float64 [n_windows, n_sources] and, of each window, what nets wrote: [n_windows].
        """
        since = lo - RUN_IN
        begin, end = _blocks(since, hi)
        sources = [*self._sources, *self._generated]
        _, until = _blocks(lo, hi + self._ahead)
        reverb = self._recipe.bus.reverb
        room = None if reverb is None else adjoint_of(reverb)
        reach = 0 if room is None else room.reach
        for source in sources:
            if source is not None:
                source.bring(begin, end, until, reach)
        gains = self._gains(since, hi)
        asked = asked_of(self._mix.read(since, hi), *gains)
        table = np.zeros(((hi - lo) // WINDOW_SAMPLES, len(sources)))
        heard = {
            column: source
            for column, source in enumerate(sources)
            if source is not None and source.is_heard(begin, end)
        }
        if heard:
            dry = [source.channel.read(since, hi) for source in heard.values()]
            table[:, list(heard)] = weigh(dry, asked)
        wet = [column for column, source in heard.items() if source.send is not None]
        if room is not None and wet:
            sends = [heard[column].sent(since - reach, hi) for column in wet]
            table[:, wet] += room.weigh(sends, asked)
        windows, notes = table[:, : len(self._sources)], table[:, len(self._sources) :]
        return windows, shares.generated_of(windows, notes, self._owners)


def _blocks(lo: int, hi: int) -> tuple[int, int]:
    """Whole blocks around [lo, hi)."""
    return lo // BLOCK_SAMPLES * BLOCK_SAMPLES, -(-hi // BLOCK_SAMPLES) * BLOCK_SAMPLES
