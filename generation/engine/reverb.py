"""Processor "reverb/1": one room for all sources, as a finite impulse response.

The room is decaying noise that follows from the recipe's seed; a source's share of its return is
that source's own send through it, so the shares add up to the whole. Knows blocks, not sections.
Invariant: block b of a return depends on send blocks b - P .. b only.
"""

from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import fft

from generation.engine.fourier import Plan, frame_of, plan_of, transform
from generation.engine.kernels import Audio, Reals, Samples, aligned, exp2_of, hashed, kernel
from generation.engine.vectors import backward, fma, load, splat, store
from generation.recipe import BLOCK_SAMPLES, SAMPLE_RATE_HZ, Reverb

PROCESSOR = "reverb/1"
_FRAME = 2 * BLOCK_SAMPLES
TILE = 128
# Numbers in a row of a send's spectrum: its bins, up to whole lanes.
ROW = BLOCK_SAMPLES + 16


def impulse(reverb: Reverb) -> Audio:
    """The room, float32 [2, n]: 60 dB down after `seconds`, highs twice as fast; unit energy."""
    size = max(64, round(reverb.seconds * SAMPLE_RATE_HZ))
    noise = np.empty((2, size))
    strew_noise(reverb.seed, noise)
    time = np.arange(size) / (reverb.seconds * SAMPLE_RATE_HZ)
    low, high = noise.copy(), noise
    pole = float(np.exp(-2.0 * np.pi * min(reverb.damping_hz, 20_000.0) / SAMPLE_RATE_HZ))
    floor = float(np.exp(-2.0 * np.pi * 150.0 / SAMPLE_RATE_HZ))
    smooth(low, pole)
    high = high - low
    rumble = low.copy()
    smooth(rumble, floor)
    room = (low - rumble) * 10.0 ** (-3.0 * time) + high * 10.0 ** (-6.0 * time)
    room *= np.minimum(1.0, (np.arange(size) + 1) / 480.0)
    room *= np.minimum(1.0, (size - np.arange(size)) / (0.1 * size))
    room /= np.sqrt((room**2).sum(axis=1, keepdims=True))
    delay = round(reverb.predelay_ms * SAMPLE_RATE_HZ / 1000)
    level = exp2_of(reverb.return_db * 0.16609640474436812)
    return np.pad(room * level, ((0, 0), (delay, 0))).astype(np.float32)


@kernel
def strew_noise(seed: int, noise: Reals) -> None:
    """Even noise in [-1, 1), each sample from the seed and its own place."""
    for channel in range(noise.shape[0]):
        for i in range(noise.shape[1]):
            noise[channel, i] = 2.0 * hashed(seed, i, channel) - 1.0


