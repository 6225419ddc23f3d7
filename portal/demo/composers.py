"""Which director composes for `manage.py vary`: rules, or the nets that ship.

It knows the two directors. It refuses to know files and sounds. Invariant: both answer the same ask
within the same limits, and what nets cannot do rules do.
"""

from collections.abc import Callable, Sequence
from time import perf_counter

from generation.compose.director import compose
from generation.compose.values import Ask, Limits, Song
from generation.recipe import Recipe

Composer = Callable[[Ask, Sequence[Song], Limits], Recipe]


def composer(name: str) -> Composer:
    """The director of that name: "rules" or "nets"."""
    return compose if name == "rules" else _by_nets()


def _by_nets() -> Composer:
    """The director of the nets with the newest release of each; torch is loaded only here."""
    import torch

    from generation.compose.by_nets import compose_by_nets
    from generation.compose.stages.plans import Order
    from generation.nets import chosen

    # Nets this small are no faster on two threads, and much slower where cores are shared.
    torch.set_num_threads(1)
    nets = chosen.Shelf().load(chosen.newest())

    def answer(ask: Ask, songs: Sequence[Song], limits: Limits) -> Recipe:
        return compose_by_nets(Order(ask, tuple(songs), limits, nets), perf_counter).recipe

    return answer
