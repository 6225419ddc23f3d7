"""The files of openly licensed music that nets of notes learn from, read into plain values.

Knows the two JSON files that the project's data folder holds (ticks of 1/12 quarter, one estimated
chord per beat, a fixed split) and their licences. Everything is moved so that bar lines are
counted from zero and the tonic is C (major) or A (minor), in the nearest direction. Invariant: the
same bytes give the same pieces in the same order.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.nets.cards import DataFile
from generation.nets.values import Chord, Note, NoteLine, Signature

SPLITS = ("train", "valid", "test")
SPLIT = "by hash of the piece, as the data files say: train, valid, test"
SOURCES = {
    "lieder_melody_bass.json": DataFile(
        "lieder_melody_bass.json",
        "OpenScore Lieder, commit bca12245, composers who died in or before 1955",
        "CC0-1.0",
        "OpenScore Lieder corpus, dedicated to the public domain (CC0 1.0); sung melody, lowest "
        "line of the piano and estimated chords.",
        "",
    ),
    "hymns_satb.json": DataFile(
        "hymns_satb.json",
        "Open Hymnal Project (mzealey/openhymnal), commit d35811b2",
        "public domain",
        "Open Hymnal Project, edited by Brian J. Dumont, public domain; soprano, bass and "
        "estimated chords.",
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece moved to C or A: chords per felt beat from the first, maybe incomplete, bar on.

    `lead`: ticks by which the first note of the file lies after a bar line; onsets count from
    that bar line. `source` numbers SOURCES.
    """

    name: str
    source: int
    split: str
    signature: Signature
    lead: int
    chords: tuple[Chord | None, ...]
    melody: NoteLine
    bass: NoteLine
    ticks: int


def data_files(folder: Path) -> tuple[DataFile, ...]:
    """The files of SOURCES in `folder`, with the digests of their bytes."""
    return tuple(
        DataFile(one.name, one.source, one.licence, one.attribution, _sha256(folder / one.name))
        for one in SOURCES.values()
    )


def read(folder: Path) -> list[Piece]:
    """Every piece of both files, in their order. Raises FileNotFoundError."""
    return [
        piece
        for number, name in enumerate(SOURCES)
        for piece in pieces_of(json.loads((folder / name).read_text(encoding="utf-8")), number)
    ]


def pieces_of(data: dict[str, Any], source: int) -> Iterator[Piece]:
    """The pieces of one file's JSON."""
    for one in data["pieces"]:
        signature = Signature((one["metre"][0], one["metre"][1]), one["tonic"], one["mode"])
        home = 0 if signature.mode == "maj" else 9
        up = (home - signature.tonic + 5) % 12 - 5
        lead = -one["pickup"] % signature.bar_ticks
        yield Piece(
            name=one["id"],
            source=source,
            split=one["split"],
            signature=Signature(signature.meter, home, signature.mode),
            lead=lead,
            chords=_chords(one, up, lead, signature),
            melody=_notes(one["melody"], up, lead),
            bass=_notes(one["bass"], up, lead),
            ticks=one["total"] + lead,
        )


def _chords(
    one: dict[str, Any], up: int, lead: int, signature: Signature
) -> tuple[Chord | None, ...]:
    """One chord per felt beat from the bar line before the first note on."""
    empty = max(0, round((one["chord_start"] + lead) / signature.beat_ticks))
    found = (None if c is None else Chord((c[0] + up) % 12, c[1]) for c in one["chords"])
    return (*(None for _ in range(empty)), *found)


def _notes(rows: list[list[int]], up: int, lead: int) -> NoteLine:
    return tuple(Note(onset + lead, duration, pitch + up) for onset, duration, pitch in rows)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
