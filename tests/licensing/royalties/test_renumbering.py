"""Plays under the numbers of usages become plays under the numbers of a close."""

import random

import numpy as np

from licensing.royalties.renumbering import Payers, Pieces, renumber

PAYERS = Payers(kept=np.array([900, 7]), payers=np.array([1, 2]))


def ints(*values):
    return np.array(values, np.int64)


def played(*plays):
    return ints(*(payer << 32 | record for payer, record in plays))


def renumbered(plays, eras, pieces):
    """(payer, piece) of each play."""
    pairs = played(*plays)
    at = None if eras is None else np.array(eras, np.int32)
    renumber(pairs, at, PAYERS, Pieces(*(ints(*column) for column in zip(*pieces, strict=True))))
    return [(pair >> 32, pair & (1 << 32) - 1) for pair in pairs.tolist()]


def test_payers_without_a_pool_are_nobody():
    pieces = [(3, 1, 2), (50, 1, 1)]
    plays = [(7, 3), (900, 50), (8, 3), (901, 3), (1 << 30, 50)]
    assert renumbered(plays, None, pieces) == [(2, 2), (1, 1), (0, 2), (0, 2), (0, 1)]


def test_a_play_is_of_the_last_piece_that_had_begun():
    pieces = [(3, 1, 4), (3, 3, 5), (4, 2, 1), (9, 1, 2), (9, 2, 3)]
    plays = [(7, 3), (7, 3), (7, 3), (7, 3), (7, 4), (7, 4), (7, 9), (7, 9)]
    eras = [1, 2, 3, 4, 2, 4, 1, 4]
    assert [piece for _, piece in renumbered(plays, eras, pieces)] == [4, 4, 5, 5, 1, 1, 2, 3]


def test_a_month_without_plays_stays_empty():
    assert renumbered([], None, [(3, 1, 2)]) == []
    nothing = ints()
    renumber(nothing, None, Payers(ints(), ints()), Pieces(ints(), ints(), ints()))
    assert nothing.tolist() == []


def test_any_play_finds_what_a_search_of_all_pieces_finds():
    dice = random.Random(3)
    begun = sorted({(dice.randrange(1, 40), dice.randrange(2, 9)) for _ in range(120)})
    records = {record for record, _ in begun}
    pieces = sorted({(record, 1) for record in records} | set(begun))
    numbers = {piece: dice.randrange(1, 10**6) for piece in pieces}
    plays = [(7, dice.choice(sorted(records))) for _ in range(3_000)]
    eras = [dice.randrange(1, 10) for _ in plays]
    expected = [
        numbers[max(piece for piece in pieces if piece[0] == record and piece[1] <= era)]
        for (_, record), era in zip(plays, eras, strict=True)
    ]
    given = [(*piece, numbers[piece]) for piece in pieces]
    assert [piece for _, piece in renumbered(plays, eras, given)] == expected
