"""How fast is clearance with 1,000,000 grants, and how many queries does one answer take?

Pre-flights of whole recordings (four stems, three holders each) drawn at random out of 100,000
stems, 5 % of whose grants were withdrawn; this process and the database share one core. The rate is
per second of that core, counted from what both processes used of it, so that a busy neighbour does
not count; p50 and p99 are wall time. An answer takes one query, and one more where a society
collects for a holder; none reads a table of consent from end to end; and every hundredth is decided
again on all grants there are. `--json` prints the figures for machines,
`--check` exits 1 where one is missed, `--quick` takes a tenth of the stems. Says first what disk it
needs. Results: docs/benchmarks/clearance.md.
"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.clearance_rows import (
    GRANTS_PER_STEM,
    STEMS_PER_RECORDING,
    check_disk,
    with_catalogue,
)
from benchmarks.figures import Figure, missed
from portal.demo.embedded import Postgres

PER_SECOND, PER_CORE = 500.0, "per second of one core"
QUERIES_AT_MOST = 2
NOW = datetime(2026, 11, 29, tzinfo=UTC)
LARGE = ("clearance_grant", "clearance_withdrawal", "catalog_stem", "catalog_splitsheet",
         "catalog_share")  # fmt: skip
Question = dict[str, Any]


def questions(recordings: int, times: int) -> list[Question]:
    """Pre-flights as pages and partners ask them, over recordings drawn at random."""
    dice = random.Random(1)
    made = []
    for _ in range(times):
        first = dice.randrange(recordings) * STEMS_PER_RECORDING
        made.append(
            {
                "use": dice.choice(["REMIX", "REMIX", "MOOD", "TRAINING"]),
                "stems": [_stem(first + n) for n in range(STEMS_PER_RECORDING)],
                "requester": ("user", str(dice.randrange(10**6))),
                "territory": dice.choice(["DE", "DE", "FR", "US"]),
                "channel": dice.choice(["SITE", "SITE", "FITNESS"]),
                "now": NOW,
            }
        )
    return made


def _stem(number: int) -> UUID:
    return UUID(md5(f"stem{number}".encode(), usedforsecurity=False).hexdigest())


def measure(server: Postgres, stems: int, times: int) -> list[Figure]:
    """Every figure of a loaded catalogue."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connections

    try:
        counts = query_counts(questions(stems // STEMS_PER_RECORDING, 40))
        scans = full_scans(questions(stems // STEMS_PER_RECORDING, 4))
        asked = questions(stems // STEMS_PER_RECORDING, times + 200)
        timed(asked[:200])
        took, core_s, answers = timed(asked[200:])
        checked = agreed(asked[200::100])
        return [
            *speed_figures(took, core_s, answers),
            Figure("queries", "of one answer, most", max(counts), "", QUERIES_AT_MOST, False),
            Figure("queries", "of one answer, mean", sum(counts) / len(counts)),
            Figure("queries", "full scans of large tables", scans, "", 0, False),
            Figure("oracle", "answers equal on all grants", checked, "", 1.0),
            *size_figures(stems),
        ]
    finally:
        connections.close_all()


def timed(asked: list[Question]) -> tuple[list[float], float, Counter[str]]:
    """Milliseconds of each, seconds of the core for all, and how often which answer was given."""
    from licensing.clearance.queries import preflight_use

    took, answers, before = [], Counter[str](), _core_s()
    for one in asked:
        begun = time.perf_counter()
        decision = preflight_use(**one)
        took.append((time.perf_counter() - begun) * 1e3)
        answers["yes" if decision.allowed else decision.reasons[0].code] += 1
    return took, _core_s() - before, answers


def _core_s() -> float:
    """Seconds of processor time that this process and its database connection have used."""
    from django.db import connection

    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    ticks = Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def speed_figures(took: list[float], core_s: float, answers: Counter[str]) -> list[Figure]:
    """Rate, p50, p99; and that the answers are of many kinds, because a no may be cheap."""
    ordered, total = sorted(took), sum(took) / 1e3
    said = ", ".join(f"{code} {count}" for code, count in answers.most_common())
    note = f"{len(took)} recordings of {STEMS_PER_RECORDING} stems, drawn at random"
    return [
        Figure("pre-flight", PER_CORE, len(took) / core_s, "/s", PER_SECOND, note=note),
        Figure("pre-flight", "per second of wall time", len(took) / total, "/s"),
        Figure("pre-flight", "p50", ordered[len(ordered) // 2], "ms"),
        Figure("pre-flight", "p99", ordered[len(ordered) * 99 // 100], "ms"),
        Figure("pre-flight", "share of yes", answers["yes"] / answers.total(), note=said),
    ]


def query_counts(asked: list[Question]) -> list[int]:
    """SQL queries of each answer; every other asks about one stem alone."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from licensing.clearance.queries import preflight_use

    counts = []
    for number, one in enumerate(asked):
        with CaptureQueriesContext(connection) as captured:
            preflight_use(**one | {"stems": one["stems"][: 1 if number % 2 else 4]})
        counts.append(len(captured))
    return counts


def full_scans(asked: list[Question]) -> int:
    """How many steps of the plans read one of the large tables from end to end."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from licensing.clearance.queries import preflight_use

    found = 0
    for one in asked:
        with CaptureQueriesContext(connection) as captured:
            preflight_use(**one)
        with connection.cursor() as cursor:
            for query in captured.captured_queries:
                cursor.execute("EXPLAIN " + query["sql"].replace("%", "%%"))
                plan = "\n".join(line for (line,) in cursor.fetchall())
                found += sum(f"Seq Scan on {table} " in plan for table in LARGE)
    return found


def agreed(asked: list[Question]) -> float:
    """The share of answers that are the same when every grant of the stems is put to the rules."""
    from licensing.clearance.facts import load_facts
    from licensing.clearance.queries import preflight_use, use_asked

    same = 0
    for one in asked:
        wanted = {name: value for name, value in one.items() if name != "now"}
        on_all = load_facts(one["stems"], NOW).decide(use_asked(**wanted))
        same += on_all == preflight_use(**one)
    return same / len(asked)


def size_figures(stems: int) -> list[Figure]:
    """Rows there are, and what a grant takes on disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), pg_total_relation_size('clearance_grant'),"
            " (SELECT count(*) FROM clearance_withdrawal) FROM clearance_grant"
        )
        grants, size, withdrawn = cursor.fetchone()
    if grants != stems * GRANTS_PER_STEM:
        raise SystemExit(f"{grants} grants were loaded, not {stems * GRANTS_PER_STEM}.")
    return [
        Figure("rows", "grants", grants),
        Figure("rows", "share withdrawn", withdrawn / grants),
        Figure("rows", "bytes per grant, with indexes", size / grants, "B"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    stems, times = (10_000, 1_000) if options.quick else (100_000, 5_000)
    # The server is this process's child and keeps the core it is given.
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="clearance-") as folder:
        words = check_disk(Path(folder), stems)
        print(f"{stems:,} stems, {stems * GRANTS_PER_STEM:,} grants: {words}.", file=sys.stderr)
        figures = with_catalogue(Path(folder), stems, lambda pg: measure(pg, stems, times))
    told = {
        "machine": f"{_cpu()}, one core for this process and PostgreSQL",
        "python": platform.python_version(),
        "took_s": round(time.perf_counter() - begun, 1),
    }
    if options.json:
        print(json.dumps(told | {"figures": [one.plain() for one in figures]}, indent=2))
    else:
        print(f"{told['machine']}, Python {told['python']}, {told['took_s']} s")
        for one in figures:
            print(f"{one.group:11} {one.name:30} {one.reached:11,.3f} {one.unit:3} "
                  f"{one.verdict:7} {one.note}")  # fmt: skip
    for name in missed(figures):
        print(f"MISSED {name}", file=sys.stderr)
    return 1 if options.check and missed(figures) else 0


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
