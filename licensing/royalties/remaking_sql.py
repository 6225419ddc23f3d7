"""What the first step of a closed month is made again from, as SQL: frozen pools, sums, and plays.

Nothing here asks for sheets, receipts or rate cards: what a close took from them stands in its own
rows, so what came later changes nothing. Pieces are numbered in the order of their keys, as the
close did; currencies in the order of their names.
"""

from licensing.ledger.array_copy import packed
from licensing.royalties.pieces_sql import MONTH

_PIECES = """
SELECT record_id, era_from, DENSE_RANK() OVER (ORDER BY era_from)::int AS era,
       ROW_NUMBER() OVER (ORDER BY record_id, era_from)::int AS piece
FROM (SELECT DISTINCT record_id, era_from FROM royalties_variationsum
      WHERE period_id = %(period)s) every
"""
_CURRENCIES = (
    "ARRAY(SELECT DISTINCT currency FROM royalties_payerpool WHERE period_id = %(period)s)"
)
PIECE_NUMBERS = f"""
SELECT {", ".join(map(packed, ("r.number::bigint << 32 | p.era", "r.number", "p.era", "p.piece")))}
FROM ({_PIECES}) p JOIN attribution_licencerecord r ON r.id = p.record_id
"""
"""As `pieces_sql.PIECE_NUMBERS`. A piece that only those heard who have no pool is none here where
no pool is everybody's, and takes nothing."""
PIECE_MONTHS = f"""
SELECT {packed("p.piece")}, {packed(MONTH.format("(p.era_from AT TIME ZONE 'UTC')"))}
FROM ({_PIECES}) p
"""


def _place(column: str) -> str:
    return f"array_position(ARRAY(SELECT unnest({_CURRENCIES}) ORDER BY 1), {column})"


def _chosen(condition: str, *, of_all: bool) -> str:
    return "" if of_all else f"AND {condition}"


def sums(*, of_all: bool) -> str:
    """SELECT the sums of a month, or those among %(sums)s: key, piece, currency."""
    columns = ("s.id", "p.piece", _place("s.currency"))
    return f"""
SELECT {", ".join(map(packed, columns))}
FROM royalties_variationsum s JOIN ({_PIECES}) p USING (record_id, era_from)
WHERE s.period_id = %(period)s {_chosen("s.id = ANY(%(sums)s::bigint[])", of_all=of_all)}
"""


_HEARD = """n.number IN (
    SELECT u.payer_number FROM royalties_usage u JOIN royalties_variationsum s USING (record_id)
    WHERE s.id = ANY(%(sums)s::bigint[]) AND u.accrual_month = %(month)s AND u.state = 'COUNTED')"""


def own_pools(*, of_all: bool) -> str:
    """SELECT pools that were one payer's, all or those of who heard one of %(sums)s: number, whose,
    currency, what was in it; the payer's number on usages, and the one month of their plays for
    which it was, or 0. Such a pool is as if of a payer more, behind all there are.
    """
    columns = (
        "p.number",
        f"CASE WHEN p.of_month IS NULL THEN n.number ELSE {1 << 30} + p.number END",
        _place("p.currency"),
        "p.pool_micros",
        "n.number",
        f"COALESCE({MONTH.format('p.of_month')}, 0)",
    )
    return f"""
SELECT {", ".join(map(packed, columns))}
FROM royalties_payerpool p JOIN royalties_payer n
     ON n.ref = p.payer_ref AND n.kind = p.payer_kind AND n.rate_micros = p.rate_micros
WHERE p.period_id = %(period)s AND p.basis = 'OWN' {_chosen(_HEARD, of_all=of_all)}
"""


SHARED_POOLS = f"""
SELECT {packed("p.number")}, {packed(_place("p.currency"))}, {packed("p.pool_micros")}
FROM royalties_payerpool p WHERE p.period_id = %(period)s AND p.basis <> 'OWN'
"""
"""Pools that were everybody's, of a currency one at most: number, currency, what was in it."""
SHARED_KEPT = f"""
SELECT {
    ", ".join(map(packed, ("p.number", "r.variation_sum_id", "r.shared_plays", "r.shared_micros")))
}
FROM royalties_retiredallocation r JOIN royalties_variationsum s ON s.id = r.variation_sum_id
JOIN royalties_payerpool p
     ON p.period_id = s.period_id AND p.currency = s.currency AND p.basis <> 'OWN'
WHERE s.id = ANY(%(sums)s::bigint[]) AND r.shared_plays IS NOT NULL
"""
"""What they gave to sums whose lists are retired: number of the pool, sum, plays, micro-units."""
_ERA = f"width_bucket(u.played_at, ARRAY(SELECT DISTINCT era_from FROM ({_PIECES}) p ORDER BY 1))"


def plays(*, of_all: bool) -> str:
    """SELECT counted plays of a month, or those of %(payers)s, as `pieces_sql.heard` does."""
    pair = packed("u.payer_number::bigint << 32 | u.record_number")
    chosen = _chosen("u.payer_number = ANY(%(payers)s::int[])", of_all=of_all)
    return f"""
SELECT {pair}, {packed(_ERA, 4)} FROM royalties_usage u
WHERE u.accrual_month = %(month)s AND u.state = 'COUNTED' {chosen}
"""
