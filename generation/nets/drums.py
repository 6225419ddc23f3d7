"""The drum net in the registry: how it is trained, measured and loaded.

Invariant: what its figures are read on are the source's own validation and test pieces, which
neither training nor counting for the baselines ever sees.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from generation.nets.cards import Card, DataFile, Figure, Threshold
from generation.nets.checkpoints import Checkpoint
from generation.nets.drum_baselines import struck_bits, touch_bits
from generation.nets.drum_copies import Struck, has_copy, index_of
from generation.nets.drum_model import Bits, DrumNet, DrumSizes
from generation.nets.drum_training import batch_of, read_of, train
from generation.nets.drumming import Drummer, DrumRequest, sampled
from generation.nets.grooves import ENERGIES, STEPS, VOICES, Bar, Groove, of_split, read_grooves
from generation.nets.registry import Net, Tell

ARCHITECTURE = "drum-chain/1"
FILE_NAME = "groove_drums.json"
PASSAGES = "passages"
BITS, FREE_BITS = "bits a step", "bits a step, energy and style withheld"
HARD, OFF, RISE = "velocity bits a hit", "offset bits a hit", "least rise of hits a bar with energy"
KEPT_HARD, KEPT_OFF = "velocity bits saved a hit", "offset bits saved a hit"
COPIES = "parts with a copied passage"
_LIMITS = (
    "Ten players, most of them professionals, on one electronic kit; rock, funk, latin and jazz "
    "make up most of it. Families with few pieces are played as their neighbors are.",
    "4/4 on a grid of sixteenths only: triplets come as offsets, other metres not at all. Fills "
    "recorded as such were left out.",
    "Copies are bounded by pattern: no two bars in a row, unlike each other, that a single "
    "recorded player has for himself. One bar, or one bar over and over, is nobody's; so is what "
    "two players share.",
    "No form beyond a few bars: sections and their repeats come from the arranger.",
)


def _train(folder: Path, seed: int, tell: Tell) -> Checkpoint:
    path = folder / FILE_NAME
    grooves = read_grooves(path)
    sizes = DrumSizes()
    learned = list(of_split(grooves, "train"))
    net = train(learned, seed=seed, sizes=sizes, told=tell)
    card = Card(
        net="drums",
        version=1,
        architecture=ARCHITECTURE,
        data=(_data(path),),
        split="the source's own: train; validation and test held out; beats of two bars or more",
        seed=seed,
        settings={
            "width": sizes.width, "layers": sizes.layers, "entry": sizes.entry,
            "chain": sizes.chain, "touch": sizes.touch,
        },
        limits=_LIMITS,
    )  # fmt: skip
    tensors = {name: one.numpy() for name, one in net.state_dict().items()}
    return Checkpoint(card, tensors | {PASSAGES: index_of(learned)})


def _data(path: Path) -> DataFile:
    return DataFile(
        name=FILE_NAME,
        source="Groove MIDI Dataset v1.0.0 (Google LLC, 2019)",
        licence="CC-BY-4.0",
        attribution="Drum model trained on the Groove MIDI Dataset by Google LLC (Gillick, "
        "Roberts, Engel, Eck, Bamman, 2019), CC BY 4.0; changes: 4/4 only, nine voices, sixteenth "
        "grid with microtiming.",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def net_of(checkpoint: Checkpoint) -> DrumNet:
    """The net with the checkpoint's weights."""
    asked = checkpoint.card.settings
    names = ("width", "layers", "entry", "chain", "touch")
    net = DrumNet(DrumSizes(*(int(asked[one]) for one in names)))
    weights = {k: torch.from_numpy(np.array(v)) for k, v in checkpoint.tensors.items()}
    weights.pop(PASSAGES)
    net.load_state_dict(weights)
    return net.eval()


def _load(checkpoint: Checkpoint) -> Drummer:
    index = np.asarray(checkpoint.tensors[PASSAGES], np.int64)
    return Drummer(net_of(checkpoint), index)


def _measure(checkpoint: Checkpoint, folder: Path, tell: Tell) -> tuple[Figure, ...]:
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
    index = np.asarray(checkpoint.tensors[PASSAGES], np.int64)
    styles = ("rock", "funk", "jazz", "latin")
    asked = [
        DrumRequest((energy,) * 8, styles[seed % 4], seed)
        for energy in range(1, ENERGIES + 1)
        for seed in range(16)
    ]
    velocity, _ = sampled(net.double(), asked)
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


NET = Net(
    name="drums",
    architecture=ARCHITECTURE,
    thresholds=(
        Threshold(BITS, 2.20, False),
        Threshold(KEPT_HARD, 0.0),
        Threshold(KEPT_OFF, 0.0),
        Threshold(RISE, 0.5),
        Threshold(COPIES, 0.0, False),
    ),
    train=_train,
    measure=_measure,
    load=_load,
)
