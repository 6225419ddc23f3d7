"""The console as the mix net knows it: band energies in, what a mix is like out, differentiable.

It stands for the engine's strips (equalizer, compressor, gain, pan, send), room and nothing else,
on energies per frame and band; stems are taken as unrelated to each other. It refuses to know the
engine: how near it comes is measured on sound (docs/benchmarks/mix.md). Invariant: a stem without
energy changes nothing, and the order of stems changes nothing.

Filters: R. Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from generation.nets.mix_stems import CENTERS_HZ, K_WEIGHTS, RATE_HZ

# The columns of a setting [..., stems, COLUMNS].
GAIN, PAN, LOW, MID, HIGH, SQUEEZE, SEND, ACTIVE = range(8)
COLUMNS = 8
# What each may be at the most, either way; squeeze and send run from 0 up.
CAPS = (9.0, 0.7, 6.0, 6.0, 6.0, 1.0, 1.0)
EQ = (("low_shelf", 160.0, 0.7071), ("peak", 2_400.0, 0.8), ("high_shelf", 5_000.0, 0.7071))
SEND_DB = -8.0  # of a send of 1
RATIO = 3.0  # a squeeze of 1 has the ratio 1 + RATIO
ABOVE_DB, DEEPER_DB = 3.0, 9.0  # the threshold over the stem's level, and how far squeeze lowers it
KNEE_DB = 6.0
CREST_DB = 2.0  # how much higher the compressor reads than the mean of a frame
MUTE_DB = -60.0
FRAME_S = 0.1
LOW_BANDS = 3  # those below 211 Hz


class Material(NamedTuple):
    """Stems of a batch of sections. `energy` [batch, stems, frames, bands]; `left`, `alike`,
    `drums`, `melody` and `present` (0 or 1) [batch, stems]; `room` [batch, 2]: seconds and kHz of
    damping.
    """

    energy: Tensor
    left: Tensor
    alike: Tensor
    drums: Tensor
    melody: Tensor
    present: Tensor
    room: Tensor


def band_gains(setting: Tensor) -> Tensor:
    """Power gain of the equalizer at the bands, [..., bands]."""
    # In float64: at low frequencies the terms of a magnitude nearly cancel.
    turn = torch.tensor(CENTERS_HZ, dtype=torch.float64) * (2.0 * math.pi / RATE_HZ)
    total = torch.ones((), dtype=torch.float64)
    for column, (kind, hz, q) in zip((LOW, MID, HIGH), EQ, strict=True):
        total = total * _power_response(setting[..., column, None].double(), kind, hz, q, turn)
    return total.to(setting.dtype)


def _power_response(gain_db: Tensor, kind: str, hz: float, q: float, turn: Tensor) -> Tensor:
    a = _power(gain_db / 4.0)
    w = 2.0 * math.pi * hz / RATE_HZ
    cosine, alpha = math.cos(w), math.sin(w) / (2.0 * q)
    if kind == "peak":
        over = (1 + alpha * a, -2 * cosine + 0 * a, 1 - alpha * a)
        under = (1 + alpha / a, -2 * cosine + 0 * a, 1 - alpha / a)
    else:
        s = 1.0 if kind == "low_shelf" else -1.0
        up, down, root = a + 1, a - 1, 2 * torch.sqrt(a) * alpha
        over = (
            a * (up - s * down * cosine + root),
            s * 2 * a * (down - s * up * cosine),
            a * (up - s * down * cosine - root),
        )
        under = (
            up + s * down * cosine + root,
            -s * 2 * (down + s * up * cosine),
            up + s * down * cosine - root,
        )
    return _magnitude(over, turn) / _magnitude(under, turn)


def _magnitude(b: tuple[Tensor, Tensor, Tensor], turn: Tensor) -> Tensor:
    """|b0 + b1 z + b2 z^2|^2 on the unit circle."""
    b0, b1, b2 = b
    even = b0 * b0 + b1 * b1 + b2 * b2 + 2 * (b0 * b1 + b1 * b2) * torch.cos(turn)
    return even + 2 * b0 * b2 * torch.cos(2 * turn)


def levels_db(material: Material) -> Tensor:
    """K-weighted mean level of each stem in dB, channels added, [batch, stems]."""
    power = (material.energy @ _weights(material.energy)).mean(-1)
    return _decibels(power)


def thresholds_db(levels: Tensor, squeeze: Tensor) -> Tensor:
    """The compressor's threshold (mean of both channels) for stems of such levels."""
    return levels - 10.0 * math.log10(2.0) + ABOVE_DB - DEEPER_DB * squeeze


def squeezing(level: Tensor, stem_db: Tensor, squeeze: Tensor) -> Tensor:
    """Power gain of the compressor at each frame; `level` [..., frames]: power, channels added."""
    frame = _decibels(0.5 * level) + CREST_DB
    over = frame - thresholds_db(stem_db, squeeze)[..., None]
    bent = (over + KNEE_DB / 2).clamp(0.0, KNEE_DB) ** 2 / (2 * KNEE_DB)
    deep = torch.where(over > KNEE_DB / 2, over, bent)
    slope = 1.0 - 1.0 / (1.0 + RATIO * squeeze)
    return _power(-slope[..., None] * deep)


