"""Values that are long to read and replaced only as a whole, kept by key in this process.

It knows keys and how missing ones are read. It refuses to know rows. Invariant: however many keys
are missing, they are read by one call.
"""

from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """The `size` values that were used last.

    `read`: the values of keys, but for those that are gone.
    """

    def __init__(self, size: int, read: Callable[[list[Key]], dict[Key, Value]]) -> None:
        self._size, self._read = size, read
        self._kept: dict[Key, Value] = {}
        self._lock = Lock()

    def of(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """The values of those keys that have one, in the order asked for."""
        wanted = list(keys)
        with self._lock:
            known = {key: self._kept[key] for key in wanted if key in self._kept}
        missing = [key for key in wanted if key not in known]
        if missing:
            known |= self._read(missing)
        found = {key: known[key] for key in wanted if key in known}
        with self._lock:
            for key, value in found.items():
                self._kept.pop(key, None)
                self._kept[key] = value
            while len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        return found
