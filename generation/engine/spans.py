"""Which strip of a source holds when: the console's plan in time.

A section's strip is blended into the next over CROSS samples that end where the next begins, so
that its first beat already sounds as it should. Knows a recipe and one source. Invariant: at every
moment the weights of a source's strips are those of one strip or of two neighbors.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from generation.engine import eq
from generation.engine.kernels import (
    Audio,
    Reals,
    Samples,
    aligned,
    kernel,
    raised_cosine,
)
from generation.engine.stretch import Shape
from generation.recipe import Band, Recipe, Strip

CROSS = 2_400
_FAR = 1 << 60


@dataclass(frozen=True, slots=True)
class Span:
    """A strip and the samples over which it holds: [start, end), then blended into the next."""

    strip: Strip
    start: int
    end: int


def spans_of(recipe: Recipe, source: int) -> tuple[Span, ...]:
    """The strips of a source in time, equal neighbors joined; a missing strip changes nothing."""
    strips = {s.section: replace(s, section=0) for s in recipe.strips if s.source == source}
    plain = Strip(source=source, section=0, gain_db=0.0)
    spans: list[Span] = []
    for index, section in enumerate(recipe.sections):
        strip = strips.get(index, plain)
        if spans and spans[-1].strip == strip:
            continue
        if spans:
            spans[-1] = replace(spans[-1], end=section.start)
        spans.append(Span(strip, section.start if spans else -_FAR, _FAR))
    return tuple(spans) or (Span(plain, -_FAR, _FAR),)


def shape_of(spans: tuple[Span, ...], size: int) -> Shape | None:
    """The equalizers of all spans as gains per bin of frames of `size`; None where none is set.

    A bin's gain is the magnitude of the strip's filters at its frequency (the phase stays as it
    is); a frame in a blend has a blend of both.
    """
    if not any(len(eq.sections_of(span.strip.eq)) for span in spans):
        return None
    bins = size // 2 + 1
    rows = aligned(len(spans), bins + 15)
    for row, span in zip(rows, spans, strict=True):
        row[:bins] = magnitude_of(span.strip.eq, bins)
    starts = np.array([span.start for span in spans[1:]], dtype=np.int64)

    def mix(moments: Samples) -> tuple[Samples, Audio]:
        pairs = np.empty((2, len(moments)), dtype=np.int64)
        weights = np.empty(len(moments), dtype=np.float32)
        blend_spans(moments, starts, CROSS, pairs, weights)
        return pairs, weights

    return Shape(rows, mix)


@kernel
def blend_spans(
    moments: Samples, starts: Samples, cross: int, pairs: Samples, weights: Audio
) -> None:
    """The span of each moment and the next, `pairs` [2, n], and how much of the next holds.

    `starts`: where all spans but the first begin.
    """
    last = starts.shape[0]
    for i in range(moments.shape[0]):
        here = np.searchsorted(starts, moments[i], side="right")
        pairs[0, i], pairs[1, i] = here, min(here + 1, last)
        weights[i] = 0.0
        if here < last:
            weights[i] = raised_cosine(1.0 - (starts[here] - moments[i]) / cross)


@lru_cache(maxsize=256)
def magnitude_of(bands: tuple[Band, ...], bins: int) -> Reals:
    """How much the bands give at each of `bins` frequencies from 0 to half the rate."""
    turn = np.exp(-1j * np.pi * np.arange(bins) / (bins - 1))
    gain = np.ones(bins)
    for b0, b1, b2, a1, a2 in eq.sections_of(bands):
        gain *= np.abs((b0 + b1 * turn + b2 * turn**2) / (1.0 + a1 * turn + a2 * turn**2))
    return gain
