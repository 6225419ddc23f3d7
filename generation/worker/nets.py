"""The nets of this worker: which compose for whom, loaded once, every stage of them timed.

It asks `serving` who is routed where and hands the director an order; it refuses to know how nets
write. Invariants: equal wishes find the same nets for as long as no route changes; whoever asks for
no new notes waits for no net; a checkpoint that does not load costs nobody their piece.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import perf_counter

import structlog

from generation.compose.by_nets import compose_by_nets
from generation.compose.director import compose
from generation.compose.kept import Kept, key_of
from generation.compose.new_line import with_remark
from generation.compose.stages.plans import NET_OF, Order, Took
from generation.compose.values import Ask, Limits, Song
from generation.nets.checkpoints import CheckpointError
from generation.nets.chosen import NO_NETS, Chosen, Nets, Shelf, newest
from generation.recipe import Recipe
from generation.serving.operations import StageTaken
from generation.serving.queries import chosen_for, routed
from generation.serving.released import folders
from generation.worker.loop import Clock, step_aside
from generation.worker.timing import keep

log = structlog.get_logger(__name__)

INSTEAD = "The nets that were to serve do not load, so the newest that ship composed this."
BY_RULES = "No net is here that loads, so rules composed this."
# A piece of half an hour takes 3 to 4 MB.
KEPT_AT_MOST = 16

_kept = Kept(KEPT_AT_MOST)


def compose_served(
    ask: Ask, songs: Sequence[Song], limits: Limits, key: str, clock: Clock
) -> Recipe:
    """The recipe that answers `ask`, with new notes by the nets that serve `key`.

    Rules compose alone where no new notes are wanted or no net is to be had. Raises CannotCompose.
    """
    if not ask.parts:
        return compose(ask, songs, limits)
    nets, remark = nets_for(key)
    if not nets:
        return with_remark(compose(ask, songs, limits), remark)
    order = Order(ask, tuple(songs), limits, nets)
    made = _kept.get(key_of(order))
    if made is None:
        made = compose_by_nets(order, perf_counter, _kept, step_aside)
        keep_times(made.took, nets, made.recipe.nets, clock())
    return with_remark(made.recipe, remark) if remark else made.recipe


def nets_for(key: str) -> tuple[Nets, str]:
    """The nets that serve `key`, ready to be asked; and a sentence where others stand in for them.

    Where one of them does not load the newest that ship serve; where not even those do, none.
    """
    shelf = _shelf(folders())
    try:
        if nets := shelf.load(chosen_for(key)):
            return nets, ""
    except CheckpointError:
        log.exception("routed nets do not load")
    try:
        if nets := shelf.load(newest(folders()[0])):
            return nets, INSTEAD
    except CheckpointError:
        log.exception("nets that ship do not load")
    return NO_NETS, BY_RULES


def warm_up() -> None:
    """Load every checkpoint that is routed to, so that no request waits for one."""
    for choice in routed():
        try:
            _shelf(folders()).load(Chosen((choice,)))
        except CheckpointError:
            log.exception("a net does not load", net=choice.net, version=choice.version)


@lru_cache(maxsize=1)
def _shelf(searched: tuple[Path, ...]) -> Shelf:
    """The one shelf of this process."""
    return Shelf(searched)


def keep_times(
    stages: Sequence[Took], nets: Nets, decided: Collection[str], ended: datetime
) -> None:
    """Have stages that ended at `ended` written down, those of nets only where the net is among
    the digests that `decided` something.
    """
    at = ended
    for took in reversed(stages):
        net = nets.get(NET_OF.get(took.stage, ""))
        digest = net.choice.digest if net is not None else ""
        if took.stage not in NET_OF or digest in decided:
            keep(StageTaken(took.stage, took.milliseconds, at, digest, took.drafts))
        at -= timedelta(milliseconds=took.milliseconds)
