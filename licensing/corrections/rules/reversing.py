"""Taking back what one payer's pool gave, by the weights by which it was given; values only.

Invariant: taking back a whole pool that was divided alone gives every line exactly its part, and in
every case what is taken of the lines sums to what is taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from licensing.money import allocate
from licensing.royalties.rules.division import Division, divide

WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """One frozen line of a piece, with the weights that made it; "" stands for none.

    `stem` and `right` are "" where a record has no sources, `party` where a stem has no sheet.
    """

    line: str
    stem: str
    right: str
    party: str
    source_ppm: int
    share_ppm: int


def take_back(
    micros: int,
    pieces: Sequence[tuple[str, int]],
    lines: Mapping[str, Sequence[Given]],
    rights: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """What each line gives back of `micros`, by its id; below zero, zeros left out.

    pieces: (piece, plays) of the payer, as the close divided them; `rights`: the month's rate card.
    """
    taken: dict[str, int] = {}
    for piece, part in allocate(-micros, pieces).items():
        division = _division(lines[piece], rights)
        by_place = {(one.stem, one.right, one.party): one.line for one in lines[piece]}
        for place, amount in divide(part, division).items():
            if amount:
                taken[by_place[place]] = taken.get(by_place[place], 0) + amount
    return taken


def _division(lines: Sequence[Given], rights: Sequence[tuple[str, int]]) -> Division:
    sheets: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for one in lines:
        sheets.setdefault((one.stem, one.right), []).append((one.party, one.share_ppm))
    is_whole = set(sheets) == {("", "")}
    sources = {one.stem: one.source_ppm for one in lines}
    return Division(
        sources=sorted(sources.items()),
        rights=[("", WHOLE_PPM)] if is_whole else rights,
        sheets=sheets,
    )
