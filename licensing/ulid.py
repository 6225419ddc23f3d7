"""ULIDs: identifiers that sort by the moment they were made, kept as UUIDs in the database.

48 bits of milliseconds since 1970, then 80 random bits; written as 26 characters of Crockford's
Base 32 (the ULID specification). It knows no rows. Invariant: reading a written one gives it back,
and texts sort as the numbers do.
"""

import secrets
import time
from uuid import UUID

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_SIZE = 26


def new_ulid() -> UUID:
    """A new one, of now."""
    return ulid_of(time.time_ns() // 1_000_000, secrets.randbits(80))


def ulid_of(milliseconds: int, chance: int) -> UUID:
    """The one of a moment and 80 bits. Raises ValueError for numbers that do not fit."""
    if not 0 <= milliseconds < 1 << 48 or not 0 <= chance < 1 << 80:
        raise ValueError("48 bits of time and 80 of chance")
    return UUID(int=milliseconds << 80 | chance)


def ulid_text(value: UUID) -> str:
    """26 characters, the first of 0 to 7."""
    return "".join(_LETTERS[value.int >> 5 * place & 31] for place in range(_SIZE - 1, -1, -1))


def read_ulid(text: str) -> UUID:
    """The value behind a text, in capitals or not. Raises ValueError for anything else."""
    letters = text.upper()
    if len(letters) != _SIZE or not set(letters) <= set(_LETTERS) or letters[0] > "7":
        raise ValueError("a ULID has 26 characters, the first of 0 to 7")
    number = 0
    for letter in letters:
        number = number << 5 | _VALUES[letter]
    return UUID(int=number)
