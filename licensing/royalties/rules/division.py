"""How a month's pools reach the people heard: the three steps of a close, on plain values.

These rules are the oracle of the arrays in `giving` and `sharing` and of the SQL around them: both
give the same micro-units, and tests hold them against each other on random small books. Invariant:
in each step the parts sum to what went in; a listener who played nothing loses nothing, the money
follows everyone's plays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from licensing.money import allocate

FALLBACK = "fallback"
"""Stands for all payers of a month who played nothing."""
EVERYBODY = "everybody"
"""Stands for the one pot of the pro-rata model."""

Pools = Mapping[str, int]
"""Micro-units per payer, one currency."""
Plays = Mapping[str, Mapping[str, int]]
"""Counted plays per payer and piece. A piece's key orders like "record|moment of its sheets"."""


Minutes = Sequence[tuple[bool, Mapping[str, int]]]
"""Started minutes of a live session: (whether it accrues, ppm per stem). Silence has no lines."""


@dataclass(frozen=True, slots=True)
class Division:
    """How one variation or live session divides: sources by measured ppm, rights by the card,
    sheets by shares.

    sources: (stem, ppm); rights: (right, ppm); sheets: (stem, right) -> (party, ppm).
    """

    sources: Sequence[tuple[str, int]]
    rights: Sequence[tuple[str, int]]
    sheets: Mapping[tuple[str, str], Sequence[tuple[str, int]]]


def user_centric(pools: Pools, plays: Plays) -> dict[str, dict[str, int]]:
    """Step 1: each payer's pool over that payer's plays; the idle ones together over all plays.

    A month in which nobody played anything divides nothing: the pools stay whole.
    """
    together = _together(plays)
    if not together:
        return {}
    own = {
        payer: allocate(pool, list(plays[payer].items()))
        for payer, pool in pools.items()
        if plays.get(payer)
    }
    idle = sum(pool for payer, pool in pools.items() if not plays.get(payer))
    if idle:
        own[FALLBACK] = allocate(idle, list(together.items()))
    return own


def pro_rata(pools: Pools, plays: Plays) -> dict[str, dict[str, int]]:
    """Step 1 of the other model: all pools in one pot, over all plays."""
    together = _together(plays)
    if not together:
        return {}
    return {EVERYBODY: allocate(sum(pools.values()), list(together.items()))}


def sums(step_one: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Step 2: what each piece got from all payers."""
    out: dict[str, int] = {}
    for parts in step_one.values():
        for piece, amount in parts.items():
            out[piece] = out.get(piece, 0) + amount
    return out


def divide(amount_micros: int, division: Division) -> dict[tuple[str, str, str], int]:
    """Step 3: a piece's sum over sources, then rights, then the sheet: (stem, right, party)."""
    out: dict[tuple[str, str, str], int] = {}
    for stem, of_stem in allocate(amount_micros, division.sources).items():
        for right, of_right in allocate(of_stem, division.rights).items():
            shares = allocate(of_right, division.sheets[stem, right])
            out |= {(stem, right, party): part for party, part in shares.items()}
    return out


def sources_of_minutes(minutes: Minutes) -> list[tuple[str, int]]:
    """The sources of a live session: 1,000,000 ppm over the sums of its minutes' lines.

    Minutes that accrue weigh alone; all of them weigh when none does. A minute that was silent, or
    is not sealed, weighs nothing. Empty when none sounded: then the session has no sources.
    """
    has_accruing = any(accrues for accrues, _ in minutes)
    weights: dict[str, int] = {}
    for accrues, lines in minutes:
        if accrues == has_accruing:
            for stem, ppm in lines.items():
                weights[stem] = weights.get(stem, 0) + ppm
    return list(allocate(1_000_000, list(weights.items())).items()) if weights else []


def _together(plays: Plays) -> dict[str, int]:
    together: dict[str, int] = {}
    for of_payer in plays.values():
        for piece, count in of_payer.items():
            together[piece] = together.get(piece, 0) + count
    return together
