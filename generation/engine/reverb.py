"""Processor "reverb/1": one room for all sources, as a finite impulse response.

The room is decaying noise that follows from the recipe's seed; a source's share of its return is
that source's own send through it, so the shares add up to the whole. Knows blocks, not sections.
Invariant: block b of a return depends on send blocks b - P .. b only.
"""

from functools import cached_property, lru_cache

import numpy as np

from generation.engine.asking import Adjoint
from generation.engine.fourier import Plan, plan_of, rows_of, transform
from generation.engine.kernels import Audio, Reals, aligned, exp2_of, hashed, kernel
from generation.engine.returns import (
    ABREAST,
    FRAME,
    HALF_TURNS,
    TILE,
    answer,
    even,
    look,
    met_of,
    near_of,
)
from generation.recipe import BLOCK_SAMPLES, SAMPLE_RATE_HZ, Reverb

PROCESSOR = "reverb/1"
# A beginning of so many blocks at most is laid out by itself: 0.7 s of sound.
_EARLY = 8


def impulse(reverb: Reverb) -> Audio:
    """The room, float32 [2, n]: 60 dB down after `seconds`, highs twice as fast; unit energy."""
    noise = Noise(reverb)
    delayed = np.zeros((2, noise.delay + noise.raw.shape[1]), dtype=np.float32)
    unit = noise.raw / noise.roots[:, None]
    np.multiply(unit, noise.level, out=delayed[:, noise.delay :], casting="same_kind")
    return delayed


@kernel
def decaying_noise(
    seed: int, pole: float, floor: float, samples: float, room: Reals, roots: Reals
) -> None:
    """Noise without rumble that falls by 60 dB in `samples`, its highs by twice as much.

    Every number is from the seed and its own place, in [-1, 1); one-pole low passes, run twice,
    part highs, middle and rumble. Divided by its number of `roots`, a channel has unit energy.
    """
    size, step = room.shape[1], exp2_of(-3.0 * 3.321928094887362 / samples)
    a0 = b0 = c0 = d0 = energy0 = 0.0
    a1 = b1 = c1 = d1 = energy1 = 0.0
    held = 1.0
    for i in range(size):  # both channels at once: each filter waits for what it gave before
        noise0, noise1 = 2.0 * hashed(seed, i, 0) - 1.0, 2.0 * hashed(seed, i, 1) - 1.0
        a0, a1 = pole * a0 + (1.0 - pole) * noise0, pole * a1 + (1.0 - pole) * noise1
        b0, b1 = pole * b0 + (1.0 - pole) * a0, pole * b1 + (1.0 - pole) * a1
        c0, c1 = floor * c0 + (1.0 - floor) * b0, floor * c1 + (1.0 - floor) * b1
        d0, d1 = floor * d0 + (1.0 - floor) * c0, floor * d1 + (1.0 - floor) * c1
        begun, ended = min(1.0, (i + 1) / 480.0), min(1.0, (size - i) / (0.1 * size))
        heard0 = ((b0 - d0) + (noise0 - b0) * held) * held * (begun * ended)
        heard1 = ((b1 - d1) + (noise1 - b1) * held) * held * (begun * ended)
        room[0, i], room[1, i] = heard0, heard1
        energy0 += heard0 * heard0
        energy1 += heard1 * heard1
        held *= step
    roots[0], roots[1] = np.sqrt(energy0), np.sqrt(energy1)


class Noise:
    """What a room is made of: `raw` float64 [2, n], to be divided by `roots` [2] and multiplied by
    `level`; it begins after `delay` samples."""

    def __init__(self, reverb: Reverb) -> None:
        size = max(64, round(reverb.seconds * SAMPLE_RATE_HZ))
        pole = float(np.exp(-2.0 * np.pi * min(reverb.damping_hz, 20_000.0) / SAMPLE_RATE_HZ))
        floor = float(np.exp(-2.0 * np.pi * 150.0 / SAMPLE_RATE_HZ))
        samples = reverb.seconds * SAMPLE_RATE_HZ
        self.raw: Reals = np.empty((2, size))
        self.roots: Reals = np.empty(2)
        decaying_noise(reverb.seed, pole, floor, samples, self.raw, self.roots)
        self.delay = round(reverb.predelay_ms * SAMPLE_RATE_HZ / 1000)
        self.level = exp2_of(reverb.return_db * 0.16609640474436812)