def described(material: Material, setting: Tensor) -> Tensor:
    """What the mix of `material` under `setting` is like, [batch, DESCRIPTORS]."""
    shaped = material.energy * band_gains(setting)[..., None, :]
    squeeze = squeezing(shaped.sum(-1), levels_db(material), setting[..., SQUEEZE])
    gain = _power(setting[..., GAIN]) * setting[..., ACTIVE] * material.present
    shaped = shaped * (squeeze * gain[..., None])[..., None]
    both, middle = _sides(material, setting[..., PAN])
    send = 0.5 * middle * setting[..., SEND].square() * 10.0 ** (SEND_DB / 10.0)
    color = room_color(material.room)
    dry = (shaped * both[..., None, None]).sum(1)
    sent = (shaped * send[..., None, None]).sum(1)
    mix = dry + 2.0 * (_tail(material.room, sent.shape[1]) @ sent) * color[:, None]
    weights = _weights(mix)
    mean = shaped.mean(2)
    direct, returned = mean @ weights, 2.0 * (mean * color[:, None]) @ weights
    parts = direct * both + returned * send
    beside = direct * (both - middle) + 0.5 * returned * send
    width = torch.sqrt(beside.sum(-1).clamp(min=0.0) / (parts.sum(-1) + 1e-12) + 1e-4)
    shares = [(parts * who).sum(-1) / (parts.sum(-1) + 1e-12) for who in _players(material)]
    return torch.stack([*_tone(mix), _dynamics(mix @ weights), width, *shares], -1)


def _players(material: Material) -> tuple[Tensor, Tensor]:
    return material.drums, material.melody


def _sides(material: Material, pan: Tensor) -> tuple[Tensor, Tensor]:
    """Power of both channels, and of their middle (L + R) / sqrt 2, per energy of the stem."""
    angle = (pan + 1.0) * (math.pi / 4.0)
    left = 2.0 * torch.cos(angle).square() * material.left
    right = 2.0 * torch.sin(angle).square() * (1.0 - material.left)
    cross = material.alike * torch.sqrt((left * right).clamp(min=1e-9))
    return left + right, 0.5 * (left + right) + cross


def room_color(room: Tensor) -> Tensor:
    """Power gain of one channel of the room's return at the bands, [batch, bands]; its impulse
    has unit energy, its highs fall twice as fast, its rumble is cut.
    """
    hz, damping = torch.tensor(CENTERS_HZ, dtype=room.dtype), 1_000.0 * room[:, 1:]
    middle = 1.0 / (1.0 + (hz / damping).square()).square()
    rumble = 1.0 / (1.0 + (hz / 150.0).square()).square()
    mean = (damping + 0.5 * (24_000.0 - damping)) / 24_000.0
    return (0.5 + 0.5 * middle) * (1.0 - rumble) / mean


def _tail(room: Tensor, frames: int) -> Tensor:
    """How the return of each frame falls on the later ones, [batch, frames, frames]: rows of unit
    sum, 60 dB down after the room's seconds.
    """
    count = torch.arange(frames, dtype=room.dtype)
    ago = count[:, None] - count[None, :]
    rate = (-math.log(1e6) * FRAME_S / room[:, 0])[:, None, None]
    fallen = torch.exp(rate * ago.clamp(min=0.0)) * (ago >= 0.0)
    return fallen * (1.0 - torch.exp(rate))


def _tone(mix: Tensor) -> tuple[Tensor, Tensor]:
    """Centroid in octaves over 100 Hz, weighed by magnitude; part of the power below 211 Hz."""
    power = mix.mean(1) + 1e-12
    octave = torch.log2(torch.tensor(CENTERS_HZ, dtype=mix.dtype) / 100.0)
    magnitude = power.sqrt()
    centroid = (magnitude * octave).sum(-1) / magnitude.sum(-1)
    return centroid, power[:, :LOW_BANDS].sum(-1) / power.sum(-1)


def _dynamics(level: Tensor) -> Tensor:
    """Standard deviation of the level over the frames, in dB; floor 30 dB under the mean."""
    floor = 1e-3 * level.mean(1, keepdim=True) + 1e-12
    decibels = _decibels(level + floor)
    return (decibels.var(1, correction=0) + 1e-4).sqrt()


def _decibels(power: Tensor) -> Tensor:
    return 10.0 / math.log(10.0) * torch.log(power.clamp(min=1e-12))


def _power(decibels: Tensor) -> Tensor:
    return torch.exp(math.log(10.0) / 10.0 * decibels)


def _weights(like: Tensor) -> Tensor:
    return torch.from_numpy(K_WEIGHTS).to(like.dtype)
