"""What does the hash chain cost a close, each second, and whoever verifies the books?

A batch of 50,000 entries with ten postings each (`--quick`: 5,000) is posted into a real PostgreSQL
with safe writes, as a close posts, and linked in its transaction; then a hundred single entries
are linked one after another, and all of it is verified. `--json` prints the figures for machines,
`--check` exits 1 where one is missed. Needs 1 GB of disk. Results: docs/benchmarks/chain.md.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import Figure, missed, table
from benchmarks.royalties_rows import migrated
from portal.demo.embedded import Postgres

WHOLE, SINGLES, ACCOUNTS = 50_000, 100, 9_973
LINK_S = 5.0
NOW = datetime(2026, 11, 6, tzinfo=UTC)


def measure(entries: int) -> list[Figure]:
    """Every figure, of books that begin empty."""
    import django

    django.setup()
    from django.db import connections

    try:
        return [*batch_figures(entries), *single_figures(), *verifying_figures(entries)]
    finally:
        connections.close_all()


def batch_figures(entries: int) -> list[Figure]:
    """Posting the batch, linking it, and the commit with the checks of both."""
    from django.db import transaction

    from licensing.ledger.batches import post_batch
    from licensing.ledger.chain import link_posted

    batch = drafts(entries)
    with transaction.atomic():
        begun = time.perf_counter()
        post_batch(batch, now=NOW)
        posted = time.perf_counter()
        link_posted(now=NOW)
        linked = time.perf_counter()
    committed = time.perf_counter()
    note = f"{entries:,} entries in one link"
    return [
        Figure("close", "posting", posted - begun, "s", note="ten postings each"),
        Figure("close", "linking", linked - posted, "s", LINK_S, False, note),
        Figure("close", "commit", committed - linked, "s", note="with every entry's checks"),
    ]


def drafts(entries: int) -> Any:
    """Entries of nine credits on 9,973 accounts in turn, and one debit."""
    from licensing.ledger.batch_arrays import SIDES, Batch, Head, Lines
    from licensing.ledger.rules import CREDIT, DEBIT, AccountKey

    numbers = np.arange(1, entries + 1)
    payees = [AccountKey("payable", "party", f"{n}", "EUR") for n in range(ACCOUNTS)]
    parts = np.arange(1, 10)
    credit, debit = SIDES.index(CREDIT), SIDES.index(DEBIT)
    none = np.zeros(entries, int)
    columns = (
        (np.repeat(numbers - 1, len(parts)), numbers - 1),
        ((numbers[:, None] * parts % ACCOUNTS).ravel(), none + ACCOUNTS),
        (np.full(entries * len(parts), credit), none + debit),
        (np.tile(parts, entries), none + parts.sum()),
        (np.tile(parts, entries), none),
    )
    return Batch(
        [Head(f"close:{n}", "royalties", NOW) for n in numbers],
        [*payees, AccountKey("cash", "processor", "test", "EUR")],
        ["", *(f"MASTER of {part}" for part in parts)],
        Lines(*map(np.concatenate, columns)),
    )


def single_figures() -> list[Figure]:
    """A pass of the linker that finds one entry, and one that finds none."""
    from licensing.ledger.chain import link_entries
    from licensing.ledger.operations import post
    from licensing.ledger.rules import AccountKey

    cash = AccountKey("cash", "processor", "test", "EUR")
    pool = AccountKey("pool", "month", "2026-11", "EUR")
    one, none = [], []
    for number in range(SINGLES):
        lines = [(cash, "debit", 7), (pool, "credit", 7)]
        post(key=f"r{number}", kind="receipt", postings=lines, effective_at=NOW, now=NOW)
        for took in (one, none):
            begun = time.perf_counter()
            link_entries(now=NOW)
            took.append((time.perf_counter() - begun) * 1e3)
    return [
        Figure("each second", "a link over one entry, p50", sorted(one)[SINGLES // 2], "ms"),
        Figure("each second", "nothing waits, p50", sorted(none)[SINGLES // 2], "ms"),
    ]


def verifying_figures(entries: int) -> list[Figure]:
    """All of it made again from the rows."""
    from licensing.ledger.verifying import verify_chain

    begun = time.perf_counter()
    found = verify_chain(now=NOW)
    took = time.perf_counter() - begun
    if (found.entries, found.links) != (entries + SINGLES, 1 + SINGLES):
        raise SystemExit(f"{found.entries} entries in {found.links} links were verified.")
    note = f"{found.entries:,} entries in {found.links} links"
    return [
        Figure("verifying", "everything", took, "s", note=note),
        Figure("verifying", "per entry of ten postings", took / found.entries * 1e6, "us"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with tempfile.TemporaryDirectory(prefix="chain-") as folder:
        server = Postgres(Path(folder) / "postgres")
        server.start()
        try:
            migrated(server, Path(folder), "chain")
            figures = measure(WHOLE // 10 if options.quick else WHOLE)
        finally:
            server.stop()
    if options.json:
        told = {"machine": platform.processor() or platform.machine()}
        told |= {"python": platform.python_version()}
        print(json.dumps(told | {"figures": [one.plain() for one in figures]}, indent=2))
    else:
        print(table(figures))
    for name in missed(figures):
        print(f"MISSED {name}", file=sys.stderr)
    return 1 if options.check and missed(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
