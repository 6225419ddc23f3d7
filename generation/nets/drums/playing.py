"""Playing the drum net: requests in, bars of hits out, many at a time.

It refuses to know files and figures. Invariant: a part follows from its request and the weights
alone, whatever is played beside it (draws are the request's own, arithmetic is float64), and holds
no passage that one recorded player has for himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.nets.drums.copies import I64, has_copy
from generation.nets.drums.model import AGO, BAR_CYCLE, DrumNet
from generation.nets.drums.stepping import Stepper
from generation.nets.grooves import (
    ENERGIES,
    OFFSET_EDGES,
    STEPS,
    VELOCITY_EDGES,
    VOICES,
    Bar,
    bars_of,
    style_number,
    within,
)

ATTEMPTS = 8
SOFTEST = 3.0  # of 127; the softest stroke that was recorded
_DRAWS = 5  # per voice and step: struck, velocity class and place in it, offset class and place
F64 = npt.NDArray[np.float64]


class NoPart(ValueError):
    """No part could be played that is nobody's; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class DrumRequest:
    """One part that is wanted. `energies`: one for each bar, 1 (sparse) to 5 (busy), 0 where it is
    left free; `style`: a family of grooves.STYLES, any other word leaves it free; `temperature`
    above 0: below 1 plainer than the players, above 1 wilder.
    """

    energies: tuple[int, ...]
    style: str = ""
    seed: int = 0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.energies or not all(0 <= one <= ENERGIES for one in self.energies):
            raise ValueError(f"A part has bars, and each an energy from 0 to {ENERGIES}.")
        if not self.temperature > 0.0:
            raise ValueError("A temperature is above 0.")


class Drummer:
    """A net with the index of passages it must not play."""

    def __init__(self, net: DrumNet, index: I64) -> None:
        self._net = net
        self._index = index

    def play(self, requests: Sequence[DrumRequest]) -> list[tuple[Bar, ...]]:
        """The parts, in the order of the requests, each with as many bars as energies.

        A part with somebody's passage is played again from other draws, up to ATTEMPTS times;
        raises NoPart when each of them had one.
        """
        parts: dict[int, tuple[Bar, ...]] = {}
        for attempt in range(ATTEMPTS):
            open_ones = [n for n in range(len(requests)) if n not in parts]
            if not open_ones:
                break
            velocity, offset = sampled(self._net, [requests[n] for n in open_ones], attempt)
            for n, hard, off in zip(open_ones, velocity, offset, strict=True):
                steps = STEPS * len(requests[n].energies)
                if not has_copy(hard[:steps] > 0.0, self._index):
                    parts[n] = bars_of(hard[:steps], off[:steps])
        if len(parts) < len(requests):
            raise NoPart(f"{ATTEMPTS} attempts at a drum part each copied a recorded passage.")
        return [parts[n] for n in range(len(requests))]


def sampled(net: DrumNet, requests: Sequence[DrumRequest], attempt: int = 0) -> tuple[F64, F64]:
    """Velocities of 127 (0: not struck) and offsets, [requests, steps of the longest, 9]."""
    longest = STEPS * max(len(one.energies) for one in requests)
    draws = np.stack([_draws(one, attempt, longest) for one in requests])
    energies = np.zeros((len(requests), longest), np.int64)
    for row, one in zip(energies, requests, strict=True):
        row[: STEPS * len(one.energies)] = np.repeat(one.energies, STEPS)
    styles = np.array([style_number(one.style) for one in requests])
    heat = np.array([one.temperature for one in requests])
    lead, stepper = max(AGO), Stepper(net, len(requests))
    velocity = np.zeros((len(requests), lead + longest, len(VOICES)))
    offset = np.zeros_like(velocity)
    for step in range(longest):
        at = [lead + step - ago for ago in AGO]
        past = [_features(velocity[:, one], offset[:, one]) for one in at]
        place, bar = step % STEPS, step // STEPS % BAR_CYCLE
        core = stepper.advance(np.concatenate(past, 1), place, bar, styles, energies[:, step])
        now = _step(stepper, core, heat, draws[:, step])
        velocity[:, lead + step], offset[:, lead + step] = now
    return velocity[:, lead:], offset[:, lead:]


def _draws(request: DrumRequest, attempt: int, steps: int) -> F64:
    """Numbers in [0, 1) for each step, voice and purpose; a longer part begins with the same."""
    return np.random.default_rng((request.seed, attempt)).random((steps, len(VOICES), _DRAWS))


def _features(velocity: F64, offset: F64) -> F64:
    """As model.features, of velocities of 127."""
    return np.concatenate([velocity > 0.0, velocity / 127.0, 2.0 * offset], 1)


def _step(stepper: Stepper, core: F64, heat: F64, draws: F64) -> tuple[F64, F64]:
    """Velocity of 127 and offset of each voice, [requests, 9]; `draws` [requests, 9, 5]."""
    is_struck = stepper.struck(core, draws[:, :, 0], heat)
    if not is_struck.any():
        return np.zeros(is_struck.shape), np.zeros(is_struck.shape)
    struck = is_struck.astype(np.float64)
    hard_class = _chosen(stepper.velocity_mass(core, struck), draws[:, :, 1])
    hard = within(VELOCITY_EDGES, SOFTEST, 127.0, hard_class, draws[:, :, 2]) * struck
    off_class = _chosen(stepper.offset_mass(core, struck, hard / 127.0), draws[:, :, 3])
    off = within(OFFSET_EDGES, -0.5, 0.5, off_class, draws[:, :, 4]) * struck
    return hard, off


def _chosen(mass: F64, at: F64) -> I64:
    """The class in which `at` of the probability mass is passed, [requests, 9]."""
    passed = (mass < at[..., None]).sum(-1)
    return np.asarray(np.minimum(passed, mass.shape[-1] - 1), np.int64)
