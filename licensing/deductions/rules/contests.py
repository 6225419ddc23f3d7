"""Which earnings a dispute holds: the contested share and nothing beside it; values only.

Invariant: a micro-unit is held by one dispute at most. Where claims meet, the older dispute holds
it; what is decided for neither of them is still contested by the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from licensing.deductions.rules.parts import Part, percent_of


@dataclass(frozen=True, slots=True)
class Line:
    """A payee's share of one right of one source in one record, with what it earned."""

    payee: tuple[str, str]
    currency: str
    record: str
    stem: str
    recording: str
    right: str
    sheet: str
    party: str
    micros: int
    us_micros: int = 0

    def part(self) -> Part:
        """The line as earnings of its recording and right."""
        return Part(self.recording, self.right, self.micros, self.us_micros)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one dispute is about. A field that is "" is not asked; at least one of the first four
    is given: a share (sheet and party), a stem, a recording, a source (record and stem).
    """

    key: str
    sheet: str = ""
    party: str = ""
    stem: str = ""
    recording: str = ""
    record: str = ""
    right: str = ""
    contested_ppm: int = 1_000_000

    def covers(self, line: Line) -> bool:
        """Whether a line is contested by this dispute."""
        asked = ("sheet", "party", "stem", "recording", "record", "right")
        return all(getattr(self, name) in ("", getattr(line, name)) for name in asked)


def contest(lines: Iterable[Line], claims: Sequence[Claim]) -> list[tuple[str, Line]]:
    """What each dispute holds: (its key, the line with the held micro-units).

    `claims`: the oldest first. The percentage is of the whole line, rounded down, as is the US part
    of what is held.
    """
    held: list[tuple[str, Line]] = []
    for line in lines:
        left, us_left = line.micros, line.us_micros
        for claim in claims:
            micros = min(left, percent_of(line.micros, claim.contested_ppm))
            if micros and claim.covers(line):
                us_micros = us_left if micros == left else us_left * micros // left
                held.append((claim.key, _of(line, micros, us_micros)))
                left, us_left = left - micros, us_left - us_micros
    return held


def _of(line: Line, micros: int, us_micros: int) -> Line:
    where = (line.record, line.stem, line.recording, line.right, line.sheet, line.party)
    return Line(line.payee, line.currency, *where, micros, us_micros)
