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
from generation.engine.overshoots import Cuts, Finder, added, softened
from generation.recipe import PIECE_SAMPLES

PEAK_DBTP = -1.0
TRIM_DB = 0.5
NEAR_LU = 0.1
LOSSY_LU = 0.5
EVEN_DB = 0.3
LIFT_DB = 1.0
ENCODES = 8
_SAFE_DB = 0.02
_MARGIN_DB = 0.1
_LAST = 3

Pieces = Callable[[], Iterable[Audio]]
Pause = Callable[[], None]


def no_pause() -> None:
    """Goes on at once."""


@dataclass(frozen=True, slots=True)
class File:
    """One finished file.

    `lowered_db` is what all of a lossy file was turned down beside the trim; below zero, turned up.
    Places where its coder passed the peak may be lower still.
    """

    format: str
    path: Path
    frames: int
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    lowered_db: float = 0.0


# A file, and where it passes the peak.
Encoded = tuple[File, Cuts]


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
    heard = _read_by(trimmed, scaled(_paced(pieces(), pause), trim_db))
    frames = codecs.write_flac(path, heard, tags)
    level, peak = trimmed.integrated_lufs(), trimmed.true_peak_dbtp()
    files = [File("flac", path, frames, level, peak)]
    for kind in sorted(set(formats) - {"flac"}):

        def encode_at(lowered_db: float, cuts: Cuts, kind: str = kind) -> Encoded:
            path = folder / f"{name}.{kind}"
            sound = softened(scaled(_paced(pieces(), pause), trim_db - lowered_db), cuts)
            return _write_lossy(kind, path, sound, tags, pause, lowered_db)

        settled = settle(encode_at, level, encodes)
        files += [settled] if settled is not None else []
    return Finished(trim_db, level, peak, trimmed.range_lu(), correction, tuple(files))


def _write_lossy(
    kind: str, path: Path, sound: Iterable[Audio], tags: codecs.Tags, pause: Pause, lowered: float
) -> Encoded:
    """One encode, read back and measured as a player decodes it."""
    frames = write_lossy(kind, path, sound, tags)
    finder = Finder(PEAK_DBTP)
    meter = measured(finder.passing(_paced(codecs.read_chunks(path), pause)))
    level, peak = meter.integrated_lufs(), meter.true_peak_dbtp()
    return File(kind, path, frames, level, peak, lowered), finder.over


def settle(
    encode_at: Callable[[float, Cuts], Encoded], level_lufs: float | None, encodes: int = ENCODES
) -> File | None:
    """The file at a level where it keeps its peak, and its loudness within half an LU if it can.

    A little over the peak, all of it is lowered by the overshoot + 0.1 dB, which once is nearly
    always enough; a coder may answer a lower level with another peak, so the margin grows. More
    than EVEN_DB would cost the loudness: then only the places over the peak are turned down (and
    all of it after all in the last attempts). A coder that takes loudness away
    (it drops the highest treble) is turned up once. None: still over the peak after `encodes`.
    """
    lowered, margin, even, lifted = 0.0, _MARGIN_DB, _MARGIN_DB, False
    cuts: Cuts = {}
    kept: tuple[float, Cuts] | None = None
    for left in reversed(range(encodes)):
        file, over = encode_at(lowered, cuts)
        above = _above(file)
        if above <= 0.0:
            lift = _lift(file, level_lufs)
            if lifted or lift == 0.0 or left < _LAST or lowered > 0.0:
                return file
            kept, lifted = (lowered, cuts), True
            lowered = round(lowered - lift, 2)
            continue
        if left < _LAST and kept is not None:
            return encode_at(*kept)[0]
        is_little = not cuts and not lifted and lowered + above + even <= EVEN_DB
        if is_little or not over or left < _LAST:
            lowered = round(lowered + above + even, 2)
            even *= 2.0
        else:
            cuts = added(cuts, over, margin)
            margin = min(2.0 * margin, 4.0 * _MARGIN_DB)
    return None


def _above(file: File) -> float:
    """dB over the permitted peak; not above zero when the file keeps it."""
    peak = file.true_peak_dbtp
    return -math.inf if peak is None else peak - PEAK_DBTP


def _lift(file: File, level_lufs: float | None) -> float:
    """dB by which the file is to be turned up; none when it is near enough."""
    if level_lufs is None or file.integrated_lufs is None:
        return 0.0
    missing = level_lufs - file.integrated_lufs
    return 0.0 if missing <= LOSSY_LU - _MARGIN_DB else min(missing, LIFT_DB)


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


def scaled(chunks: Iterable[Audio], db: float) -> Iterator[Audio]:
    """The same samples times one constant: how a file is made of what was streamed."""
    factor = np.float32(10.0 ** (db / 20.0))
    for chunk in chunks:
        yield chunk * factor
