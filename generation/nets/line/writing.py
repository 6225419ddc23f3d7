"""Writing lines for requests: many at once, each as if it were alone.

All candidates of all requests are rows of one batch that step together; a row leaves when its line
is full. Timing is valid by construction, register by a mask, and a line that copies its training
data is written again. Invariant: a request's answer depends on the request and the weights alone
(`exact` says why), not on what else is asked for in the same call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from generation.nets import copies, drawing, exact
from generation.nets.blocks import Weights
from generation.nets.checkpoints import Checkpoint
from generation.nets.events import DURATIONS, LOWEST, NO_DURATION, PITCHES, START, to_notes
from generation.nets.exact import Floats
from generation.nets.line import grounds
from generation.nets.line.model import UNSEEN, Size
from generation.nets.line.serving import Stepper
from generation.nets.values import Chord, ChordLine, Line, LineRequest, Note, Signature

Ints = NDArray[np.int64]

COMPASS = {"melody": (55, 81), "bass": (31, 62)}
# How often a candidate that copies is written again before it is left out.
ATTEMPTS = 6
ROWS_AT_MOST = 256
# Which of the sources a line sounds like: the songs, of which there is most.
STYLE = 0
TICKS = np.array(DURATIONS, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate of one request, at its first or a later attempt."""

    request: int
    candidate: int
    attempt: int = 0


