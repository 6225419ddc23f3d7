"""An asynchronous view's patience: ask again whenever the bell rings, hold nothing in between.

It refuses to know what is asked. Invariant: while it waits, no database connection is held.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from portal.audio.arrivals import POLL_S, Minds, bell, every_word

Answer = TypeVar("Answer")


def _ask_and_let_go(ask: Callable[[], Answer]) -> Answer:
    answer = ask()
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
    return answer


async def first_answer(
    subject: str,
    ask: Callable[[], Answer],
    is_news: Callable[[Answer], bool],
    seconds: float,
    *,
    minds: Minds = every_word,
    every_s: float = POLL_S,
) -> Answer:
    """The first answer of `ask` that is news, or the last one after `seconds`.

    It is asked again when a word is said of `subject` that is minded, and every `every_s` anyhow.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    asking = sync_to_async(_ask_and_let_go)
    async with bell.hearing(subject, minds) as ear:
        while True:
            answer = await asking(ask)
            left = until - loop.time()
            if is_news(answer) or left <= 0:
                return answer
            await ear.wait(min(every_s, left))
