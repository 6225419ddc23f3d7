"""How fast released nets answer, on one thread: one function per net in SPEED.

Knows requests and clocks. What is gated is seconds of CPU, for which one core is busy; the wall
clock of a shared machine stands beside. Invariant: everything is warmed up once before it is timed.
"""

import time
from collections.abc import Callable

import numpy as np

from benchmarks.figures import Figure
from benchmarks.nets_samples import progression
from generation.nets.checkpoints import Checkpoint, serving
from generation.nets.drums.playing import Drummer, DrumRequest
from generation.nets.harmony.writing import HarmonyNet
from generation.nets.line.writing import LineNet
from generation.nets.values import HarmonyRequest, LineRequest, Note

PLAN_S = 1.0
_CANDIDATES = 8


def _times(answer: Callable[[int], int], times: int, what: str) -> tuple[float, str]:
    """Median seconds of CPU, and a note with the slowest, the wall clock and how much of `what` is
    answered a second; `answer` is given a seed."""
    answer(0)
    took, wall, made = [], [], 0
    for seed in range(times):
        begun, since = time.process_time(), time.perf_counter()
        made += answer(seed)
        took.append(time.process_time() - begun)
        wall.append(time.perf_counter() - since)
    clock = f"by the clock {float(np.median(wall)):.2f} s"
    rate = f"{made / sum(took):.0f} {what}/s"
    note = f"CPU, median of {times}, slowest {max(took):.2f} s, {rate}; {clock}"
    return float(np.median(took)), note


def line_speed(checkpoint: Checkpoint, times: int) -> list[Figure]:
    """16 bars for 8 candidates, gated; one candidate; 8 requests at once."""
    net = LineNet(checkpoint)

    def ask(part: str, candidates: int, requests: int) -> Callable[[int], int]:
        def answer(seed: int) -> int:
            asked = [
                LineRequest(part, progression(16, seed + n), seed * 100 + n, candidates)
                for n in range(requests)
            ]
            return sum(len(line.notes) for lines in net.write(asked) for line in lines)

        return answer

    rows = []
    for name, part, candidates, requests, reach in (
        ("16 bars of melody, 8 candidates", "melody", _CANDIDATES, 1, PLAN_S),
        ("16 bars of bass, 8 candidates", "bass", _CANDIDATES, 1, PLAN_S),
        ("16 bars of melody, 1 candidate", "melody", 1, 1, None),
        ("8 requests of 16 bars, 8 candidates each", "melody", _CANDIDATES, 8, None),
    ):
        middle, note = _times(ask(part, candidates, requests), times, "notes")
        rows.append(Figure("line, speed", name, middle, "s", reach, False, note))
    return rows


def harmony_speed(checkpoint: Checkpoint, times: int) -> list[Figure]:
    """64 beats for 8 candidates, gated."""
    net = HarmonyNet(checkpoint)

    def answer(seed: int) -> int:
        chords = progression(16, seed)
        melody = chords_as_melody(seed)
        asked = HarmonyRequest(chords.signature, len(chords.chords), melody, seed, _CANDIDATES)
        return sum(len(one.chords.chords) for one in net.write([asked])[0])

    middle, note = _times(answer, times, "chords")
    return [Figure("harmony, speed", "64 beats, 8 candidates", middle, "s", PLAN_S, False, note)]


def chords_as_melody(seed: int) -> tuple[Note, ...]:
    """A melody that walks over the notes of the progression, one or two to a beat."""
    notes = []
    for beat, chord in enumerate(progression(16, seed).chords):
        assert chord is not None
        tones = chord.pitch_classes
        notes.append(Note(12 * beat, 12, 60 + tones[(beat + seed) % len(tones)]))
    return tuple(notes)


def drum_speed(checkpoint: Checkpoint, times: int) -> list[Figure]:
    """16 bars for 8 candidates, gated; one candidate."""
    drummer: Drummer = serving(checkpoint)

    def ask(candidates: int) -> Callable[[int], int]:
        def answer(seed: int) -> int:
            asked = [DrumRequest((3,) * 16, "funk", 100 * seed + n) for n in range(candidates)]
            return sum(len(bar) for part in drummer.play(asked) for bar in part)

        return answer

    rows = []
    for candidates, reach in ((_CANDIDATES, PLAN_S), (1, None)):
        middle, note = _times(ask(candidates), times, "hits")
        name = f"16 bars, {candidates} candidates"
        rows.append(Figure("drums, speed", name, middle, "s", reach, False, note))
    return rows


SPEED = {"line": line_speed, "harmony": harmony_speed, "drums": drum_speed}
