"""The three exact steps of a close as SQL over scratch tables; `rules.division` is their oracle.

Every amount is a whole micro-unit. Ties go to the smaller key, as in `money.allocate`: pieces,
sources and holders are numbered in that order before. In step 1 pieces that a payer heard equally
often have one quota and one remainder, so they are divided as one: a payer has a few such lists.
Step 3 divides by both models at once. Invariant: the parts of a step sum to what went in.
"""

from licensing.ledger.scratch_sql import PARTS_FIRST, ROWS_FIRST, made
from licensing.royalties.apportion_sql import apportion, quota

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


def largest_product(name: str) -> str:
    """SELECT the largest product that any step makes of the pools of `name`, numeric."""
    return f"""
    SELECT COALESCE(GREATEST(
        MAX(pool) FILTER (WHERE basis = 'OWN')::numeric * (SELECT MAX(most) FROM close_plays),
        MAX(pool) FILTER (WHERE basis <> 'OWN')::numeric
            * (SELECT MAX(plays) FROM close_together),
        SUM(pool) * 1000000), 0)
    FROM close_{name}_pools"""


def step_one(name: str, *, is_wide: bool) -> tuple[str, ...]:
    """Pools over plays, per payer or from one pot: close_<name>_allocations.

    A row says of `pieces` what each got of a pool: so many plays, so many micro-units.
    """
    floored, fraction = quota("pool", "plays", "whole", is_wide=is_wide)
    together = apportion(
        source=f"""(SELECT p.*, t.piece, t.plays FROM close_{name}_pools p
            CROSS JOIN close_together t WHERE p.basis <> 'OWN')""",
        parts={"pool": "amount"},
        weight="plays",
        whole="whole",
        group="number",
        tie="piece",
        is_wide=is_wide,
    )
    query = f"""
    {_RANKED.format(name=name, floored=floored, fraction=fraction)} {_OWN}
    UNION ALL
    SELECT number, basis, currency, plays::int, amount, ARRAY[piece] FROM ({together}) shared"""
    return (
        made(f"close_{name}_allocations", query),
        f"ANALYZE close_{name}_allocations (number, basis, currency)",
    )


# Of the lists that lie as equals (`peers` pieces of one remainder), `more` pieces get a micro-unit
# of what is left over.
_RANKED = """
    WITH quotas AS (
        SELECT number, basis, currency, pool, plays, pieces, cardinality(pieces) AS size,
               {floored} AS floored, {fraction} AS fraction
        FROM close_{name}_pools JOIN close_heard USING (payer) WHERE basis = 'OWN'
    ), ranked AS MATERIALIZED (
        SELECT number, basis, currency, plays, pieces, floored, size, peers,
               GREATEST(0, LEAST(peers, pool - taken - (reached - peers)))::int AS more
        FROM (SELECT q.*, SUM(size * floored) OVER (PARTITION BY number) AS taken,
                     SUM(size) OVER (PARTITION BY number ORDER BY fraction DESC) AS reached,
                     SUM(size) OVER (PARTITION BY number ORDER BY fraction DESC
                                     RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS peers
              FROM quotas q) r
    )"""
# All or none of them; the first ones of the only list; the first ones of several lists.
_OWN = """
    SELECT number, basis, currency, plays, floored + LEAST(more, 1) AS amount, pieces
    FROM ranked WHERE more IN (0, peers)
    UNION ALL
    SELECT number, basis, currency, plays, floored + 1, pieces[:more]
    FROM ranked WHERE more > 0 AND more < peers AND size = peers
    UNION ALL
    SELECT number, basis, currency, plays, floored, pieces[more + 1:]
    FROM ranked WHERE more > 0 AND more < peers AND size = peers
    UNION ALL
    SELECT number, basis, currency, plays, amount, array_agg(piece)
    FROM (SELECT number, basis, currency, plays, piece,
                 floored + CASE WHEN place <= more THEN 1 ELSE 0 END AS amount
          FROM (SELECT t.*, ROW_NUMBER() OVER (PARTITION BY number ORDER BY piece) AS place
                FROM (SELECT r.*, unnest(pieces) AS piece FROM ranked r
                      WHERE more > 0 AND more < peers AND size < peers) t) p) tied
    GROUP BY number, basis, currency, plays, amount"""

