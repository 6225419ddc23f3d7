"""Division by largest remainder as SQL; `money.allocate` is its oracle.

Nothing is rounded on the way, and no product exceeds 64 bits: a total is divided by the sum of the
weights first, and only the rest of it is multiplied. Weights sum to some millions.
"""

from collections.abc import Mapping


def _quota(total: str, weight: str, whole: str) -> tuple[str, str]:
    """Two expressions: the floor of `total` x `weight` / `whole`, and the remainder of it."""
    rest = f"mod({total}, {whole}) * {weight}"
    return f"({total} / {whole}) * {weight} + ({rest}) / {whole}", f"mod({rest}, {whole})"


def apportion(
    *,
    source: str,
    parts: Mapping[str, str],
    weight: str,
    whole: str,
    group: str,
    tie: str,
) -> str:
    """SELECT all columns of `source` and `parts` (of which total -> name of its part).

    Each total over `weight` by largest remainder. `group`: columns that tell one division from
    another; `tie`: an order inside it; `whole`: the sum of a group's weights, below 3 * 10^9. A
    total that is NULL has parts that are NULL.
    """
    quotas, ranks, given = [], [], []
    for n, (total, part) in enumerate(parts.items()):
        named = total if total.isdigit() else f"s.{total}"
        floored, fraction = _quota(named, f"s.{weight}", f"s.{whole}")
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
