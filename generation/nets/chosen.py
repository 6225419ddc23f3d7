"""Which checkpoint of each net serves: a choice is a value, and a shelf holds what runs for it.

It refuses to know who is routed where, and why; several versions of a net stand side by side.
Invariant: what a shelf gives for a choice has exactly the digest that the choice names, and a net
that is not chosen is not there.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from generation.nets import cards, checkpoints, registry
from generation.nets.cards import Card
from generation.nets.checkpoints import RELEASED, CheckpointError

HELD_AT_MOST = 12


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """One checkpoint of one net. `digest`: hex SHA-256 of its weights, as its card names it."""

    net: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """At most one checkpoint per net, in the order of their names; equal choices are equal.

    Raises ValueError where a net is chosen twice.
    """

    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        in_order = tuple(sorted(self.choices))
        names = [one.net for one in in_order]
        if len(set(names)) < len(names):
            raise ValueError("A net is chosen once.")
        object.__setattr__(self, "choices", in_order)

    def __iter__(self) -> Iterator[Choice]:
        return iter(self.choices)

    def of(self, net: str) -> Choice | None:
        """The checkpoint of `net`; None where it does not serve."""
        return next((one for one in self.choices if one.net == net), None)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint ready to be asked. `runs`: what `registry.Net.load` made of it."""

    choice: Choice
    card: Card
    runs: Any


# What serves, by the name of the net.
Nets = Mapping[str, Loaded]
NO_NETS: Nets = {}


def choices_in(net: str, folder: Path = RELEASED) -> list[Choice]:
    """Every version of `net` in `folder` whose card is whole, oldest first; weights stay unread."""
    found = []
    for version in checkpoints.versions(net, folder):
        card = checkpoints.path_of(folder, net, version).with_suffix(".json")
        try:
            digest = cards.from_json(card.read_text(encoding="utf-8")).weights_sha256
        except (OSError, UnicodeDecodeError, cards.CardError):
            continue
        found.append(Choice(net, version, digest))
    return found


def newest(folder: Path = RELEASED) -> Chosen:
    """The newest version of every net that `folder` holds."""
    found = [choices_in(net, folder) for net in sorted(registry.NETS)]
    return Chosen(tuple(versions[-1] for versions in found if versions))


class Shelf:
    """Checkpoints loaded once and kept, the longest unasked put away first. Safe in threads.

    `folders` are searched in turn; `most`: how many checkpoints are held.
    """

    def __init__(self, folders: Sequence[Path] = (RELEASED,), most: int = HELD_AT_MOST) -> None:
        self._folders, self._most = tuple(folders), most
        self._held: OrderedDict[Choice, Loaded] = OrderedDict()
        self._lock = Lock()

    def load(self, chosen: Chosen) -> dict[str, Loaded]:
        """What runs for `chosen`, by net; raises CheckpointError where one is not to be had."""
        with self._lock:
            return {one.net: self._one(one) for one in chosen}

    @property
    def held(self) -> tuple[Choice, ...]:
        """What is loaded now, the longest unasked first."""
        with self._lock:
            return tuple(self._held)

    def _one(self, choice: Choice) -> Loaded:
        if choice not in self._held:
            self._held[choice] = self._read(choice)
        self._held.move_to_end(choice)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return self._held[choice]

    def _read(self, choice: Choice) -> Loaded:
        paths = [checkpoints.path_of(one, choice.net, choice.version) for one in self._folders]
        path = next((one for one in paths if one.exists()), None)
        if path is None:
            raise CheckpointError(f"{choice.net} {choice.version} is not on the shelf.")
        checkpoint = checkpoints.load(path)
        if (checkpoint.card.net, checkpoint.card.weights_sha256) != (choice.net, choice.digest):
            raise CheckpointError(f"{choice.net} {choice.version} is not the one that was chosen.")
        return Loaded(choice, checkpoint.card, checkpoints.serving(checkpoint))
