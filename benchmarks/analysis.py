"""How often tempo, beats, bars and key are heard right: on our own pieces, or on a truth file.

    python -m benchmarks.analysis [--truth PATH] [--quick] [--json] [--check]

Without PATH: pieces of benchmarks/pieces.py, whose grids are exact, and sounds that are none.
A tempo is right within 4 % of an accepted one, a beat within 70 ms (Davies et al. 2009).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt

from benchmarks import pieces
from generation.analysis.measure import measure_recording, measure_stem
from generation.analysis.values import RecordingAnalysis
from generation.ingest.decode import Checked, decode

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
NEAR = 0.07 * 48_000
QUICK_PIECES, ALL_PIECES = 20, 70


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in one item against its truth; None where the truth is silent."""

    name: str
    kind: str
    tempo_bpm: float | None
    tempo_right: bool | None
    key: str | None
    key_right: bool | None
    beat_f: float | None
    downbeat_f: float | None
    is_quiet: bool | None
    seconds: float
    cpu_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 1 when --check was given and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args(arguments)
    items = from_truth(asked.truth) if asked.truth else from_pieces(asked.quick)
    heard = []
    for one in items:
        heard.append(one)
        if not asked.json:
            print(_line(one), flush=True)
    figures = of_truth(heard) if asked.truth else of_pieces(heard)
    if asked.json:
        print(json.dumps({"figures": figures, "items": [asdict(one) for one in heard]}, indent=1))
    else:
        for name, figure in figures.items():
            print(f"{name}: {figure['reached']} (at least {figure['wanted']})")
    missed = [name for name, figure in figures.items() if figure["reached"] < figure["wanted"]]
    if asked.check and missed:
        print("missed: " + ", ".join(missed), file=sys.stderr)
    return 1 if asked.check and missed else 0


def from_pieces(quick: bool) -> Iterator[Heard]:
    """Our own pieces, then what is no music."""
    for piece in pieces.pieces(QUICK_PIECES if quick else ALL_PIECES):
        found, cpu_s = measured([np.stack([line, line]) for line in piece.stems.values()])
        yield Heard(
            name=piece.name,
            kind=piece.kind,
            tempo_bpm=found.tempo_bpm,
            tempo_right=is_near(found.tempo_bpm, piece.accepted),
            key=found.key,
            key_right=found.key == piece.key,
            beat_f=f_measure(found.beats, piece.beats),
            downbeat_f=f_measure(found.downbeats, piece.downbeats),
            is_quiet=None,
            seconds=found.length / 48_000,
            cpu_s=cpu_s,
        )
    for name, line in pieces.strangers():
        yield _no_music(name, *measured([np.stack([line, line])]))


def from_truth(path: Path) -> Iterator[Heard]:
    """The items of a truth file, decoded as uploads are; only gated truths are counted."""
    truth = json.loads(path.read_text())
    with tempfile.TemporaryDirectory() as room:
        for item in [*truth["songs"], *truth["singles"]]:
            files = [stem["file"] for stem in item.get("stems", [item])]
            stems = [_decoded(path.parent / file, Path(room)) for file in files]
            found, cpu_s = measured(stems, [Path(file).name for file in files])
            if item.get("kind") == "not-music":
                yield _no_music(item["id"], found, cpu_s)
                continue
            yield _against_truth(item, found, cpu_s)


def _against_truth(item: dict[str, Any], found: RecordingAnalysis, cpu_s: float) -> Heard:
    tempo, key = item.get("tempo") or {}, item.get("key") or {}
    names = key.get("accept") or [[key.get("tonic"), key.get("mode")]]
    grid = item.get("beats_grid")
    beats = None if grid is None else np.arange(grid["first"], grid["until"], grid["period"])
    return Heard(
        name=item["id"],
        kind=item.get("kind", "song"),
        tempo_bpm=found.tempo_bpm,
        tempo_right=is_near(found.tempo_bpm, tempo["accept"]) if tempo.get("gate") else None,
        key=found.key,
        key_right=found.key in {" ".join(map(str, name)) for name in names}
        if key.get("gate")
        else None,
        beat_f=None if beats is None else f_measure(found.beats, beats * 48_000),
        downbeat_f=None,
        is_quiet=None,
        seconds=found.length / 48_000,
        cpu_s=cpu_s,
    )


