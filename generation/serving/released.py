"""The checkpoints that may serve: what lies in the folders of released nets, read without torch.

The nets that ship come first, then what the operator released into `NETS_DIR`; a version that both
hold is the one that ships. It refuses to know shares. Invariant: a checkpoint is sound only with a
whole card, the weights that the card names, and figures that reach what the card asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from generation.nets import checkpoints, registry
from generation.nets.cards import Card
from generation.nets.checkpoints import CheckpointError
from generation.nets.chosen import Choice

NETS = tuple(sorted(registry.NETS))


@dataclass(frozen=True, slots=True)
class Released:
    """One version of a net as it lies there. `card` is None and `problem` a sentence where it is
    not sound.
    """

    net: str
    version: int
    card: Card | None
    problem: str = ""

    @property
    def choice(self) -> Choice | None:
        """What a shelf loads; None where it is not sound."""
        if self.card is None:
            return None
        return Choice(self.net, self.version, self.card.weights_sha256)


def folders() -> tuple[Path, ...]:
    """Where checkpoints are looked for, in turn; for `chosen.Shelf` too."""
    return (checkpoints.RELEASED, Path(settings.NETS_DIR))


def list_released(net: str) -> tuple[Released, ...]:
    """Every version of `net`, oldest first, sound or not. Files are read again when they change."""
    found: dict[int, Released] = {}
    for path in _weights(net):
        version = int(path.stem)
        if version not in found:
            found[version] = _read(net, path, *_state_of(path))
    return tuple(found[version] for version in sorted(found))


def sound_choices(net: str) -> dict[str, Choice]:
    """What may serve of `net`, by digest, oldest first."""
    choices = [one.choice for one in list_released(net)]
    return {one.digest: one for one in choices if one is not None}


def _weights(net: str) -> Iterator[Path]:
    for folder in folders():
        for version in checkpoints.versions(net, folder):
            yield checkpoints.path_of(folder, net, version)


def _state_of(path: Path) -> tuple[int, int]:
    """When weights and card were last written, in nanoseconds; 0 for a card that is not there."""
    card = path.with_suffix(".json")
    return path.stat().st_mtime_ns, card.stat().st_mtime_ns if card.exists() else 0


@lru_cache(maxsize=256)
def _read(net: str, path: Path, _weights_ns: int, _card_ns: int) -> Released:
    try:
        card = checkpoints.read_card(path)
        if (card.net, card.version) != (net, int(path.stem)):
            raise CheckpointError(f"{path.name} in {net} bears the card of another.")
    except CheckpointError as error:
        return Released(net, int(path.stem), None, str(error))
    return Released(net, card.version, card)
