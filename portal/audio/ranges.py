"""Which bytes a Range header asks for (RFC 9110, section 14).

Pure. Invariant: what comes out lies inside the file; what cannot be read as one range of bytes is
treated as no range, as the RFC allows.
"""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(ValueError):
    """The range asked for begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes [first, last], both included, as the header counts."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def span_of(header: str, size: int) -> Span | None:
    """The span of a file of `size` bytes, or None for the whole; raises Unsatisfiable."""
    match = _ONE_RANGE.fullmatch(header.strip())
    if not match or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        wanted = int(last)
        if wanted == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - wanted), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last) if last else size - 1, size - 1))
