"""Pools over plays on arrays give what the pure rules give."""

import random

import numpy as np

from licensing.royalties.giving import EVERYBODY, give, heard, sums
from licensing.royalties.rules import division


def book(dice):
    """(pool per payer, plays per payer and piece); payer 0 has none, some payers play nothing."""
    pools = {payer: dice.randrange(1, 40) for payer in range(1, 30)}
    plays = {
        payer: {piece: dice.choice((1, 1, 2, 3)) for piece in dice.sample(range(1, 20), 6)}
        for payer in dice.sample(range(30), 20)
    }
    return pools, plays


def pairs(plays):
    """One number for every play, in no order."""
    every = [
        payer << 32 | piece
        for payer, of_payer in plays.items()
        for piece, times in of_payer.items()
        for _ in range(times)
    ]
    random.Random(1).shuffle(every)
    return np.array(every, np.int64)


def by_arrays(pools, plays):
    """What pieces get: each payer's pool, and those of idle payers together."""
    month = heard(pairs(plays))
    given = {payer: pool for payer, pool in pools.items() if payer in plays}
    idle = sum(pool for payer, pool in pools.items() if payer not in plays)
    payers = np.array([EVERYBODY, *sorted(given)])
    micros = np.array([idle, *(given[payer] for payer in sorted(given))])
    gifts = give(month, payers + 1, payers, micros)
    return gifts, sums(gifts)


def named(plays):
    return {str(one): {f"{piece:02}": n for piece, n in of.items()} for one, of in plays.items()}


def test_arrays_give_what_the_rules_give():
    for seed in range(60):
        pools, plays = book(random.Random(seed))
        gifts, summed = by_arrays(pools, plays)
        rules = division.user_centric({str(p): n for p, n in pools.items()}, named(plays))
        names = {1: division.FALLBACK} | {payer + 1: str(payer) for payer in pools}
        by_pool = {}
        for pool, piece, amount in zip(
            gifts.pools.tolist(), gifts.pieces.tolist(), gifts.amounts.tolist(), strict=True
        ):
            by_pool.setdefault(names[pool], {})[f"{piece:02}"] = amount
        assert by_pool == rules
        pieces = [f"{piece:02}" for piece in summed.pieces.tolist()]
        assert dict(zip(pieces, summed.totals.tolist(), strict=True)) == division.sums(rules)


def test_gifts_of_a_piece_lie_together_in_the_order_of_their_pools():
    gifts, summed = by_arrays(*book(random.Random(3)))
    pieces, pools = gifts.pieces[summed.order].tolist(), gifts.pools[summed.order].tolist()
    assert list(zip(pieces, pools, strict=True)) == sorted(zip(pieces, pools, strict=True))
    assert summed.sizes.tolist() == [pieces.count(one) for one in summed.pieces.tolist()]


def test_everybody_stands_for_all_plays_also_of_those_without_a_pool():
    plays = {0: {7: 3}, 5: {7: 2, 9: 1}, 6: {9: 4}}
    month = heard(pairs(plays))
    assert month.payers.tolist() == [EVERYBODY, 5, 6]
    assert month.wholes().tolist() == [10, 3, 4]
    assert month.pieces.tolist() == [7, 9, 7, 9, 9]
    assert month.plays.tolist() == [5, 5, 2, 1, 4]


def test_a_month_without_plays_has_nobody():
    nobody = heard(np.empty(0, np.int64))
    assert nobody.payers.tolist() == nobody.wholes().tolist() == nobody.pieces.tolist() == []
