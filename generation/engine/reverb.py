"""Processor "reverb/1": one room for all sources, as a finite impulse response.

The room is decaying noise that follows from the recipe's seed; a source's share of its return is
that source's own send through it, so the shares add up to the whole. Knows blocks, not sections.
Invariant: block b of a return depends on send blocks b - P .. b only.
"""

from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np

from generation.engine.fourier import Plan, plan_of, rows_of, transform
from generation.engine.kernels import Audio, Reals, aligned, exp2_of, hashed, kernel
from generation.engine.vectors import (
    NEAR_WIDTH,
    backward,
    even_lanes,
    fma,
    load,
    load_near,
    negated,
    odd_lanes,
    splat,
    splat_near,
    store,
    store_near,
)
from generation.recipe import BLOCK_SAMPLES, SAMPLE_RATE_HZ, Reverb

PROCESSOR = "reverb/1"
_FRAME = 2 * BLOCK_SAMPLES
TILE = 64
# Numbers in a row of a send's spectrum: its bins, up to whole lanes.
ROW = BLOCK_SAMPLES + 16


def impulse(reverb: Reverb) -> Audio:
    """The room, float32 [2, n]: 60 dB down after `seconds`, highs twice as fast; unit energy."""
    size = max(64, round(reverb.seconds * SAMPLE_RATE_HZ))
    room = np.empty((2, size))
    pole = float(np.exp(-2.0 * np.pi * min(reverb.damping_hz, 20_000.0) / SAMPLE_RATE_HZ))
    floor = float(np.exp(-2.0 * np.pi * 150.0 / SAMPLE_RATE_HZ))
    decaying_noise(reverb.seed, pole, floor, reverb.seconds * SAMPLE_RATE_HZ, room)
    delay = round(reverb.predelay_ms * SAMPLE_RATE_HZ / 1000)
    level = exp2_of(reverb.return_db * 0.16609640474436812)
    return np.pad(room * level, ((0, 0), (delay, 0))).astype(np.float32)


@kernel
def decaying_noise(seed: int, pole: float, floor: float, samples: float, room: Reals) -> None:
    """Noise without rumble that falls by 60 dB in `samples`, its highs by twice as much.

    Every number is from the seed and its own place, in [-1, 1); one-pole low passes, run twice,
    part highs, middle and rumble. Each channel has unit energy in the end.
    """
    size, step = room.shape[1], exp2_of(-3.0 * 3.321928094887362 / samples)
    for channel in range(room.shape[0]):
        a = b = c = d = energy = 0.0
        held = 1.0
        for i in range(size):
            noise = 2.0 * hashed(seed, i, channel) - 1.0
            a = pole * a + (1.0 - pole) * noise
            b = pole * b + (1.0 - pole) * a
            c = floor * c + (1.0 - floor) * b
            d = floor * d + (1.0 - floor) * c
            heard = ((b - d) + (noise - b) * held) * held
            heard *= min(1.0, (i + 1) / 480.0) * min(1.0, (size - i) / (0.1 * size))
            room[channel, i] = heard
            energy += heard * heard
            held *= step
        for i in range(size):
            room[channel, i] /= np.sqrt(energy)


