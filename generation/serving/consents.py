"""Nets whose training was permitted, and those among them whose permission fell.

It knows cards and clearances. It refuses to know why somebody withdrew. Invariant: a net whose
permission fell with effect on what was made serves nobody from the next plan on; a net whose card
names no clearance costs no query.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from generation.nets.cards import Card
from generation.nets.chosen import Choice
from generation.serving.released import NETS, list_released, sound_choices
from licensing.clearance.training import fallen_trainings


@dataclass(frozen=True, slots=True)
class Fallen:
    """A version of a net that may serve nobody, and why, in phrases."""

    net: str
    version: int
    digest: str
    reasons: tuple[str, ...]


def servable_choices(net: str, at: datetime | None = None) -> dict[str, Choice]:
    """What may serve of `net`, by digest, oldest first: sound, and its training still permitted."""
    gone = {one.digest for one in fallen_nets((net,), at)}
    return {digest: one for digest, one in sound_choices(net).items() if digest not in gone}


def fallen_nets(nets: tuple[str, ...] = NETS, at: datetime | None = None) -> tuple[Fallen, ...]:
    """The released versions whose permission to have been trained fell; at most one query."""
    cards = [one.card for net in nets for one in list_released(net) if one.card is not None]
    rests = {card.weights_sha256: _clearances(card) for card in cards if card.permitted}
    fallen = fallen_trainings({one for ids in rests.values() for one in ids}, at)
    found = []
    for card in cards:
        ids = rests.get(card.weights_sha256, ())
        reasons = tuple(dict.fromkeys(why for one in ids for why in fallen.get(one, ())))
        if reasons:
            found.append(Fallen(card.net, card.version, card.weights_sha256, reasons))
    return tuple(found)


def _clearances(card: Card) -> tuple[UUID, ...]:
    return tuple({UUID(one.clearance) for one in card.permitted})
