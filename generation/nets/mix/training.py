"""How the mix net is trained: random settings of measured stems, and the way back to them.

A random setting of the console is drawn and described; the net is asked to bring the same stems
there from the artist's own mix. No sound and no labels are needed. It refuses to know releases.
Invariant: equal pieces and an equal seed give equal weights on one machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generation.nets.mix.console import (
    ACTIVE,
    CAPS,
    COLUMNS,
    GAIN,
    PAN,
    SEND,
    SQUEEZE,
    Material,
    described,
)
from generation.nets.mix.model import MixNet, MixSizes, Wish, flat
from generation.nets.mix_stems import BANDS, K_WEIGHTS, ROLES, MixPiece, MixStem

MELODY = ("vocals", "other")
SILENT_DB = -65.0
ROOM_S, ROOM_KHZ = (1.2, 4.8), (3.0, 9.0)
FAR = 0.02  # what the distance from the artist's mix weighs beside the error
_STEMS = 8


@dataclass(frozen=True, slots=True)
class MixSchedule:
    """How long and how fast, told every `told` rounds; `scales`: stretches on which the unit of
    errors is measured. `far` weighs the distance from the artist's mix, `lean` a mix that leans to
    one side.
    """

    rounds: int = 1_000
    batch: int = 24
    frames: int = 64
    rate: float = 2e-3
    far: float = FAR
    lean: float = 0.05
    told: int = 100
    scales: int = 64


def material_of(
    sections: Sequence[Sequence[MixStem]], rooms: Sequence[tuple[float, float]], stems: int = 0
) -> tuple[Material, Tensor]:
    """Sections of equally many frames as tensors of at least `stems` places, and roles one-hot."""
    places = max([stems, *(len(one) for one in sections)])
    frames = max(len(one.energy) for section in sections for one in section)
    energy = np.zeros((len(sections), places, frames, BANDS), np.float32)
    numbers = np.zeros((5, len(sections), places), np.float32)
    roles = np.zeros((len(sections), places, len(ROLES)), np.float32)
    for row, section in enumerate(sections):
        for place, one in enumerate(section):
            energy[row, place] = one.energy
            heard = one.level_db > SILENT_DB
            sides = (one.left, one.alike, one.role == "drums", one.role in MELODY, heard)
            numbers[:, row, place] = sides
            roles[row, place, ROLES.index(one.role)] = 1.0
    room = torch.tensor(rooms, dtype=torch.float32)
    left, alike, drums, melody, present = (torch.from_numpy(one) for one in numbers)
    material = Material(torch.from_numpy(energy), left, alike, drums, melody, present, room)
    return material, torch.from_numpy(roles)


def random_settings(
    material: Material, reach: Tensor, density: Tensor, generator: torch.Generator
) -> Tensor:
    """Settings drawn within the caps times `reach`, small sends oftenest; `density` of the stems
    sound.
    """
    shape = (*material.present.shape, COLUMNS)
    drawn = 2.0 * torch.rand(shape, generator=generator) - 1.0
    drawn[..., SQUEEZE] = drawn[..., SQUEEZE].abs()
    drawn[..., SEND] = drawn[..., SEND].square()
    drawn[..., :ACTIVE] *= torch.tensor(CAPS) * reach[:, None, None]
    count = (density * material.present.sum(1)).round().clamp(min=1.0)
    rank = torch.rand(material.present.shape, generator=generator) + 2.0 * (material.present < 0.5)
    order = rank.argsort(1).argsort(1)
    drawn[..., ACTIVE] = (order < count[:, None]) * material.present
    return drawn


def train(
    pieces: Sequence[MixPiece],
    *,
    seed: int,
    sizes: MixSizes | None = None,
    schedule: MixSchedule | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> MixNet:
    """A net trained on `pieces`; `told` hears how it goes."""
    schedule = schedule or MixSchedule()
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = MixNet(sizes or MixSizes())
    net.middle, net.scale = measured_scale(pieces, schedule, rng, generator)
    optimizer = torch.optim.AdamW(net.parameters(), schedule.rate, weight_decay=0.01)
    slope = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule.rounds)
    heard = 0.0
    for number in range(1, schedule.rounds + 1):
        sections = [_section(pieces, schedule.frames, rng) for _ in range(schedule.batch)]
        error, cost = _round(net, sections, schedule, rng, generator)
        optimizer.zero_grad()
        torch.autograd.backward(cost)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        slope.step()
        heard += error
        if number % schedule.told == 0:
            mean = heard / schedule.told
            told(f"round {number} of {schedule.rounds}: {mean:.3f} sd from the target")
            heard = 0.0
    return net.eval()


def measured_scale(
    pieces: Sequence[MixPiece],
    schedule: MixSchedule,
    rng: np.random.Generator,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Mean of each descriptor over random mixes, and its deviation within one and the same piece:
    the unit of every shift and error.
    """
    found = []
    for _ in range(schedule.scales):
        section = _section(pieces, schedule.frames, rng)
        material, _ = material_of([section] * 32, [_room(rng)] * 32)
        full = torch.ones(32)
        setting = random_settings(material, full, full, generator)
        found.append(described(material, setting))
    mixes = torch.stack(found)
    within = (mixes - mixes.mean(1, keepdim=True)).square().mean((0, 1)).sqrt()
    return mixes.mean((0, 1)), within.clamp(min=1e-4)


