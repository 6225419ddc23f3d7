"""Fifty random recipes, composed and finished as the product does it, read by libebur128.

The director answers random asks over the demo's own music: all modes, tempi, keys, targets.
`compose.whole.make` renders and writes the files, again with a corrected gain where a trim cannot
mend it. Knows composer and engine. Invariant: the same number draws the same asks, and every file
is decoded before it is read.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from benchmarks.meters import metered
from generation.compose.values import MODES, Ask, CannotCompose, Song
from generation.compose.whole import make, plan
from generation.engine.codecs import read_chunks, tags_for
from generation.engine.kernels import Audio
from generation.engine.lossy import CODERS
from generation.engine.master import TRIM_DB
from portal.demo.song.write import PIECES, write_stems
from portal.demo.stems import take

COUNT, QUICK_COUNT = 50, 4
SEED = 2_026
PEAK_DBTP, FLAC_LU, LOSSY_LU, STREAM_LU = -1.0, 0.1, 0.5, 1.0
LOSSY = tuple(CODERS)
TAGS = tags_for("A variation", "The demo", "https://stemma.example/r/1", "2026")
_KEYS = ("A min", "C maj", "E min", "G maj", "D min", "F# min", "B♭ maj", None, None, None)


@dataclass(frozen=True, slots=True)
class Read:
    """One finished file: how far from the reached loudness, and its peak; and how far from the
    plan the first render of its recipe was, as streamed."""

    what: str
    format: str
    off_lu: float
    peak_dbtp: float
    missed_lu: float


def figures(count: int = COUNT) -> list[Figure]:
    """The worst of each kind of file: distance from the loudness reached, true peak."""
    with tempfile.TemporaryDirectory() as name:
        read = list(_finished(Path(name), count))
    found = []
    for kind in ("flac", *LOSSY):
        files = [one for one in read if one.format == kind]
        reach = FLAC_LU if kind == "flac" else LOSSY_LU
        found += _of_kind(kind, files, reach)
    return [*found, *_as_streamed([one for one in read if one.format == "flac"])]


def _as_streamed(files: list[Read]) -> list[Figure]:
    """How far what a listener streams is from its plan: a stream is not made again."""
    title = f"{len(files)} random recipes as streamed"
    far = max(files, key=lambda one: abs(one.missed_lu))
    again = sum(abs(one.missed_lu) > TRIM_DB for one in files)
    middle = float(np.median([abs(one.missed_lu) for one in files]))
    return [
        Figure(
            "loudness", f"{title}, worst distance from the plan", abs(far.missed_lu), "LU",
            STREAM_LU, False, f"worst: {far.what}, {far.missed_lu:+.2f} LU; middle {middle:.2f}",
        ),
        Figure(
            "loudness", f"{title}, further than a trim of {TRIM_DB:g} dB mends", float(again), "",
            note="`vary` renders these again; of a stream that was heard the record says it",
        ),
    ]  # fmt: skip


def _of_kind(kind: str, files: list[Read], reach: float) -> list[Figure]:
    group, title = "loudness", f"{len(files)} random recipes as {kind.upper()}"
    far = max(files, key=lambda one: abs(one.off_lu))
    high = max(files, key=lambda one: one.peak_dbtp)
    over = sum(abs(one.off_lu) > reach for one in files)
    return [
        Figure(
            group, f"{title}, worst distance from the loudness reached", abs(far.off_lu), "LU",
            reach, False, f"{over} over; worst: {far.what}, {far.off_lu:+.2f} LU",
        ),
        Figure(
            group, f"{title}, highest true peak", high.peak_dbtp, "dBTP", PEAK_DBTP, False,
            f"{sum(one.peak_dbtp > PEAK_DBTP for one in files)} over; highest: {high.what}",
        ),
    ]  # fmt: skip


def asks(count: int) -> Iterator[Ask]:
    """`count` asks, the modes by turns and the rest drawn by SEED."""
    rng = np.random.default_rng(SEED)
    for number in range(count):
        moods = [round(float(one), 2) for one in rng.uniform(0.0, 1.0, 4)]
        tempo = round(float(rng.uniform(70.0, 160.0)), 1) if rng.random() < 0.6 else None
        target = round(float(rng.uniform(-20.0, -12.0)), 1) if rng.random() < 0.6 else None
        yield Ask(
            MODES[number % len(MODES)], *moods, tempo_bpm=tempo, key=_KEYS[int(rng.integers(10))],
            vocals=bool(rng.random() < 0.7), seconds=float(rng.integers(20, 41)),
            target_lufs=target, seed=number,
        )  # fmt: skip


def _finished(work: Path, count: int) -> Iterator[Read]:
    songs, stems = _taken(work)
    for number, ask in enumerate(asks(count)):
        used = songs if ask.mode == "collaboration" else [songs[number // 2 % len(songs)]]
        what = f"number {number}, {ask.mode}"
        try:
            recipe = plan(ask, used, stems)
        except CannotCompose as refusal:
            raise SystemExit(f"The director refused ask {what}: {refusal}") from refusal
        made = make(recipe, used, stems, work, name="v", tags=TAGS, formats=("flac", *LOSSY))
        for file in made.finished.files:
            lufs, peak = metered(read_chunks(file.path))
            off_lu = lufs - made.recipe.reached_lufs
            yield Read(what, file.format, off_lu, peak, made.missed_lu)


def _taken(work: Path) -> tuple[list[Song], dict[str, Audio]]:
    """The demo's recordings, read and measured as `vary` does it, and their samples by digest."""
    songs, stems = [], {}
    for piece in PIECES:
        found = take(write_stems(work / piece, piece), work)
        songs.append(found.song)
        stems.update(found.samples)
    return songs, stems
