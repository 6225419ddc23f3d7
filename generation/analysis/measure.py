"""Measures a stem by itself, and a recording from all its stems: sound in, plain values out.

The only door to the measuring half of this room; what lies behind it imports numpy and scipy, so
the web process never comes here. It refuses to know rows and files. Invariant: equal sound gives
equal values, and any finite sound gives some, silence and noise included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from generation.analysis import attacks, beats, levels, meter, parts, pitch, roles, spectrum, tempo
from generation.analysis.values import RecordingAnalysis, StemAnalysis

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = spectrum.RATE_HZ
SURE_TEMPO, SURE_KEY = 0.3, 0.3
_SILENT = 1e-6
_ATTACK_DB = 6.0


def measure_stem(audio: F32, name: str = "") -> StemAnalysis:
    """What is heard in `audio`, float32 [2, n] at 48 kHz, n >= 1; `name`: its label or file name.

    Onsets to the sample, rises and loudness to a tenth of a dB, tempo to a hundredth.
    """
    length = audio.shape[1]
    power = levels.weighted_blocks(audio)
    if float(np.abs(audio).max(initial=0.0)) < _SILENT:
        return _silent_stem(length, name)
    shape = spectrum.spectrum_of(audio)
    steady = pitch.steady_of(shape)
    places, rises = attacks.attacks_of(audio, shape)
    active = levels.active_spans(power, length)
    role, sure = roles.guess_role(_traits(shape, steady, places, rises, active), name)
    curve = tempo.novelty_of(shape).total
    bpm, tempo_sure = _tempo(curve, places, rises, length)
    key = None if role == "drums" else _key([steady])
    return StemAnalysis(
        length=length,
        role=role,
        role_confidence=sure,
        loudness_lufs=levels.loudness(audio),
        true_peak_dbtp=levels.true_peak(audio),
        tempo_bpm=bpm if tempo_sure >= SURE_TEMPO else None,
        tempo_confidence=tempo_sure,
        key=key.name if key is not None and key.confidence >= SURE_KEY else None,
        key_confidence=0.0 if key is None else key.confidence,
        centroid_hz=_centroid(shape),
        onsets=tuple(int(place) for place in places),
        onset_db=tuple(round(float(rise), 1) for rise in rises),
        chroma=_chroma(steady),
        peaks=levels.peak_pairs(audio),
        active=active,
    )


def measure_recording(stems: Sequence[F32], analyses: Sequence[StemAnalysis]) -> RecordingAnalysis:
    """What the `stems`, each float32 [2, n] at 48 kHz, are together; `analyses` in the same order.

    Stems begin together; shorter ones count as silent at their end. Raises ValueError without a
    stem.
    """
    if not stems or len(stems) != len(analyses):
        raise ValueError("A recording is measured from its stems and one analysis for each.")
    heard = _hear(stems, analyses)
    key = _key(heard.tonal)
    bpm, sure = _tempo(heard.novelty.total, heard.all_onsets, heard.all_rises, heard.length)
    places, per_bar, first = _bars(heard) if bpm is not None else ((), 4, 0)
    span = levels.gram_span(heard.length)
    return RecordingAnalysis(
        length=heard.length,
        tempo_bpm=bpm if places else None,
        tempo_confidence=sure,
        beats=places,
        downbeats=places[first::per_bar],
        beats_per_bar=per_bar,
        key=key.name if key is not None and key.confidence >= SURE_KEY else None,
        key_confidence=0.0 if key is None else key.confidence,
        parts=parts.parts_of(*_bar_features(heard, places[first::per_bar])),
        gram=levels.gram(stems, span),
        gram_span=span,
        notes=_notes(stems, len(places) > 0, key),
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    """All stems of a recording, as far as they were listened to; `tonal` leaves the drums out."""

    length: int
    shapes: Sequence[spectrum.Spectrum]
    steadies: Sequence[pitch.Steady]
    tonal: Sequence[pitch.Steady]
    novelty: tempo.Novelty
    onsets: Sequence[I64]
    rises: Sequence[F64]

    @property
    def all_onsets(self) -> I64:
        return np.concatenate(list(self.onsets))

    @property
    def all_rises(self) -> F64:
        return np.concatenate(list(self.rises))


def _hear(stems: Sequence[F32], analyses: Sequence[StemAnalysis]) -> _Heard:
    shapes, steadies = [], []
    for audio in stems:
        shape = spectrum.spectrum_of(audio)
        steadies.append(pitch.steady_of(shape))
        # The pitch spectrum is the largest part of it and has been read: many long stems fit so.
        shapes.append(replace(shape, pitch=shape.pitch[:0].copy()))
    tonal = [steady for steady, one in zip(steadies, analyses, strict=True) if one.role != "drums"]
    return _Heard(
        length=max(audio.shape[1] for audio in stems),
        shapes=shapes,
        steadies=steadies,
        tonal=tonal or steadies,
        novelty=tempo.combined([tempo.novelty_of(shape) for shape in shapes]),
        onsets=[np.asarray(one.onsets, np.int64) for one in analyses],
        rises=[np.asarray(one.onset_db, np.float64) for one in analyses],
    )


def _bars(heard: _Heard) -> tuple[tuple[int, ...], int, int]:
    """(beats in samples, beats per bar, number of the first downbeat)."""
    grid = _grid(heard.novelty.total, heard.all_onsets, heard.all_rises, heard.length)
    whole = pitch.joined(heard.tonal, [1.0] * len(heard.tonal))
    evidence = meter.Evidence(
        low=heard.novelty.low,
        high=heard.novelty.high,
        chroma=whole.chroma,
        bass=whole.bass,
        onsets=heard.onsets,
        rises=heard.rises,
    )
    per_bar, first = meter.bars_of(grid, evidence)
    return tuple(round(float(place)) for place in grid), per_bar, first


def _silent_stem(length: int, name: str) -> StemAnalysis:
    return StemAnalysis(
        length=length,
        role=roles.role_from_name(name) or "other",
        role_confidence=0.0,
        loudness_lufs=None,
        true_peak_dbtp=None,
        tempo_bpm=None,
        tempo_confidence=0.0,
        key=None,
        key_confidence=0.0,
        centroid_hz=0.0,
        onsets=(),
        onset_db=(),
        chroma=(0.0,) * 12,
        peaks=((0, 0),) * min(levels.PEAKS_MAX, length),
        active=(),
        notes=("The stem is silent.",),
    )


def _tempo(curve: F64, onsets: I64, rises: F64, length: int) -> tuple[float | None, float]:
    """(beats per minute from the tracked beats, confidence)."""
    found = tempo.pulses(curve)
    if not found:
        return None, 0.0
    clarity = max(found[0].clarity, 0.9 * max(pulse.clarity for pulse in found))
    sure = round(float(np.clip((clarity - 0.08) / 0.3, 0.0, 1.0)), 3)
    if sure < SURE_TEMPO:
        return None, sure
    grid = _grid(curve, onsets, rises, length)
    if grid.size < 4:
        return round(found[0].bpm, 2), sure
    return round(60.0 * RATE_HZ / float(np.median(np.diff(grid))), 2), sure


def _grid(curve: F64, onsets: I64, rises: F64, length: int) -> F64:
    found = tempo.pulses(curve)
    return beats.settle(beats.track(curve, found[0].bpm), onsets, rises, length)


def _key(steadies: Sequence[pitch.Steady]) -> pitch.Key | None:
    whole = pitch.joined(steadies, [float(steady.chroma.sum()) for steady in steadies])
    return pitch.key_of(whole.chroma, whole.bass, whole.tuned, whole.share)


def _centroid(shape: spectrum.Spectrum) -> float:
    power = shape.bands.sum(axis=1).astype(np.float64)
    return round(float(power @ shape.centroid_hz / (power.sum() + 1e-20)), 1)


def _chroma(steady: pitch.Steady) -> tuple[float, ...]:
    total = steady.chroma.sum(axis=0)
    whole = float(total.sum())
    return tuple(round(float(part) / whole, 6) if whole > 1e-6 else 0.0 for part in total)


def _traits(
    shape: spectrum.Spectrum,
    steady: pitch.Steady,
    places: I64,
    rises: F64,
    active: tuple[tuple[int, int], ...],
) -> roles.Traits:
    sounding = sum(end - start for start, end in active) / RATE_HZ
    strong = rises[rises >= _ATTACK_DB]
    power = shape.bands.sum(axis=0).astype(np.float64)
    return roles.Traits(
        steady=steady.tuned,
        attack_rate=strong.size / sounding if sounding > 0 else 0.0,
        sharp=float(np.median(strong)) if strong.size else 0.0,
        centroid_hz=_centroid(shape),
        low_share=float(power[shape.band_hz < 160.0].sum() / (power.sum() + 1e-20)),
        held=sounding * RATE_HZ / shape.length,
        wavering=1.0 - steady.tuned,
        voices=_voices(steady.chroma),
    )


def _voices(chroma: F64) -> float:
    """How many pitch classes sound at once, in the mean: the exponential of their entropy."""
    sums = chroma.sum(axis=1)
    if sums.max(initial=0.0) <= 1e-6:
        return 0.0
    loud = chroma[sums > 0.2 * sums.max()]
    part = loud / loud.sum(axis=1, keepdims=True)
    return float(np.exp(-(part * np.log(part + 1e-12)).sum(axis=1)).mean())


def _bar_features(heard: _Heard, bars: Sequence[int]) -> tuple[F64, F64]:
    """([bars, f] level of each stem and the harmony, [bars] mean power) of whole bars."""
    if len(bars) < 2:
        return np.zeros((0, 1)), np.zeros(0)
    edges = np.asarray(bars, np.float64)
    last = bars[-1] - bars[-2]
    if bars[-1] + 0.95 * last <= heard.length:
        edges = np.append(edges, bars[-1] + last)
    hops = edges / spectrum.HOP
    rows = [_mean_between(shape.weighted[:, None], hops)[:, 0] for shape in heard.shapes]
    power = np.stack(rows, axis=1)
    floor = 1e-4 * power.max(axis=0, keepdims=True) + 1e-12
    whole = pitch.joined(heard.steadies, [1.0] * len(heard.steadies))
    chroma = np.sqrt(_mean_between(whole.chroma, edges / spectrum.PITCH_STRIDE))
    chroma /= np.sqrt(np.square(chroma).sum(axis=1, keepdims=True)) + 1e-9
    return np.concatenate([np.log10(power + floor), chroma], axis=1), power.sum(axis=1)


def _mean_between(rows: F64, edges: F64) -> F64:
    heap = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    at = np.clip(np.rint(edges).astype(int), 0, len(rows))
    return np.asarray((heap[at[1:]] - heap[at[:-1]]) / np.maximum(1, np.diff(at))[:, None])


def _notes(stems: Sequence[F32], has_tempo: bool, key: pitch.Key | None) -> tuple[str, ...]:
    lengths = [audio.shape[1] for audio in stems]
    out = []
    if max(lengths) - min(lengths) > RATE_HZ // 10:
        apart = (max(lengths) - min(lengths)) / RATE_HZ
        out.append(f"The stems are not equally long: they differ by up to {apart:.1f} s.")
    if not has_tempo:
        out.append("No steady tempo was heard.")
    if key is None or key.confidence < SURE_KEY:
        out.append("No key was heard with confidence.")
    return tuple(out)
