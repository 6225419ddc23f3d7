"""Finished files: one constant trim found by exact measurement, then FLAC and MP3.

What streamed is the master before its trim; a file is the same samples times one constant. Knows
sound and paths, not rows. Invariant: no file it hands over passes -1.0 dBTP, and it says so when
the loudness is not where the recipe put it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generation.engine import codecs
from generation.engine.kernels import Audio
from generation.engine.loudness import Meter, measured
from generation.recipe import PIECE_SAMPLES

PEAK_DBTP = -1.0
TRIM_DB = 0.5
NEAR_LU = 0.3
ENCODES = 4
_SAFE_DB = 0.02

Pieces = Callable[[], Iterable[Audio]]
Pause = Callable[[], None]


def no_pause() -> None:
    """Goes on at once."""


@dataclass(frozen=True, slots=True)
class File:
    """One finished file; `lowered_db` is what a lossy file was turned down beside the trim."""

    format: str
    path: Path
    frames: int
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    lowered_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """The files and the master's figures (after the trim).

    `gain_correction_db` is 0, or what the recipe's gain_db lacks when the trim could not bring the
    loudness within NEAR_LU of the plan: then render once more before sealing.
    """

    trim_db: float
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    loudness_range_lu: float
    gain_correction_db: float
    files: tuple[File, ...]


def choose_trim(meter: Meter, reached_lufs: float) -> tuple[float, float]:
    """(trim_db, gain_correction_db) for a piece that `meter` has read; trims are whole 0.01 dB."""
    loudness, peak = meter.integrated_lufs(), meter.true_peak_dbtp()
    if loudness is None or peak is None:
        return 0.0, 0.0
    wanted = reached_lufs - loudness
    trim = max(-TRIM_DB, min(TRIM_DB, wanted, PEAK_DBTP - _SAFE_DB - peak))
    trim = float(np.floor(trim * 100.0) / 100.0) if trim < wanted else round(trim, 2)
    trim = max(-TRIM_DB, trim)
    if peak + trim > PEAK_DBTP:
        return trim, round(PEAK_DBTP - _SAFE_DB - peak - trim, 2)
    missing = wanted - trim
    return trim, (round(missing, 2) if abs(missing) > NEAR_LU else 0.0)


def finish(
    pieces: Pieces,
    *,
    reached_lufs: float,
    folder: Path,
    name: str,
    tags: codecs.Tags,
    formats: Sequence[str] = ("flac", "mp3"),
    pause: Pause = no_pause,
) -> Finished:
    """Writes `<folder>/<name>.<format>` and measures each file as decoded.

    `pieces` gives the streamed sound from its beginning each time it is called, float32 [2, n].
    Formats: "flac" (24-bit) and "mp3"; "flac" is the master and always among them. `pause` is
    called again and again, at most some 2 s of sound apart. Raises ValueError for other formats.
    """
    if "flac" not in formats or not {"flac", "mp3"}.issuperset(formats):
        raise ValueError(f"These formats are not made here: {', '.join(formats)}.")
    trim_db, correction = choose_trim(measured(_paced(pieces(), pause)), reached_lufs)
    trimmed = Meter()
    files: list[File] = []
    for kind in sorted(formats):
        path = folder / f"{name}.{kind}"
        if kind == "mp3":
            files.append(_write_mp3(pieces, trim_db, path, tags, pause))
            continue
        heard = _read_by(trimmed, _scaled(_paced(pieces(), pause), trim_db))
        frames = codecs.write_flac(path, heard, tags)
        level, peak = trimmed.integrated_lufs(), trimmed.true_peak_dbtp()
        files.append(File(kind, path, frames, level, peak))
    return Finished(
        trim_db,
        trimmed.integrated_lufs(),
        trimmed.true_peak_dbtp(),
        trimmed.range_lu(),
        correction,
        tuple(files),
    )


def _write_mp3(pieces: Pieces, trim_db: float, path: Path, tags: codecs.Tags, pause: Pause) -> File:
    """One file; when it passes the peak it is lowered by the overshoot + 0.1 dB.

    Once is nearly always enough; a coder may answer a lower level with another peak.
    """
    lowered = 0.0
    for _ in range(ENCODES):
        sound = _scaled(_paced(pieces(), pause), trim_db - lowered)
        frames = codecs.write_mp3(path, sound, tags)
        meter = measured(_paced(codecs.read_chunks(path), pause))
        peak = meter.true_peak_dbtp()
        file = File("mp3", path, frames, meter.integrated_lufs(), peak, lowered)
        if peak is None or peak <= PEAK_DBTP:
            break
        lowered = round(lowered + peak - PEAK_DBTP + 0.1, 2)
    return file


def _read_by(meter: Meter, chunks: Iterable[Audio]) -> Iterator[Audio]:
    """The chunks as a 24-bit file gives them back, read by `meter` as they pass."""
    for chunk in chunks:
        kept = codecs.from_int24(codecs.to_int24(chunk))
        meter.add(kept)
        yield kept


def _paced(chunks: Iterable[Audio], pause: Pause) -> Iterator[Audio]:
    """The chunks, with a pause whenever PIECE_SAMPLES have passed."""
    passed = 0
    for chunk in chunks:
        yield chunk
        passed += chunk.shape[1]
        if passed >= PIECE_SAMPLES:
            passed = 0
            pause()


def _scaled(chunks: Iterable[Audio], db: float) -> Iterator[Audio]:
    factor = np.float32(10.0 ** (db / 20.0))
    for chunk in chunks:
        yield chunk * factor
