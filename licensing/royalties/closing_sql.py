"""What a close divides, as SQL, and the scratch tables in which later steps read what it gave.

Nothing is divided here: `giving` and `sharing` do that on arrays, which `dividing` brings from and
to these tables. Every amount is a whole micro-unit.
"""

from licensing.ledger.array_copy import packed
from licensing.ledger.scratch_sql import made

_POT = """
SELECT 0 AS payer, currency, SUM(pool)::bigint AS pool FROM close_paid {where} GROUP BY currency
"""
_IDLE = "WHERE NOT EXISTS (SELECT 1 FROM close_plays y WHERE y.payer = close_paid.payer)"
_SHARED = (
    "'house'::text AS payer_kind, ''::text AS payer_ref, 0::bigint AS rate_micros,"
    " NULL::date AS of_month, currency, pool"
)
_POOLS = {
    "USER_CENTRIC": f"""
        SELECT 'OWN'::text AS basis, payer, payer_kind, payer_ref, rate_micros, of_month,
               currency, pool
        FROM close_paid
        UNION ALL
        SELECT 'FALLBACK', payer, {_SHARED} FROM ({_POT.format(where=_IDLE)}) idle""",
    "PRO_RATA": f"""
        SELECT 'PRO_RATA'::text AS basis, payer, {_SHARED} FROM ({_POT.format(where="")}) pot""",
}


def pools(model: str, name: str) -> tuple[str, ...]:
    """What is divided, and over how many plays: close_<name>_pools, numbered."""
    numbered = "ROW_NUMBER() OVER (ORDER BY payer, currency)::int AS number"
    return (
        made(
            f"close_{name}_pools",
            f"""SELECT {numbered}, p.*, whole FROM ({_POOLS[model]}) p
            JOIN close_plays USING (payer)""",
        ),
        f"ANALYZE close_{name}_pools",
    )


def pools_of(name: str) -> str:
    """SELECT a currency, and packed: the numbers of its pools, whose they are, what is in them, and
    1 for the one of those who played nothing.
    """
    fallback = "CASE basis WHEN 'FALLBACK' THEN 1 ELSE 0 END"
    columns = ", ".join(packed(one) for one in ("number", "payer", "pool", fallback))
    return f"SELECT currency::text, {columns} FROM close_{name}_pools GROUP BY currency"


OWN_SUMS = """
CREATE UNLOGGED TABLE scratch.close_own_sums
    (piece int, currency text, total bigint, plays bigint, tax bigint, fee bigint,
     commission bigint, received bigint, kept bigint, pool bigint, pools int[] STORAGE EXTERNAL,
     plays_each int[], amounts bigint[] STORAGE EXTERNAL)
"""
"""`tax` to `pool`: what came off the price of all its pools, reached them, is kept
of them for held plays, and is divided. Lists
lie here as they will lie among the evidence: of the three, plays alone are compressed."""
SUMS = """
CREATE UNLOGGED TABLE scratch.close_sums
    (sum int, piece int, currency text, plays bigint, total bigint, other bigint)
"""
"""Sums per piece and currency, numbered; `total` is by the card's model, NULL where only the other
one gives anything. Of the card's model, close_own_sums lists who gave what."""
EARNED = """
CREATE UNLOGGED TABLE scratch.close_earned (payee int, currency text, amount bigint, other bigint)
"""
"""What each payee earned by both models; `amount` is NULL where only the other gives anything."""
LINES = """
CREATE UNLOGGED TABLE scratch.close_lines (sum int, source int, holder int, amount bigint)
"""
"""What the card's model gave, over sources, rights and sheets; empty until somebody asks."""
_HOLDER = ("holder", "division", "right_number", "right_ppm", "share_ppm", "payee")
STEPS = (OWN_SUMS, SUMS, EARNED, LINES)
"""To be filled in by `dividing`."""
FILLED = ("ANALYZE close_own_sums (piece, currency)", "ANALYZE close_sums", "ANALYZE close_earned")
_SOURCE = ("source", "piece", "division", "source_ppm", "stem")
SOURCES = f"""
SELECT {", ".join(map(packed, _SOURCE))} FROM close_sources
"""
HOLDERS = f"""
SELECT {", ".join(map(packed, _HOLDER))} FROM close_holders
"""

TABLES = ("own_pools", "other_pools", "own_sums", "sums", "earned", "lines")
