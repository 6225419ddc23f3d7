"""The three exact steps of a close as SQL over scratch tables; `rules.division` is their oracle.

Every amount is a whole micro-unit. Ties go to the smaller key, as in `money.allocate`: pieces,
sources and holders are numbered in that order before. Step 1 divides each pool by itself, in lists
that lie in one row: its sorts are as small as a listener, and rows go to whichever process is free.
That division is a function of the database (migration 0008), the others are `apportion`.
"""

from licensing.ledger.scratch_sql import made
from licensing.royalties.apportion_sql import apportion

_POT = """
SELECT currency, SUM(pool)::bigint AS pool FROM close_paid {where} GROUP BY currency
"""
_EVERYONE = "(SELECT SUM(whole)::bigint FROM close_plays)"
_IDLE = "WHERE NOT EXISTS (SELECT 1 FROM close_plays y WHERE y.payer = close_paid.payer)"
_SOME_PLAYED = "WHERE EXISTS (SELECT 1 FROM close_plays)"
_POOLS = {
    "USER_CENTRIC": f"""
        SELECT 'OWN'::text AS basis, payer, payer_kind, payer_ref, currency, pool, whole
        FROM close_paid JOIN close_plays USING (payer)
        UNION ALL
        SELECT 'FALLBACK', 0, 'house', '', currency, pool, {_EVERYONE}
        FROM ({_POT.format(where=_IDLE)}) idle {_SOME_PLAYED}""",
    "PRO_RATA": f"""
        SELECT 'PRO_RATA'::text AS basis, 0 AS payer, 'house' AS payer_kind, '' AS payer_ref,
               currency, pool, {_EVERYONE} AS whole
        FROM ({_POT.format(where="")}) pot {_SOME_PLAYED}""",
}


def pools(model: str, name: str) -> tuple[str, ...]:
    """What is divided, and over how many plays: close_<name>_pools, numbered."""
    numbered = "ROW_NUMBER() OVER (ORDER BY payer, currency)::int AS number"
    return (
        made(f"close_{name}_pools", f"SELECT {numbered}, p.* FROM ({_POOLS[model]}) p"),
        f"ANALYZE close_{name}_pools",
    )


def steps(name: str, *, is_wide: bool) -> tuple[str, ...]:
    """The three steps over the pools of `name`; `is_wide`: whether a product exceeds 64 bits."""
    return (
        step_one(name, is_wide=is_wide),
        f"ANALYZE close_{name}_allocations",
        step_two(name),
        f"ANALYZE close_{name}_sums",
        step_three(name, is_wide=is_wide),
        f"ANALYZE close_{name}_lines",
    )


def largest_product(name: str) -> str:
    """SELECT the largest product that any step makes of the pools of `name`, numeric."""
    return f"""
    SELECT COALESCE(GREATEST(
        MAX(pool) FILTER (WHERE basis = 'OWN')::numeric * (SELECT MAX(most) FROM close_plays),
        MAX(pool) FILTER (WHERE basis <> 'OWN')::numeric
            * (SELECT MAX(plays) FROM close_together),
        SUM(pool) * 1000000), 0)
    FROM close_{name}_pools"""


def step_one(name: str, *, is_wide: bool) -> str:
    """Pools over plays, per listener or from one pot: close_<name>_allocations.

    A pool's pieces, plays of them and micro-units given to them run in parallel.
    """
    divide = "royalties_divide_wide" if is_wide else "royalties_divide"
    return made(
        f"close_{name}_allocations",
        f"""
    SELECT number, basis, currency, pieces, plays, {divide}(pool, p.whole, pieces, plays) AS amounts
    FROM close_{name}_pools p JOIN close_plays USING (payer) WHERE basis = 'OWN'
    UNION ALL
    SELECT number, basis, currency, pieces, plays, {divide}(pool, whole, pieces, plays)
    FROM close_{name}_pools CROSS JOIN close_shared WHERE basis <> 'OWN'""",
    )


def step_two(name: str) -> str:
    """Sums per piece and currency: close_<name>_sums."""
    return made(
        f"close_{name}_sums",
        f"""
    SELECT piece, currency, SUM(amount)::bigint AS total,
           COALESCE(SUM(plays) FILTER (WHERE basis <> 'FALLBACK'), 0)::bigint AS plays
    FROM (SELECT basis, currency, unnest(pieces) AS piece, unnest(plays) AS plays,
                 unnest(amounts) AS amount
          FROM close_{name}_allocations) given
    GROUP BY piece, currency""",
    )


def step_three(name: str, *, is_wide: bool) -> str:
    """Each sum over sources, rights and sheets: close_<name>_lines.

    The weights of each division sum to 1,000,000: the database holds records, rate cards and sheets
    to that, and a source or stem that stands alone has it all.
    """
    sources = apportion(
        source=f"""(SELECT t.currency, t.plays, t.total, s.piece, s.source, s.division,
                           s.source_ppm, 1000000 AS million
            FROM close_{name}_sums t JOIN close_sources s USING (piece))""",
        total="total",
        weight="source_ppm",
        whole="million",
        group="piece, currency",
        tie="source",
        part="source_micros",
        is_wide=is_wide,
    )
    rights = apportion(
        source=f"""(SELECT a.piece, a.currency, a.plays, a.source, a.division, a.source_micros,
            r.right_number, r.right_ppm, 1000000 AS million
            FROM ({sources}) a JOIN (SELECT DISTINCT division, right_number, right_ppm
                                     FROM close_holders) r USING (division))""",
        total="source_micros",
        weight="right_ppm",
        whole="million",
        group="source, currency",
        tie="right_number",
        part="right_micros",
        is_wide=is_wide,
    )
    parts = apportion(
        source=f"""(SELECT b.piece, b.currency, b.plays, b.source, b.source_micros, b.right_micros,
            b.right_number, h.holder, h.payee, h.share_ppm, 1000000 AS million
            FROM ({rights}) b JOIN close_holders h USING (division, right_number))""",
        total="right_micros",
        weight="share_ppm",
        whole="million",
        group="source, currency, right_number",
        tie="holder",
        part="amount",
        is_wide=is_wide,
    )
    return made(
        f"close_{name}_lines",
        f"""
    SELECT piece, currency, plays, source, holder, payee, source_micros, right_micros, amount
    FROM ({parts}) parts""",
    )


TABLES = tuple(
    f"{name}_{step}"
    for name in ("own", "other")
    for step in ("pools", "allocations", "sums", "lines")
)
