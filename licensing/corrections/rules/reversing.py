"""Taking back what one payer's pool gave, by the weights by which it was given; values only.

Invariant: taking back a whole pool that was divided alone gives every line exactly its part, and in
every case what is taken of the lines sums to what is taken back.
"""

from collections.abc import Mapping, Sequence

from licensing.royalties.rules.along import Given, along

__all__ = ["Given", "take_back"]


def take_back(
    micros: int,
    pieces: Sequence[tuple[str, int]],
    lines: Mapping[str, Sequence[Given]],
    rights: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """What each line gives back of `micros`, by its id; below zero, zeros left out.

    pieces: (piece, plays) of the payer, as the close divided them; `rights`: the month's rate card.
    """
    return along(-micros, pieces, lines, rights)
