"""What a stem plays, and what stems are together: tempo, beats, bars, key, parts, role.

It refuses to know sound: it judges what `listening` left. Invariant: a guess without confidence is
None; beats and bars are only told with a tempo.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis import chords, keys, meter, parts, pitch, roles, spectrum, tempo
from generation.analysis.curves import percentile
from generation.analysis.listening import Listening, Pulse, pulse_of
from generation.analysis.pyramid import HOP
from generation.analysis.values import Part

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = spectrum.RATE_HZ
# More likely right than wrong; and likely enough that an artist is asked about it.
SURE_KEY, LIKELY_KEY = 0.5, 0.25
_ATTACK_DB = 6.0


@dataclass(frozen=True, slots=True)
class Alone:
    """One stem by itself; confidences 0 to 1. `likely_key`: named, but not to be relied on."""

    role: str
    role_confidence: float
    tempo_bpm: float | None
    tempo_confidence: float
    key: str | None
    key_confidence: float
    likely_key: str


@dataclass(frozen=True, slots=True)
class Together:
    """Stems together; `beats` and `downbeats` in samples, empty without a tempo; `chords`: (sample,
    name) of every change; `likely_key`: named, but not to be relied on."""

    tempo_bpm: float | None
    tempo_confidence: float
    beats: tuple[int, ...]
    downbeats: tuple[int, ...]
    beats_per_bar: int
    key: str | None
    key_confidence: float
    likely_key: str
    parts: tuple[Part, ...]
    chords: tuple[tuple[int, str], ...]


def hear_alone(stem: Listening, active: Sequence[tuple[int, int]], name: str = "") -> Alone:
    """What `stem` plays; `active`: the spans in which it sounds, `name`: its label or file name."""
    role, sure = roles.guess_role(_traits(stem, active), name)
    key = None if role == "drums" else keys.key_of([stem.steady])
    return Alone(
        role=role,
        role_confidence=sure,
        tempo_bpm=stem.pulse.bpm,
        tempo_confidence=stem.pulse.sure,
        key=name_if(key, SURE_KEY) or None,
        key_confidence=0.0 if key is None else key.confidence,
        likely_key=name_if(key, LIKELY_KEY),
    )


def hear_together(stems: Sequence[Listening], stem_roles: Sequence[str]) -> Together:
    """What `stems` are together; drums (`stem_roles`, in the same order) say nothing of the key."""
    tonal = [
        one.steady for one, role in zip(stems, stem_roles, strict=True) if role != "drums"
    ] or [one.steady for one in stems]
    novelty = tempo.combined([one.novelty for one in stems], [one.clarity for one in stems])
    length = max(one.length for one in stems)
    key = keys.key_of(tonal)
    pulse = stems[0].pulse if len(stems) == 1 else _pulse_of(stems, novelty, length)
    places, per_bar, first = _bars(pulse.grid, stems, tonal, novelty)
    bars = places[first::per_bar]
    return Together(
        tempo_bpm=pulse.bpm if places else None,
        tempo_confidence=pulse.sure,
        beats=places,
        downbeats=bars,
        beats_per_bar=per_bar,
        key=name_if(key, SURE_KEY) or None,
        key_confidence=0.0 if key is None else key.confidence,
        likely_key=name_if(key, LIKELY_KEY),
        parts=parts.parts_of(*_bar_features(stems, bars, length)),
        chords=chords.chords_of(tonal, places, bars, length),
    )


def name_if(key: keys.Key | None, least: float) -> str:
    """The key's name where it is at least so likely, else ""."""
    return key.name if key is not None and key.confidence >= least else ""


def _pulse_of(stems: Sequence[Listening], novelty: tempo.Novelty, length: int) -> Pulse:
    onsets = np.concatenate([one.onsets for one in stems])
    rises = np.concatenate([one.rises for one in stems])
    return pulse_of(tempo.pulses(novelty.total), novelty.total, onsets, rises, length)


def _bars(
    grid: F64, stems: Sequence[Listening], tonal: Sequence[pitch.Steady], novelty: tempo.Novelty
) -> tuple[tuple[int, ...], int, int]:
    """(beats in samples, beats per bar, number of the first downbeat)."""
    if not grid.size:
        return (), 4, 0
    whole = pitch.joined(tonal, [1.0] * len(tonal))
    evidence = meter.Evidence(
        low=novelty.low,
        high=novelty.high,
        chroma=whole.chroma,
        bass=whole.bass,
        onsets=[one.onsets for one in stems],
        rises=[one.rises for one in stems],
    )
    per_bar, first = meter.bars_of(grid, evidence)
    return tuple(round(float(place)) for place in grid), per_bar, first


def _traits(stem: Listening, active: Sequence[tuple[int, int]]) -> roles.Traits:
    sounding = sum(end - start for start, end in active) / RATE_HZ
    strong = stem.rises[stem.rises >= _ATTACK_DB]
    return roles.Traits(
        steady=stem.steady.tuned,
        attack_rate=strong.size / sounding if sounding > 0 else 0.0,
        sharp=percentile(strong, 50) if strong.size else 0.0,
        centroid_hz=stem.centroid_hz,
        low_share=stem.low_share,
        held=sounding * RATE_HZ / stem.length,
        wavering=1.0 - stem.steady.tuned,
        voices=_voices(stem.steady.chroma),
    )


def _voices(chroma: F64) -> float:
    """How many pitch classes sound at once, in the mean: the exponential of their entropy."""
    sums = chroma.sum(axis=1)
    if sums.max(initial=0.0) <= 1e-6:
        return 0.0
    loud = chroma[sums > 0.2 * sums.max()]
    part = loud / loud.sum(axis=1, keepdims=True)
    return float(np.exp(-(part * np.log(part + 1e-12)).sum(axis=1)).mean())


def _bar_features(stems: Sequence[Listening], bars: Sequence[int], length: int) -> tuple[F64, F64]:
    """([bars, f] level of each stem and the harmony, [bars] mean power) of whole bars."""
    if len(bars) < 2:
        return np.zeros((0, 1)), np.zeros(0)
    edges = np.asarray(bars, np.float64)
    last = bars[-1] - bars[-2]
    if bars[-1] + 0.95 * last <= length:
        edges = np.append(edges, bars[-1] + last)
    hops = edges / HOP
    power = np.stack([_mean_between(one.weighted[:, None], hops)[:, 0] for one in stems], axis=1)
    floor = 1e-4 * power.max(axis=0, keepdims=True) + 1e-12
    whole = pitch.joined([one.steady for one in stems], [1.0] * len(stems))
    chroma = np.sqrt(_mean_between(whole.chroma, edges / spectrum.PITCH_STRIDE))
    chroma /= np.sqrt(np.square(chroma).sum(axis=1, keepdims=True)) + 1e-9
    return np.concatenate([np.log10(power + floor), chroma], axis=1), power.sum(axis=1)


def _mean_between(rows: F64, edges: F64) -> F64:
    heap = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    at = np.clip(np.rint(edges).astype(int), 0, len(rows))
    return np.asarray((heap[at[1:]] - heap[at[:-1]]) / np.maximum(1, np.diff(at))[:, None])
