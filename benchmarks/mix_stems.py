"""Makes the folder that the mix net is trained on: measured stems of pieces of our own synthesis.

`python benchmarks/mix_stems.py DIR` writes DIR/mix_stems.json, what ingest keeps of each stem, and
of the pieces held out the sound that a release is heard on (DIR/held_out). Every stem is played
anew by `pieces`, then leveled, tilted and widened at random, as stems of strangers are. Held-out
pieces are of other seeds and manners. Invariant: a piece's stems follow from its number.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import scipy.signal

from benchmarks import pieces
from generation.analysis.measure import measure_stem
from generation.compose.hearing.measuring import HEARD_S
from generation.compose.hearing.songs import Song, Taken, keep, kept
from generation.engine.eq import sections_of
from generation.engine.kernels import Audio
from generation.nets.mix_stems import FILE_NAME
from generation.recipe import SAMPLE_RATE_HZ, Band

TRAIN, TEST = 60, 12
ORIGIN = {
    "source": "benchmarks/mix_stems.py of this project: 72 pieces, written and synthesised by it",
    "licence": "CC0-1.0",
    "attribution": "Mix net trained on pieces of Stemma's own synthesis, CC0 1.0.",
}
# What the players of `pieces` are called here, so that ingest hears their roles as people do.
NAMES = {"lead": "lead vocals"}


def songs(train: int = TRAIN, test: int = TEST) -> Iterator[Song]:
    """The pieces to learn from, then those held out."""
    for number, piece in enumerate(pieces.pieces(train)):
        yield song_of(piece, "train", number)
    yield from held_out(test)


def held_out(count: int = TEST) -> Iterator[Song]:
    """The pieces that no net has learned from."""
    for number, piece in enumerate(pieces.held_out(count)):
        yield song_of(piece, "test", 1_000 + number)


def song_of(piece: pieces.Piece, split: str, seed: int) -> Song:
    """`piece` as a producer's stems; silent ones are left out."""
    rng = np.random.default_rng(seed)
    found = []
    for name, line in piece.stems.items():
        sound = produced(line, rng)
        analysis = measure_stem(sound, NAMES.get(name, name))
        if analysis.bands is not None:
            found.append(Taken(name, analysis.role, kept(sound), asdict(analysis.bands)))
    return Song(piece.name, split, tuple(found))


def produced(line: Audio, rng: np.random.Generator) -> Audio:
    """`line` at a level, a color and a width of its own, float32 [2, n]."""
    tilt = (
        Band("low_shelf", rng.uniform(80.0, 300.0), rng.uniform(-5.0, 5.0)),
        Band("peak", rng.uniform(400.0, 3_000.0), rng.uniform(-5.0, 5.0), 0.8),
        Band("high_shelf", rng.uniform(2_000.0, 6_000.0), rng.uniform(-6.0, 6.0)),
    )
    rows = sections_of(tilt)
    sos = np.insert(rows, 3, 1.0, axis=1)
    middle = scipy.signal.sosfilt(sos, line.astype(np.float64))
    late = round(rng.uniform(0.005, 0.015) * SAMPLE_RATE_HZ)
    side = rng.uniform(0.0, 0.5) ** 2 * 2.0 * np.pad(middle, (late, 0))[: middle.size]
    level = 10.0 ** (rng.uniform(-12.0, -2.0) / 20.0)
    return np.ascontiguousarray(level * np.stack([middle + side, middle - side]), np.float32)


def main() -> None:
    """Writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="a few pieces only")
    options = parser.parse_args()
    written: list[dict[str, object]] = []
    options.folder.mkdir(parents=True, exist_ok=True)
    for song in songs(6, 2) if options.quick else songs():
        stems = [{"role": one.role, "bands": one.bands} for one in song.stems]
        if song.split == "test":
            keep(options.folder, sum(one["split"] == "test" for one in written), song, HEARD_S)
        written.append({"name": song.name, "split": song.split, "stems": stems})
        print(song.split, song.name, ", ".join(one.role for one in song.stems))
    text = json.dumps(ORIGIN | {"pieces": written})
    (options.folder / FILE_NAME).write_text(text)


if __name__ == "__main__":
    main()