class LineNet:
    """The line net as it serves. `index`: the runs of its training data that it must not write."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        settings = checkpoint.card.settings
        self._weights = exact.unpacked(checkpoint.tensors)
        self._size = Size(*(int(settings[name]) for name in ("width", "layers", "heads")))
        self.index: copies.Index = checkpoint.tensors["copies"].astype(np.uint32)
        self.temperature = float(settings["temperature"])
        self.top_p = float(settings["top_p"])

    def write(self, requests: Sequence[LineRequest]) -> list[tuple[Line, ...]]:
        """The candidates of each request, in their order.

        Fewer than were asked for where a candidate kept copying its training data.
        """
        found: list[dict[int, Line]] = [{} for _ in requests]
        rows = [Row(n, c) for n, one in enumerate(requests) for c in range(one.candidates)]
        while rows:
            batch, rows = rows[:ROWS_AT_MOST], rows[ROWS_AT_MOST:]
            asked = [requests[one.request] for one in batch]
            draft = Draft(asked, batch, self._weights, self._size)
            draft.fill(self.temperature, self.top_p)
            for place, row in enumerate(batch):
                pitch, duration = draft.events(place)
                if not copies.is_copied(pitch, duration, self.index):
                    found[row.request][row.candidate] = draft.line(place)
                elif row.attempt + 1 < ATTEMPTS:
                    rows.append(replace(row, attempt=row.attempt + 1))
        return [tuple(lines[one] for one in sorted(lines)) for lines in found]


class Draft:
    """Lines being written side by side, in C or A."""

    def __init__(
        self, requests: Sequence[LineRequest], rows: Sequence[Row], weights: Weights, size: Size
    ) -> None:
        self._requests = requests
        self._up = [home_way(one.chords.signature) for one in requests]
        moved = [moved_chords(one.chords, up) for one, up in zip(requests, self._up, strict=True)]
        self._grounds = grounds.grounds_of(
            [
                (signature, chords, one.chords.ticks, one.part, STYLE)
                for one, (signature, chords) in zip(requests, moved, strict=True)
            ]
        )
        self._keys = np.array(
            [
                drawing.key_of(one.seed, row.candidate, row.attempt)
                for one, row in zip(requests, rows, strict=True)
            ],
            dtype=np.uint64,
        )
        self._reach = [self._register(place) for place in range(len(requests))]
        self._hints = np.array(
            [self._hint(place) for place in range(len(requests))], dtype=np.int64
        )
        self._net = Stepper(weights, size, len(requests))
        self._surprise = drawing.Surprise(len(requests))
        self._written: list[list[tuple[int, int]]] = [[] for _ in requests]

    def fill(self, temperature: float, top_p: float) -> None:
        """Writes every line to its end."""
        allowed = self._allowed()
        rows = np.arange(len(self._requests))
        onset = np.zeros_like(rows)
        before = (
            np.full_like(rows, START),
            np.full_like(rows, NO_DURATION),
            np.full_like(rows, PITCHES),
        )
        while len(rows):
            columns = grounds.look_up(self._grounds, rows, onset, before, self._hints[rows])
            hidden, scores = self._net.step(columns, onset)
            pitch = self._draw(rows, 0, scores + allowed[rows], temperature, top_p)
            left = self._grounds.ticks[rows] - onset
            scores = self._net.durations(hidden, pitch)
            scores = np.where(left[:, None] < TICKS, UNSEEN, scores)
            duration = self._draw(rows, 1, scores, temperature, top_p)
            for row, one, length in zip(rows, pitch, duration, strict=True):
                self._written[row].append((int(one), int(length)))
            last = np.where(pitch < PITCHES, pitch, before[2])
            onset = onset + TICKS[duration]
            going = np.flatnonzero(onset < self._grounds.ticks[rows])
            if len(going) < len(rows):
                self._net.keep(going)
            before = (pitch[going], duration[going], last[going])
            rows, onset = rows[going], onset[going]

    def events(self, place: int) -> tuple[Ints, Ints]:
        """Pitches and durations of one line."""
        pitch, duration = np.array(self._written[place], dtype=np.int64).T
        return pitch, duration

    def line(self, place: int) -> Line:
        """One line in the key of its request."""
        request, (pitch, duration) = self._requests[place], self.events(place)
        notes = tuple(
            Note(one.onset, one.duration, one.pitch - self._up[place])
            for one in to_notes(pitch.tolist(), duration.tolist(), request.part)
        )
        bits = self._surprise.bits([place])[0] / len(pitch)
        return Line(notes, round(bits, 4))

    def _draw(
        self, rows: Ints, which: int, scores: Floats, temperature: float, top_p: float
    ) -> Ints:
        uniform = drawing.uniforms(self._keys[rows], 2 * (self._net.count - 1) + which)
        taken = drawing.chosen(scores, uniform, temperature, top_p)
        self._surprise.add(rows, scores, taken)
        return taken

    def _register(self, place: int) -> tuple[int, int]:
        """Lowest and highest pitch allowed, as places above LOWEST, in C or A."""
        request, floor = self._requests[place], LOWEST[self._requests[place].part]
        low, high = request.register or COMPASS[request.part]
        up = self._up[place] if request.register else 0
        return max(0, low + up - floor), min(PITCHES - 1, high + up - floor)

    def _hint(self, place: int) -> tuple[int, int]:
        request, (low, high) = self._requests[place], self._reach[place]
        register = grounds.FREE
        if request.register is not None:
            register = int(grounds.register_of((low + high) / 2, request.part))
        return request.density or grounds.FREE, register

    def _allowed(self) -> Floats:
        """[rows, 65]: 0 where a pitch lies in its register, -inf where not; rests may be."""
        allowed = np.full((len(self._reach), PITCHES + 1), UNSEEN)
        allowed[:, PITCHES] = 0.0
        for place, (low, high) in enumerate(self._reach):
            allowed[place, low : high + 1] = 0.0
        return allowed


def home_way(signature: Signature) -> int:
    """Semitones from the key to C or A, in the nearest direction: -5 to 6."""
    home = 0 if signature.mode == "maj" else 9
    return (home - signature.tonic + 5) % 12 - 5


def moved_chords(line: ChordLine, up: int) -> tuple[Signature, list[Chord | None]]:
    """The signature and chords of `line`, `up` semitones higher."""
    signature = line.signature
    moved = Signature(signature.meter, (signature.tonic + up) % 12, signature.mode)
    return moved, [
        None if one is None else Chord((one.root + up) % 12, one.quality) for one in line.chords
    ]
