"""Where the sources meet: room, sum, bus compressor, planned gain, limiter and fades.

Compressor and limiter compute one curve each from the mix; the curves multiply every part. The mix
is made from the sum of all sends through the room, a part from its own: the room is linear, so the
parts add up to the output within rounding, and nobody pays for parts who does not ask for them.
Knows the recipe and the stems, not who hears them. Invariant: the sound does not depend on whether
parts were asked for.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from generation.engine import dynamics, marking, shares
from generation.engine.agreed import agreed
from generation.engine.clips import Dry, Generated, Onsets
from generation.engine.console import Channel
from generation.engine.kernels import Audio, Reals, Samples, Turns, exp2_of, fade, fixed
from generation.engine.memory import source_memory
from generation.engine.reverb import ROW, Room, room_of
from generation.engine.score import Score
from generation.engine.spans import spans_of
from generation.engine.tape import Cache, Tape
from generation.engine.windows import windows_of
from generation.recipe import BLOCK_SAMPLES, Recipe

_MARGIN = dynamics.PEAK_TAPS
# Sound is asked for up to where windows and the limiter have looked ahead, then windows back to
# where the stride begins that a second falls into: so much lies between, in whole blocks.
_KEEP = 8 * BLOCK_SAMPLES
_NONE: tuple[Samples, Reals] = (np.empty(0, dtype=np.int64), np.empty(0))


def _is_same(one: Onsets, other: Onsets) -> bool:
    return one is other or all(map(np.array_equal, one, other))


def first_block(recipe: Recipe, source: int) -> int | None:
    """The block in which a source begins to sound; None when it never does."""
    starts = [clip.start for clip in recipe.clips if clip.source == source]
    starts += [note.start for note in recipe.notes if note.source == source]
    return min(starts) // BLOCK_SAMPLES if starts else None


def heard_of(recipe: Recipe, source: int) -> list[tuple[int, int]]:
    """The stretches outside which nothing of a source sounds on, in order and apart."""
    mine = [(clip.start, clip.end) for clip in recipe.clips if clip.source == source]
    notes = (note for note in recipe.notes if note.source == source)
    mine += [(note.start, note.start + note.length) for note in notes]
    memory = source_memory(recipe, source)
    found: list[tuple[int, int]] = []
    for start, end in sorted(mine):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end + memory)
        else:
            found.append((start, end + memory))
    return found


class Send:
    """What is sent to the room and what comes back; `channel` gives left, right and send."""

    def __init__(self, channel: Tape, room: Room, begins: int) -> None:
        self._room, self._channel, self._begins = room, channel, begins
        self._spectra = Tape(self._sent, (2, ROW), np.float32, 8, begins=begins, is_first=True)

    def _sent(self, lo: int, hi: int, out: Audio) -> None:
        poured = self._channel.read((lo - 1) * BLOCK_SAMPLES, hi * BLOCK_SAMPLES)
        self._room.send_spectra(poured[2], out)

    def with_return(self, lo: int, hi: int, out: Audio) -> None:
        """The channel's sound and its return over [lo, hi), multiples of a block.

        The room is asked first: it looks further back, except for what lies before all sound, and a
        tape that is asked for earlier samples than it holds begins anew.
        """
        first, last = lo // BLOCK_SAMPLES, hi // BLOCK_SAMPLES
        if first < self._begins:
            self._channel.read(lo, hi)
        sends = self._spectra.read(first - self._room.blocks + 1, last)
        self._room.returned(sends, self._channel.read(lo, hi), out)

    def take_over(self, other: "Send", since: int, until: int) -> None:
        """Goes on where `other` is, into the same room."""
        first, last = -(-since // BLOCK_SAMPLES), until // BLOCK_SAMPLES
        self._spectra.take_over(other._spectra, first, last)


class Source:
    """One source's channel, and its own share of the room when that is asked for.

    `heard`: the stretches outside which it is silent, its room too.
    """

    def __init__(
        self, channel: Channel, room: Room | None, begins: int, heard: Sequence[tuple[int, int]]
    ) -> None:
        self._heard = heard
        since = begins * BLOCK_SAMPLES
        self._console = channel
        self.channel = Tape(channel.sound, (3,), np.float32, _KEEP, BLOCK_SAMPLES, since)
        self.sends = channel.sends
        self._send = Send(self.channel, room, begins) if room and channel.sends else None

    def is_heard(self, lo: int, hi: int) -> bool:
        """Whether anything may be heard of it in [lo, hi)."""
        return any(start < hi and end > lo for start, end in self._heard)

    def add(self, lo: int, hi: int, out: Audio, *, is_first: bool) -> None:
        """Adds left, right and send over [lo, hi) to `out`, unless it is the first there.

        Only where its part is asked for too does its channel go through a tape.
        """
        if not self.channel.goes_on(lo):
            self._console.add(lo, hi, out, is_first=is_first)
        elif is_first:
            out[:] = self.channel.read(lo, hi)
        else:
            out += self.channel.read(lo, hi)

    def part(self, lo: int, hi: int, out: Audio) -> None:
        """Dry and wet together into float32 [2, hi - lo]; lo and hi are multiples of a block."""
        if not self.is_heard(lo, hi):
            out[:] = 0.0
        elif self._send is None:
            out[:] = self.channel.read(lo, hi)[:2]
        else:
            self._send.with_return(lo, hi, out)

    def take_over(self, other: "Source", since: int, until: int) -> None:
        """Goes on where the same source of another desk is, within [since, until)."""
        self._console.take_over(other._console, since, until)
        self.channel.take_over(other.channel, since, until)
        if self._send is not None and other._send is not None:
            self._send.take_over(other._send, since, until)


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
        self._gathered = Tape(
            self._gather, (len(recipe.sources), 2), np.float32, _KEEP, BLOCK_SAMPLES
        )
        self._apart = Tape(
            self._gather_apart, (len(self._owners), 2), np.float32, _KEEP, BLOCK_SAMPLES
        )
        self._mix = Tape(self._mixed, (2,), np.float32, _KEEP, BLOCK_SAMPLES, since)
        self._levels = Tape(self._measured, (), np.int32, BLOCK_SAMPLES // dynamics.STEP)
        self._loud = Tape(self._raised, (3,), np.float32, _KEEP, BLOCK_SAMPLES)
        self._out = self._loud
        if mark is not None:
            self._out = Tape(self._marked, (2,), np.float32, _KEEP, BLOCK_SAMPLES)
        self._peaks = Tape(self._peaked, (), np.int32, _KEEP // dynamics.LIMIT_STEP)
        self._curve = Tape(self._limited, (), np.float32, _KEEP, dynamics.LIMIT_STEP)
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
        return all(
            _is_same(one.get(source.digest, _NONE), two.get(source.digest, _NONE))
            for source in self._recipe.sources
            if source in other._recipe.sources
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

    def _gather_apart(self, lo: int, hi: int, out: Audio) -> None:
        """What nets wrote for each of the owners, before the bus curves."""
        for row, source in zip(out, self._generated, strict=True):
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
        fade(curve, lo, self._recipe.fade_in, 1)
        fade(curve, length - 1 - lo, self._recipe.fade_out, -1)
        curve[max(0, length - lo) :] = 0.0
        curve[: max(0, -lo)] = 0.0

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
        np.multiply(self._out.read(lo, hi)[:2], curve, out=out)

    def _gains(self, lo: int, hi: int) -> Audio:
        """All that multiplies the parts over [lo, hi).

        What the limiter looks at is asked for first, from as far back as it looks: it goes on from
        where it ended, and what lies before that would be gone.
        """
        reach = self._lead * dynamics.LIMIT_STEP + _MARGIN
        gains: Audio = self._loud.read(lo - reach, hi)[2, reach:].copy()
        gains *= self._curve.read(lo, hi)
        return gains

    def parts(self, lo: int, hi: int) -> Audio:
        """Every source's part of the output, float32 [n_sources, 2, hi - lo]."""
        out: Audio = self._gathered.read(lo, hi) * self._gains(lo, hi)
        return out

    def windows(self, lo: int, hi: int) -> tuple[Reals, Reals]:
        """The windows of [lo + RUN_IN, hi), whole strides.

        Float64 [n_windows, n_sources] and, of each window, what nets wrote: [n_windows].
        """
        rows, count = self._gathered.read(lo, hi), len(self._sources)
        if self._owners:
            notes = self._apart.read(lo, hi)
            rows = np.concatenate((rows, notes))
            rows[list(self._owners)] -= notes
        return shares.joined(windows_of(rows, self._gains(lo, hi)), count, self._owners)