def _round(
    net: MixNet,
    sections: Sequence[Sequence[MixStem]],
    schedule: MixSchedule,
    rng: np.random.Generator,
    generator: torch.Generator,
) -> tuple[float, Tensor]:
    """The mean error in standard deviations, and what is to be lowered."""
    material, roles = material_of(sections, [_room(rng) for _ in sections], _STEMS)
    reach = torch.from_numpy(rng.uniform(0.2, 1.0, len(sections))).float()
    density = torch.from_numpy(rng.choice([1.0, 1.0, 0.8, 0.6, 0.4], len(sections))).float()
    target = net.scaled(described(material, random_settings(material, reach, density, generator)))
    own = net.scaled(described(material, flat(material)))
    noise = torch.logit(torch.rand(material.present.shape, generator=generator).clamp(1e-4, 0.9999))
    setting = net(material, roles, Wish(own, target - own, reach, density), 0.5 * noise)
    reached = net.scaled(described(material, setting))
    error = (reached - target).abs()
    cost = functional.smooth_l1_loss(reached, target, beta=0.3)
    caps = torch.tensor(CAPS)
    far = (setting[..., :ACTIVE] / caps).square().mean(-1)
    far = (far * material.present).sum(1) / material.present.sum(1)
    cost = cost + schedule.far * far.mean() + schedule.lean * _lean(material, setting).mean()
    return float(error.detach().mean()), cost


def _lean(material: Material, setting: Tensor) -> Tensor:
    """How far a mix leans to one side, squared: 0 as the artist had it, 1 for all on one side."""
    power = (material.energy @ torch.from_numpy(K_WEIGHTS)).mean(-1) * setting[..., ACTIVE]
    power = power * material.present * 10.0 ** (setting[..., GAIN] / 10.0)
    leaning = torch.sin(setting[..., PAN] * (torch.pi / 2.0))
    return ((power * leaning).sum(1) / (power.sum(1) + 1e-12)).square()


def _room(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(*ROOM_S)), float(rng.uniform(*ROOM_KHZ))


def _section(
    pieces: Sequence[MixPiece], frames: int, rng: np.random.Generator
) -> tuple[MixStem, ...]:
    """A stretch of one piece with at least two of its stems, each a little louder or softer."""
    piece = pieces[int(rng.integers(len(pieces)))]
    length = len(piece.stems[0].energy)
    at = int(rng.integers(max(1, length - frames + 1)))
    size = min(frames, length)
    keep = max(2, int(rng.binomial(len(piece.stems), 0.85)))
    chosen = rng.permutation(len(piece.stems))[: min(keep, _STEMS)]
    found = []
    for place in chosen:
        stem = piece.stems[int(place)]
        gain = np.float32(10.0 ** (rng.uniform(-4.0, 4.0) / 10.0))
        energy = np.zeros((frames, BANDS), np.float32)
        energy[:size] = stem.energy[at : at + size] * gain
        found.append(replace(stem, energy=energy))
    return tuple(found)
