"""Plays as usages number them, numbered as a close does: payers and pieces in the order of ties.

Usages carry numbers that last for ever, a close has numbers of its own, dense and in the order of
keys. It reads no rows. Invariant: a play is of the last piece of its record that had begun when it
was heard.
"""

from dataclasses import dataclass

import numpy as np

from licensing.ledger.runs import Ints, Smalls, beginnings, sizes_of

_LOWER = (1 << 32) - 1
_BLOCK = 1 << 20
"""Plays that are renumbered together, so that few of them are in memory twice."""


@dataclass(frozen=True, slots=True)
class Payers:
    """The close's number of each payer with a pool, by the number on usages; others are 0."""

    kept: Ints
    payers: Ints


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of records in the order of `kept`, the number on usages, then of `eras`: the number,
    from 1, of the moment from which each holds.
    """

    kept: Ints
    eras: Ints
    pieces: Ints


@dataclass(frozen=True, slots=True)
class OwnMonths:
    """Pools for a payer's plays of one month alone: the close's number of each, by the payer's
    number on usages, `kept`, and that `months`. `of_pieces`: the month of each piece, from 1 on.
    """

    kept: Ints
    months: Ints
    payers: Ints
    of_pieces: Ints


def renumber(
    plays: Ints,
    eras: Smalls | None,
    payers: Payers,
    pieces: Pieces,
    own_months: OwnMonths | None = None,
) -> None:
    """In place: payer above and record below, 32 bits each, become the close's payer and piece.

    `eras`: the number of the last moment that had come when each was heard; None where there is
    one alone. Every record of `plays` has a piece from its first play on.
    """
    payer_of = _table(payers.kept, payers.payers)
    begins = beginnings(pieces.kept)
    first = _table(pieces.kept[begins], begins)
    count = _table(pieces.kept[begins], sizes_of(begins, len(pieces.kept)))
    keys = pieces.kept << 32 | pieces.eras
    for begin in range(0, len(plays), _BLOCK):
        block = plays[begin : begin + _BLOCK]
        records = block & _LOWER
        places = first[records]
        if eras is not None:
            later = np.flatnonzero(count[records] > 1)
            heard_at = records[later] << 32 | eras[begin : begin + _BLOCK][later]
            places[later] = np.searchsorted(keys, heard_at, side="right") - 1
        payer = payer_of[np.minimum(block >> 32, len(payer_of) - 1)]
        piece = pieces.pieces[places]
        if own_months is not None:
            _of_their_own(payer, block >> 32, piece, own_months)
        block[:] = payer << 32 | piece


def _of_their_own(payer: Ints, kept: Ints, piece: Ints, own: OwnMonths) -> None:
    """In place: plays for whose month their payer has a pool of its own draw on that."""
    keys = own.kept << 32 | own.months
    order = np.argsort(keys)
    asked = np.flatnonzero(np.isin(kept, own.kept))
    wanted = kept[asked] << 32 | own.of_pieces[piece[asked] - 1]
    places = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = keys[order][places] == wanted
    payer[asked[found]] = own.payers[order][places[found]]


def _table(keys: Ints, values: Ints) -> Ints:
    """Values by their keys, which are small; 0 for any other, and behind the largest key."""
    table = np.zeros(int(keys.max(initial=0)) + 2, np.int64)
    table[keys] = values
    return table
