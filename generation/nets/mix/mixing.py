"""Using the mix net: a section's stems and a wanted change in, strips of the console out.

It refuses to know samples, listeners and moods. Invariant: a stem that is silent gets the artist's
own strip and changes no other's; the order of the stems changes only the order of the answer.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from generation.nets.mix.console import (
    ACTIVE,
    EQ,
    GAIN,
    HIGH,
    LOW,
    MID,
    MUTE_DB,
    PAN,
    RATIO,
    SEND,
    SEND_DB,
    SQUEEZE,
    Material,
    described,
    levels_db,
    thresholds_db,
)
from generation.nets.mix.model import MixNet, Wish, flat
from generation.nets.mix.settling import settled
from generation.nets.mix.training import SILENT_DB, material_of
from generation.nets.mix_stems import Mixed, MixRequest
from generation.recipe import Band, Compressor, Strip

ATTACK_MS, RELEASE_DB_PER_S = 15.0, 140.0
_LEAST = 0.03  # of squeeze and send; less is none


class Mixer:
    """A net at work; `settles` False: its proposals as they are."""

    def __init__(self, net: MixNet, *, settles: bool = True) -> None:
        self._net = net.eval()
        self._settles = settles

    def mix(self, requests: Sequence[MixRequest]) -> list[Mixed]:
        """The answers in the order of the requests, each by itself."""
        return [self._one(request) for request in requests]

    def _one(self, request: MixRequest) -> Mixed:
        heard = [n for n, one in enumerate(request.stems) if one.level_db > SILENT_DB]
        strips = {n: Strip(n, 0, 0.0) for n in range(len(request.stems))}
        if heard:
            material, roles = material_of([[request.stems[n] for n in heard]], [request.room])
            with torch.no_grad():
                own = self._net.scaled(described(material, flat(material)))
                numbers = [[request.reach], [request.density]]
                reach, density = (torch.tensor(one, dtype=torch.float32) for one in numbers)
                shift = torch.tensor([request.shift], dtype=torch.float32)
                wish = Wish(own, shift, reach, density)
                setting = self._net(material, roles, wish)
            if self._settles:
                setting = settled(self._net, material, wish, setting)
            strips |= dict(zip(heard, strips_of(material, setting, heard), strict=True))
        return Mixed(tuple(strips[n] for n in range(len(request.stems))))

    @property
    def unit(self) -> tuple[float, ...]:
        """One standard deviation of each descriptor, in its own unit."""
        return tuple(float(one) for one in self._net.scale)


def strips_of(material: Material, setting: Tensor, sources: Sequence[int]) -> list[Strip]:
    """The strips of the first section of `material` under `setting`, for `sources` in order."""
    levels = levels_db(material)
    thresholds = thresholds_db(levels, setting[..., SQUEEZE])
    rows = zip(setting[0].tolist(), thresholds[0].tolist(), strict=True)
    return [
        _strip(source, row, threshold)
        for source, (row, threshold) in zip(sources, rows, strict=False)
    ]


def _strip(source: int, row: Sequence[float], threshold_db: float) -> Strip:
    bands = tuple(
        Band(kind, hz, round(row[column], 2), q)
        for column, (kind, hz, q) in zip((LOW, MID, HIGH), EQ, strict=True)
        if abs(row[column]) >= 0.05
    )
    squeeze, send = row[SQUEEZE], row[SEND]
    compressor = None
    if squeeze >= _LEAST:
        ratio = 1.0 + RATIO * squeeze
        compressor = Compressor(
            round(threshold_db, 2), round(ratio, 3), ATTACK_MS, RELEASE_DB_PER_S
        )
    is_on = row[ACTIVE] > 0.5
    return Strip(
        source=source,
        section=0,
        gain_db=round(row[GAIN], 2) if is_on else MUTE_DB,
        pan=round(row[PAN], 3),
        eq=bands,
        compressor=compressor,
        send_db=_send_db(send) if is_on and send >= _LEAST else None,
    )


def _send_db(send: float) -> float:
    return round(SEND_DB + 20.0 * math.log10(send), 2)
