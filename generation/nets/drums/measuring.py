"""What the drum net reaches on parts it never saw, and what it plays: figures beside baselines.

It refuses to know training. Invariant: baselines are counted on the split "train" and read, as the
net is, on the source's own validation and test parts.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.drums.baselines import struck_bits, touch_bits
from generation.nets.drums.copies import Struck, has_copy
from generation.nets.drums.model import Bits, DrumNet
from generation.nets.drums.playing import Drummer, DrumRequest, sampled
from generation.nets.drums.reading import FILE_NAME, index_in, net_of
from generation.nets.drums.training import batch_of, read_of
from generation.nets.grooves import ENERGIES, STEPS, VOICES, Bar, Groove, of_split, read_grooves
from generation.nets.registry import Tell

BITS, FREE_BITS = "bits a step", "bits a step, energy and style withheld"
HARD, OFF, RISE = "velocity bits a hit", "offset bits a hit", "least rise of hits a bar with energy"
KEPT_HARD, KEPT_OFF = "velocity bits saved a hit", "offset bits saved a hit"
COPIES = "parts with a copied passage"


def measure(checkpoint: Checkpoint, folder: Path, tell: Tell) -> tuple[Figure, ...]:
    """Every figure of the card; plays eighty parts of eight bars."""
    grooves = read_grooves(folder / FILE_NAME)
    learned = list(of_split(grooves, "train"))
    held = list(of_split(grooves, "validation", "test"))
    net = net_of(checkpoint)
    told, free = bits_of(net, held), bits_of(net, held, is_free=True)
    tell(f"{len(held)} held-out parts, {int(told.steps)} steps read")
    counted = struck_bits(learned, held)
    hard, off = touch_bits(learned, held)
    net_hard, net_off = float(told.velocity / told.hits), float(told.offset / told.hits)
    return (
        Figure(BITS, float(told.struck / told.steps), "bits", baselines=counted),
        Figure(FREE_BITS, float(free.struck / free.steps), "bits", baselines=counted),
        Figure(HARD, net_hard, "bits", baselines={"voice and position": hard}),
        Figure(KEPT_HARD, hard - net_hard, "bits"),
        Figure(OFF, net_off, "bits", baselines={"voice and position": off}),
        Figure(KEPT_OFF, off - net_off, "bits"),
        *_played(checkpoint, net, held),
    )


def bits_of(net: DrumNet, grooves: Sequence[Groove], *, is_free: bool = False) -> Bits:
    """The bits of `grooves`, each from its beginning; `is_free`: style and energy withheld."""
    total = Bits(*(torch.zeros(()) for _ in Bits._fields))
    with torch.inference_mode():
        for groove in grooves:
            batch = batch_of([read_of(groove)])
            steps = batch.steps
            if is_free:
                steps = steps._replace(style=steps.style * 0, energy=steps.energy * 0)
            found = net.bits(steps, batch.velocity_class, batch.offset_class)
            total = Bits(*(a + b for a, b in zip(total, found, strict=True)))
    return total


def _played(checkpoint: Checkpoint, net: DrumNet, held: Sequence[Groove]) -> list[Figure]:
    """What played parts are like: busier with energy, nobody's passage, near the players."""
    index = index_in(checkpoint)
    styles = ("rock", "funk", "jazz", "latin")
    asked = [
        DrumRequest((energy,) * 8, styles[seed % 4], seed)
        for energy in range(1, ENERGIES + 1)
        for seed in range(16)
    ]
    velocity, _ = sampled(net, asked)
    copied = [has_copy(one > 0.0, index) for one in velocity]
    bars = velocity.reshape(ENERGIES, -1, STEPS * velocity.shape[-1])
    per_bar = (bars > 0.0).sum(-1).mean(-1)
    played = Drummer(net, index).play(asked)
    left = [has_copy(_struck(one), index) for one in played]
    real = float(np.mean([has_copy(one.hits, index) for one in held]))
    hits = {f"energy {n + 1}": float(one) for n, one in enumerate(per_bar)}
    struck = velocity > 0.0
    forces = {"played": float(velocity[struck].std()), "recorded": _spread(held)}
    return [
        Figure(RISE, float(np.diff(per_bar).min()), "hits", baselines=hits),
        Figure(
            COPIES, float(np.mean(left)), "",
            baselines={"before they are refused": float(np.mean(copied)), "held-out players": real},
        ),
        Figure("spread of velocities played", forces["played"], "of 127", baselines=forces),
        Figure("bars played", float(sum(len(one) for one in played)), "bars"),
    ]  # fmt: skip


def _struck(part: Sequence[Bar]) -> Struck:
    """Bars of hits as the grid they came from."""
    grid = np.zeros((len(part) * STEPS, len(VOICES)), np.bool_)
    for number, bar in enumerate(part):
        for hit in bar:
            grid[number * STEPS + hit.step, hit.voice] = True
    return grid


def _spread(grooves: Sequence[Groove]) -> float:
    return float(np.concatenate([one.velocity[one.hits] for one in grooves]).std())
