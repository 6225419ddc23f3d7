"""Division by largest remainder as SQL; `money.allocate` is its oracle.

Nothing is rounded on the way. Products are made in bigint where the caller has seen that none can
exceed 64 bits, else in numeric, where `div` and `mod` are exact whatever the size; bigint is
faster, and fails loudly if it should ever overflow.
"""


def apportion(
    *,
    source: str,
    total: str,
    weight: str,
    whole: str,
    group: str,
    tie: str,
    part: str,
    is_wide: bool = False,
) -> str:
    """SELECT all columns of `source` and `part`: `total` over `weight` by largest remainder.

    `group`: columns that tell one division from another; `tie`: an order inside it; `whole`: the
    sum of a group's weights; `is_wide`: whether a total times a weight may exceed 64 bits.
    """
    product = f"s.{total} * s.{weight}" if not total.isdigit() else f"{total} * s.{weight}"
    quotient, remainder = f"({product}) / s.{whole}", f"({product}) % s.{whole}"
    if is_wide:
        product = product.replace(" * ", "::numeric * ")
        quotient = f"div({product}, s.{whole})::bigint"
        remainder = f"mod({product}, s.{whole})"
    return f"""
        SELECT r.*, (floored + CASE WHEN place <= {total} - taken THEN 1 ELSE 0 END)::bigint
                    AS {part}
        FROM (SELECT q.*, (SUM(floored) OVER (PARTITION BY {group}))::bigint AS taken,
                     ROW_NUMBER() OVER (PARTITION BY {group} ORDER BY fraction DESC, {tie}) AS place
              FROM (SELECT s.*, {quotient} AS floored, {remainder} AS fraction FROM {source} s) q) r
    """
