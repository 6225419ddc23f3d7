"""One source of a recipe: its channel, what it sends to the room, and where it is heard.

Knows one source's way up to where all of them meet. Invariant: outside the stretches in which it is
heard, its room included, its sound is zero and nobody works it out.
"""

from collections.abc import Sequence

import numpy as np

from generation.engine.console import Channel
from generation.engine.kernels import Audio, Samples, kernel
from generation.engine.memory import source_memory
from generation.engine.returns import ROW, lanes_at
from generation.engine.reverb import Room
from generation.engine.tape import Tape
from generation.engine.vectors import store
from generation.recipe import BLOCK_SAMPLES, Recipe

# Windows ask for sound from a run-in before where they begin, and up to where the limiter looks
# ahead, then the mix from as far back as the limiter looks: so much lies between, in whole blocks.
KEEP = 8 * BLOCK_SAMPLES
# Channels are asked for in order, from a run-in before a piece; what is copied of them reaches far
# back and has room for some pieces more, so that it need not move for each.
_KEEP_CHANNEL, _ROOMY = 4 * BLOCK_SAMPLES, 3.0


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
        """The channel's sound and its return over [lo, hi), multiples of a block."""
        room = self._room.met_by(hi // BLOCK_SAMPLES - self._begins)
        sends = self.spectra(lo, hi)[self._room.blocks - room.blocks :]
        room.returned(sends, self._channel.read(lo, hi), out)

    def spectra(self, lo: int, hi: int) -> Audio:
        """Spectra of all that comes back over [lo, hi), multiples of a block.

        Asked for before the channel's sound: the room looks further back, except for what lies
        before all sound, and a tape that is asked for earlier samples than it holds begins anew.
        """
        first, last = lo // BLOCK_SAMPLES, hi // BLOCK_SAMPLES
        if first < self._begins:
            self._channel.read(lo, hi)
        found: Audio = self._spectra.read(first - self._room.blocks + 1, last)
        return found

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
        self._heard, self._since = heard, begins * BLOCK_SAMPLES
        self._console = channel
        self.channel = Tape(
            channel.sound, (3,), np.float32, _KEEP_CHANNEL, BLOCK_SAMPLES, self._since
        )
        self.sends = channel.sends
        self.send = Send(self.channel, room, begins) if room and channel.sends else None
        self._sent = Tape(self._copied, (), np.float32, 0, BLOCK_SAMPLES, self._since, roomy=_ROOMY)

    def _copied(self, lo: int, hi: int, out: Audio) -> None:
        out[:] = self.channel.read(lo, hi)[2]

    def is_heard(self, lo: int, hi: int) -> bool:
        """Whether anything may be heard of it in [lo, hi)."""
        return any(start < hi and end > lo for start, end in self._heard)

    def bring(self, lo: int, hi: int, until: int, reach: int) -> None:
        """Makes what windows of [lo, hi) ask for, and what the mix asks for up to `until`, at once.

        The room's share asks back for `reach` samples. All but that are multiples of a block. As
        `Send.spectra` has it, what lies further back is asked for first, unless before all sound.
        """
        if not self.is_heard(lo, until):
            return
        if self.send is not None:
            if lo < self._since:
                self.channel.read(lo, hi)
            self._sent.read(lo - reach, hi)
        self.channel.read(lo, until)

    def sent(self, lo: int, hi: int) -> Audio:
        """What goes to the room over [lo, hi), float32 [hi - lo]; after `bring`."""
        found: Audio = self._sent.read(lo, hi)
        return found

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
        elif self.send is None:
            out[:] = self.channel.read(lo, hi)[:2]
        else:
            self.send.with_return(lo, hi, out)

    def take_over(self, other: "Source", since: int, until: int) -> None:
        """Goes on where the same source of another desk is, within [since, until)."""
        self._console.take_over(other._console, since, until)
        self.channel.take_over(other.channel, since, until)
        self._sent.take_over(other._sent, since, until)
        if self.send is not None and other.send is not None:
            self.send.take_over(other.send, since, until)


def add_up(channels: Sequence[Audio], out: Audio) -> None:
    """All channels together, in order, into float32 [3, n], n a multiple of 16.

    The sums are those of adding one to what there is of the others, and so is every bit of them.
    """
    rows = [[channel[row].ctypes.data for channel in channels] for row in range(3)]
    add_rows(np.array(rows, dtype=np.int64), out)


@kernel
def add_rows(places: Samples, out: Audio) -> None:
    """Row by row, what lies at each place in memory, one after another."""
    for row in range(out.shape[0]):
        for i in range(0, out.shape[1], 16):
            found = lanes_at(places[row, 0], i)
            for k in range(1, places.shape[1]):
                found = found + lanes_at(places[row, k], i)
            store(out[row], i, found)
