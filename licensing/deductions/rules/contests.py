"""Which earnings a dispute holds: the contested share and nothing beside it; values only.

Invariant: a micro-unit is held by one dispute at most. Where claims meet, the older dispute holds
it; what is decided for neither of them is still contested by the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from licensing.deductions.rules.parts import Part, percent_of


@dataclass(frozen=True, slots=True)
class Line:
    """A payee's share of one right of one source in one record, with what it earned.

    `correction`: the adjustment that gave it later; "" where plays earned it.
    """

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
    correction: str = ""

    def holding(self, micros: int, us_micros: int) -> "Line":
        """The same line with other micro-units in it."""
        return replace(self, micros=micros, us_micros=us_micros)

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
    return [one for line in lines for one in _contested(line, claims, line.micros, {})]


def contest_again(
    line: Line, claims: Sequence[Claim], held: Mapping[str, int]
) -> tuple[list[tuple[str, Line]], Line]:
    """What goes on to further disputes of a line that one was decided about, and what is left.

    `claims`: the open ones, the oldest first; `held`: what each holds of the line already. The
    percentage is of all that disputes hold of it, the decided one too, so that nobody who holds
    their part already gets more.
    """
    whole = line.micros + sum(held.values())
    goes_on = _contested(line, claims, whole, held)
    micros = line.micros - sum(part.micros for _, part in goes_on)
    us_micros = line.us_micros - sum(part.us_micros for _, part in goes_on)
    return goes_on, line.holding(micros, us_micros)


def _contested(
    line: Line, claims: Sequence[Claim], whole_micros: int, held: Mapping[str, int]
) -> list[tuple[str, Line]]:
    found: list[tuple[str, Line]] = []
    left, us_left = line.micros, line.us_micros
    for claim in claims:
        wanted = percent_of(whole_micros, claim.contested_ppm) - held.get(claim.key, 0)
        micros = min(left, wanted)
        if micros > 0 and claim.covers(line):
            us_micros = us_left if micros == left else us_left * micros // left
            found.append((claim.key, line.holding(micros, us_micros)))
            left, us_left = left - micros, us_left - us_micros
    return found
