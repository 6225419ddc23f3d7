"""Measures a stem by itself, and a recording from all its stems: sound in, plain values out.

The only door to the measuring half of this room; what lies behind it imports numpy, scipy and
numba, so the web process never comes here. It refuses to know rows and files. Invariant: equal
sound gives equal values, and any finite sound gives some, silence and noise included.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from generation.analysis import levels, roles
from generation.analysis.bands import bands_of
from generation.analysis.hearing import Together, hear_alone, hear_together
from generation.analysis.listening import Listening, listen
from generation.analysis.slices import slices_of
from generation.analysis.spectrum import RATE_HZ
from generation.analysis.values import RecordingAnalysis, StemAnalysis
from generation.engine.kernels import fixed

F32 = npt.NDArray[np.float32]

_SILENT = 1e-6


def measure_stem(audio: F32, name: str = "", listened: Listening | None = None) -> StemAnalysis:
    """What is heard in `audio`, float32 [2, n] at 48 kHz, n >= 1; `name`: its label or file name;
    `listened`: what listening.listen(audio) left, where it is at hand.

    Onsets to the sample, rises and loudness to a tenth of a dB, tempo to a hundredth.
    """
    audio, length = fixed(audio), audio.shape[1]
    if float(max(audio.max(initial=0.0), -audio.min(initial=0.0))) < _SILENT:
        return _silent_stem(length, name)
    level = levels.level_of(audio)
    stem = listened or listen(audio)
    heard = hear_alone(stem, level.active, name)
    return StemAnalysis(
        length=length,
        role=heard.role,
        role_confidence=heard.role_confidence,
        loudness_lufs=level.loudness_lufs,
        true_peak_dbtp=level.true_peak_dbtp,
        tempo_bpm=heard.tempo_bpm,
        tempo_confidence=heard.tempo_confidence,
        key=heard.key,
        key_confidence=heard.key_confidence,
        likely_key=heard.likely_key,
        centroid_hz=stem.centroid_hz,
        onsets=tuple(int(place) for place in stem.onsets),
        onset_db=tuple(float(rise) for rise in stem.rises),
        chroma=_chroma(stem),
        peaks=levels.peak_pairs(audio),
        active=level.active,
        bands=bands_of(audio, level.powers, stem.shapes),
        slices=slices_of(audio, stem.onsets, stem.rises),
    )


def measure_recording(
    stems: Sequence[F32],
    analyses: Sequence[StemAnalysis],
    listened: Sequence[Listening] | None = None,
) -> RecordingAnalysis:
    """What the `stems`, each float32 [2, n] at 48 kHz, are together; `analyses`, and `listened`
    where it is at hand, in the same order.

    Stems begin together; shorter ones count as silent at their end. Raises ValueError without a
    stem.
    """
    if not stems or len(stems) != len(analyses):
        raise ValueError("A recording is measured from its stems and one analysis for each.")
    stems = [fixed(audio) for audio in stems]
    heard = hear_together(
        listened or [listen(audio) for audio in stems], [one.role for one in analyses]
    )
    length = max(audio.shape[1] for audio in stems)
    span = levels.gram_span(length)
    return RecordingAnalysis(
        length=length,
        tempo_bpm=heard.tempo_bpm,
        tempo_confidence=heard.tempo_confidence,
        beats=heard.beats,
        downbeats=heard.downbeats,
        beats_per_bar=heard.beats_per_bar,
        key=heard.key,
        key_confidence=heard.key_confidence,
        likely_key=heard.likely_key,
        parts=heard.parts,
        gram=levels.gram(stems, span),
        gram_span=span,
        notes=_notes(stems, heard),
        chords=heard.chords,
    )


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


def _chroma(stem: Listening) -> tuple[float, ...]:
    total = stem.steady.chroma.sum(axis=0)
    whole = float(total.sum())
    return tuple(round(float(part) / whole, 6) if whole > 1e-6 else 0.0 for part in total)


def _notes(stems: Sequence[F32], heard: Together) -> tuple[str, ...]:
    lengths = [audio.shape[1] for audio in stems]
    out = []
    if max(lengths) - min(lengths) > RATE_HZ // 10:
        apart = (max(lengths) - min(lengths)) / RATE_HZ
        out.append(f"The stems are not equally long: they differ by up to {apart:.1f} s.")
    if not heard.beats:
        out.append("No steady tempo was heard.")
    if heard.key is None:
        out.append("No key was heard with confidence.")
    return tuple(out)
