"""The first second of a session, rendered while its section is still being written.

Writing a section is some twenty statements, in which this process waits for the database; the
engine's loops need no interpreter meanwhile. It knows recipes and stems. It refuses to know rows:
nothing that is made here can be fetched before the job of that second stores it. Invariant: what
was rendered ahead is taken for the very same recipe alone, so who takes it has the bits they would
have made; what nobody takes goes with the next.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from generation.compose.reel import chain_from, joined, part_for, reel_from, section_from
from generation.compose.stream import segment_range
from generation.engine.backends import backend_for
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Cache, Rendered, render
from generation.recipe import Recipe, read_once
from generation.worker.rendering import chosen_backend
from generation.worker.stems import load_onsets, load_stems

LOOPS = "numba"
_STATES = 512


def tapes_of_one() -> Cache:
    """Empty tapes for one session."""
    return Cache(1, _STATES)


@dataclass(frozen=True, slots=True)
class Made:
    """A first second, and the tapes on which the next one goes on."""

    sound: Rendered
    tapes: Cache


class Ahead:
    """What is rendered ahead, one second at a time."""

    def __init__(self) -> None:
        self._hand = ThreadPoolExecutor(1, "ahead")
        self._under_way: tuple[Recipe, Future[Made]] | None = None

    def begin(self, plan: Recipe, stems: Mapping[str, Audio], onsets: Mapping[str, Onsets]) -> None:
        """Render the first second of `plan` beside whatever this thread does next."""
        self._under_way = plan, self._hand.submit(_made, plan, stems, onsets)

    def take(self, plan: Recipe) -> Made | None:
        """The first second of this very recipe, waited for where it is under way; once.

        None where it was not begun here, or where it failed: who renders it then says why.
        """
        if self._under_way is None or self._under_way[0] != plan:
            return None
        found, self._under_way = self._under_way[1], None
        return found.result() if found.exception() is None else None


def _made(plan: Recipe, stems: Mapping[str, Audio], onsets: Mapping[str, Onsets]) -> Made:
    tapes = tapes_of_one()
    start, end = segment_range(0)
    return Made(render(plan, stems, onsets, start, end, cache=tapes, with_parts=False), tapes)


@cache
def ahead() -> Ahead:
    """That of this process."""
    return Ahead()


def render_ahead(text: str, frame: Mapping[str, Any]) -> None:
    """Begin with the first second of a session whose first section is about to be written.

    `text`: the section's recipe, `frame`: as it will be stored. Only where loops render: torch is
    left to the thread that has it.
    """
    written = read_once(text)
    reel, chain = reel_from(written), chain_from([section_from(written, _as_stored(frame))])
    plan = joined(reel, chain[-len(part_for(reel, chain, 0)) :])
    if backend_for(plan, chosen_backend()).name != LOOPS:
        return
    digests = [source.digest for source in plan.sources]
    ahead().begin(plan, load_stems(digests), load_onsets(plan))


def _as_stored(frame: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dict(frame)))
    return found
