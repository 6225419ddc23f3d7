"""Songs to mix by: stems as sound, and what ingest keeps of each of them.

The held-out ones lie beside the mix net's training data, FOLDER/held_out/PIECE/STEM.flac, pieces
and stems numbered from 0 as they stand in its file; 24-bit FLAC, which gives back what was kept to
the bit. It refuses to know nets. Invariant: a stem's bands are those of the very sound beside them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.engine.codecs import decode_flac, encode_flac, from_int24, to_int24
from generation.engine.kernels import Audio
from generation.nets.mix_stems import FILE_NAME

HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Taken:
    """A stem's sound, float32 [2, n] at 48 kHz, and its bands as ingest keeps them (`stem_of`)."""

    name: str
    role: str
    sound: Audio
    bands: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Song:
    """One piece. `split`: "train" or "test"."""

    name: str
    split: str
    stems: tuple[Taken, ...]


def kept(sound: Audio) -> Audio:
    """`sound` as the house keeps stems: on the grid of 24 bits."""
    return from_int24(to_int24(sound))


def keep(folder: Path, number: int, song: Song, seconds: float) -> None:
    """Writes the first `seconds` of the stems of `song`, which is test piece `number`."""
    room = folder / HELD_OUT / str(number)
    room.mkdir(parents=True, exist_ok=True)
    for place, one in enumerate(song.stems):
        written = encode_flac(one.sound[:, : round(seconds * 48_000)])
        (room / f"{place}.flac").write_bytes(written)


def held_out(folder: Path, most: int) -> Iterator[Song]:
    """The first `most` held-out pieces of `folder`; raises FileNotFoundError naming what lacks."""
    told = json.loads((folder / FILE_NAME).read_bytes())["pieces"]
    pieces = [one for one in told if one["split"] == "test"][:most]
    rooms = [folder / HELD_OUT / str(number) for number in range(len(pieces))]
    for room in rooms:
        if not room.is_dir():
            raise FileNotFoundError(f"The sound of held-out pieces is not in {room}.")
    for piece, room in zip(pieces, rooms, strict=True):
        stems = tuple(
            Taken(
                f"{place} {one['role']}",
                one["role"],
                decode_flac((room / f"{place}.flac").read_bytes()),
                one["bands"],
            )
            for place, one in enumerate(piece["stems"])
        )
        yield Song(str(piece["name"]), "test", stems)
