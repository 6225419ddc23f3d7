"""Canonical PCM: 48 kHz, stereo, int24, resampled once by soxr; its digest and its two files.

Runs in the decoding child only. Two passes over a float32 file in the child's own folder, so that a
half-hour stem fits in little memory. Invariant: the digest is SHA-256 over the interleaved
little-endian 24-bit samples, and archive and planar form hold exactly these samples.
"""

import hashlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from generation.ingest.headers import Damaged
from generation.ingest.reading import Samples, Sound

RATE_HZ = 48_000
FULL_SCALE = 8_388_608
_BLOCK = 1 << 17
_SILENT = 1.0 / FULL_SCALE


def write(sound: Sound, original_bytes: int) -> dict[str, Any]:
    """Decodes `sound`, writes `archive.flac` and `planar.npy` here; returns the answer."""
    raw_path = Path("raw.f32")
    peak = 0.0
    with raw_path.open("wb") as raw:
        for block in _resampled(sound):
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            raw.write(_stereo(block).astype("<f4").tobytes())
    frames = raw_path.stat().st_size // 8
    if frames == 0:
        raise Damaged("empty", "The file holds no sound.")
    gain_db = gain_for(peak)
    digest = _write_files(raw_path, frames, 10.0 ** (gain_db / 20.0))
    raw_path.unlink()
    return {
        "digest": digest,
        "frames": frames,
        "ingest_gain_db": gain_db,
        "notes": _notes(sound, peak, gain_db),
        "codec": sound.codec,
        "rate_hz": sound.rate_hz,
        "channels": sound.channels,
        "original_sha256": _original_sha256(),
    }


def gain_for(peak: float) -> float:
    """The gain in dB (hundredths, never above 0) that brings `peak` to full scale or under."""
    return 0.0 if peak <= 1.0 else -math.ceil(2000.0 * math.log10(peak)) / 100.0


def _resampled(sound: Sound) -> Iterator[Samples]:
    if sound.rate_hz == RATE_HZ:
        yield from sound.blocks()
        return
    stream = soxr.ResampleStream(sound.rate_hz, RATE_HZ, sound.channels, "float64", "VHQ")
    for block in sound.blocks():
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, sound.channels)), last=True)


def _stereo(block: Samples) -> Samples:
    rows = block.reshape(len(block), -1)
    return np.repeat(rows, 2, axis=1) if rows.shape[1] == 1 else rows


def int24(block: npt.NDArray[np.float32], gain: float) -> npt.NDArray[np.int32]:
    """`block` times `gain` as whole 24-bit steps, ties to even, held inside the range."""
    steps = np.rint(block.astype(np.float64) * (gain * FULL_SCALE))
    return np.clip(steps, -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)


def packed(samples: npt.NDArray[np.int32]) -> bytes:
    """Interleaved int24 little-endian bytes of `samples` [n, 2]."""
    quads = np.ascontiguousarray(samples.astype("<i4")).view(np.uint8).reshape(-1, 4)
    return np.ascontiguousarray(quads[:, :3]).tobytes()


def _write_files(raw_path: Path, frames: int, gain: float) -> str:
    raw = np.memmap(raw_path, dtype="<f4", mode="r", shape=(frames, 2))
    planar = np.lib.format.open_memmap("planar.npy", mode="w+", dtype="<f4", shape=(2, frames))
    digest = hashlib.sha256()
    with soundfile.SoundFile("archive.flac", "w", RATE_HZ, 2, "PCM_24", format="FLAC") as archive:
        for start in range(0, frames, _BLOCK):
            samples = int24(raw[start : start + _BLOCK], gain)
            digest.update(packed(samples))
            archive.write(samples << 8)
            planar[:, start : start + len(samples)] = samples.T / np.float32(FULL_SCALE)
    planar.flush()
    return digest.hexdigest()


def _notes(sound: Sound, peak: float, gain_db: float) -> list[str]:
    notes = list(sound.notes)
    if peak < _SILENT:
        notes.append("The stem is silent from beginning to end.")
    if gain_db < 0.0:
        notes.append(f"The sound went above full scale and was turned down by {-gain_db:.2f} dB.")
    if sound.clipped > max(8, sound.frames // 20_000):
        notes.append("The sound is clipped: many samples stand at full scale.")
    if sound.declared.padding:
        notes.append("Silence added by the encoder was removed, as the file asks.")
    if sound.rate_hz != RATE_HZ:
        notes.append(f"The sound was resampled from {sound.rate_hz} Hz to {RATE_HZ} Hz.")
    if sound.channels == 1:
        notes.append("The mono sound was laid on both sides.")
    return notes


def _original_sha256() -> str:
    sys.stdin.buffer.seek(0)
    found = hashlib.sha256()
    while block := sys.stdin.buffer.read(1 << 20):
        found.update(block)
    return found.hexdigest()