@kernel
def smooth(noise: Reals, pole: float) -> None:
    """In place: a one-pole low pass, run twice."""
    for _ in range(2):
        for channel in range(noise.shape[0]):
            held = 0.0
            for i in range(noise.shape[1]):
                held = pole * held + (1.0 - pole) * noise[channel, i]
                noise[channel, i] = held


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
        parts = padded.reshape(2, self.blocks, BLOCK_SAMPLES)
        whole = fft.fft(parts[0] + 1j * parts[1].astype(np.float64), n=_FRAME, axis=-1)
        bins = np.arange(BLOCK_SAMPLES)
        near, far = whole[:, bins], whole[:, -bins % _FRAME]
        rows = np.stack((near.real, near.imag, far.real, far.imag), axis=1).astype(np.float32)
        tiled = rows.reshape(self.blocks, 4, BLOCK_SAMPLES // TILE, TILE)
        self.tiles: Audio = aligned(BLOCK_SAMPLES // TILE, self.blocks, 4, TILE)
        self.tiles[:] = tiled.transpose(2, 0, 1, 3)
        center = whole[:, BLOCK_SAMPLES] / _FRAME
        self.tiles /= np.float32(_FRAME)
        self.middle: Audio = np.stack((center.real, center.imag), axis=1).astype(np.float32)

    def cut(self, blocks: int) -> "Room":
        """The same room, ended after so many blocks."""
        short = copy(self)
        short.blocks = min(blocks, self.blocks)
        short.tiles = np.ascontiguousarray(self.tiles[:, : short.blocks])
        short.middle = self.middle[: short.blocks]
        return short

    def send_spectra(self, send: Audio, out: Audio) -> None:
        """Spectra of blocks, float32 [n, 2, ROW]; `send` has one block before them."""
        look(send, frame_of(_FRAME), plan_of(_FRAME), out)

    def returned(self, sends: Audio, out: Audio) -> None:
        """Adds the return of the last blocks to `out`, float32 [2, count * BLOCK].

        `sends` lead by P - 1.
        """
        count = out.shape[1] // BLOCK_SAMPLES
        mixed = aligned(count, 2, _FRAME, blank=False)
        convolve(sends, self.tiles, self.middle, mixed)
        come_back(mixed, frame_of(_FRAME), plan_of(_FRAME), out)


@lru_cache(maxsize=8)
def room_of(reverb: Reverb) -> Room:
    """The room of a recipe, made once: planning and every piece ask for the same one."""
    return Room(reverb)


@kernel
def look(send: Audio, scratch: Audio, plan: Plan, out: Audio) -> None:
    """The spectrum of each block with the one before it: bins 0 to 4,096, real and imaginary."""
    size = 2 * BLOCK_SAMPLES
    for b in range(out.shape[0]):
        for i in range(0, size, 16):
            store(scratch[0], i, load(send, b * BLOCK_SAMPLES + i))
        scratch[1, :size] = 0.0
        transform(scratch, 0, 2, plan)
        for part in range(2):
            for k in range(BLOCK_SAMPLES + 1):
                out[b, part, k] = scratch[part, k]


@kernel
def convolve(sends: Audio, tiles: Audio, middle: Audio, mixed: Audio) -> None:
    """mixed[b] = sum over p of sends[b + P - 1 - p] * room[p], p rising, bin by bin, tile by tile.

    A send is real, so the mirror image of its bin k is the conjugate of bin k.
    """
    parts, size = tiles.shape[1], mixed.shape[2]
    none = splat(np.float32(0.0))
    for tile in range(tiles.shape[0]):
        for b in range(mixed.shape[0]):
            for low in range(0, TILE, 16):
                k = tile * TILE + low
                nr, ni, fr, fi = none, none, none, none
                for p in range(parts):
                    send, room = sends[b + parts - 1 - p], tiles[tile, p]
                    x, y = load(send[0], k), load(send[1], k)
                    a, c = load(room[0], low), load(room[1], low)
                    nr, ni = fma(x, a, fma(none - y, c, nr)), fma(x, c, fma(y, a, ni))
                    a, c = load(room[2], low), load(room[3], low)
                    fr, fi = fma(x, a, fma(y, c, fr)), fma(x, c, fma(none - y, a, fi))
                store(mixed[b, 0], k, nr)
                store(mixed[b, 1], k, ni)
                if k > 0:
                    store(mixed[b, 0], size - k - 15, backward(fr))
                    store(mixed[b, 1], size - k - 15, backward(fi))
                else:
                    first_mirrored(fr, fi, mixed[b])
    for b in range(mixed.shape[0]):
        real = imag = np.float32(0.0)
        for p in range(parts):
            x = sends[b + parts - 1 - p, 0, size // 2]
            real += x * middle[p, 0]
            imag += x * middle[p, 1]
        mixed[b, 0, size // 2], mixed[b, 1, size // 2] = real, imag


@kernel
def first_mirrored(real: Any, imag: Any, out: Audio) -> None:
    """The mirror images of bins 1 to 15."""
    kept = np.empty(32, dtype=np.float32)
    store(kept, 0, real)
    store(kept, 16, imag)
    for k in range(1, 16):
        out[0, out.shape[1] - k], out[1, out.shape[1] - k] = kept[k], kept[16 + k]


@kernel
def come_back(mixed: Audio, scratch: Audio, plan: Plan, out: Audio) -> None:
    """Adds the second half of each block's inverse transform to `out` [2, n]."""
    size = mixed.shape[2]
    for b in range(mixed.shape[0]):
        for i in range(0, size, 16):
            store(scratch[1], i, load(mixed[b, 0], i))
            store(scratch[0], i, load(mixed[b, 1], i))
        transform(scratch, 0, 2, plan)
        at = b * BLOCK_SAMPLES
        for i in range(0, BLOCK_SAMPLES, 16):
            wet = load(scratch[1], BLOCK_SAMPLES + i)
            store(out[0], at + i, load(out[0], at + i) + wet)
            wet = load(scratch[0], BLOCK_SAMPLES + i)
            store(out[1], at + i, load(out[1], at + i) + wet)
