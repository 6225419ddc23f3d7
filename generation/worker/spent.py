"""Where the CPU time of a job went, stage by stage, and what came to pass in it how often.

It knows names and numbers alone. Invariant: every moment of a job belongs to one stage, so the
stages of a job add up to its CPU time; what runs outside a job is not counted.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

REST, STATEMENTS = "rest", "statements"


@dataclass
class Account:
    """The CPU seconds of one job by stage, and what happened in it how often; `aside`: for how
    many seconds by the clock it stood still while others were done.
    """

    clock: Callable[[], float] = time.thread_time
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    times: Counter[str] = field(default_factory=Counter)
    aside: float = 0.0
    stage: str = REST
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.clock()

    def turn_to(self, stage: str) -> str:
        """From now on the time is that of `stage`; returns the one before it."""
        now = self.clock()
        self.seconds[self.stage] += now - self.since
        before, self.stage, self.since = self.stage, stage, now
        return before

    def go_on(self) -> None:
        """What passed since the last turn was somebody else's."""
        self.since = self.clock()

    def told(self) -> dict[str, Any]:
        """As it is logged: `cpu_ms` by stage, and `times`."""
        self.turn_to(self.stage)
        spent = {stage: round(1_000 * seconds, 1) for stage, seconds in self.seconds.items()}
        return {"cpu_ms": spent, "times": dict(self.times)}


_account: ContextVar[Account | None] = ContextVar("account", default=None)


@contextmanager
def accounting(clock: Callable[[], float] = time.thread_time) -> Iterator[Account]:
    """An account of the block's own; of what it takes nothing is charged to the one around it."""
    outer = _account.get()
    if outer is not None:
        outer.turn_to(outer.stage)
    account = Account(clock)
    turn = _account.set(account)
    try:
        with connection.execute_wrapper(_stated) if outer is None else nullcontext():
            yield account
    finally:
        _account.reset(turn)
        if outer is not None:
            outer.go_on()


@contextmanager
def spending(stage: str) -> Iterator[None]:
    """What the block takes goes to `stage`, except what goes to another one within it."""
    account = _account.get()
    if account is None:
        yield
        return
    before = account.turn_to(stage)
    try:
        yield
    finally:
        account.turn_to(before)


def count(what: str) -> None:
    """`what` came to pass once more."""
    account = _account.get()
    if account is not None:
        account.times[what] += 1


def stand_aside(seconds: float) -> None:
    """So many seconds by the clock were somebody else's."""
    account = _account.get()
    if account is not None:
        account.aside += seconds


def _stated(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """A statement, whose time here (not in the database) goes to its stage."""
    count(STATEMENTS)
    with spending(STATEMENTS):
        return execute(sql, params, many, context)
