"""Finished files: one constant trim found by exact measurement, then FLAC, MP3, M4A and Opus.

What streamed is the master before its trim; a file is the same samples times one constant. Knows
sound and paths, not rows. Invariant: no file it hands over passes -1.0 dBTP, and it says so when
the loudness is not where the recipe put it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generation.engine import codecs
from generation.engine.kernels import Audio
from generation.engine.lossy import CODERS, write_lossy
from generation.engine.loudness import Meter, measured
from generation.recipe import PIECE_SAMPLES

PEAK_DBTP = -1.0
TRIM_DB = 0.5
NEAR_LU = 0.3
LOSSY_LU = 0.5
ENCODES = 6
_SAFE_DB = 0.02
_MARGIN_DB = 0.1

Pieces = Callable[[], Iterable[Audio]]
Pause = Callable[[], None]


def no_pause() -> None:
    """Goes on at once."""


@dataclass(frozen=True, slots=True)
class File:
    """One finished file.

    `lowered_db` is what a lossy file was turned down beside the trim; below zero, turned up.
    """

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
    encodes: int = ENCODES,
) -> Finished:
    """Writes `<folder>/<name>.<format>` and measures each file as decoded.

    `pieces` gives the streamed sound from its beginning each time it is called, float32 [2, n].
    Formats: "flac" (24-bit), "mp3", "m4a" (AAC) and "opus"; "flac" is the master and always among
    them. A lossy one that cannot be brought under the peak within `encodes` attempts is left out of
    `files`. `pause` is called again and again, at most some 2 s of sound apart. Raises ValueError
    for other formats.
    """
    if "flac" not in formats or not {"flac", *CODERS}.issuperset(formats):
        raise ValueError(f"These formats are not made here: {', '.join(formats)}.")
    trim_db, correction = choose_trim(measured(_paced(pieces(), pause)), reached_lufs)
    trimmed = Meter()
    path = folder / f"{name}.flac"
    heard = _read_by(trimmed, _scaled(_paced(pieces(), pause), trim_db))
    frames = codecs.write_flac(path, heard, tags)
    level, peak = trimmed.integrated_lufs(), trimmed.true_peak_dbtp()
    files = [File("flac", path, frames, level, peak)]
    for kind in sorted(set(formats) - {"flac"}):

        def encode_at(lowered_db: float, kind: str = kind) -> File:
            path = folder / f"{name}.{kind}"
            sound = _scaled(_paced(pieces(), pause), trim_db - lowered_db)
            return _write_lossy(kind, path, sound, tags, pause, lowered_db)

        settled = settle(encode_at, level, encodes)
        files += [settled] if settled is not None else []
    return Finished(trim_db, level, peak, trimmed.range_lu(), correction, tuple(files))


def _write_lossy(
    kind: str, path: Path, sound: Iterable[Audio], tags: codecs.Tags, pause: Pause, lowered: float
) -> File:
    """One encode, read back and measured as a player decodes it."""
    frames = write_lossy(kind, path, sound, tags)
    meter = measured(_paced(codecs.read_chunks(path), pause))
    return File(kind, path, frames, meter.integrated_lufs(), meter.true_peak_dbtp(), lowered)


def settle(
    encode_at: Callable[[float], File], level_lufs: float | None, encodes: int = ENCODES
) -> File | None:
    """The file at a level where it keeps its peak, and its loudness where the peak has room.

    Over the peak it is lowered by the overshoot + 0.1 dB, which once is nearly always enough; a
    coder may answer a lower level with another peak, so the margin doubles each time. A coder that
    takes loudness away (it drops the highest treble) is met half an LU at most from `level_lufs`,
    by one turn up as far as the peak allows. None: still over the peak after `encodes` attempts.
    """
    lowered, margin, kept = 0.0, _MARGIN_DB, None
    for left in reversed(range(encodes)):
        file = encode_at(lowered)
        over = _above(file)
        if over > 0.0:
            if kept is not None:
                return encode_at(kept.lowered_db)
            lowered, margin = round(lowered + over + margin, 2), margin * 2.0
            continue
        lift = _lift(file, level_lufs, -over)
        if lift == 0.0 or left < 2 or lowered != 0.0:
            return file
        kept, lowered = file, round(lowered - lift, 2)
    return None


def _above(file: File) -> float:
    """dB over the permitted peak; not above zero when the file keeps it."""
    peak = file.true_peak_dbtp
    return -math.inf if peak is None else peak - PEAK_DBTP


def _lift(file: File, level_lufs: float | None, room_db: float) -> float:
    """dB by which the file is to be turned up: none when it is near enough or has no room."""
    if level_lufs is None or file.integrated_lufs is None:
        return 0.0
    missing = level_lufs - file.integrated_lufs
    if missing <= LOSSY_LU - _MARGIN_DB:
        return 0.0
    return max(0.0, min(missing, room_db - _MARGIN_DB))


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
