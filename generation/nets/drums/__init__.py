"""The drum net in the registry: how it is trained, measured and loaded.

Invariant: what its figures are read on are the source's own validation and test pieces, which
neither training nor counting for the baselines ever sees.
"""

import hashlib
from pathlib import Path

from generation.nets.cards import Card, DataFile, Threshold
from generation.nets.checkpoints import Checkpoint
from generation.nets.drums.copies import index_of
from generation.nets.drums.measuring import BITS, COPIES, KEPT_HARD, KEPT_OFF, RISE, measure
from generation.nets.drums.model import DrumSizes
from generation.nets.drums.playing import Drummer
from generation.nets.drums.reading import FILE_NAME, PASSAGES, index_in, net_of
from generation.nets.drums.training import DrumSchedule, train
from generation.nets.grooves import of_split, read_grooves
from generation.nets.registry import Net, Tell, told_of

SCHEDULE = DrumSchedule()
ARCHITECTURE = "drum-chain/1"
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
    net = train(learned, seed=seed, sizes=sizes, schedule=SCHEDULE, told=tell)
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


def _load(checkpoint: Checkpoint) -> Drummer:
    return Drummer(net_of(checkpoint), index_in(checkpoint))


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
    plan=told_of(SCHEDULE),
    train=_train,
    measure=measure,
    load=_load,
)
