"""What a decision costs with a million listeners stored, on a real PostgreSQL.

The server is the demo's own, started here in a temporary folder and stopped again; the tables come
from the migrations, the rows by COPY. Then decisions for listeners drawn at random over all rows:
reading the row and the prior, and choosing; and the whole operation, with its log written and
committed. Knows rows and operations of taste. Invariant: what is read is checked to be the belief
that was stored.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 25, tzinfo=UTC)
REACH_MS = 5.0
DISTINCT = 512
BOUNDS = {name: (-1.0, 1.0) for name in ("tempo", "energy", "density", "brightness", "valence")}
_COPY = (
    "COPY taste_taste (listener_kind, listener_ref, schema, mean, precision, prior_id, is_on,"
    " shares_prior, observations, updated_at) FROM STDIN WITH (FORMAT BINARY)"
)


def row_figures(listeners: int, times: int) -> list[Figure]:
    """The figures, on a server of this benchmark's own."""
    from portal.demo.embedded import Postgres

    with tempfile.TemporaryDirectory(prefix="taste-rows-") as folder:
        server = Postgres(Path(folder) / "pg")
        server.start()
        try:
            server.create_database("taste")
            _migrate(server.url("taste", "stemma_owner"))
            os.environ["DATABASE_URL"] = server.url("taste")
            os.environ["STEMMA_VAR"] = folder + "/var"
            return _measured(listeners, times)
        finally:
            _disconnect()
            server.stop()


def _migrate(url: str) -> None:
    environment = os.environ | {"DATABASE_URL": url, "STEMMA_ENV": "test"}
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True)


def _disconnect() -> None:
    from django.apps import apps
    from django.db import connections

    if apps.ready:
        connections.close_all()


def _measured(listeners: int, times: int) -> list[Figure]:
    import django

    os.environ["STEMMA_ENV"] = "test"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    begun = time.perf_counter()
    _load(listeners)
    loaded = time.perf_counter() - begun
    table, whole = _sizes()
    chance = np.random.default_rng(1)
    drawn = [int(one) for one in chance.integers(listeners, size=times + 50)]
    read = _timed(_read_and_choose, drawn)
    operated = _timed(_decide, drawn)
    note = f"{listeners:,} listeners stored, {times} of them drawn at random"
    return [
        Figure("rows", "read and decide, median", _at(read, 50), "ms", note=note),
        Figure("rows", "read and decide, p95", _at(read, 95), "ms", REACH_MS, False, note),
        Figure("rows", "with the decision logged and committed, median", _at(operated, 50), "ms"),
        Figure("rows", "with the decision logged and committed, p95", _at(operated, 95), "ms"),
        Figure("rows", "bytes per listener, the belief", float(_belief_bytes()), "B"),
        Figure("rows", "bytes per listener, the table", table / listeners, "B"),
        Figure("rows", "bytes per listener, with indexes", whole / listeners, "B"),
        Figure("rows", "loaded by COPY", loaded, "s"),
    ]


def _reference(number: int) -> str:
    """What a listener's reference looks like: 36 characters, in no order."""
    digest = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def _beliefs() -> list[tuple[bytes, bytes]]:
    """So many different beliefs, each moved by thirty verdicts."""
    from generation.taste.rules import model
    from generation.taste.rules.attributes import COUNT

    chance, made = np.random.default_rng(0), []
    for _ in range(DISTINCT):
        rows = [
            model.liking(chance.uniform(-1, 1, COUNT), "mood", float(chance.random() < 0.5))
            for _ in range(30)
        ]
        made.append(model.to_bytes(model.observed_all(model.neutral_prior(), rows)))
    return made


def _lines(listeners: int) -> Iterator[tuple[Any, ...]]:
    beliefs = _beliefs()
    for number in range(listeners):
        mean, precision = beliefs[number % DISTINCT]
        yield "user", _reference(number), 1, mean, precision, None, True, False, 30, NOW


def _load(listeners: int) -> None:
    from django.db import connection

    kinds = ["varchar", "varchar", "int2", "bytea", "bytea", "int8", "bool", "bool", "int4"]
    with connection.cursor() as cursor:
        raw = cursor.cursor
        with raw.copy(_COPY) as copy:
            copy.set_types([*kinds, "timestamptz"])
            for line in _lines(listeners):
                copy.write_row(line)
        cursor.execute("ANALYZE taste_taste")


def _sizes() -> tuple[int, int]:
    """Bytes of the table, and of the table with its indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_table_size('taste_taste'), pg_total_relation_size('taste_taste')")
        table, whole = cursor.fetchone()
    return int(table), int(whole)


def _belief_bytes() -> int:
    mean, precision = _beliefs()[0]
    return len(mean) + len(precision)


def _timed(work: Any, drawn: list[int]) -> list[float]:
    """Milliseconds of each; the first fifty warm up and are not counted."""
    took = []
    for turn, number in enumerate(drawn):
        begun = time.perf_counter()
        work(number, turn)
        took.append((time.perf_counter() - begun) * 1e3)
    return took[50:]


def _read_and_choose(number: int, turn: int) -> None:
    from generation.taste.queries import current_belief
    from generation.taste.rules import choosing

    found = current_belief(("user", _reference(number)))
    chance = np.random.default_rng(number)
    choosing.choose(found.belief, choosing.candidates(BOUNDS, chance), "mood", chance)
    if found.observations != 30:
        raise SystemExit("What was read is not what was stored.")


def _decide(number: int, turn: int) -> None:
    from generation.taste.operations import decide_targets

    made = decide_targets(
        listener=("user", _reference(number)), key=f"key-{turn}", context="mood", bounds=BOUNDS,
        now=NOW,
    )  # fmt: skip
    if made is None:
        raise SystemExit("Nothing was decided.")


def _at(took: list[float], percent: int) -> float:
    return float(np.percentile(took, percent))
