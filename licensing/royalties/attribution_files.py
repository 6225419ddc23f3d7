"""The attribution report as a file: CSV with a row per source, or JSON with a record per line.

It refuses to ask the database. Invariant: the same rows are the same bytes, written as they come,
so that a month of any size needs the memory of one record.
"""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import groupby
from typing import IO, Any

from licensing.cells import safe_cell
from licensing.royalties.attribution_report import Reported

SCHEMA = "attribution-report/1"
COLUMNS = (
    "record", "subject_kind", "subject", "title", "use", "territory", "channel", "state",
    "sealed_at", "method", "confidence", "model_ppm", "unattributed_ppm", "plays", "source",
    "stem_sha256", "isrc", "iswc", "ppm", "codes_of",
)  # fmt: skip


def write_csv(rows: Iterable[Reported], file: IO[str]) -> int:
    """A row per source, text cells made safe for spreadsheets; how many rows."""
    write = csv.writer(file, lineterminator="\r\n").writerow
    write(COLUMNS)
    count = 0
    for one in rows:
        write(
            [
                *(one.record, one.subject_kind, one.subject, safe_cell(one.title), one.use),
                *(one.territory, safe_cell(one.channel), one.state, _moment(one.sealed_at)),
                *(one.method, one.confidence, one.model_ppm, one.unattributed_ppm),
                *("" if one.plays is None else one.plays, one.position, one.stem_sha256),
                *(one.isrc, one.iswc, one.ppm, one.codes_of),
            ]
        )
        count += 1
    return count


def write_json(rows: Iterable[Reported], month: date, file: IO[str]) -> int:
    """One JSON object, a line for each record with its sources; how many sources."""
    head = json.dumps({"month": f"{month:%Y-%m}", "schema": SCHEMA}, sort_keys=True)
    file.write(f'{head[:-1]}, "records": [')
    count, lead = 0, "\n"
    for _, group in groupby(rows, key=lambda one: one.record):
        sources = list(group)
        file.write(f"{lead}{json.dumps(_record(sources), sort_keys=True, ensure_ascii=False)}")
        count, lead = count + len(sources), ",\n"
    file.write("\n]}\n")
    return count


def _record(sources: list[Reported]) -> dict[str, Any]:
    one = sources[0]
    return {
        "record": str(one.record),
        "subject": {"kind": one.subject_kind, "ref": one.subject},
        "title": one.title or None,
        "use": one.use,
        "territory": one.territory,
        "channel": one.channel,
        "state": one.state,
        "sealed_at": _moment(one.sealed_at),
        "method": one.method,
        "confidence": one.confidence,
        "model_ppm": one.model_ppm,
        "unattributed_ppm": one.unattributed_ppm,
        "plays": one.plays,
        "codes_of": one.codes_of,
        "sources": [
            {
                "position": each.position,
                "stem_sha256": each.stem_sha256,
                "isrc": each.isrc or None,
                "iswc": each.iswc or None,
                "ppm": each.ppm,
            }
            for each in sources
        ],
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
