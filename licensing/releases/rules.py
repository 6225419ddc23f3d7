"""An ISRC out of a registrant's prefix, a year and a number; values only.

A prefix and a year hold 100,000 codes, a day's work of a service that makes variations on request:
so a variation goes by its id, and gets a code only when it is released. Source: ISO 3901:2019, ISRC
Handbook 4th edition, 3.5 (the year is the one of assignment, never of the recording).
"""

import re

LAST_NUMBER = 99_999
_PREFIX = re.compile(r"[A-Z]{2}[A-Z0-9]{3}")


class ReleaseRefused(Exception):
    """This cannot be released; `code` says why for a program, the message for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_prefix(prefix: str) -> str:
    """The prefix code itself. Raises ReleaseRefused: no_prefix, or bad_prefix for another shape."""
    if not prefix:
        raise ReleaseRefused(
            "no_prefix",
            "This installation has no ISRC prefix. Ask your national ISRC agency for one and set "
            "ISRC_PREFIX.",
        )
    if not _PREFIX.fullmatch(prefix):
        raise ReleaseRefused(
            "bad_prefix", "An ISRC prefix is two letters, then three letters or digits."
        )
    return prefix


def isrc_of(prefix: str, year: int, number: int) -> str:
    """The code, twelve characters. Raises ReleaseRefused("year_is_full") beyond 99,999."""
    if not 0 <= number <= LAST_NUMBER:
        raise ReleaseRefused(
            "year_is_full",
            f"All 100,000 codes of {prefix} for {year} are given out; ask for a second prefix.",
        )
    return f"{prefix}{year % 100:02d}{number:05d}"
