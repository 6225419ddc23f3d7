"""Works as a file for societies and administrators: CSV with a row per writer, or JSON whole.

Shares are percent of the whole song with two places that add up to 100.00 exactly, by largest
remainder, because registration forms take no more. CSV is RFC 4180 (CRLF, UTF-8); several codes in
one cell stand apart by a vertical bar. Invariant: equal works give equal bytes.
"""

import csv
import io
import json
from collections.abc import Sequence

from licensing.catalog.identifiers import format_isrc, format_iswc
from licensing.cells import safe_cell
from licensing.money import allocate
from licensing.releases.queries import DerivedView, WorkView, WriterView

COLUMNS = (
    "work_id", "work_title", "iswc", "writer", "writer_ipi", "writer_isni", "share_percent",
    "administered_by", "administrator", "administrator_territories", "recordings", "isrcs",
    "derived_isrcs",
)  # fmt: skip


def as_csv(works: Sequence[WorkView]) -> bytes:
    """A row per writer; a work without an effective sheet has one row and no writer."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    write(COLUMNS)
    for work in works:
        shares = percents_of(work.writers)
        for writer, percent in zip(work.writers, shares, strict=True):
            write(
                [
                    safe_cell(cell)
                    for cell in (*_of_work(work), *_of_writer(writer, percent), *_codes(work))
                ]
            )
        if not work.writers:
            write([safe_cell(cell) for cell in (*_of_work(work), *[""] * 7, *_codes(work))])
    return text.getvalue().encode()


def as_json(works: Sequence[WorkView]) -> bytes:
    """Everything with its parts; keys sorted, two spaces, one newline at the end."""
    content = {"schema": 1, "works": [_plain(work) for work in works]}
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def percents_of(writers: Sequence[WriterView]) -> list[str]:
    """Each writer's share as percent with two places; together 100.00."""
    if not writers:
        return []
    keys = [f"{place:06d}" for place in range(len(writers))]
    weights = [(key, one.share_ppm) for key, one in zip(keys, writers, strict=True)]
    return [f"{part // 100}.{part % 100:02d}" for part in allocate(10_000, weights).values()]


def _of_work(work: WorkView) -> tuple[str, ...]:
    return (str(work.id), work.title, format_iswc(work.iswc) if work.iswc else "")


def _of_writer(writer: WriterView, percent: str) -> tuple[str, ...]:
    return (
        writer.name, writer.ipi, writer.isni, percent, writer.administered_by.lower(),
        writer.administrator, "|".join(writer.territories),
    )  # fmt: skip


def _codes(work: WorkView) -> tuple[str, ...]:
    return (
        "|".join(one.title for one in work.recordings),
        "|".join(format_isrc(one.isrc) for one in work.recordings if one.isrc),
        "|".join(format_isrc(one.isrc) for one in work.derived),
    )


def _plain(work: WorkView) -> dict[str, object]:
    number, title, iswc = _of_work(work)
    shares = percents_of(work.writers)
    return {
        "id": number,
        "title": title,
        "iswc": iswc,
        "writers": [
            {
                "name": one.name,
                "ipi": one.ipi,
                "isni": one.isni,
                "share_percent": percent,
                "share_ppm": one.share_ppm,
                "administered_by": one.administered_by.lower(),
                "administrator": one.administrator,
                "administrator_territories": list(one.territories),
            }
            for one, percent in zip(work.writers, shares, strict=True)
        ],
        "recordings": [
            {
                "title": one.title,
                "isrc": format_isrc(one.isrc) if one.isrc else "",
                "party": one.party,
            }
            for one in work.recordings
        ],
        "derived": [_derived(one) for one in work.derived],
    }


def _derived(one: DerivedView) -> dict[str, object]:
    return {
        "title": one.title,
        "isrc": format_isrc(one.isrc),
        "released_at": one.released_at.isoformat(),
        "variation": one.variation,
        "source_ppm": one.ppm,
    }
