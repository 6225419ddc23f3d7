"""The tapes of the live sessions that a worker renders, within a bound of memory.

It knows sessions by name. It refuses to know recipes and sound. Invariants: losing tapes changes
the time the next second takes, never a bit of it; the newest session keeps its own.
"""

import gc
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from generation.engine.render import Cache
from generation.worker.ahead import tapes_of_one
from generation.worker.spent import count, spending


def own_memory() -> int:
    """Bytes of this process that no file stands behind; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    told = next((line for line in lines if line.startswith("RssAnon:")), "RssAnon: 0 kB")
    return int(told.split()[1]) * 1024


class Tapes:
    """What a worker keeps of sessions between two of their seconds.

    While `memory` tells more than `most_bytes` above what it told at first, those heard longest
    ago are let go. The desk of a section that is over goes by itself, when the next one is made.
    """

    def __init__(self, most_bytes: int, memory: Callable[[], int] = own_memory) -> None:
        self._most, self._memory = most_bytes, memory
        self._kept: OrderedDict[str, Cache] = OrderedDict()
        self._before: int | None = None

    def __contains__(self, session: str) -> bool:
        return session in self._kept

    def of(self, session: str, begun: Cache | None = None) -> Cache:
        """The tapes of a session, to be used for a second of it at once; `begun`: those on which
        its first second was rendered, where that was ahead of its job.
        """
        if self._before is None:
            self._before = self._memory()
        if session not in self._kept:
            count("tapes anew")
        cache = self._kept.setdefault(session, begun or tapes_of_one())
        self._kept.move_to_end(session)
        with spending("memory"):
            self._let_go()
        return cache

    def _let_go(self) -> None:
        while len(self._kept) > 1 and self._memory() - (self._before or 0) > self._most:
            count("tapes let go")
            self._kept.popitem(last=False)
            gc.collect()  # the desks of torch refer to themselves
