"""Where in a source a moment of the variation lies, in whole samples, the same on every machine.

Knows anchors only. Invariant: integer arithmetic throughout, so no cut and no machine can move a
frame by a sample.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from generation.engine.kernels import Samples, kernel


class TimeMap:
    """A rising, piecewise linear map; beyond its outermost anchors it goes on with their slope.

    `anchors` are (variation sample, source sample) pairs rising in the first. A single anchor maps
    one to one. Results are rounded half up.
    """

    __slots__ = ("out", "src")

    def __init__(self, anchors: Sequence[tuple[int, int]]) -> None:
        pairs = list(anchors)
        if len(pairs) == 1:
            pairs.append((pairs[0][0] + 1, pairs[0][1] + 1))
        self.out: Samples = np.array([out for out, _ in pairs], dtype=np.int64)
        self.src: Samples = np.array([src for _, src in pairs], dtype=np.int64)

    def sources(self, moments: Samples) -> Samples:
        """The source sample of each moment."""
        return _follow(moments, self.out, self.src)

    def moments(self, sources: Samples) -> Samples:
        """The moment of each source sample; the map must rise."""
        return _follow(sources, self.src, self.out)

    def slopes(self) -> list[float]:
        """Source samples per sample of the variation, between each two anchors."""
        pairs = zip(self.out.tolist(), self.src.tolist(), strict=True)
        return [(b - a) / (end - begin) for (begin, a), (end, b) in pairwise(pairs)]

    def is_plain(self) -> bool:
        """Whether source and variation run at the same pace throughout."""
        return bool(np.all(np.diff(self.src) == np.diff(self.out)))


@kernel
def _follow(x: Samples, xs: Samples, ys: Samples) -> Samples:
    """`x` carried along the broken line through (xs, ys), rounded half up."""
    out, leg = np.empty_like(x), 0
    for i in range(x.shape[0]):
        while leg > 0 and x[i] < xs[leg]:
            leg -= 1
        while leg < xs.shape[0] - 2 and x[i] >= xs[leg + 1]:
            leg += 1
        run, rise = xs[leg + 1] - xs[leg], ys[leg + 1] - ys[leg]
        out[i] = ys[leg] + (2 * (x[i] - xs[leg]) * rise + run) // (2 * run)
    return out
