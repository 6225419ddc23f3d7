"""To whom a decision gives what was contested, among any number of payees; values only.

Invariant: the parts of a line sum to the line, its micro-units of US source too, and no part is of
more US source than it is of money.
"""

from collections.abc import Sequence
from typing import NamedTuple

from licensing.deductions.rules.contests import Line
from licensing.deductions.rules.parts import PPM, Part
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.money import allocate


class Awarded(NamedTuple):
    """A payee and how much of what was contested becomes theirs, in parts per million."""

    kind: str
    ref: str
    share_ppm: int

    @property
    def payee(self) -> tuple[str, str]:
        """(kind, ref), as the books name owners."""
        return (self.kind, self.ref)


def check_awards(awards: Sequence[Awarded]) -> None:
    """Raise DeductionRefused("awards") unless the shares are the whole and nobody stands twice.

    No awards at all give the money back to those who earned it.
    """
    if not awards:
        return
    if len({one.payee for one in awards}) != len(awards):
        raise DeductionRefused("awards", "Somebody stands twice: write their share once.")
    if min(one.share_ppm for one in awards) <= 0 or sum(one.share_ppm for one in awards) != PPM:
        raise DeductionRefused("awards", "The shares of a decision are 1,000,000 ppm together.")


def equal_shares(payees: Sequence[tuple[str, str]]) -> list[Awarded]:
    """The whole in equal shares; what does not divide goes to the first in code point order.

    Nobody: no awards.
    """
    if not payees:
        return []
    shares = allocate(PPM, [(_key(payee), 1) for payee in payees])
    return [Awarded(*payee, shares[_key(payee)]) for payee in payees]


def divide(line: Line, awards: Sequence[Awarded]) -> list[tuple[tuple[str, str], Part]]:
    """A contested line over those who get it, by largest remainder; parts of nothing are left out.

    No awards: all of it is the earner's. Income of US source goes with the money: it is allocated
    over the parts, so none gets more of it than its part.
    """
    if not awards:
        return [(line.payee, line.part())]
    micros = allocate(line.micros, [(_key(one.payee), one.share_ppm) for one in awards])
    us_micros = allocate(line.us_micros, list(micros.items()))
    return [
        (one.payee, Part(line.recording, line.right, micros[key], us_micros[key]))
        for one in awards
        for key in [_key(one.payee)]
        if micros[key]
    ]


def _key(payee: tuple[str, str]) -> str:
    return ":".join(payee)
