"""How long does the close of a month take, from loaded usages to posted entries and frozen lines?

A month of `--usages` (10,000,000; `--quick`: 100,000) is loaded by COPY into a real PostgreSQL with
safe writes and closed once by the product's own `close_period`, committed. Then statement lines are
opened down to their usages, 200 random small books are closed and compared with the pure rules, and
django-hordak posts entries drawn from the same books, where `.venv-peers` has it (`make` it with
benchmarks/peers_env.py). Says first what disk it needs. `--json` prints the figures for machines,
`--check` exits 1 where one is missed; the minute is asked of the whole ten million alone. Results:
docs/benchmarks/royalties.md.
"""

import argparse
import json
import os
import platform
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import peers_env
from benchmarks.figures import Figure, missed, table
from benchmarks.royalties_rows import check_disk, migrated, with_month
from portal.demo.embedded import Postgres

WHOLE = 10_000_000
CLOSE_S, MEMORY_MB, OPEN_MS, TIMES_HORDAK = 60.0, 1_000.0, 100.0, 20.0
MONTH, NOW = date(2026, 10, 1), datetime(2026, 11, 7, tzinfo=UTC)
BOOKS, HORDAKS, FEWER_HORDAKS = 200, 20_000, 500


def measure(server: Postgres, folder: Path, usages: int, copy_s: float) -> list[Figure]:
    """Every figure of a loaded month."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connections

    try:
        figures = [Figure("load", "COPY", copy_s, "s", note=f"{usages:,} usages and six indexes")]
        figures += said(close_figures(usages))
        figures += said(opening_figures(300))
        entries = drawn(HORDAKS if usages >= WHOLE else FEWER_HORDAKS)
    finally:
        connections.close_all()
    ours = next(one.reached for one in figures if one.name == "posting, per entry")
    figures += hordak_figures(server, folder, entries, ours or 0.0)
    return figures


def said(figures: list[Figure]) -> list[Figure]:
    """The same, told at once: what follows takes many minutes and may be cut short."""
    print(table(figures), file=sys.stderr, flush=True)
    return figures


def close_figures(usages: int) -> list[Figure]:
    """The close itself, its steps by their statements, and what it left."""
    from django.db import connection

    from licensing.royalties.closing import close_period

    steps: dict[str, float] = {}
    begun = ended = time.perf_counter()
    between = "everything else"

    def timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal between, ended
        asked = time.perf_counter()
        steps[between] = steps.get(between, 0.0) + asked - ended
        try:
            return execute(sql, params, many, context)
        finally:
            step, ended = step_of(sql), time.perf_counter()
            steps[step] = steps.get(step, 0.0) + ended - asked
            between = BETWEEN.get(" ".join(sql.split()[:4]), step)

    with connection.execute_wrapper(timed):
        close_period(month=MONTH, now=NOW)
    took = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    counts = counted()
    posting = steps.get("posting", 0.0) + steps["checks at commit"]
    reach = CLOSE_S if usages >= WHOLE else None
    pairs = usages * 0.8 if usages >= WHOLE else None
    return [
        Figure("close", "the whole, committed", took, "s", reach, False),
        *(Figure("close", name, seconds, "s") for name, seconds in steps.items()),
        Figure("close", "memory of Python, most", memory, "MB", MEMORY_MB, False),
        Figure("close", "posting, per entry", posting / counts["entries"] * 1e6, "us"),
        Figure("rows", "listener and variation pairs", counts.pop("pairs"), "", pairs),
        *(Figure("rows", name, count) for name, count in counts.items()),
        Figure("books", "postings out of balance", unbalanced(), "", 0, False),
    ]


# What follows a statement on arrays, and what comes and goes by COPY: of the statement's own step
# where it is not one of these.
BETWEEN = {
    "CREATE UNLOGGED TABLE scratch.close_plays": "step 0, plays read",
    "ANALYZE close_holders": "step 0, plays still being counted",
    "CREATE UNLOGGED TABLE scratch.close_lines": "steps 1 to 3, sums, evidence, lines",
    "CREATE UNLOGGED TABLE scratch.close_unpaid": "steps 1 to 3, sums, evidence, lines",
    'INSERT INTO "audit_fact" ("transaction",': "checks at commit",
}


def step_of(sql: str) -> str:
    """Which part of a close a statement belongs to."""
    for mark, step in (
        ("scratch.close_place", "statement lines"),
        ("statementline", "statement lines"),
        ("INTO royalties_listenerallocation", "evidence kept"),
        ("scratch.close_", "everything else"),
        ("INTO royalties_", "everything else"),
        ("ledger_", "posting"),
    ):
        if mark in sql:
            return step
    return "everything else"


def counted() -> dict[str, int]:
    """Rows that the close left."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT SUM(cardinality(pools)) FROM royalties_listenerallocation),"
            " (SELECT COUNT(*) FROM ledger_journalentry WHERE kind = 'royalties'),"
            " (SELECT COUNT(*) FROM ledger_posting p JOIN ledger_journalentry e"
            "  ON e.id = p.entry_id WHERE e.kind = 'royalties'),"
            " (SELECT COUNT(*) FROM royalties_statementline),"
            " (SELECT COUNT(*) FROM royalties_statement)"
        )
        row = cursor.fetchone()
    names = ("pairs", "entries", "postings", "statement lines", "statements")
    return dict(zip(names, map(int, row), strict=True))


