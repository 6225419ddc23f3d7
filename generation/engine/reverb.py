"""Processor "reverb/1": one room for all sources, as a finite impulse response.

The room is decaying noise that follows from the recipe's seed; a source's share of its return is
that source's own send through it, so the shares add up to the whole. Knows blocks, not sections.
Invariant: block b of a return depends on send blocks b - P .. b only.
"""

from copy import copy
from functools import lru_cache

import numpy as np
from scipy import fft

from generation.engine.kernels import Audio, Reals, Spectrum, exp2_of, hashed, kernel
from generation.recipe import BLOCK_SAMPLES, SAMPLE_RATE_HZ, Reverb

PROCESSOR = "reverb/1"
_FRAME = 2 * BLOCK_SAMPLES
TILE = 1_024


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
    """The impulse response cut into blocks, as spectra [P, 2, 2, BLOCK + 1]: real and imaginary."""

    def __init__(self, reverb: Reverb) -> None:
        response = impulse(reverb)
        self.blocks = -(-response.shape[1] // BLOCK_SAMPLES)
        padded = np.zeros((2, self.blocks * BLOCK_SAMPLES), dtype=np.float32)
        padded[:, : response.shape[1]] = response
        parts = padded.reshape(2, self.blocks, BLOCK_SAMPLES).transpose(1, 0, 2)
        self.spectra = _split(fft.rfft(parts, n=_FRAME, axis=-1))

    def cut(self, blocks: int) -> "Room":
        """The same room, ended after so many blocks."""
        short = copy(self)
        short.blocks = min(blocks, self.blocks)
        short.spectra = self.spectra[: short.blocks]
        return short

    def send_spectra(self, send: Audio) -> Audio:
        """Spectra of blocks, float32 [n, 2, BLOCK + 1]; `send` has one block before them."""
        count = len(send) // BLOCK_SAMPLES - 1
        frames = np.lib.stride_tricks.sliding_window_view(send, _FRAME)[::BLOCK_SAMPLES]
        padded = np.zeros((-(-count // 4) * 4, _FRAME), dtype=np.float32)
        padded[:count] = frames[:count]
        return _split(fft.rfft(padded, axis=-1, overwrite_x=True)[:count])

    def returned(self, sends: Audio, count: int) -> Audio:
        """The return of the last `count` blocks, float32 [2, count * BLOCK].

        `sends` lead by P - 1.
        """
        mixed = np.empty((2 * count, BLOCK_SAMPLES + 1), dtype=np.complex64)
        convolve(sends, self.spectra, mixed)
        rows = fft.irfft(_padded(mixed), n=_FRAME, axis=-1, overwrite_x=True)[: 2 * count]
        tail = rows[:, BLOCK_SAMPLES:].reshape(count, 2, BLOCK_SAMPLES)
        return np.ascontiguousarray(tail.transpose(1, 0, 2)).reshape(2, count * BLOCK_SAMPLES)


@lru_cache(maxsize=8)
def room_of(reverb: Reverb) -> Room:
    """The room of a recipe, made once: planning and every piece ask for the same one."""
    return Room(reverb)


def _split(spectra: Spectrum) -> Audio:
    """Real and imaginary parts in rows of their own, one axis before the last."""
    return np.stack((spectra.real, spectra.imag), axis=-2).astype(np.float32)


def _padded(rows: Spectrum) -> Spectrum:
    """`rows` with empty ones added to a multiple of four, so that all take the same path."""
    missing = -len(rows) % 4
    return rows if missing == 0 else np.pad(rows, ((0, missing), (0, 0)))


@kernel
def convolve(sends: Audio, room: Audio, mixed: Spectrum) -> None:
    """mixed[2 b + c] = sum over p of sends[b + P - 1 - p] * room[p, c], p rising, bin by bin.

    `sends` [n, 2, bins] and `room` [P, 2, 2, bins] hold real and imaginary parts in rows.
    """
    parts, bins = room.shape[0], room.shape[3]
    real, imag = np.empty(TILE, dtype=np.float32), np.empty(TILE, dtype=np.float32)
    for b in range(mixed.shape[0] // 2):
        for low in range(0, bins, TILE):
            count = min(TILE, bins - low)
            for channel in range(2):
                real[:] = 0.0
                imag[:] = 0.0
                for p in range(parts):
                    send, part = sends[b + parts - 1 - p], room[p, channel]
                    xr, xi = send[0, low : low + count], send[1, low : low + count]
                    hr, hi = part[0, low : low + count], part[1, low : low + count]
                    for k in range(count):
                        real[k] += xr[k] * hr[k] - xi[k] * hi[k]
                        imag[k] += xr[k] * hi[k] + xi[k] * hr[k]
                row = mixed[2 * b + channel]
                for k in range(count):
                    row[low + k] = complex(real[k], imag[k])
