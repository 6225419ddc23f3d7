"""Many requests of many drafts in one call: those for the same checkpoint go through it together.

It refuses to know what is asked. Invariant: answers come in the order of the requests, and equal
requests to one checkpoint are put to it once.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from generation.nets.chosen import Choice, Loaded

Request = TypeVar("Request", bound=Hashable)
Answer = TypeVar("Answer")


def answers(
    wanted: Sequence[tuple[Loaded, Request]],
    ask: Callable[[Any, list[Request]], Sequence[Answer]],
) -> list[Answer]:
    """The answer to each request. `ask` puts requests to what runs for one checkpoint."""
    found: dict[tuple[Choice, Request], Answer] = {}
    for net in {loaded.choice: loaded for loaded, _ in wanted}.values():
        of_net = (request for loaded, request in wanted if loaded.choice == net.choice)
        requests = list(dict.fromkeys(of_net))
        for request, answer in zip(requests, ask(net.runs, requests), strict=True):
            found[net.choice, request] = answer
    return [found[loaded.choice, request] for loaded, request in wanted]
