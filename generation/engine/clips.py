"""What one source plays before its console: its clips and notes, each by its processor.

Knows the processors by name and version; does not know sections or the mix. Invariant: a clip's
sound at a sample does not depend on which samples were asked for together.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from generation.engine.grains import Cloud
from generation.engine.kernels import Audio, Reals, Samples, fade
from generation.engine.score import Score
from generation.engine.slices import Slices
from generation.engine.spans import Span, shape_of
from generation.engine.stretch import MANNERS, Stretch
from generation.engine.tape import Cache
from generation.engine.timemap import TimeMap
from generation.engine.vocoder import Vocoder
from generation.recipe import Clip, Recipe, UnknownProcessor

PROCESSORS = ("slices/1", "vocoder/1", "granular/1", "vocoder/2", "vocoder/3")
Onsets = tuple[Samples, Reals]


class Sounding(Protocol):
    """Anything that can make samples of the variation."""

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) into float32 [2, hi - lo], which need not be blank."""


class Verbatim:
    """A clip at its own pace and pitch: the stem's samples as they are."""

    def __init__(self, clip: Clip, stem: Audio) -> None:
        first = TimeMap(clip.anchors).sources(np.array([0], dtype=np.int64))
        self._shift, self._stem = int(first[0]), stem

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the variation into float32 [2, hi - lo]."""
        out[:] = 0.0
        begin, end = lo + self._shift, hi + self._shift
        a, b = max(0, begin), min(self._stem.shape[1], end)
        if a < b:
            out[:, a - begin : b - begin] = self._stem[:, a:b]


def sounding(
    clip: Clip, digest: str, stem: Audio, onsets: Onsets, cache: Cache, spans: tuple[Span, ...]
) -> Sounding:
    """The processor of a clip; raises UnknownProcessor for a name or version that is not here.

    `spans`: the strips of the source, for a processor that equalizes as it goes.
    """
    if clip.processor == "granular/1" and clip.grains is not None:
        return Cloud(clip, clip.grains, stem)
    still = clip.semitones == 0 or clip.processor == "slices/1"
    if still and clip.processor in PROCESSORS and TimeMap(clip.anchors).is_plain():
        return Verbatim(clip, stem)
    if clip.processor == "slices/1":
        return Slices(clip, stem, onsets)
    if clip.processor == "vocoder/1":
        return Vocoder(clip, digest, stem, onsets, cache)
    if clip.processor in MANNERS:
        return Stretch(clip, digest, stem, onsets, cache, shape_of(spans, clip.window))
    raise UnknownProcessor(f"The clip processor {clip.processor!r} is not known here.")


def ramp(clip: Clip, lo: int, hi: int) -> Audio | None:
    """The clip's fades over [lo, hi): raised cosine in amplitude; None where it is 1 throughout."""
    into, out_of = clip.start + clip.fade_in, clip.end - clip.fade_out
    if lo >= into and hi <= out_of:
        return None
    shape = np.ones(hi - lo, dtype=np.float32)
    fade(shape, lo - clip.start, clip.fade_in, 1)
    fade(shape, clip.end - 1 - lo, clip.fade_out, -1)
    return shape


class Generated:
    """The notes that nets wrote for one source, by themselves; all of it is to be equalized."""

    is_shaped, is_plain = False, True

    def __init__(self, score: Score) -> None:
        self._score = score

    def plain(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the notes, into float32 [2, hi - lo]."""
        out[:] = 0.0
        self._score.add_generated(lo, hi, out)

    def shaped(self, _lo: int, _hi: int, out: Audio) -> None:
        """Nothing: no note is equalized already."""
        out[:] = 0.0


class Dry:
    """Everything one source plays, before compressor and fader.

    What "vocoder/2" and "vocoder/3" play is equalized already; everything else is still to be.
    """

    def __init__(
        self,
        recipe: Recipe,
        index: int,
        stem: Audio,
        onsets: Onsets,
        cache: Cache,
        spans: tuple[Span, ...],
        score: Score,
    ) -> None:
        digest = recipe.sources[index].digest
        clips = [
            (clip, sounding(clip, digest, stem, onsets, cache, spans))
            for clip in recipe.clips
            if clip.source == index and clip.end > clip.start
        ]
        self._shaped = [(clip, one) for clip, one in clips if isinstance(one, Stretch)]
        self._plain = [(clip, one) for clip, one in clips if not isinstance(one, Stretch)]
        self._score = score
        self.is_shaped, self.is_plain = bool(self._shaped), bool(self._plain or score)

    def take_over(self, other: "Dry", until: int) -> None:
        """Goes on with the clips that `other` is in the middle of, as far as `until`."""
        begun = {voice.key: voice for _, voice in other._shaped}
        for _, voice in self._shaped:
            if voice.key in begun:
                voice.take_over(begun[voice.key], until)

    def shaped(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of what is equalized already, into float32 [2, hi - lo]."""
        _lay(self._shaped, lo, hi, out)

    def plain(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of what is not; clips first, then notes, in recipe order."""
        _lay(self._plain, lo, hi, out)
        self._score.add(lo, hi, out)


def _lay(clips: Sequence[tuple[Clip, Sounding]], lo: int, hi: int, out: Audio) -> None:
    """The sum of what all clips sound in [lo, hi); `out` need not be blank."""
    laid = lo  # up to here `out` is written
    for clip, voice in clips:
        a, b = max(lo, clip.start), min(hi, clip.end)
        if a >= b:
            continue
        is_alone = a >= laid
        part = out[:, a - lo : b - lo] if is_alone else np.empty((2, b - a), dtype=np.float32)
        voice.sound(a, b, part)
        shape = ramp(clip, a, b)
        if shape is not None:
            part *= shape
        if is_alone:
            out[:, laid - lo : a - lo] = 0.0
        else:
            over = min(laid, b)
            out[:, a - lo : over - lo] += part[:, : over - a]
            out[:, over - lo : b - lo] = part[:, over - a :]
        laid = max(laid, b)
    out[:, laid - lo :] = 0.0
