"""Using the mix net: a section's stems and a wanted change in, strips of the console out.

It refuses to know samples, listeners and moods. Invariant: a stem that is silent gets the artist's
own strip and changes no other's; the order of the stems changes only the order of the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
from generation.nets.mix.settling import settled, thinned
from generation.nets.mix.training import SILENT_DB, material_of
from generation.nets.mix_stems import Mixed, MixRequest
from generation.recipe import Band, Compressor, Strip

ATTACK_MS, RELEASE_DB_PER_S = 15.0, 140.0
_OF_STEMS = tuple(name for name in Material._fields if name != "room")
_LEAST = 0.03  # of squeeze and send; less is none


class Mixer:
    """A net at work; `settles` False: its proposals as they are."""

    def __init__(self, net: MixNet, *, settles: bool = True) -> None:
        self._net = net.eval()
        self._settles = settles

    def mix(self, requests: Sequence[MixRequest]) -> list[Mixed]:
        """The answers in the order of the requests.

        Sections are settled side by side, which costs little more than one of them; what is asked
        together may round otherwise than alone.
        """
        proposals = [self._proposed(request) for request in requests]
        if self._settles:
            self._settle([one for one in proposals if one is not None and one.is_to_move])
        return [
            self._answer(request, proposal)
            for request, proposal in zip(requests, proposals, strict=True)
        ]

    def _proposed(self, request: MixRequest) -> "_Proposal | None":
        """What the net answers at once; None where nothing sounds."""
        heard = [n for n, one in enumerate(request.stems) if one.level_db > SILENT_DB]
        if not heard:
            return None
        material, roles = material_of([[request.stems[n] for n in heard]], [request.room])
        with torch.no_grad():
            own = self._net.scaled(described(material, flat(material)))
            numbers = [[request.reach], [request.density]]
            reach, density = (torch.tensor(one, dtype=torch.float32) for one in numbers)
            shift = torch.tensor([request.shift], dtype=torch.float32)
            wish = Wish(own, shift, reach, density)
            return _Proposal(heard, material, wish, self._net(material, roles, wish))

    def _settle(self, proposals: Sequence["_Proposal"]) -> None:
        if not proposals:
            return
        places = max(len(one.heard) for one in proposals)
        materials = [_widened(one.material, places) for one in proposals]
        material = Material(*(torch.cat(part) for part in zip(*materials, strict=True)))
        wishes = (one.wish for one in proposals)
        wish = Wish(*(torch.cat(part) for part in zip(*wishes, strict=True)))
        rows = [_padded(one.setting, places) for one in proposals]
        found = settled(self._net, material, wish, torch.cat(rows))
        for row, one in zip(found, proposals, strict=True):
            one.setting = row[None, : len(one.heard)]

    def _answer(self, request: MixRequest, proposal: "_Proposal | None") -> Mixed:
        strips = {n: Strip(n, 0, 0.0) for n in range(len(request.stems))}
        if proposal is not None:
            made = strips_of(proposal.material, proposal.setting, proposal.heard)
            strips |= dict(zip(proposal.heard, made, strict=True))
        return Mixed(tuple(strips[n] for n in range(len(request.stems))))

    @property
    def unit(self) -> tuple[float, ...]:
        """One standard deviation of each descriptor, in its own unit."""
        return tuple(float(one) for one in self._net.scale)


@dataclass(slots=True)
class _Proposal:
    """One section on its way: the places of its stems that are heard, and its setting so far."""

    heard: list[int]
    material: Material
    wish: Wish
    setting: Tensor

    @property
    def is_to_move(self) -> bool:
        """Whether the mix may differ from the artist's own at all."""
        return float(self.wish.reach) > 0.0


def _widened(material: Material, places: int) -> Material:
    """`material` of one section as it is settled, with silent stems up to `places`."""
    short = material._replace(energy=thinned(material.energy))
    wider = {name: _padded(getattr(short, name), places) for name in _OF_STEMS}
    return short._replace(**wider)


def _padded(rows: Tensor, places: int) -> Tensor:
    """`rows` [1, stems, ...] with zeros up to `places` stems."""
    more = rows.new_zeros(1, places - rows.shape[1], *rows.shape[2:])
    return torch.cat([rows, more], 1)


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
