"""What of earnings is set aside for a while; values only.

Invariant: a reserve delays and never reduces; what is set aside stays the payee's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.deductions.rules.parts import Part, percent_of, take, total


@dataclass(frozen=True, slots=True)
class Rule:
    """So much of a payee's earnings, of one recording where `recording` names it."""

    key: str
    ppm: int
    recording: str = ""

    def covers(self, part: Part) -> bool:
        """Whether earnings of this part are held back by this rule."""
        return self.recording in ("", part.recording)


def set_aside(
    parts: Sequence[Part], rules: Sequence[Rule]
) -> tuple[dict[str, list[Part]], list[Part]]:
    """What each rule sets aside, by its key, and what flows on. `rules`: oldest first.

    Percentages are of what reached the reserves; a later rule gets what the earlier ones left.
    """
    left = list(parts)
    aside: dict[str, list[Part]] = {}
    for rule in rules:
        wanted = percent_of(total([part for part in parts if rule.covers(part)]), rule.ppm)
        micros = min(wanted, total([part for part in left if rule.covers(part)]))
        if micros:
            aside[rule.key], left = take(left, micros, rule.covers)
    return aside, left
