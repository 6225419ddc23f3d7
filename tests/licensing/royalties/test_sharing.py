"""Sums over sources, rights and sheets on arrays give what the pure rules give."""

import random

import numpy as np

from licensing.royalties.rules.division import Division, divide
from licensing.royalties.sharing import Holders, Sources, lines

RIGHTS = {1: "MASTER", 2: "PUBLISHING"}
MILLION = 1_000_000


def ppm(dice, parts):
    """So many parts of a million, some of them nothing and many of them equal."""
    cuts = sorted(dice.choice((0, 250_000, 333_333, 500_000, MILLION)) for _ in range(parts - 1))
    return [end - begin for begin, end in zip([0, *cuts], [*cuts, MILLION], strict=True)]


def catalogue(dice, master_ppm):
    """Sheets of five divisions, and four pieces out of them: as the rules take them."""
    of_right = {"MASTER": master_ppm, "PUBLISHING": MILLION - master_ppm}
    sheets = {
        (f"s{division}", right): [(f"p{n}", share) for n, share in enumerate(ppm(dice, size))]
        for division in range(1, 6)
        for right in of_right
        for size in [dice.randrange(1, 5)]
    }
    pieces = {}
    for piece in range(1, 5):
        of_piece = sorted(dice.sample(range(1, 6), dice.randrange(1, 5)))
        shares = ppm(dice, len(of_piece))
        named = [(f"s{division}", share) for division, share in zip(of_piece, shares, strict=True)]
        pieces[piece] = Division(named, list(of_right.items()), sheets)
    return pieces, sheets, of_right


def as_arrays(pieces, sheets, of_right):
    sources = [
        (piece, int(stem[1:]), share)
        for piece, one in pieces.items()
        for stem, share in one.sources
    ]
    holders = [
        (division, number, of_right[right], share, party)
        for division in range(1, 6)
        for number, right in RIGHTS.items()
        for party, share in sheets[f"s{division}", right]
    ]
    columns = [np.array(one) for one in zip(*holders, strict=True)]
    return Sources(*map(np.array, zip(*sources, strict=True))), Holders(*columns[:4]), columns


def test_lines_give_what_the_rules_give_by_both_models():
    for seed in range(40):
        dice = random.Random(seed)
        pieces, sheets, of_right = catalogue(dice, dice.choice((500_000, 0, 333_333)))
        sources, holders, (divisions, rights, _, _, parties) = as_arrays(pieces, sheets, of_right)
        heard = np.array(sorted(dice.sample(sorted(pieces), 3)))
        models = [np.array([dice.randrange(30) for _ in heard]) for _ in range(2)]
        found = lines(heard, models, sources, holders)
        for totals, micros in zip(models, found.micros, strict=True):
            given = {}
            for at, holder, amount in zip(
                found.sums.tolist(), found.holders.tolist(), micros.tolist(), strict=True
            ):
                key = f"s{divisions[holder]}", RIGHTS[rights[holder]], parties[holder]
                given.setdefault(int(heard[at]), {})[key] = amount
            assert given == {
                int(piece): divide(int(total), pieces[int(piece)])
                for piece, total in zip(heard, totals, strict=True)
            }


def test_a_piece_without_a_source_of_its_own_goes_to_one_payee_whole():
    lonely = Holders(*(np.array([one]) for one in (1, 0, MILLION, MILLION)))
    found = lines(
        np.array([4]), [np.array([7])], Sources(*(np.array([n]) for n in (4, 1, MILLION))), lonely
    )
    assert [one[0].tolist() for one in (found.source_micros, found.right_micros, found.micros)] == [
        [7],
        [7],
        [7],
    ]


def test_nothing_heard_makes_no_lines():
    nothing = np.empty(0, np.int64)
    found = lines(nothing, [nothing], Sources(*[nothing] * 3), Holders(*[nothing] * 4))
    assert len(found.sums) == len(found.micros[0]) == 0
