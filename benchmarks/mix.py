"""The mix net on real sound: how near the engine's own console comes to what was asked of it.

The figures are those of a release (`generation.compose.hearing`), on the same held-out pieces,
which are played anew here. `--songs DIR...` takes folders of stems instead, each a song of people:
what is reached there is told and not gated.

`--checkpoint` takes weights that are not released; `--json` prints for machines, `--check` exits 1
when a figure is missed, `--quick` takes two pieces and sixteen searched settings; `--searched` and
`--targets` take as many as they say.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch

from benchmarks import mix_stems
from benchmarks.figures import Figure, missed, table
from generation.compose.hearing.measuring import Size, decided_ms, figures_of, heard_of
from generation.compose.hearing.songs import Song, Taken
from generation.nets import cards, checkpoints
from generation.nets.mix.asked import THRESHOLDS
from portal.demo.stems import stem_files, take


def songs_of(folders: Sequence[Path]) -> Iterator[Song]:
    """Songs by path: their stems as ingest takes them."""
    for folder in folders:
        taken = take(stem_files(folder), Path(tempfile.mkdtemp(prefix="stems-")))
        stems = tuple(
            Taken(one.label, one.analysis.role, taken.samples[one.digest], asdict(bands))
            for one in taken.song.stems
            if (bands := one.analysis.bands) is not None
        )
        yield Song(folder.name, "test", stems)


def rows_of(figures: Sequence[cards.Figure], group: str, *, is_gated: bool) -> list[Figure]:
    """Figures of a card as rows, their baselines as the note."""
    rows = []
    for one in cards.gated(figures, THRESHOLDS if is_gated else ()):
        beside = ", ".join(f"{key} {value:.3g}" for key, value in (one.baselines or {}).items())
        note = "; ".join(part for part in (beside, one.note) if part)
        rows.append(Figure(group, one.name, one.reached, one.unit, one.reach, one.is_floor, note))
    return rows


def main() -> int:
    """Prints the table or JSON; 1 when --check finds a figure missed."""
    options = _asked()
    torch.set_num_threads(1)
    read = checkpoints.load_draft(options.checkpoint) if options.checkpoint else None
    checkpoint = read or checkpoints.newest("mix")
    size = Size(2, 16, 2) if options.quick else Size()
    size = replace(size, searched=options.searched or size.searched)
    size = replace(size, targets=options.targets or size.targets)
    songs = songs_of(options.songs) if options.songs else mix_stems.held_out(size.pieces)
    found = heard_of(checkpoint, songs, size, lambda line: print(line, file=sys.stderr))
    group = "songs" if options.songs else "held out"
    figures = rows_of(figures_of(found, size.searched), group, is_gated=not options.songs)
    figures.append(Figure("speed", "a section decided", decided_ms(found), "ms"))
    if options.json:
        versions = {"python": platform.python_version(), "torch": torch.__version__}
        print(json.dumps({"versions": versions, "figures": [one.plain() for one in figures]}))
    else:
        print(table(figures))
    fallen = missed(figures)
    if options.check and fallen:
        print("Missed: " + "; ".join(fallen), file=sys.stderr)
        return 1
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--songs", type=Path, nargs="+", help="folders of stems, a song each")
    parser.add_argument(
        "--searched", type=int, help="other settings that are searched, each rendered"
    )
    parser.add_argument("--targets", type=int, help="targets asked of each stretch")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
