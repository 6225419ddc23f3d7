"""Tables that live within one transaction, made so that several processes can read them.

Knows nothing of what is in them. `made` is planned for several processes, as no INSERT ever is; a
query `in_two` is planned as two whole queries, each of which one process can take: that is how
groups of sorted rows get a second core. Windows never do, nor a query within a query for each row.
Invariant: what is made here is dropped before the transaction commits, and what it says depends on
no plan.
"""

from collections.abc import Iterable

PARTS_FIRST = "SET LOCAL parallel_tuple_cost = 0.3"
"""From here on rows are dear to hand on, so each process makes groups of its own before it does,
and both halves of a query are made side by side."""
HALVES_FIRST = "SET LOCAL parallel_tuple_cost = 0.1"
"""The same where nearly as many rows come back as go in."""
ROWS_FIRST = "SET LOCAL parallel_tuple_cost = 0.01"
"""From here on as SETTINGS say."""

SETTINGS = (
    "SET LOCAL search_path = public, scratch",
    "SET LOCAL work_mem = '512MB'",
    "SET LOCAL maintenance_work_mem = '512MB'",
    "SET LOCAL jit = off",
    "SET LOCAL default_statistics_target = 10",
    "SET LOCAL parallel_setup_cost = 100",
    ROWS_FIRST,
)
"""For one transaction: tables are found by their names, millions of small rows are sorted, grouped
and indexed in memory, the few expensive queries are not worth compiling, and a second process is;
rows have one shape, so few of them tell what the others are like."""


def made(name: str, query: str) -> str:
    """CREATE the table `name` out of a query."""
    return f"CREATE UNLOGGED TABLE scratch.{name} AS {query}"


def dropped(names: Iterable[str]) -> str:
    """DROP these tables, those that are there."""
    return f"DROP TABLE IF EXISTS {', '.join(f'scratch.{name}' for name in names)}"


def in_two(query: str, number: str) -> str:
    """Both halves of a query, by an integer that is even or odd in each of its rows.

    `query` has {half} where the condition belongs. It is said the other way round ("not odd"),
    because the planner would take an equality to leave one row in two hundred.
    """
    halves = (f"(({number}) & 1 = {other}) IS NOT TRUE" for other in (1, 0))
    return " UNION ALL ".join(f"({query.replace('{half}', half)})" for half in halves)