def _no_music(name: str, found: RecordingAnalysis, cpu_s: float) -> Heard:
    quiet = found.tempo_bpm is None and found.key is None
    return Heard(
        name=name,
        kind="no music",
        tempo_bpm=found.tempo_bpm,
        tempo_right=None,
        key=found.key,
        key_right=None,
        beat_f=None,
        downbeat_f=None,
        is_quiet=quiet,
        seconds=found.length / 48_000,
        cpu_s=cpu_s,
    )


def _decoded(path: Path, room: Path) -> F32:
    found = decode(path, room, name=path.name)
    if not isinstance(found, Checked):
        raise SystemExit(f"{path}: {found.sentence}")
    sound: F32 = np.load(found.planar)
    found.planar.unlink()
    found.archive.unlink()
    return sound


def measured(stems: Sequence[F32], names: Sequence[str] = ()) -> tuple[RecordingAnalysis, float]:
    """(the recording's analysis, CPU seconds that stems and recording took together)."""
    start = time.process_time()
    labels = names or [""] * len(stems)
    analyses = [measure_stem(sound, name) for sound, name in zip(stems, labels, strict=True)]
    found = measure_recording(stems, analyses)
    return found, time.process_time() - start


def is_near(bpm: float | None, accepted: Iterable[float]) -> bool:
    """True within 4 % of one of the accepted tempi."""
    return bpm is not None and any(abs(bpm / one - 1.0) <= 0.04 for one in accepted)


def f_measure(found: Sequence[int], truth: F64) -> float:
    """Harmonic mean of precision and recall, each true beat matched once within 70 ms."""
    places = np.asarray(found, np.float64)
    if not places.size or not truth.size:
        return 0.0
    right, at = 0, 0
    for beat in truth:
        while at < places.size and places[at] < beat - NEAR:
            at += 1
        if at < places.size and places[at] <= beat + NEAR:
            right, at = right + 1, at + 1
    return 2.0 * right / (places.size + truth.size)


def of_pieces(heard: Sequence[Heard]) -> dict[str, dict[str, float]]:
    """The figures of our own set."""
    return {
        "tempo": _figure([one.tempo_right for one in heard], 0.9),
        "key": _figure([one.key_right for one in heard], 0.9),
        "beat F": _figure([one.beat_f for one in heard], 0.9),
        "downbeat F": _figure([one.downbeat_f for one in heard], 0.8),
        "no music left alone": _figure([one.is_quiet for one in heard], 1.0),
    }


def of_truth(heard: Sequence[Heard]) -> dict[str, dict[str, float]]:
    """The figures of a truth file: counts of its gated items."""
    return {
        "gated tempi": _count([one.tempo_right for one in heard], 5),
        "gated keys": _count([one.key_right for one in heard], 5),
        "no music left alone": _figure([one.is_quiet for one in heard], 1.0),
    }


def _figure(values: Sequence[float | None], wanted: float) -> dict[str, float]:
    told = [float(value) for value in values if value is not None]
    mean = sum(told) / len(told) if told else 0.0
    return {"reached": round(mean, 3), "wanted": wanted, "of": len(told)}


def _count(values: Sequence[bool | None], wanted: int) -> dict[str, float]:
    told = [value for value in values if value is not None]
    return {"reached": sum(told), "wanted": wanted, "of": len(told)}


def _line(one: Heard) -> str:
    def mark(right: bool | None) -> str:
        return " " if right is None else "+" if right else "-"

    bpm = "   none" if one.tempo_bpm is None else f"{one.tempo_bpm:7.2f}"
    beat = "" if one.beat_f is None else f"beats {one.beat_f:.2f}"
    bars = "" if one.downbeat_f is None else f"bars {one.downbeat_f:.2f}"
    speed = one.seconds / max(one.cpu_s, 1e-9)
    return (
        f"{one.name:26} {bpm} {mark(one.tempo_right)}  {one.key or 'none':7}"
        f" {mark(one.key_right)}  {beat:11} {bars:10} {speed:6.0f} x real time"
    )


if __name__ == "__main__":
    sys.exit(main())
