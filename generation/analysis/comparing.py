"""What is heard beside what is expected: are the notes, the attacks and the sources the same?

It knows imprints. It refuses to know recipes, stems and bounds. Invariant: neither the level of the
whole nor that of a band moves a figure of onsets, and where nothing is expected there is no figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis.carrying import Expected, Span
from generation.analysis.imprint import BANDS, F32, HOP, PITCH_HOP, Imprint
from generation.analysis.presence import presence_of

F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Frames of pitch that are compared as one: 0.7 s.
SPAN = 4
# Less tone (white noise reads 0.18), attack or time than this says nothing.
_TONAL_AT_LEAST = 0.2
_PITCHED_AT_LEAST = 1e-3
_ATTACKS_AT_LEAST = 0.04
_FRAMES_AT_LEAST = 60
# More of a moment than this in grains, and its attacks are not compared.
_STREWN_AT_MOST = 0.3
# How far below its mean a band still counts, and how small a part of the whole a band may be.
_DEPTH = 0.01
_BAND_AT_LEAST = 1e-5
_SILENCE = 1e-12
# Weights that blur a rise over 0.1 s.
_NEARBY = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)


@dataclass(frozen=True, slots=True)
class Figures:
    """Likeness of notes and of attacks, -1 to 1; None where there is nothing to compare.

    `chroma`: the correlation over the twelve pitch classes of each 0.7 s, in amplitude, weighted by
    how much tone is expected. `onsets`: the correlation of the rise of all bands over time.
    """

    chroma: float | None
    onsets: float | None


class Pair:
    """What is heard beside what each source ought to give, over all stretches together."""

    def __init__(self, heard: Sequence[Imprint], expected: Expected) -> None:
        sizes = [len(one.bands) for one in heard]
        self._begins = np.cumsum([0, *sizes[:-1]])
        self._moments = HOP * np.concatenate([np.arange(1, size + 1) for size in sizes])
        self._bands = np.concatenate([one.bands for one in heard])
        self._each = expected.bands
        self._pitch = np.concatenate([_spans(one.pitch) for one in heard])
        ends = np.cumsum([len(one.pitch) for one in heard])[:-1]
        parts = np.split(expected.pitch, ends, axis=1)
        self._pitches = np.concatenate([_spans(one) for one in parts], axis=1)
        self._middles = PITCH_HOP * SPAN * (np.arange(len(self._pitch)) + 0.5)
        self._is_played = expected.strewn <= _STREWN_AT_MOST * self._each.sum(axis=(0, 2))
        self._rises = self._rising(self._bands)

    def compare(self, without: Sequence[int] = (), within: Span | None = None) -> Figures:
        """Both figures, as if some sources were not expected; of all or of [start, end) samples.

        A part can be named where a single stretch from 0 on is heard.
        """
        who = np.ones(len(self._each), dtype=np.bool_)
        who[list(without)] = False
        if within is None:
            return Figures(self._chroma(who, slice(None)), self._onsets(who, slice(None)))
        spans, frames = (
            slice(*(int(at) for at in np.searchsorted(places, within)))
            for places in (self._middles, self._moments)
        )
        return Figures(self._chroma(who, spans), self._onsets(who, frames))

    def presence(self) -> tuple[F64, F64]:
        """How much of each source is there, and how far it decides what is heard; 0 to 1 each.

        All zero where half of the time or more comes in grains: which ones fall together there is
        chance.
        """
        if np.count_nonzero(self._is_played) <= len(self._is_played) / 2:
            return np.zeros(len(self._each)), np.zeros(len(self._each))
        return presence_of([(self._bands, self._each), (self._pitch, self._pitches)])

    def _chroma(self, who: Flags, spans: slice) -> float | None:
        ought, heard = self._pitches[who, spans].sum(axis=0), self._pitch[spans]
        level = np.sqrt(ought.sum(axis=1, dtype=np.float64))
        loudest = float(self._each[who].sum(axis=(0, 2)).max(initial=0.0))
        if level.max(initial=0.0) ** 2 <= max(_SILENCE, _PITCHED_AT_LEAST * loudest):
            return None
        (tones, size), (sung, loud) = _tones(ought), _tones(heard)
        weights = size
        if float(weights.sum() / level.sum()) < _TONAL_AT_LEAST:
            return None
        alike = (tones * sung).sum(axis=1) / np.maximum(size * loud, _SILENCE)
        return round(float((weights * alike).sum() / weights.sum()), 4)

    def _onsets(self, who: Flags, frames: slice) -> float | None:
        bands = self._each[who].sum(axis=0)
        keep = self._is_played[frames]
        means = bands.mean(axis=0, dtype=np.float64) if len(bands) else np.zeros(1)
        if np.count_nonzero(keep) < _FRAMES_AT_LEAST or means.sum() <= _SILENCE:
            return None
        share = means / means.sum()
        weights = np.where(share > _BAND_AT_LEAST, share, 0.0) ** 0.25
        ought = self._rising(bands)[frames][keep] * weights
        heard = self._rises[frames][keep] * weights
        ought -= ought.mean(axis=0)
        heard -= heard.mean(axis=0)
        if float(np.sqrt(np.mean(ought**2))) < _ATTACKS_AT_LEAST:
            return None
        size = float(np.sqrt((ought**2).sum() * (heard**2).sum()))
        return round(float((ought * heard).sum()) / max(size, _SILENCE), 4)

    def _rising(self, bands: F32) -> F64:
        """How fast each band rises on a logarithmic scale, blurred over some 0.1 s."""
        means = np.maximum(bands.mean(axis=0, dtype=np.float64), _SILENCE) if len(bands) else 1.0
        level = np.log(bands / means + _DEPTH)
        rise = np.zeros((len(bands) + 4, BANDS))
        rise[3:-2] = np.maximum(level[1:] - level[:-1], 0.0)
        rise[2 + self._begins[self._begins < len(bands)]] = 0.0
        blurred = np.zeros((len(bands), BANDS))
        for at, weight in enumerate(_NEARBY):
            blurred += weight * rise[at : at + len(bands)]
        return blurred


def _spans(pitch: F32) -> F32:
    """Frames of pitch [..., m, classes] summed by SPAN; what fills no span joins the last one."""
    frames = pitch.shape[-2]
    if not frames:
        return pitch
    starts = np.arange(0, max(1, frames // SPAN * SPAN), SPAN)
    return np.asarray(np.add.reduceat(pitch, starts, axis=-2))


def _tones(pitch: F32) -> tuple[F64, F64]:
    """Amplitudes by pitch class less their mean, and their size, for each span."""
    amplitude = np.sqrt(pitch.astype(np.float64))
    tones = amplitude - amplitude.mean(axis=1, keepdims=True)
    return tones, np.sqrt((tones**2).sum(axis=1))
