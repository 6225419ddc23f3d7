"""The mix net: from stems and a wanted change of what the mix is like to a setting of the console.

A transformer over stems without places, so that their order means nothing. It refuses to know
sounds and training. Invariant: whatever the weights and the input, a setting keeps within the
console's caps times the reach it was given, and a reach of 0 is the artist's own mix.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from generation.nets.mix.console import (
    ACTIVE,
    CAPS,
    SEND,
    SQUEEZE,
    Material,
    levels_db,
)
from generation.nets.mix_stems import BANDS, DESCRIPTORS, ROLES

_FEATURES = BANDS + 4 + len(ROLES) + 2 * len(DESCRIPTORS) + 6


@dataclass(frozen=True, slots=True)
class MixSizes:
    """How large the net is."""

    width: int = 80
    layers: int = 3
    heads: int = 4


class Wish(NamedTuple):
    """What is asked of a batch: `shift` [batch, DESCRIPTORS] away from `own`, what the artist's own
    mix is like, both in standard deviations of random mixes (MixNet.scaled); `reach` and `density`
    [batch], 0 to 1: how far parameters may go, and which part of the stems sounds.
    """

    own: Tensor
    shift: Tensor
    reach: Tensor
    density: Tensor


class MixNet(nn.Module):
    """See the module's chapter. `scale` and `middle` [DESCRIPTORS]: see `measured_scale`."""

    scale: Tensor
    middle: Tensor

    def __init__(self, sizes: MixSizes) -> None:
        super().__init__()
        self.entry = nn.Linear(_FEATURES, sizes.width)
        layer = nn.TransformerEncoderLayer(
            sizes.width, sizes.heads, 2 * sizes.width, dropout=0.0, batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.core = nn.TransformerEncoder(layer, sizes.layers, enable_nested_tensor=False)
        self.out = nn.Linear(sizes.width, len(CAPS) + 1)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("scale", torch.ones(len(DESCRIPTORS)))
        self.register_buffer("middle", torch.zeros(len(DESCRIPTORS)))

    def forward(
        self, material: Material, roles: Tensor, wish: Wish, noise: Tensor | None = None
    ) -> Tensor:
        """The setting [batch, stems, COLUMNS]; `roles` one-hot [batch, stems, ROLES]; `noise` on
        the choice of stems, for training.
        """
        absent = material.present < 0.5
        seen = self.entry(self._features(material, roles, wish))
        raw = self.out(self.core(seen, src_key_padding_mask=absent))
        is_upward = torch.zeros(len(CAPS), dtype=torch.bool)
        is_upward[[SQUEEZE, SEND]] = True
        turned = torch.where(
            is_upward, torch.sigmoid(raw[..., :-1] - 1.0), torch.tanh(raw[..., :-1])
        )
        caps = torch.tensor(CAPS, dtype=raw.dtype) * wish.reach[:, None, None]
        chosen = chosen_stems(raw[..., -1], material.present, wish.density, noise)
        return torch.cat([turned * caps, chosen[..., None]], -1)

    def _features(self, material: Material, roles: Tensor, wish: Wish) -> Tensor:
        power = material.energy.mean(2)
        shape = 10.0 * torch.log10(power / (power.amax(-1, keepdim=True) + 1e-12) + 1e-6)
        level = levels_db(material).masked_fill(material.present < 0.5, -120.0)
        frames = 10.0 * torch.log10(material.energy.sum(-1).clamp(min=1e-9))
        asked = torch.cat([wish.own, wish.shift, self._asked(material, wish)], -1)
        parts = [
            shape / 20.0,
            ((level - level.amax(1, keepdim=True)) / 10.0).clamp(min=-6.0)[..., None],
            (frames.std(-1, correction=0) / 10.0)[..., None],
            2.0 * material.left[..., None] - 1.0,
            material.alike[..., None],
            roles,
            asked[:, None].expand(-1, level.shape[1], -1),
        ]
        return torch.cat(parts, -1)

    def _asked(self, material: Material, wish: Wish) -> Tensor:
        has_drums = (material.drums * material.present).amax(1)
        has_melody = (material.melody * material.present).amax(1)
        room = material.room / torch.tensor([2.0, 6.0])
        return torch.cat(
            [torch.stack([has_drums, has_melody, wish.reach, wish.density], -1), room], -1
        )

    def scaled(self, descriptors: Tensor) -> Tensor:
        """Descriptors as standard deviations from the middle of random mixes."""
        return (descriptors - self.middle) / self.scale


def flat(material: Material) -> Tensor:
    """The artist's own mix: nothing touched, every stem sounding."""
    setting = material.energy.new_zeros(*material.present.shape, len(CAPS) + 1)
    setting[..., ACTIVE] = material.present
    return setting


def chosen_stems(
    logits: Tensor, present: Tensor, density: Tensor, noise: Tensor | None = None
) -> Tensor:
    """1 for the stems that sound, [batch, stems]: the `density` part of those present with the
    highest logits, at least one. Gradients pass as through a sigmoid (Bengio et al. 2013).
    """
    heard = logits if noise is None else logits + noise
    heard = heard.masked_fill(present < 0.5, float("-inf"))
    count = (density * present.sum(1)).round().clamp(min=1.0)
    order = heard.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    hard = (order < count[:, None]).to(logits.dtype) * present
    soft = torch.sigmoid(logits) * present
    return hard + soft - soft.detach()
