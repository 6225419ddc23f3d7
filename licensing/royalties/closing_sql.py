"""The exact steps of a close as SQL over scratch tables; `rules.division` is their oracle.

Pools over plays, and what each piece got, are reckoned on arrays (`giving`) between what is here:
what the pools are, and how a sum is divided among sources, rights and sheets, by both models at
once. Every amount is a whole micro-unit. Ties go to the smaller key, as in `money.allocate`:
sources and holders are numbered in that order before. Invariant: the parts of a step sum to what
went in.
"""

from licensing.ledger.scratch_sql import made
from licensing.royalties.apportion_sql import apportion
from licensing.royalties.array_copy import packed

_POT = """
SELECT 0 AS payer, currency, SUM(pool)::bigint AS pool FROM close_paid {where} GROUP BY currency
"""
_IDLE = "WHERE NOT EXISTS (SELECT 1 FROM close_plays y WHERE y.payer = close_paid.payer)"
_SHARED = "'house'::text AS payer_kind, ''::text AS payer_ref, currency, pool"
_POOLS = {
    "USER_CENTRIC": f"""
        SELECT 'OWN'::text AS basis, payer, payer_kind, payer_ref, currency, pool FROM close_paid
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


def packed_pools(name: str) -> str:
    """SELECT a currency, and packed: the numbers of its pools, whose they are, what is in them, and
    1 for the one of those who played nothing.
    """
    fallback = "CASE basis WHEN 'FALLBACK' THEN 1 ELSE 0 END"
    columns = ", ".join(packed(one) for one in ("number", "payer", "pool", fallback))
    return f"SELECT currency::text, {columns} FROM close_{name}_pools GROUP BY currency"


OWN_SUMS = """
CREATE UNLOGGED TABLE scratch.close_own_sums
    (piece int, currency text, total bigint, plays bigint, pools int[], plays_each int[],
     amounts bigint[])
"""
OTHER_SUMS = """
CREATE UNLOGGED TABLE scratch.close_other_sums (piece int, currency text, total bigint)
"""
STEP_TWO = (
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
"""Sums per piece and currency, numbered; `total` is by the card's model, NULL where only the other
one gives anything. Of the card's model, close_own_sums lists who gave what."""


def step_three() -> tuple[str, ...]:
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
    )
    half_up = """({0} / 1000000 * %(master_ppm)s
                  + (mod({0}, 1000000) * %(master_ppm)s + 500000) / 1000000)"""
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
    )
    lines = made(
        "close_lines",
        f"""
    SELECT sum, plays, source, holder, payee, source_micros, right_micros, amount, other
    FROM ({parts}) parts""",
    )
    return lines, "ANALYZE close_lines"


TABLES = (
    *(f"{name}_{step}" for name in ("own", "other") for step in ("pools", "sums")),
    "sums",
    "lines",
)