def unbalanced() -> int:
    """Micro-units by which the books are off, and what is left in the month's pool."""
    from licensing.ledger.queries import balance_of, trial_balance
    from licensing.receipts.rules import pool_account

    off = sum(abs(micros) for micros in trial_balance().differences().values())
    return off + abs(balance_of(pool_account(MONTH, "EUR")))


def opening_figures(times: int) -> list[Figure]:
    """Statement lines drawn at random, and one of the most heard variation, opened."""
    from django.db import connection

    from licensing.royalties.explain import explain_line

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM (SELECT id FROM royalties_statementline TABLESAMPLE BERNOULLI (20)"
            " WHERE kind = 'EARNING' ORDER BY hashtextextended(id::text, 1) LIMIT %s) l",
            [times],
        )
        drawn_lines = [line for (line,) in cursor.fetchall()]
        cursor.execute(
            "SELECT id FROM royalties_statementline WHERE kind = 'EARNING'"
            " ORDER BY plays DESC LIMIT 1"
        )
        (loudest,) = cursor.fetchone()
    explain_line(drawn_lines[0])
    took = sorted(_opening_ms(line) for line in drawn_lines[1:])
    hottest = sorted(_opening_ms(loudest) for _ in range(5))[2]
    shown = explain_line(loudest).listeners
    return [
        Figure("opening", "p50", took[len(took) // 2], "ms"),
        Figure("opening", "p95", took[len(took) * 95 // 100], "ms", OPEN_MS, False),
        Figure("opening", "most heard", hottest, "ms", OPEN_MS, False, f"{shown:,} listeners"),
    ]


def _opening_ms(line: Any) -> float:
    from licensing.royalties.explain import explain_line

    begun = time.perf_counter()
    explain_line(line)
    return (time.perf_counter() - begun) * 1e3


def drawn(times: int) -> list[list[tuple[str, str, int]]]:
    """Entries of the close drawn at random: their lines as (account, side, micro-units)."""
    from licensing.ledger.models import Posting

    rows = Posting.objects.filter(entry__kind="royalties").order_by("entry_id")
    entries: dict[int, list[tuple[str, str, int]]] = {}
    ids = sorted(set(rows.values_list("entry_id", flat=True).distinct()))
    chosen = random.Random(1).sample(ids, min(times, len(ids)))
    for entry, kind, ref, side, micros in rows.filter(entry_id__in=chosen).values_list(
        "entry_id", "account__kind", "account__owner_ref", "side", "amount_micros"
    ):
        entries.setdefault(entry, []).append((f"{kind} {ref}", side, micros))
    return list(entries.values())


def hordak_figures(
    server: Postgres, folder: Path, entries: list[list[tuple[str, str, int]]], ours_us: float
) -> list[Figure]:
    """What the peer takes per entry, and how many times that is; not measured where it is not."""
    name = "django-hordak, per entry"
    file = folder / "entries.jsonl"
    file.write_text("\n".join(json.dumps(entry) for entry in entries))
    server.create_database("hordak")
    command = [peers_env.PYTHON, ROOT / "benchmarks" / "royalties_hordak.py"]
    done = None
    if peers_env.PYTHON.exists():
        url = server.url("hordak", "stemma_owner")
        done = subprocess.run([*command, url, file], capture_output=True, text=True, check=False)
    if done is None or done.returncode:
        why = done.stderr.strip().splitlines()[-1] if done else f"no {peers_env.ENV.name}"
        return [
            Figure("peer", name, None, note=why),
            Figure("peer", "times ours", None, "", TIMES_HORDAK),
        ]
    told = json.loads(done.stdout)
    theirs_us = told["seconds"] / told["entries"] * 1e6
    note = f"2.0.0, {told['entries']:,} of the same entries, legs by bulk insert"
    return [
        Figure("peer", name, theirs_us, "us", note=note),
        Figure("peer", "times ours", theirs_us / ours_us, "", TIMES_HORDAK),
    ]


def books_figure(server: Postgres, folder: Path) -> Figure:
    """Random small books, closed by SQL and by the pure rules: the share that agrees."""
    migrated(server, folder, "books")
    from django.db import connections, transaction

    connections.close_all()
    connections["default"].settings_dict["NAME"] = "books"
    from tests.licensing.royalties import small_world as world
    from tests.licensing.royalties.test_random_books import MASTER, PUBLISHING, live

    dice, equal = random.Random(1), 0
    with transaction.atomic():
        stems = [
            stem
            for title, count in (("Tide", 3), ("Lamp", 2))
            for stem in world.recording(
                title, master=MASTER[title], publishing=PUBLISHING[title], stems=count
            )
        ]
        pieces = {}
        for name in "ABCDE":
            ppm = _in_parts(dice, 1_000_000, 3)
            lines = list(zip(dice.sample(stems, 3), ppm, strict=True))
            pieces[name] = (world.record(name, lines), lines)
    listeners = [f"l{n}" for n in range(8)]
    for _ in range(BOOKS):
        paid = {name: dice.randrange(1, 10**8) for name in dice.sample(listeners, 5)}
        plays = {
            name: {one: dice.randrange(1, 50) for one in dice.sample("ABCDE", dice.randrange(1, 6))}
            for name in dice.sample(listeners, 5)
        }
        with transaction.atomic():
            try:
                live(paid, plays, {}, pieces, {})
                equal += 1
            except AssertionError as error:
                print(f"A book differs: {paid} {plays} {error}", file=sys.stderr)
            transaction.set_rollback(True)
    connections.close_all()
    return Figure("oracle", "books equal to the micro", equal / BOOKS, "", 1.0, note=f"{BOOKS}")


def _in_parts(dice: random.Random, whole: int, parts: int) -> list[int]:
    cuts = sorted(dice.sample(range(1, whole), parts - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, whole], strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--usages", type=int, default=WHOLE)
    options = parser.parse_args()
    # What was started is stopped also when somebody stops this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    usages = 100_000 if options.quick else options.usages
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="royalties-") as name:
        folder = Path(name)
        print(f"{usages:,} usages: {check_disk(folder, usages)}.", file=sys.stderr)

        def work(server: Postgres, copy_s: float) -> list[Figure]:
            return [*measure(server, folder, usages, copy_s), books_figure(server, folder)]

        figures = with_month(folder, usages, work)
    told = {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "took_s": round(time.perf_counter() - begun, 1),
    }
    if options.json:
        print(json.dumps(told | {"figures": [one.plain() for one in figures]}, indent=2))
    else:
        print(f"{told['machine']}, Python {told['python']}, {told['took_s']} s")
        print(table(figures))
    for one in missed(figures):
        print(f"MISSED {one}", file=sys.stderr)
    return 1 if options.check and missed(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
