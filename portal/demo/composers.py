"""Which director composes for `manage.py vary`: rules, or the nets that ship.

It knows the two directors. It refuses to know files and sounds. Invariant: both answer the same ask
within the same limits, and what nets cannot do rules do.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from generation.compose.director import compose
from generation.compose.live import Next, by_rules
from generation.compose.sections import LiveSection
from generation.compose.values import Ask, Limits, Song
from generation.recipe import Recipe

if TYPE_CHECKING:
    from generation.nets.chosen import Nets

Composer = Callable[[Ask, Sequence[Song], Limits], Recipe]


def composer(name: str) -> Composer:
    """The director of that name: "rules" or "nets"."""
    return compose if name == "rules" else _by_nets()


def going_on(name: str) -> Next:
    """How the director of that name goes on with an endless piece that rules began."""
    return by_rules if name == "rules" else _going_on_by_nets()


def _by_nets() -> Composer:
    """The director of the nets with the newest release of each."""
    from generation.compose.by_nets import compose_by_nets
    from generation.compose.stages.plans import Order

    nets = _newest()

    def answer(ask: Ask, songs: Sequence[Song], limits: Limits) -> Recipe:
        return compose_by_nets(Order(ask, tuple(songs), limits, nets), perf_counter).recipe

    return answer


def _going_on_by_nets() -> Next:
    """Sections by nets, as in a session where there is time for them."""
    from generation.compose.sections_by_nets import section_by_nets

    nets = _newest()

    def write(
        ask: Ask, songs: Sequence[Song], before: Sequence[LiveSection], limits: Limits
    ) -> LiveSection:
        return section_by_nets(ask, songs, before, nets, limits=limits)

    return write


def _newest() -> "Nets":
    """The newest release of each net; torch is loaded only here."""
    import torch

    from generation.nets import chosen

    # Nets this small are no faster on two threads, and much slower where cores are shared.
    torch.set_num_threads(1)
    return chosen.Shelf().load(chosen.newest())