def blocks_of(reverb: Reverb) -> int:
    """How many blocks the room lasts."""
    size = max(64, round(reverb.seconds * SAMPLE_RATE_HZ))
    delay = round(reverb.predelay_ms * SAMPLE_RATE_HZ / 1000)
    return -(-(delay + size) // BLOCK_SAMPLES)


class Room:
    """The impulse response cut into blocks, as spectra in tiles; laid out when first asked for.

    Both ears are one complex response, left real and right imaginary, so that one transform brings
    both back.
    """

    def __init__(self, reverb: Reverb, blocks: int | None = None) -> None:
        """The first `blocks` of the room, or all of it."""
        whole = blocks_of(reverb)
        self._reverb, self.blocks = reverb, min(whole, blocks or whole)
        self._early: dict[int, Room] = {}

    @cached_property
    def _noise(self) -> Noise:
        return Noise(self._reverb)

    @cached_property
    def _laid(self) -> tuple[Audio, Audio]:
        tiles = aligned(BLOCK_SAMPLES // TILE, self.blocks, 4, TILE, blank=False)
        middle = np.empty((self.blocks, 2), dtype=np.float32)
        noise, rows = self._noise, rows_of(6, FRAME)
        lay_tiles(
            noise.raw, noise.roots, noise.level, noise.delay, rows, plan_of(FRAME), tiles, middle
        )
        del self._noise
        self._early.clear()
        return tiles, middle

    @property
    def tiles(self) -> Audio:
        """Real and imaginary part of bins 0 to 4,095 and of their mirror images, float32 [tiles, P,
        4, TILE]."""
        return self._laid[0]

    @property
    def middle(self) -> Audio:
        """The bin at half the rate, float32 [P, 2]."""
        return self._laid[1]

    def cut(self, blocks: int) -> "Room":
        """The same room, ended after so many blocks."""
        short = Room(self._reverb, min(blocks, self.blocks))
        short._noise = self._noise
        return short

    def met_by(self, blocks: int) -> "Room":
        """As much of the room as sound that began so many blocks ago can meet, or more.

        What begins waits for few blocks to be laid out, not for all.
        """
        enough = 1 << (blocks - 1).bit_length()
        if "_laid" in self.__dict__ or enough > min(_EARLY, self.blocks // 2):
            return self
        if enough not in self._early:
            self._early[enough] = self.cut(enough)
        return self._early[enough]

    def send_spectra(self, send: Audio, out: Audio) -> None:
        """Spectra of blocks, float32 [n, 2, ROW]; `send` has one block before them."""
        look(send, rows_of(6, BLOCK_SAMPLES), plan_of(BLOCK_SAMPLES), HALF_TURNS, out)

    def returned(self, sends: Audio, dry: Audio, out: Audio) -> None:
        """`dry` [2 or more rows] and the return of the last blocks, float32 [2, count * BLOCK].

        `sends` lead by P - 1 blocks.
        """
        count = out.shape[1] // BLOCK_SAMPLES
        abreast = even(-(-count // max(1, -(-count // ABREAST))))
        answer(
            sends.ctypes.data, len(sends), self.tiles.reshape(-1), self.middle,
            near_of(abreast, self.blocks), met_of(abreast), rows_of(2 * abreast, FRAME),
            rows_of(4, FRAME), plan_of(FRAME), dry, out,
        )  # fmt: skip


@kernel
def lay_tiles(
    noise: Reals, roots: Reals, level: float, delay: int, rows: Audio, plan: Plan, tiles: Audio,
    middle: Audio,
) -> None:  # fmt: skip
    """The spectra of a response's blocks, each before as much silence, over the frame's length."""
    size, share = plan.size, np.float32(1.0 / plan.size)
    real, imag = rows[0, :size], rows[1, :size]
    for block in range(middle.shape[0]):
        real[:], imag[:] = np.float32(0.0), np.float32(0.0)
        begin = block * BLOCK_SAMPLES - delay
        for i in range(max(0, -begin), min(BLOCK_SAMPLES, noise.shape[1] - begin)):
            real[i] = np.float32(noise[0, begin + i] / roots[0] * level) * share
            imag[i] = np.float32(noise[1, begin + i] / roots[1] * level) * share
        transform(real, imag, rows[2:], plan)
        for k in range(BLOCK_SAMPLES):
            tile, at, mirrored = tiles[k // TILE, block], k % TILE, (size - k) % size
            tile[0, at], tile[1, at] = real[k], imag[k]
            tile[2, at], tile[3, at] = real[mirrored], imag[mirrored]
        middle[block, 0], middle[block, 1] = real[BLOCK_SAMPLES], imag[BLOCK_SAMPLES]


@lru_cache(maxsize=8)
def room_of(reverb: Reverb) -> Room:
    """The room of a recipe, made once: planning and every piece ask for the same one."""
    return Room(reverb)


@lru_cache(maxsize=8)
def adjoint_of(reverb: Reverb) -> Adjoint:
    """The same room as windows ask for it, made once."""
    return Adjoint(impulse(reverb))
