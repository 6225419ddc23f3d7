"""The last step of a mix: settings that the net proposed, moved a little on the modelled console.

The net answers at once but not exactly; the console is differentiable, so a few steps of descent
(Adam, Kingma and Ba 2015) bring its answer nearer to what was asked. It refuses to know weights.
Invariant: a settled setting keeps within the same caps times reach, sounds the same stems, and is
never further from what was asked than the proposal, on the frames it is judged by; sections that
are settled side by side go each its own way.
"""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from generation.nets.mix.console import ACTIVE, CAPS, SEND, SQUEEZE, Material, described
from generation.nets.mix.model import MixNet, Wish
from generation.nets.mix.training import FAR

STEPS, RATE = 16, 0.1
# Every section is judged on so many, so that all of a piece settle in one batch.
_FRAMES = 48
_INSIDE = 1e-3  # from the end of a range, where there is no slope


def settled(net: MixNet, material: Material, wish: Wish, proposed: Tensor) -> Tensor:
    """The settings [sections, stems, COLUMNS], each settled on _FRAMES frames.

    A reach of 0 asks for no settling: those sections are not to be given.
    """
    short = material._replace(energy=thinned(material.energy))
    caps = torch.tensor(CAPS) * wish.reach[:, None, None]
    place = _unbounded(proposed[..., :ACTIVE] / caps).requires_grad_()
    first, second = torch.zeros_like(place), torch.zeros_like(place)
    best = proposed  # the first step looks at the proposal itself
    least = torch.full((len(proposed),), float("inf"))
    for step in range(1, STEPS + 2):
        setting = torch.cat([_bounded(place) * caps, proposed[..., ACTIVE:]], -1)
        error = (net.scaled(described(short, setting)) - wish.own - wish.shift).abs().mean(1)
        is_nearer = error.detach() < least
        best = torch.where(is_nearer[:, None, None], setting.detach(), best)
        least = torch.where(is_nearer, error.detach(), least)
        far = (setting[..., :ACTIVE] / torch.tensor(CAPS)).square().mean(2) * material.present
        far = FAR * far.sum(1) / material.present.sum(1)
        (slope,) = torch.autograd.grad((error + far).sum(), place)
        first, second = 0.8 * first + 0.2 * slope, 0.95 * second + 0.05 * slope.square()
        move = (first / (1 - 0.8**step)) / ((second / (1 - 0.95**step)).sqrt() + 1e-8)
        place = (place - RATE * move).detach().requires_grad_()
    return best


def thinned(energy: Tensor) -> Tensor:
    """_FRAMES frames of [batch, stems, frames, bands], however many there are: means of runs that
    are as even as whole frames allow.
    """
    return adaptive_avg_pool2d(energy, (_FRAMES, energy.shape[3]))


def _is_upward() -> Tensor:
    upward = torch.zeros(len(CAPS), dtype=torch.bool)
    upward[[SQUEEZE, SEND]] = True
    return upward


def _unbounded(part: Tensor) -> Tensor:
    """Where `_bounded` gives `part`, each of its range: -1 to 1, or 0 to 1 for squeeze and send."""
    both = torch.atanh(part.clamp(-1.0 + _INSIDE, 1.0 - _INSIDE))
    return torch.where(_is_upward(), torch.logit(part, eps=_INSIDE), both)


def _bounded(place: Tensor) -> Tensor:
    return torch.where(_is_upward(), torch.sigmoid(place), torch.tanh(place))
