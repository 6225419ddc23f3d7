"""How often tempo, beats, bars and key are heard right: on our own pieces, or on a truth file.

    python -m benchmarks.analysis [--truth PATH] [--held-out] [--quick] [--peers] [--json] [--check]

Without PATH: pieces of benchmarks/pieces.py, whose grids are exact, and sounds that are none;
--held-out takes those that nothing was tuned on. --peers runs librosa beside, in .venv-peers.
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

from benchmarks import one_thread  # isort: skip

import numpy as np
import numpy.typing as npt

from benchmarks import analysis_peers, peers_env, pieces
from generation.analysis.measure import measure_recording, measure_stem
from generation.ingest.decode import Checked, decode

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
RATE_HZ = 48_000
NEAR = 0.07 * RATE_HZ
QUICK_PIECES, ALL_PIECES, HELD_OUT_PIECES = 20, 70, 40


@dataclass(frozen=True, slots=True)
class Item:
    """Sound with its truth, None where that is silent. `beats`: the grid as written, in samples;
    `levels`: that grid, and the same at the other accepted tempi."""

    name: str
    kind: str
    stems: Sequence[F32]
    labels: Sequence[str]
    is_music: bool = True
    accepted: Sequence[float] | None = None
    keys: frozenset[str] | None = None
    beats: F64 | None = None
    levels: Sequence[F64] = ()
    downbeats: F64 | None = None

    def mixed(self) -> F32:
        """The plain sum of the stems, [2, n]."""
        out = np.zeros((2, max(one.shape[1] for one in self.stems)), np.float32)
        for one in self.stems:
            out[:, : one.shape[1]] += one
        return out


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in one item against its truth; None where the truth is silent. `key_right`: of
    the key that is relied on; `key_named_right`: of the one that is named, sure or not."""

    name: str
    kind: str
    tempo_bpm: float | None
    tempo_right: bool | None
    key: str | None
    key_right: bool | None
    key_named_right: bool | None
    beat_f: float | None
    beat_level_f: float | None
    downbeat_f: float | None
    is_quiet: bool | None
    seconds: float
    cpu_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 1 when --check was given and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.peers:
        peers_env.enter()
    one_thread.pin()
    items = from_truth(asked.truth) if asked.truth else from_pieces(asked.held_out, asked.quick)
    heard, peer, pairs = [], [], []
    for item in items:
        heard.append(measured(item))
        _say(asked.json, _line(heard[-1]))
        if asked.peers and analysis_peers.is_there():
            peer.append(by_peer(item))
            pairs.append(analysis_peers.paired(item.mixed(), rounds=5 if asked.truth else 3))
            _say(asked.json, _line(peer[-1], "  librosa"))
    figures = of_truth(heard) if asked.truth else of_pieces(heard)
    if asked.peers:
        figures |= analysis_peers.ratios(pairs)
    beside = (of_truth(peer) if asked.truth else of_pieces(peer)) if peer else {}
    _report(asked.json, figures, beside, [*heard, *peer])
    missed = [name for name, one in figures.items() if is_missed(one)]
    if asked.check and missed:
        print("missed: " + ", ".join(missed), file=sys.stderr)
    return 1 if asked.check and missed else 0


def from_pieces(held_out: bool, quick: bool) -> Iterator[Item]:
    """Our own pieces, then what is no music."""
    many = HELD_OUT_PIECES if held_out else ALL_PIECES
    chosen = pieces.held_out if held_out else pieces.pieces
    for piece in chosen(QUICK_PIECES if quick else many):
        yield Item(
            name=piece.name,
            kind=piece.kind,
            stems=[np.stack([line, line]) for line in piece.stems.values()],
            labels=[""] * len(piece.stems),
            accepted=piece.accepted,
            keys=frozenset([piece.key]),
            beats=piece.beats,
            levels=levels(piece.beats, [one / piece.tempo_bpm for one in piece.accepted]),
            downbeats=piece.downbeats,
        )
    for name, line in pieces.strangers():
        yield Item(name, "no music", [np.stack([line, line])], [""], is_music=False)


def from_truth(path: Path) -> Iterator[Item]:
    """The items of a truth file, decoded as uploads are; only gated truths are counted."""
    truth = json.loads(path.read_text())
    with tempfile.TemporaryDirectory() as room:
        for item in [*truth["songs"], *truth["singles"]]:
            files = [stem["file"] for stem in item.get("stems", [item])]
            stems = [_decoded(path.parent / file, Path(room)) for file in files]
            yield _truth_item(item, stems, [Path(file).name for file in files])


def _truth_item(item: dict[str, Any], stems: Sequence[F32], labels: Sequence[str]) -> Item:
    if item.get("kind") == "not-music":
        return Item(item["id"], "no music", stems, labels, is_music=False)
    tempo, key, grid = item.get("tempo") or {}, item.get("key") or {}, item.get("beats_grid")
    names = key.get("accept") or [[key.get("tonic"), key.get("mode")]]
    beats, others = None, [1.0]
    if grid is not None:
        beats = np.arange(grid["first"], grid["until"], grid["period"]) * RATE_HZ
        others = [bpm * grid["period"] / 60.0 for bpm in tempo["accept"]]
    return Item(
        name=item["id"],
        kind=item.get("kind", "song"),
        stems=stems,
        labels=labels,
        accepted=tempo["accept"] if tempo.get("gate") else None,
        keys=frozenset(" ".join(map(str, name)) for name in names) if key.get("gate") else None,
        beats=beats,
        levels=() if beats is None else levels(beats, others),
    )


def levels(beats: F64, ratios: Iterable[float]) -> list[F64]:
    """The grid itself, and the grids through its first beat whose tempo is each ratio of its."""
    number = np.arange(beats.size)
    every = [np.arange(0.0, beats.size - 1e-6, 1.0 / ratio) for ratio in (1.0, *ratios)]
    return [np.interp(places, number, beats) for places in every]


