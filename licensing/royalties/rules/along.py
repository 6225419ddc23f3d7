"""Giving an amount along what one payer's pool gave: by its plays, then as frozen; values only.

Used for whatever belongs to a pool that a close has divided: what is taken back of it, and what of
it comes late. Invariant: what lines get sums to the amount, and the amount of the whole pool gives
every line exactly what it has of that pool.
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


def along(
    micros: int,
    pieces: Sequence[tuple[str, int]],
    lines: Mapping[str, Sequence[Given]],
    rights: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """What each line gets of `micros`, of either sign, by its id; zeros left out.

    pieces: (piece, plays) of the payer, as the close divided them; `rights`: the month's rate card.
    """
    got: dict[str, int] = {}
    for piece, part in allocate(micros, pieces).items():
        division = _division(lines[piece], rights)
        by_place = {(one.stem, one.right, one.party): one.line for one in lines[piece]}
        for place, amount in divide(part, division).items():
            if amount:
                got[by_place[place]] = got.get(by_place[place], 0) + amount
    return got


def added(
    before: int,
    micros: int,
    pieces: Sequence[tuple[str, int]],
    lines: Mapping[str, Sequence[Given]],
    rights: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """What each line gets more where a pool becomes `micros` larger than it was `before`.

    So that lines have in the end what the whole gives them, in whatever parts it came; a line may
    get a micro-unit less. Zeros left out.
    """
    then = along(before + micros, pieces, lines, rights)
    first = along(before, pieces, lines, rights)
    more = {line: then.get(line, 0) - first.get(line, 0) for line in {**first, **then}}
    return {line: amount for line, amount in more.items() if amount}


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
