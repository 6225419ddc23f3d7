"""The mix net in the registry: how it is trained, measured and loaded.

A mix controller: it sets the engine's console and writes no sound. Trained on random settings of
measured stems, not on anybody's mixes. Invariant: what its figures are read on are pieces of the
split "test", which training never sees.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generation.nets.cards import Card, DataFile, Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.mix.asked import ERROR, SAVED, THRESHOLDS
from generation.nets.mix.console import Material, described
from generation.nets.mix.mixing import Mixer
from generation.nets.mix.model import MixNet, MixSizes, Wish, flat
from generation.nets.mix.training import MixSchedule, material_of, random_settings, train
from generation.nets.mix_stems import DESCRIPTORS, FILE_NAME, MixPieces, read_pieces
from generation.nets.registry import Net, Tell, told_of

SCHEDULE = MixSchedule()
ARCHITECTURE = "mix-controller/1"
_ROOM = (1.6, 6.0)
_SEARCHED, _TARGETS, _FRAMES = 64, 16, 80
_LIMITS = (
    "A mix controller, not a mixing engineer: it brings six measured qualities to where they are "
    "asked and has no taste. It was not trained on professional mixes.",
    "Trained on synthesised pieces of two to five stems; crowded sessions, live recordings and "
    "spill between stems were not heard.",
    "It takes stems as unrelated to each other: doubled or phase-cancelling stems are misjudged.",
    "Drum and melody shares follow the roles that ingest heard; a wrong role is mixed wrongly.",
    "Stereo is a whole per stem and section; what moves within a section is not seen.",
)


def _train(folder: Path, seed: int, tell: Tell) -> Checkpoint:
    held = read_pieces(folder / FILE_NAME)
    sizes = MixSizes()
    net = train(held.of_split("train"), seed=seed, sizes=sizes, schedule=SCHEDULE, told=tell)
    card = Card(
        net="mix",
        version=1,
        architecture=ARCHITECTURE,
        data=(_data(held),),
        split=f"{len(held.of_split('train'))} pieces to train, {len(held.of_split('test'))} of "
        "other seeds and manners held out",
        seed=seed,
        settings={"width": sizes.width, "layers": sizes.layers, "heads": sizes.heads},
        limits=_LIMITS,
    )
    return Checkpoint(card, {name: one.numpy() for name, one in net.state_dict().items()})


def _data(held: MixPieces) -> DataFile:
    return DataFile(FILE_NAME, held.source, held.licence, held.attribution, held.sha256)


def net_of(checkpoint: Checkpoint) -> MixNet:
    """The net with the checkpoint's weights."""
    asked = checkpoint.card.settings
    width, layers, heads = (int(asked[one]) for one in ("width", "layers", "heads"))
    net = MixNet(MixSizes(width, layers, heads))
    net.load_state_dict(_tensors(checkpoint.tensors))
    return net.eval()


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(one)) for name, one in arrays.items()}


def _measure(checkpoint: Checkpoint, folder: Path, tell: Tell) -> tuple[Figure, ...]:
    """Errors in standard deviations to targets drawn as settings of the same stretch.

    Every target is also sought among 64 other random settings; all by the console as modelled.
    The engine's own console is asked by generation.compose.hearing.
    """
    held = read_pieces(folder / FILE_NAME)
    net, errors = net_of(checkpoint), []
    generator = torch.Generator().manual_seed(17)
    for piece in held.of_split("test"):
        frames = min(_FRAMES, len(piece.stems[0].energy))
        middle = (len(piece.stems[0].energy) - frames) // 2
        section = [one.cut(middle, middle + frames) for one in piece.stems]
        errors.append(_errors(net, material_of([section], [_ROOM]), generator))
        tell(f"{piece.name}: {float(errors[-1][0].mean()):.3f} sd")
    mean = torch.stack(errors).mean((0, 2))
    names = ("best of 64", "flat mix", "random")
    beside = {name: float(row.mean()) for name, row in zip(names, mean[1:], strict=True)}
    figures = [Figure(ERROR, float(mean[0].mean()), "sd", baselines=beside)]
    for place, name in enumerate(DESCRIPTORS):
        others = {one: float(row[place]) for one, row in zip(names, mean[1:], strict=True)}
        figures.append(Figure(f"error in {name}", float(mean[0, place]), "sd", baselines=others))
    saved = beside["best of 64"] - float(mean[0].mean())
    figures.append(Figure(SAVED, saved, "sd"))
    return tuple(figures)


def _errors(net: MixNet, section: tuple[Material, Tensor], generator: torch.Generator) -> Tensor:
    """Of the net, the best of others, the flat mix and a random one, [4, targets, descriptors]."""
    material, roles = section
    many = _TARGETS + _SEARCHED
    full = torch.ones(many)
    wide = Material(*(one.expand(many, *one.shape[1:]) for one in material))
    with torch.inference_mode():
        found = net.scaled(described(wide, random_settings(wide, full, full, generator)))
        own = net.scaled(described(wide, flat(wide)))
        wish = Wish(own, found - own, full, full)
        made = net.scaled(described(wide, net(wide, roles.expand(many, -1, -1), wish)))
    target, others = found[:_TARGETS], found[_TARGETS:]
    best = (target[:, None] - others).abs().mean(-1).argmin(1)
    rows = (made[:_TARGETS], others[best], own[:_TARGETS], others[:_TARGETS])
    return torch.stack([(row - target).abs() for row in rows])


def _load(checkpoint: Checkpoint) -> Mixer:
    return Mixer(net_of(checkpoint))


NET = Net(
    name="mix",
    architecture=ARCHITECTURE,
    thresholds=THRESHOLDS,
    plan=told_of(SCHEDULE),
    train=_train,
    measure=_measure,
    load=_load,
)
