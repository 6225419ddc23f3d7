"""Taking back what one payer's pool gave, by the weights by which it was given; values only.

After any refunds, pieces and lines keep what the close would have given them of what is left.
Invariants: what is taken sums to what is taken back; many refunds take what one of their sum does;
when all went back, of one payer or of many, nothing is left of any line. So that this holds, a
refund may give a line one micro-unit back.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from licensing.money import allocate
from licensing.royalties.rules.along import Given, division_of
from licensing.royalties.rules.division import divide

__all__ = ["Given", "of_lines", "of_pieces"]

Key = TypeVar("Key", str, tuple[str, str, str])


def of_pieces(
    pool_micros: int, gone_micros: int, micros: int, plays: Sequence[tuple[str, int]]
) -> dict[str, int]:
    """What each piece gives back of `micros` of a pool of which `gone_micros` went back before.

    plays: (piece, plays), as the close divided the pool. Zeros are left out.
    """
    left = pool_micros - gone_micros
    return _less(allocate(left, plays), allocate(left - micros, plays))


def of_lines(
    sum_micros: int,
    gone_micros: int,
    micros: int,
    lines: Sequence[Given],
    rights: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """What each line of a piece gives back of `micros`, by its id; zeros are left out.

    sum_micros: what all pools gave to the piece, of which `gone_micros` went back before; `rights`:
    the month's rate card.
    """
    division = division_of(lines, rights)
    by_place = {(one.stem, one.right, one.party): one.line for one in lines}
    left = sum_micros - gone_micros
    given = _less(divide(left, division), divide(left - micros, division))
    return {by_place[place]: part for place, part in given.items()}


def _less(before: Mapping[Key, int], after: Mapping[Key, int]) -> dict[Key, int]:
    return {key: before[key] - after[key] for key in before if before[key] != after[key]}