def _decoded(path: Path, room: Path) -> F32:
    found = decode(path, room, name=path.name)
    if not isinstance(found, Checked):
        raise SystemExit(f"{path}: {found.sentence}")
    sound: F32 = np.load(found.planar)
    found.planar.unlink()
    found.archive.unlink()
    return sound


def measured(item: Item) -> Heard:
    """What the product hears, stems and recording measured as its worker does."""
    start = time.process_time()
    named = zip(item.stems, item.labels, strict=True)
    analyses = [measure_stem(sound, name) for sound, name in named]
    found = measure_recording(item.stems, analyses)
    cpu_s = time.process_time() - start
    keys = (found.key, found.likely_key)
    return judged(item, found.tempo_bpm, keys, found.beats, found.downbeats, cpu_s)


def by_peer(item: Item) -> Heard:
    """What librosa hears in the mix."""
    start = time.process_time()
    bpm, key, beats = analysis_peers.heard_in(item.mixed())
    return judged(item, bpm, (key, key), beats, (), time.process_time() - start)


def judged(
    item: Item,
    bpm: float | None,
    keys: tuple[str | None, str | None],
    beats: Sequence[int],
    downbeats: Sequence[int],
    cpu_s: float,
) -> Heard:
    """What was heard in `item` against its truth; `keys`: the one relied on, the one named."""
    key, named = keys
    scores = [f_measure(beats, grid) for grid in item.levels]
    return Heard(
        name=item.name,
        kind=item.kind,
        tempo_bpm=bpm,
        tempo_right=None if item.accepted is None else is_near(bpm, item.accepted),
        key=key,
        key_right=None if item.keys is None else key in item.keys,
        key_named_right=None if item.keys is None else named in item.keys,
        beat_f=None if item.beats is None else f_measure(beats, item.beats),
        beat_level_f=max(scores) if scores else None,
        downbeat_f=None if item.downbeats is None else f_measure(downbeats, item.downbeats),
        is_quiet=None if item.is_music else bpm is None and key is None,
        seconds=max(one.shape[1] for one in item.stems) / RATE_HZ,
        cpu_s=cpu_s,
    )


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


def of_pieces(heard: Sequence[Heard]) -> dict[str, dict[str, Any]]:
    """The figures of our own set."""
    return {
        "tempo": _figure([one.tempo_right for one in heard], 0.95),
        "key": _figure([one.key_right for one in heard], 0.95),
        "beat F": _figure([one.beat_f for one in heard], 0.9),
        "beat F at the nearest accepted tempo": _figure([one.beat_level_f for one in heard]),
        "downbeat F": _figure([one.downbeat_f for one in heard], 0.8),
        "no music left alone": _figure([one.is_quiet for one in heard], 1.0),
    }


def of_truth(heard: Sequence[Heard]) -> dict[str, dict[str, Any]]:
    """The figures of a truth file: counts of its gated items."""
    return {
        "gated tempi": _count([one.tempo_right for one in heard], 6),
        "gated keys named": _count([one.key_named_right for one in heard], 6),
        "gated keys relied on": _count([one.key_right for one in heard]),
        "beat F at the nearest accepted tempo": _figure([one.beat_level_f for one in heard], 0.75),
        "beat F as written": _figure([one.beat_f for one in heard]),
        "no music left alone": _figure([one.is_quiet for one in heard], 1.0),
    }


def is_missed(figure: dict[str, Any]) -> bool:
    """True below the figure to reach; never where there is none, or nothing was measured."""
    wanted, reached = figure["wanted"], figure["reached"]
    return wanted is not None and reached is not None and reached < wanted


def _figure(values: Sequence[float | None], wanted: float | None = None) -> dict[str, Any]:
    told = [float(value) for value in values if value is not None]
    mean = sum(told) / len(told) if told else 0.0
    return {"reached": round(mean, 3), "wanted": wanted, "of": len(told)}


def _count(values: Sequence[bool | None], wanted: int | None = None) -> dict[str, Any]:
    told = [value for value in values if value is not None]
    return {"reached": sum(told), "wanted": wanted, "of": len(told)}


def _say(is_json: bool, line: str) -> None:
    if not is_json:
        print(line, flush=True)


def _report(
    is_json: bool,
    figures: dict[str, dict[str, Any]],
    beside: dict[str, dict[str, Any]],
    items: Sequence[Heard],
) -> None:
    if is_json:
        told = {"figures": figures, "librosa": beside, "items": [asdict(one) for one in items]}
        print(json.dumps(told, indent=1))
        return
    for name, one in figures.items():
        reached = "not measured" if one["reached"] is None else one["reached"]
        wanted = "" if one["wanted"] is None else f", at least {one['wanted']}"
        other = f"; librosa {beside[name]['reached']}" if name in beside else ""
        print(f"{name}: {reached} (of {one['of']}{wanted}){other}")


def _line(one: Heard, name: str = "") -> str:
    def mark(right: bool | None) -> str:
        return " " if right is None else "+" if right else "-"

    bpm = "   none" if one.tempo_bpm is None else f"{one.tempo_bpm:7.2f}"
    beat = "" if one.beat_f is None else f"beats {one.beat_f:.2f}"
    bars = "" if one.downbeat_f is None else f"bars {one.downbeat_f:.2f}"
    speed = one.seconds / max(one.cpu_s, 1e-9)
    return (
        f"{name or one.name:26} {bpm} {mark(one.tempo_right)}  {one.key or 'none':7}"
        f" {mark(one.key_right)}  {beat:11} {bars:10} {speed:6.0f} x real time"
    )


if __name__ == "__main__":
    sys.exit(main())
