"""Choosing chords for melodies: many requests at once, each as if it were alone.

All candidates of all requests go beat by beat together; anchors stand as they are asked. Invariant:
a request's answer depends on the request and the weights alone (`exact` says why).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.nets import drawing, exact
from generation.nets.checkpoints import Checkpoint
from generation.nets.exact import Floats
from generation.nets.harmony.beats import OFFSETS, START, Beats, beats_of
from generation.nets.harmony.model import Size
from generation.nets.harmony.serving import Reader
from generation.nets.line.grounds import chord_number
from generation.nets.line.writing import STYLE, home_way
from generation.nets.values import (
    QUALITIES,
    Chord,
    ChordLine,
    Harmony,
    HarmonyRequest,
    Note,
    Signature,
)

Ints = NDArray[np.int64]

ROWS_AT_MOST = 256


class HarmonyNet:
    """The harmony net as it serves."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        settings = checkpoint.card.settings
        size = Size(*(int(settings[name]) for name in ("width", "layers", "heads")))
        self._net = Reader(exact.unpacked(checkpoint.tensors), size)
        self.temperature = float(settings["temperature"])
        self.top_p = float(settings["top_p"])

    def write(self, requests: Sequence[HarmonyRequest]) -> list[tuple[Harmony, ...]]:
        """The candidates of each request, in their order."""
        found: list[list[Harmony]] = [[] for _ in requests]
        rows = [(n, c) for n, one in enumerate(requests) for c in range(one.candidates)]
        rows.sort(key=lambda row: -requests[row[0]].beats)
        for first in range(0, len(rows), ROWS_AT_MOST):
            batch = rows[first : first + ROWS_AT_MOST]
            for (number, _), one in zip(batch, self._written(requests, batch), strict=True):
                found[number].append(one)
        return [tuple(lines) for lines in found]

    def _written(
        self, requests: Sequence[HarmonyRequest], batch: Sequence[tuple[int, int]]
    ) -> list[Harmony]:
        """One harmony per row; rows come longest first."""
        asked = [requests[number] for number, _ in batch]
        counts = np.array([one.beats for one in asked])
        read, onset = self._read([_moved(one) for one in asked])
        forced = _forced(asked)
        keys = np.array(
            [
                drawing.key_of(one.seed, candidate)
                for one, (_, candidate) in zip(asked, batch, strict=True)
            ],
            dtype=np.uint64,
        )
        surprise = drawing.Surprise(len(batch))
        chords = np.full(forced.shape, START, dtype=np.int64)
        caches = self._net.caches(len(batch))
        for beat in range(int(counts[0])):
            going = int((counts > beat).sum())
            for cache in caches:
                cache.keep(slice(going))
            before = chords[:going, beat - 1] if beat else chords[:going, 0]
            scores = self._net.step(read[:going, beat], before, onset[:going, beat], beat, caches)
            uniform = drawing.uniforms(keys[:going], beat)
            taken = drawing.chosen(scores, uniform, self.temperature, self.top_p)
            anchors = forced[:going, beat]
            taken = np.where(anchors >= 0, anchors, taken)
            surprise.add(np.arange(going), scores, taken)
            chords[:going, beat] = taken
        bits = surprise.bits(range(len(batch)))
        return [
            _harmony(one, row[: one.beats], whole)
            for one, row, whole in zip(asked, chords, bits, strict=True)
        ]

    def _read(self, rows: Sequence[Beats]) -> tuple[Floats, Ints]:
        """What the net reads of every melody [rows, beats, width], and the onsets."""
        longest = max(len(one.chords) for one in rows)
        columns = np.tile(OFFSETS, (len(rows), longest, 1))
        shares = np.zeros((len(rows), longest, 12))
        there = np.zeros((len(rows), longest), dtype=bool)
        for place, one in enumerate(rows):
            columns[place, : len(one.columns)] = one.columns
            shares[place, : len(one.columns)] = one.shares
            there[place, : len(one.columns)] = True
        return self._net.read(columns, shares, there), columns[..., 0]


def _moved(request: HarmonyRequest) -> Beats:
    """The melody in C or A."""
    signature = request.signature
    up = home_way(signature)
    home = Signature(signature.meter, (signature.tonic + up) % 12, signature.mode)
    melody = [Note(one.onset, one.duration, one.pitch + up) for one in request.melody]
    return beats_of(home, melody, request.beats, (), STYLE)


def _forced(asked: Sequence[HarmonyRequest]) -> Ints:
    """[rows, beats] the anchors' chord numbers in C or A, -1 where the net is free."""
    forced = np.full((len(asked), max(one.beats for one in asked)), -1, dtype=np.int64)
    for place, one in enumerate(asked):
        up = home_way(one.signature)
        for beat, chord in one.anchors:
            moved = Chord((chord.root + up) % 12, chord.quality)
            forced[place, beat] = chord_number(moved)
    return forced


def _harmony(
    request: HarmonyRequest,
    row: Ints,
    bits: float,
) -> Harmony:
    up = home_way(request.signature)
    chords = tuple(Chord((int(one) // 4 - up) % 12, QUALITIES[one % 4]) for one in row)
    return Harmony(ChordLine(request.signature, chords), round(bits / request.beats, 4))
