"""Waiting for the next piece of a variation without holding a database connection.

One thread per web process listens on the channel that `generation.variations` rings on commit, and
wakes whoever waits for that subject. It refuses to know what arrived: callers look at the rows. A
lost message costs at most POLL_S, because every wait also ends by itself.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import structlog
from django.db import connections
from psycopg.conninfo import make_conninfo

CHANNEL = "segment"
POLL_S = 1.0
_QUIET_S = 5.0

log = structlog.get_logger("portal.audio")

Minds = Callable[[str], bool]


def every_word(_word: str) -> bool:
    """Whatever is said of a subject is minded."""
    return True


class Ear:
    """One who waits for what they mind of one subject. Rings between two waits are not lost."""

    def __init__(self, minds: Minds = every_word) -> None:
        self._minds = minds
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()

    def hear(self, word: str) -> None:
        """From any thread: `word` was said of the subject."""
        if self._minds(word):
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> bool:
        """True when the subject was rung within `seconds` or since the last wait."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Bell:
    """The listening thread and those who wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Ear]] = defaultdict(list)
        self._thread: threading.Thread | None = None

    @asynccontextmanager
    async def hearing(self, subject: str, minds: Minds = every_word) -> AsyncIterator[Ear]:
        """An ear for what is said of `subject` from now on, as far as it is minded."""
        ear = Ear(minds)
        with self._lock:
            self._waiting[subject].append(ear)
            self._ensure_thread()
        try:
            yield ear
        finally:
            with self._lock:
                self._waiting[subject].remove(ear)
                if not self._waiting[subject]:
                    del self._waiting[subject]

    def ring(self, subject: str, word: str = "") -> None:
        """Wake everybody who waits for `subject` and minds the word."""
        with self._lock:
            ears = list(self._waiting.get(subject, ()))
        for ear in ears:
            ear.hear(word)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._listen, name="arrivals", daemon=True)
            self._thread.start()

    def _anybody(self) -> bool:
        with self._lock:
            return bool(self._waiting)

    def _listen(self) -> None:
        """Hear notices while somebody waits; end after a quiet while, so that nothing is held."""
        try:
            with psycopg.connect(_address(), autocommit=True) as heard:
                heard.execute(f"LISTEN {CHANNEL}")
                while self._anybody():
                    for notice in heard.notifies(timeout=_QUIET_S):
                        subject, _, word = notice.payload.partition(":")
                        self.ring(subject, word)
        except psycopg.Error as error:
            if self._anybody():
                log.warning("arrivals not heard, polling instead", fault=type(error).__name__)


def _address() -> str:
    """The settings of the default database as psycopg takes them."""
    parameters = connections["default"].get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    given = {name: parameters[name] for name in wanted if parameters.get(name)}
    return make_conninfo("", **given)


bell = Bell()
