"""Division by largest remainder as SQL; `money.allocate` is its oracle.

Nothing is rounded on the way. Products are made in bigint where the caller has seen that none can
exceed 64 bits, else in numeric, where `div` and `mod` are exact whatever the size; bigint is
faster, and fails loudly if it should ever overflow.
"""

from collections.abc import Mapping


def quota(total: str, weight: str, whole: str, *, is_wide: bool = False) -> tuple[str, str]:
    """Two expressions: the floor of `total` x `weight` / `whole`, and the remainder of it."""
    if is_wide:
        product = f"{total}::numeric * {weight}"
        return f"div({product}, {whole})::bigint", f"mod({product}, {whole})"
    return f"({total} * {weight}) / {whole}", f"mod({total} * {weight}, {whole})"


def apportion(
    *,
    source: str,
    parts: Mapping[str, str],
    weight: str,
    whole: str,
    group: str,
    tie: str,
    is_wide: bool = False,
) -> str:
    """SELECT all columns of `source` and `parts` (of which total -> name of its part).

    Each total over `weight` by largest remainder. `group`: columns that tell one division from
    another; `tie`: an order inside it; `whole`: the sum of a group's weights; `is_wide`: whether a
    total times a weight may exceed 64 bits. A total that is NULL has parts that are NULL.
    """
    quotas, ranks, given = [], [], []
    for n, (total, part) in enumerate(parts.items()):
        named = total if total.isdigit() else f"s.{total}"
        floored, fraction = quota(named, f"s.{weight}", f"s.{whole}", is_wide=is_wide)
        quotas.append(f"{floored} AS floored_{n}, {fraction} AS fraction_{n}")
        ranks.append(
            f"(SUM(floored_{n}) OVER (PARTITION BY {group}))::bigint AS taken_{n},"
            f" ROW_NUMBER() OVER (PARTITION BY {group} ORDER BY fraction_{n} DESC, {tie})"
            f" AS place_{n}"
        )
        given.append(
            f"(floored_{n} + CASE WHEN place_{n} <= {total} - taken_{n} THEN 1 ELSE 0 END)::bigint"
            f" AS {part}"
        )
    return f"""
        SELECT r.*, {", ".join(given)}
        FROM (SELECT q.*, {", ".join(ranks)}
              FROM (SELECT s.*, {", ".join(quotas)} FROM {source} s) q) r
    """
