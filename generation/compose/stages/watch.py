"""How long each stage of composing takes, and where others get their turn.

It refuses to know what the stages do, and which clock it reads. Invariant: a pause counts to no
stage.
"""

from collections.abc import Callable
from typing import TypeVar

from generation.compose.stages.plans import Took

Clock = Callable[[], float]
Pause = Callable[[], None]
Answer = TypeVar("Answer")


def go_on() -> None:
    """Where nobody else waits."""


class Watch:
    """What each stage took so far, in the order in which they ended.

    `clock`: seconds of any origin; `pause`: called before each stage, for whoever has something
    more urgent to do.
    """

    def __init__(self, clock: Clock, pause: Pause = go_on) -> None:
        self._clock, self._pause = clock, pause
        self.took: tuple[Took, ...] = ()

    def timed(self, stage: str, drafts: int, run: Callable[[], Answer]) -> Answer:
        """What `run` answers, for so many drafts side by side; its time is written down."""
        self._pause()
        begun = self._clock()
        answer = run()
        milliseconds = round(1_000.0 * (self._clock() - begun), 3)
        self.took = (*self.took, Took(stage, milliseconds, drafts))
        return answer