_GIVEN = """
    FROM (SELECT number, basis, currency, plays, amount, unnest(pieces) AS piece
          FROM close_{name}_allocations) given
    GROUP BY piece, currency"""
STEP_TWO = (
    PARTS_FIRST,
    made(
        "close_own_sums",
        f"""
    SELECT piece, currency, SUM(amount)::bigint AS total,
           COALESCE(SUM(plays) FILTER (WHERE basis <> 'FALLBACK'), 0)::bigint AS plays,
           array_agg(number) AS pools, array_agg(plays) AS plays_each, array_agg(amount) AS amounts
    {_GIVEN.format(name="own")}""",
    ),
    made(
        "close_other_sums",
        f"SELECT piece, currency, SUM(amount)::bigint AS total {_GIVEN.format(name='other')}",
    ),
    ROWS_FIRST,
    "ANALYZE close_own_sums (piece, currency)",
    "ANALYZE close_other_sums",
    made(
        "close_sums",
        """
    SELECT ROW_NUMBER() OVER (ORDER BY piece, currency)::int AS sum, piece, currency, own.plays,
           own.total, COALESCE(other.total, 0) AS other
    FROM close_own_sums own FULL JOIN close_other_sums other USING (piece, currency)""",
    ),
    "ANALYZE close_sums",
)
"""Sums per piece and currency, numbered, with the lists of who gave what; `total` is by the card's
model, NULL where only the other one gives anything."""


def step_three(*, is_wide: bool) -> tuple[str, ...]:
    """Each sum over sources, rights and sheets, by both models: close_lines.

    The weights of each division sum to 1,000,000: the database holds records, rate cards and sheets
    to that, and a source or stem that stands alone has it all. Largest remainder over two parts is
    the first one rounded half up.
    """
    sources = apportion(
        source="""(SELECT t.sum, t.plays, t.total, t.other, s.source, s.division, s.source_ppm,
                          1000000 AS million
                   FROM close_sums t JOIN close_sources s USING (piece))""",
        parts={"total": "source_micros", "other": "source_other"},
        weight="source_ppm",
        whole="million",
        group="sum",
        tie="source",
        is_wide=is_wide,
    )
    half_up = "({0} * %(master_ppm)s + 500000) / 1000000"
    if is_wide:
        half_up = "div({0}::numeric * %(master_ppm)s + 500000, 1000000)::bigint"
    right = """CASE h.right_number WHEN 1 THEN {0}_master WHEN 2 THEN {0} - {0}_master
                    ELSE {0} END"""
    parts = apportion(
        source=f"""(SELECT a.sum, a.plays, a.source, a.source_micros, h.right_number, h.holder,
                h.payee, h.share_ppm, 1000000 AS million,
                {right.format("source_micros")} AS right_micros,
                {right.format("source_other")} AS right_other
            FROM (SELECT s.*, {half_up.format("source_micros")} AS source_micros_master,
                         {half_up.format("source_other")} AS source_other_master
                  FROM ({sources}) s) a JOIN close_holders h USING (division))""",
        parts={"right_micros": "amount", "right_other": "other"},
        weight="share_ppm",
        whole="million",
        group="source, sum, right_number",
        tie="holder",
        is_wide=is_wide,
    )
    lines = made(
        "close_lines",
        f"""
    SELECT sum, plays, source, holder, payee, source_micros, right_micros, amount, other
    FROM ({parts}) parts""",
    )
    return lines, "ANALYZE close_lines"


TABLES = (
    *(f"{name}_{step}" for name in ("own", "other") for step in ("pools", "allocations", "sums")),
    "sums",
    "lines",
)