class Room:
    """The impulse response cut into blocks, as spectra in tiles.

    Both ears are one complex response, left real and right imaginary, so that one transform brings
    both back. `tiles` float32 [tiles, P, 4, TILE]: real and imaginary part of bins 0 to 4,095 and
    of their mirror images; `middle` float32 [P, 2]: the bin at half the rate.
    """

    def __init__(self, reverb: Reverb) -> None:
        response = impulse(reverb)
        self.blocks = -(-response.shape[1] // BLOCK_SAMPLES)
        padded = np.zeros((2, self.blocks * BLOCK_SAMPLES), dtype=np.float32)
        padded[:, : response.shape[1]] = response
        self.tiles: Audio = aligned(BLOCK_SAMPLES // TILE, self.blocks, 4, TILE, blank=False)
        self.middle: Audio = np.empty((self.blocks, 2), dtype=np.float32)
        lay_tiles(padded, rows_of(6, _FRAME), plan_of(_FRAME), self.tiles, self.middle)

    def cut(self, blocks: int) -> "Room":
        """The same room, ended after so many blocks."""
        short = copy(self)
        short.blocks = min(blocks, self.blocks)
        short.tiles = np.ascontiguousarray(self.tiles[:, : short.blocks])
        short.middle = self.middle[: short.blocks]
        return short

    def send_spectra(self, send: Audio, out: Audio) -> None:
        """Spectra of blocks, float32 [n, 2, ROW]; `send` has one block before them."""
        look(send, rows_of(6, BLOCK_SAMPLES), plan_of(BLOCK_SAMPLES), HALF_TURNS, out)

    def returned(self, sends: Audio, dry: Audio, out: Audio) -> None:
        """`dry` [2 or more rows] and the return of the last blocks, float32 [2, count * BLOCK].

        `sends` lead by P - 1.
        """
        count = out.shape[1] // BLOCK_SAMPLES
        mixed = rows_of(2 * count, _FRAME)
        convolve(sends.reshape(-1), self.tiles.reshape(-1), self.middle, mixed)
        come_back(mixed, rows_of(4, _FRAME), plan_of(_FRAME), dry, out)


@kernel
def lay_tiles(response: Audio, rows: Audio, plan: Plan, tiles: Audio, middle: Audio) -> None:
    """The spectra of a response's blocks, each before as much silence, over the frame's length."""
    size, share = plan.size, np.float32(1.0 / plan.size)
    real, imag = rows[0, :size], rows[1, :size]
    for block in range(middle.shape[0]):
        real[:], imag[:] = np.float32(0.0), np.float32(0.0)
        for i in range(BLOCK_SAMPLES):
            real[i] = response[0, block * BLOCK_SAMPLES + i] * share
            imag[i] = response[1, block * BLOCK_SAMPLES + i] * share
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


def half_turns() -> Audio:
    """e^(-2 pi i k / 8192) for bins k of a block's spectrum, float32 [2, BLOCK_SAMPLES]."""
    angle = -2.0 * np.pi * np.arange(BLOCK_SAMPLES) / _FRAME
    return np.stack((np.cos(angle), np.sin(angle))).astype(np.float32)


HALF_TURNS = half_turns()


@kernel
def look(send: Audio, rows: Audio, plan: Plan, turns: Audio, out: Audio) -> None:
    """The spectrum of each block with the one before it: bins 0 to 4,096, real and imaginary.

    Real samples go by twos through a complex transform of half the length, which is parted after it
    (Press et al., Numerical Recipes, 3rd edition, 12.3.2).
    """
    size = BLOCK_SAMPLES
    real, imag = rows[0, :size], rows[1, :size]
    for b in range(out.shape[0]):
        for i in range(0, size, 16):
            first, second = load(send, b * size + 2 * i), load(send, b * size + 2 * i + 16)
            store(real, i, even_lanes(first, second))
            store(imag, i, odd_lanes(first, second))
        transform(real, imag, rows[2:], plan)
        part_bins(real, imag, turns, out[b, 0], out[b, 1])


@kernel
def part_bins(real: Audio, imag: Audio, turns: Audio, out_real: Audio, out_imag: Audio) -> None:
    """Bins 0 to n of 2n real samples, whose pairs have the spectrum `real`, `imag` [n]."""
    size, half = real.shape[0], np.float32(0.5)
    for k in range(16):
        m = (size - k) % size
        er, ei = half * (real[k] + real[m]), half * (imag[k] - imag[m])
        dr, di = half * (imag[k] + imag[m]), half * (real[m] - real[k])
        c, s = turns[0, k], turns[1, k]
        out_real[k], out_imag[k] = er + (dr * c - di * s), ei + (dr * s + di * c)
    out_real[size], out_imag[size] = real[0] - imag[0], np.float32(0.0)
    halves = splat(half)
    for k in range(16, size, 16):
        a, b = load(real, k), load(imag, k)
        c, d = backward(load(real, size - k - 15)), backward(load(imag, size - k - 15))
        er, ei = (a + c) * halves, (b - d) * halves
        dr, di = (b + d) * halves, (c - a) * halves
        c, s = load(turns[0], k), load(turns[1], k)
        store(out_real, k, er + fma(dr, c, negated(di * s)))
        store(out_imag, k, ei + fma(dr, s, di * c))


@kernel
def convolve(sends: Audio, tiles: Audio, middle: Audio, mixed: Audio) -> None:
    """mixed[b] = sum over p of sends[b + P - 1 - p] * room[p], p rising, bin by bin, tile by tile.

    `sends` and `tiles` as one row of numbers each; `mixed` has two rows a block.
    """
    parts, count = middle.shape[0], mixed.shape[0] // 2
    near = np.empty((count + parts - 1) * 2 * TILE, dtype=np.float32)
    for tile in range(BLOCK_SAMPLES // TILE):
        for row in range(2 * (count + parts - 1)):  # brought together from pages of their own
            for i in range(0, TILE, 16):
                store(near, row * TILE + i, load(sends, row * ROW + tile * TILE + i))
        for b in range(count):
            for low in range(0, TILE, 2 * NEAR_WIDTH):
                k, w = tile * TILE + low, 4 * tile * parts * TILE + low
                add_up(near, b * 2 * TILE + low, tiles, w, parts, k, mixed[2 * b], mixed[2 * b + 1])
    for b in range(count):
        left = right = np.float32(0.0)
        for p in range(parts):
            x = sends[(b + parts - 1 - p) * 2 * ROW + BLOCK_SAMPLES]
            left += x * middle[p, 0]
            right += x * middle[p, 1]
        mixed[2 * b, BLOCK_SAMPLES], mixed[2 * b + 1, BLOCK_SAMPLES] = left, right


@kernel
def add_up(
    near: Audio, at: int, tiles: Audio, w: int, parts: int, k: int, real: Audio, imag: Audio
) -> None:
    """Two registers of bins from k on of one block and their mirror images.

    Sends lie from `at` on, the room from `w` on. A send is real, so the mirror image of its bin is
    the conjugate of the bin. Two registers go abreast: each sum alone would wait for itself.
    """
    size, none, n = 2 * BLOCK_SAMPLES, splat_near(np.float32(0.0)), NEAR_WIDTH
    nr = ni = fr = fi = none
    mr = mi = gr = gi = none
    for p in range(parts):
        s, t = at + (parts - 1 - p) * 2 * TILE, w + 4 * p * TILE
        x, y = load_near(near, s), load_near(near, s + TILE)
        u, v = load_near(near, s + n), load_near(near, s + TILE + n)
        a, c = load_near(tiles, t), load_near(tiles, t + TILE)
        nr, ni = fma(x, a, fma(negated(y), c, nr)), fma(x, c, fma(y, a, ni))
        a, c = load_near(tiles, t + n), load_near(tiles, t + TILE + n)
        mr, mi = fma(u, a, fma(negated(v), c, mr)), fma(u, c, fma(v, a, mi))
        a, c = load_near(tiles, t + 2 * TILE), load_near(tiles, t + 3 * TILE)
        fr, fi = fma(x, a, fma(y, c, fr)), fma(x, c, fma(negated(y), a, fi))
        a, c = load_near(tiles, t + 2 * TILE + n), load_near(tiles, t + 3 * TILE + n)
        gr, gi = fma(u, a, fma(v, c, gr)), fma(u, c, fma(negated(v), a, gi))
    store_near(real, k, nr)
    store_near(imag, k, ni)
    store_near(real, k + n, mr)
    store_near(imag, k + n, mi)
    if k > 0:
        store_near(real, size - k - n + 1, backward(fr))
        store_near(imag, size - k - n + 1, backward(fi))
    else:
        first_mirrored(fr, fi, real, imag)
    store_near(real, size - k - 2 * n + 1, backward(gr))
    store_near(imag, size - k - 2 * n + 1, backward(gi))


@kernel
def first_mirrored(fr: Any, fi: Any, real: Audio, imag: Audio) -> None:
    """The mirror images of the bins of the first register but bin 0."""
    kept, size = np.empty(2 * NEAR_WIDTH, dtype=np.float32), 2 * BLOCK_SAMPLES
    store_near(kept, 0, fr)
    store_near(kept, NEAR_WIDTH, fi)
    for k in range(1, NEAR_WIDTH):
        real[size - k], imag[size - k] = kept[k], kept[NEAR_WIDTH + k]


@kernel
def come_back(mixed: Audio, room: Audio, plan: Plan, dry: Audio, out: Audio) -> None:
    """`dry` and the second half of each block's inverse transform; `mixed` is spoilt."""
    size = plan.size
    for b in range(mixed.shape[0] // 2):
        left, right = mixed[2 * b, :size], mixed[2 * b + 1, :size]
        transform(right, left, room, plan)
        at = b * BLOCK_SAMPLES
        for i in range(0, BLOCK_SAMPLES, 16):
            store(out[0], at + i, load(dry[0], at + i) + load(left, BLOCK_SAMPLES + i))
            store(out[1], at + i, load(dry[1], at + i) + load(right, BLOCK_SAMPLES + i))
