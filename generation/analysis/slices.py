"""The sounds in a stem that can be played again as notes: where, how high, how loud, how bright.

A slice runs from an attack to the next, or to where it has died away. It refuses to know who will
play it and what a stem is for. Invariant: at most MOST slices, so that every pitch and every kind
of hit keeps its best; a pitch that is not sure is None.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import fft

from generation.analysis.loops import loop_of
from generation.analysis.periods import FRAME, periods_of
from generation.analysis.spectrum import k_power
from generation.analysis.values import Slice

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = 48_000
MOST = 192
SHORTEST = 2_400
LONGEST = 4 * RATE_HZ
SURE = 0.8
# A slice ends so long before the next attack, and when it is so far below its peak.
_BEFORE = 240
_FLOOR_DB = 45.0
_BLOCK = 480
_CANDIDATES = 3 * MOST // 2
# The pitch is looked for after the attack; frames of one slice agree within so many semitones.
_SKIP = 1_440
_AGREED = 0.3
_FRAMES = 8
_LOUD = 19_200
_SHAPE = 4_096
_KICK_HZ, _BODY_HZ, _AIR_HZ = 150.0, 1_000.0, 5_000.0
_STRUCK_DB = 6.0
# A low sound with so sure a pitch is a bass; a hit of noise has so even a spectrum at least.
_TONE = 0.9
_EVEN = 0.03


@dataclass(frozen=True, slots=True)
class _Shape:
    """Loudness in LUFS, centroid in Hz, the parts of the power that are low, body and air, and how
    even its spectrum is, 0 for a tone to 1 for white noise."""

    loudness: float
    centroid_hz: float
    low: float
    body: float
    air: float
    even: float


def slices_of(audio: F32, onsets: I64, rises: F64) -> tuple[Slice, ...]:
    """The slices of `audio`, float32 [2, n] at 48 kHz, that begin at `onsets` with their `rises`.

    In the order of time. Pitch to a hundredth of a semitone, loudness and rise to a tenth of a dB,
    centroid to a Hertz.
    """
    mid = np.ascontiguousarray(audio.mean(axis=0), np.float32)
    levels = _levels(audio)
    places = _places(onsets, levels, audio.shape[1])
    found = [
        _measured(audio, mid, start, end, float(rises[number])) for number, start, end in places
    ]
    best = _best([one for one in found if one is not None])
    return tuple(_with_loop(mid, one) for one in sorted(best, key=lambda one: one.start))


def _levels(audio: F32) -> F64:
    """Mean squares of both sides, added, per block of 10 ms."""
    blocks = max(1, audio.shape[1] // _BLOCK)
    kept = audio[:, : blocks * _BLOCK].astype(np.float32)
    squares = np.einsum("ij,ij->j", kept, kept, dtype=np.float64)
    whole = squares[: len(squares) // _BLOCK * _BLOCK]
    return np.asarray(whole.reshape(-1, _BLOCK).mean(axis=1)) if whole.size else squares[:1]


def _places(onsets: I64, levels: F64, length: int) -> list[tuple[int, int, int]]:
    """(number of the onset, first and last sample) of the longest and loudest candidates."""
    found: list[tuple[float, int, int, int]] = []
    for number, onset in enumerate(onsets):
        start = int(onset)
        after = int(onsets[number + 1]) - _BEFORE if number + 1 < len(onsets) else length
        first, last = start // _BLOCK, min(len(levels), -(-min(after, start + LONGEST) // _BLOCK))
        heard = levels[first:last]
        if not heard.size or heard.max() <= 1e-9:
            continue
        peak = float(heard.max())
        sounding = np.flatnonzero(heard > peak * 10.0 ** (-_FLOOR_DB / 10.0))
        end = min(after, start + LONGEST, (first + int(sounding[-1]) + 1) * _BLOCK)
        if end - start >= SHORTEST:
            worth = 10.0 * np.log10(peak) + 6.0 * np.log2(min(end - start, RATE_HZ) / SHORTEST)
            found.append((worth, number, start, end))
    found.sort(key=lambda one: (-one[0], one[1]))
    return [one[1:] for one in found[:_CANDIDATES]]


def _measured(audio: F32, mid: F32, start: int, end: int, rise_db: float) -> Slice | None:
    shape = _shape(audio[:, start : min(end, start + _LOUD)], mid[start : start + _SHAPE])
    if shape is None:
        return None
    pitch, sure, end = _pitch(mid, start, end)
    return Slice(
        start=start,
        end=end,
        midi=pitch,
        sure=sure,
        loudness=shape.loudness,
        rise_db=round(rise_db, 1),
        centroid_hz=shape.centroid_hz,
        voice=_voice(shape, rise_db, sure),
        loop=None,
    )


def _with_loop(mid: F32, one: Slice) -> Slice:
    if one.midi is None:
        return one
    period = float(RATE_HZ / (440.0 * 2.0 ** ((one.midi - 69.0) / 12.0)))
    return replace(one, loop=loop_of(mid, one.start, one.end, period))


def _shape(sound: F32, head: F32) -> _Shape | None:
    """What a slice is like; None for near silence. `head`: its first 85 ms, both sides as one."""
    spectrum = fft.rfft(head, _SHAPE)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float64)
    hertz = np.arange(len(power)) * RATE_HZ / _SHAPE
    whole, squares = float(power.sum()), float((sound.astype(np.float64) ** 2).mean(axis=1).sum())
    if whole <= 1e-9 or squares <= 1e-9:
        return None
    weighted = squares * float(power @ k_power(hertz)) / whole
    return _Shape(
        loudness=round(-0.691 + 10.0 * float(np.log10(max(weighted, 1e-12))), 1),
        centroid_hz=float(round(float(power @ hertz) / whole)),
        low=float(power[hertz < _KICK_HZ].sum()) / whole,
        body=float(power[(hertz >= _KICK_HZ) & (hertz < _BODY_HZ)].sum()) / whole,
        air=float(power[hertz > _AIR_HZ].sum()) / whole,
        even=_evenness(power[(hertz > _KICK_HZ) & (hertz < 2.0 * _AIR_HZ)]),
    )


def _evenness(power: F64) -> float:
    """The geometric mean of a spectrum over its arithmetic mean."""
    mean = float(power.mean())
    logs = np.log(np.maximum(power, 1e-9 * mean + 1e-20))
    return float(np.exp(float(logs.mean()))) / (mean + 1e-20)


def _voice(shape: _Shape, rise_db: float, sure: float) -> str:
    """Which part of a drum kit a hit is like: by how low and how airy it begins; "" for tones."""
    if rise_db < _STRUCK_DB:
        return ""
    if shape.low >= 0.5:
        return "kick" if sure < _TONE else ""
    if shape.even < _EVEN:
        return ""
    return "hat" if shape.air >= 0.5 and shape.body < 0.01 else "snare"


def _pitch(mid: F32, start: int, end: int) -> tuple[float | None, float, int]:
    """(pitch or None, how sure, the end: before the pitch changes without an attack)."""
    first = start + _SKIP
    size = min(FRAME, end - first)
    if size < SHORTEST:
        return None, 0.0, end
    starts = np.unique(np.linspace(first, end - size, _frame_count(end - first, size)).astype(int))
    hertz, clarity = periods_of(np.stack([mid[at : at + size] for at in starts]))
    if not hertz[0]:
        return None, 0.0, end
    midi = 69.0 + 12.0 * np.log2(np.maximum(hertz, 1e-3) / 440.0)
    # Far below the loudest frame a sound is its own echo.
    power = np.asarray([float((mid[at : at + size] ** 2).sum()) for at in starts])
    faint = power < 1e-3 * power.max()
    away = np.flatnonzero(~faint & (np.abs(midi - midi[0]) > _AGREED))
    agreed = int(away[0]) if away.size else len(starts)
    if away.size:
        # One frame alone that agrees with itself is a glide.
        if agreed == 1:
            return None, 0.0, end
        end = int(starts[agreed - 1]) + size
    kept = ~faint & (np.arange(len(starts)) < agreed)
    weight = power[kept] * clarity[kept]
    sure = round(float((power[kept] @ clarity[kept]) / power[kept].sum()), 3)
    if sure < SURE or weight.sum() <= 0.0:
        return None, sure, end
    return round(float(weight @ midi[kept] / weight.sum()), 2), sure, end


def _frame_count(room: int, size: int) -> int:
    return max(1, min(_FRAMES, 1 + 2 * (room - size) // size))


def _best(found: list[Slice]) -> list[Slice]:
    """At most MOST: the best of every pitch and every kind of hit, then the second best, and so on.

    A sure, long and loud slice is better.
    """
    kinds: dict[str, list[Slice]] = {}
    for one in found:
        kind = one.voice or ("" if one.midi is None else f"{round(one.midi)}")
        kinds.setdefault(kind, []).append(one)
    kinds.pop("", None)
    ranked: list[tuple[int, float, Slice]] = []
    for slices in kinds.values():
        slices.sort(key=lambda one: (-_worth(one), one.start))
        ranked += [(place, -_worth(one), one) for place, one in enumerate(slices)]
    ranked.sort(key=lambda one: (one[0], one[1], one[2].start))
    return [one for _, _, one in ranked[:MOST]]


def _worth(one: Slice) -> float:
    seconds = min(2.0, (one.end - one.start) / RATE_HZ)
    return 4.0 * one.sure + seconds + one.loudness / 12.0
