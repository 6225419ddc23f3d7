"""The nets by name: how each is trained, measured and loaded.

A net is a module of this room with one value `NET`; it is imported when it is first asked for,
because it brings torch. Invariant: what a command or the director knows of a net, it knows from
its `Net`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generation.nets.cards import Figure, Threshold

if TYPE_CHECKING:
    from generation.nets.checkpoints import Checkpoint

NETS = {
    "line": "generation.nets.line",
    "harmony": "generation.nets.harmony",
    "drums": "generation.nets.drums",
    "mix": "generation.nets.mix",
}
Tell = Callable[[str], None]


class UnknownNet(LookupError):
    """No net of that name is here; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Net:
    """One net.

    `train(data, seed, tell)` reads its files from the folder `data`, trains on the CPU, tells its
    progress line by line, and returns a checkpoint whose card is a draft of version 1.
    `plan`: how long and how hard `train` does it (see `told_of`).
    `measure(checkpoint, data, tell)` gives every figure on the test split, baselines beside them,
    by one script; a figure that has a threshold bears its name.
    `load(checkpoint)` gives what runs.
    """

    name: str
    architecture: str
    thresholds: tuple[Threshold, ...]
    plan: Mapping[str, float]
    train: Callable[[Path, int, Tell], Checkpoint]
    measure: Callable[[Checkpoint, Path, Tell], tuple[Figure, ...]]
    load: Callable[[Checkpoint], Any]


def told_of(plan: Any) -> dict[str, float]:
    """The numbers of `plan`, a dataclass, as a card tells them; sizes stand in its settings."""
    return {name: one for name, one in asdict(plan).items() if isinstance(one, int | float)}


def find(name: str) -> Net:
    """The net called `name`; raises UnknownNet."""
    if name not in NETS:
        raise UnknownNet(f"There is no net called {name!r}; there are {', '.join(sorted(NETS))}.")
    found = import_module(NETS[name]).NET
    if not isinstance(found, Net):
        raise TypeError(f"{NETS[name]}.NET is not a Net.")
    return found
