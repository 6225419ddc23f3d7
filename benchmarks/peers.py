"""Engine and contenders at the same job, by turns, in one process on one thread.

Each round measures the engine and then a contender, so that what else the machine does falls on
both alike; the middle ratio of CPU seconds counts. Knows contenders by what they promise
(`Contender`), not how they work. Invariant: a contender that is not here is told as not measured.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Protocol

from benchmarks import peers_ffmpeg, peers_python
from benchmarks.figures import Figure
from benchmarks.job import (
    EACH,
    PERCUSSIVE,
    SECONDS,
    SHARED,
    TONAL,
    make_recipe,
    make_stems,
    run,
)
from benchmarks.listening import (
    MOVES,
    Attack,
    Chord,
    attack,
    chord,
    click_stem,
    engine,
    pitch,
)
from benchmarks.meters import metered
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.recipe import Recipe


class Contender(Protocol):
    """Somebody else's tools. `reach`: the least ratio of its CPU seconds to the engine's."""

    name: str
    reach: float | None
    rounds: int | None

    def missing(self) -> str | None:
        """Why it cannot be measured here, or None."""

    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem at another speed and pitch, latency taken out where the tool tells it."""

    def job(self, stems: Mapping[str, Audio], *, first: bool) -> tuple[dict[str, float], Audio]:
        """The whole job: CPU seconds by kind of reverb, and the mix with the shared one.

        A reverb on each stem may be left out of all rounds but the first.
        """


def contenders() -> list[Contender]:
    """Everybody that the engine is held against."""
    return [*peers_python.contenders(), *peers_ffmpeg.contenders()]


def figures(seconds: float = SECONDS, rounds: int = 5, processor: str = TONAL) -> list[Figure]:
    """Ratios of CPU seconds, then loudness, true peak, chord, click and pitch of everybody."""
    stems, onsets = make_stems(seconds)
    recipe = make_recipe(stems, processor)
    found = _ours(recipe, stems, onsets, processor)
    for one in contenders():
        why = one.missing()
        if why is not None:
            found.append(Figure("peers", f"CPU ratio, {one.name}", None, "x", one.reach, note=why))
            continue
        found += _against(one, recipe, stems, onsets, min(rounds, one.rounds or rounds))
        chords = [chord(one.stretch, *move) for move in MOVES]
        attacks = [attack(one.stretch, speed) for speed, _ in MOVES]
        found += _heard(one.name, chords, attacks, pitch(one.stretch))
    return found


def _against(
    one: Contender,
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    rounds: int,
) -> list[Figure]:
    """The ratios, and what the contender's mix reads. The one held to a reach is that with the
    shared reverb: the cheaper one, and what the engine does.
    """
    ratios: dict[str, list[float]] = {SHARED: [], EACH: []}
    spent: list[tuple[float, float]] = []
    for number in range(rounds):
        ours = run(recipe, stems, onsets, attributed=False).cpu_s
        cpu_s, mix = one.job(stems, first=number == 0)
        spent.append((ours, cpu_s[SHARED]))
        for kind, cpu in cpu_s.items():
            ratios[kind].append(cpu / ours)
    ours, theirs = (median(side) for side in zip(*spent, strict=True))
    return [
        Figure(
            "peers", f"CPU ratio, {one.name}, {SHARED}", median(ratios[SHARED]), "x", one.reach,
            note=f"{theirs:.1f} to {ours:.2f} CPU s, {min(ratios[SHARED]):.1f} to "
            f"{max(ratios[SHARED]):.1f}; rounds: {rounds}",
        ),
        Figure(
            "peers", f"CPU ratio, {one.name}, {EACH}", median(ratios[EACH]), "x",
            note=f"rounds: {len(ratios[EACH])}",
        ),
        *_read(one.name, mix),
    ]  # fmt: skip


def _ours(
    recipe: Recipe, stems: Mapping[str, Audio], onsets: Mapping[str, Onsets], processor: str
) -> list[Figure]:
    """The same readings of the engine: tonal stems by its largest window, clicks by slices."""
    tonal = engine(processor)
    chords = [chord(tonal, *move) for move in MOVES]
    attacks = [
        attack(engine(PERCUSSIVE, 4_096, click_stem(8 * speed)[1]), speed) for speed, _ in MOVES
    ]
    mix = run(recipe, stems, onsets, attributed=False).audio
    return [*_read("the engine", mix), *_heard("the engine", chords, attacks, pitch(tonal))]


def _read(name: str, mix: Audio) -> list[Figure]:
    """Loudness and peak of somebody's mix by libebur128."""
    lufs, peak = metered([mix])
    return [
        Figure("peers", f"loudness, {name}", lufs, "LUFS", note="asked: -14"),
        Figure("peers", f"true peak, {name}", peak, "dBTP", note="asked: -1.5"),
    ]


def _heard(
    name: str, chords: Sequence[Chord], attacks: Sequence[Attack], cents: float
) -> list[Figure]:
    """The listening figures of somebody, the worst of both moves."""
    return [
        Figure("peers", f"chord SNR, {name}", min(one.snr_db for one in chords), "dB"),
        Figure("peers", f"level swing, {name}", max(one.swing_db for one in chords), "dB"),
        Figure(
            "peers", f"click energy within 1 ms, {name}", min(one.worst for one in attacks),
            note=f"worst; mean {min(one.mean for one in attacks):.2f}",
        ),
        Figure("peers", f"pre-echo, {name}", max(one.pre_echo for one in attacks)),
        Figure("peers", f"pitch error, {name}", cents, "cent"),
    ]  # fmt: skip
