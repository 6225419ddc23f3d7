"""Where sound comes from when no recording is named: 1 to 8 stems of at most 3 recordings.

Pure. It knows tempi, keys, roles and which recordings may be mixed with others; rights were asked
before, and whoever has a taste takes the first of what is offered. Invariant: the same candidates,
seed and first give the same choice, and a recording that forbids mixing stands alone.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from generation.compose.keys import parse_key, way
from generation.variations.rules import RECORDINGS_AT_MOST, STEMS_AT_MOST, Mode

ROLES: dict[Mode, tuple[str, ...]] = {
    Mode.AMBIENT: ("pad", "strings", "keys", "other", "guitar", "vocals", "bass"),
    Mode.FOCUS: ("drums", "bass", "keys", "pad", "guitar", "strings", "other"),
    Mode.MOOD: ("keys", "pad", "drums", "bass", "guitar", "strings", "vocals", "other"),
}
TEMPO_APART = math.log2(1.12)
SEMITONES_APART = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One recording whose stems are cleared. `stems`: (reference, role) pairs in their order.

    `with_explicit`: of others, also explicit ones may sound beside it; `explicit`: it is one.
    """

    recording: str
    stems: tuple[tuple[str, str], ...]
    tempo_bpm: float | None
    key: str | None
    with_others: bool
    with_explicit: bool = True
    explicit: bool = False


def choose(
    candidates: Sequence[Candidate],
    mode: Mode,
    *,
    tempo_bpm: float | None,
    key: str | None,
    vocals: bool,
    seed: int,
    taken: str | None = None,
) -> list[str]:
    """References of the chosen stems, recording by recording; empty when nothing can be used.

    `taken`: the recording that comes first, where somebody preferred one of `offered`.
    """
    order = offered(candidates, mode, tempo_bpm=tempo_bpm, key=key, vocals=vocals, seed=seed)
    if not order:
        return []
    first = next((one for one in order if one.recording == taken), order[0])
    chosen = [first]
    if first.with_others:
        for other in (one for one in order if one is not first and _fits(one, first)):
            if len(chosen) < RECORDINGS_AT_MOST and all(_bear(other, one) for one in chosen):
                chosen.append(other)
    return _cast(chosen, mode, vocals)


def offered(
    candidates: Sequence[Candidate],
    mode: Mode,
    *,
    tempo_bpm: float | None,
    key: str | None,
    vocals: bool,
    seed: int,
) -> list[Candidate]:
    """What the mode can use, what must be moved least first and otherwise by the lot of `seed`."""
    usable = [one for one in candidates if wanted_stems(one, mode, vocals)]
    order = sorted(usable, key=lambda one: one.recording)
    random.Random(seed).shuffle(order)
    return sorted(order, key=lambda one: _distance(one.tempo_bpm, one.key, tempo_bpm, key))


def as_near(order: Sequence[Candidate], tempo_bpm: float | None, key: str | None) -> int:
    """How many of `order`, as `offered` gives it, must be moved hardly further than the first: no
    further than recordings may lie apart to be mixed.
    """
    ways = [_distance(one.tempo_bpm, one.key, tempo_bpm, key) for one in order]
    return sum(way <= ways[0] + TEMPO_APART for way in ways) if ways else 0


def wanted_stems(one: Candidate, mode: Mode, vocals: bool) -> list[tuple[str, str]]:
    """The stems of a recording that the mode can use, in the mode's order of roles."""
    roles = ROLES.get(mode, ROLES[Mode.MOOD])
    kept = [s for s in one.stems if s[1] in roles and (vocals or s[1] != "vocals")]
    return sorted(kept, key=lambda stem: roles.index(stem[1]))


def _distance(
    tempo: float | None, key: str | None, wanted_tempo: float | None, wanted_key: str | None
) -> float:
    """How far a recording must be moved: octaves of tempo, plus semitones by twelve."""
    apart = 0.0
    if wanted_tempo is not None:
        apart += 1.0 if tempo is None else _octaves(tempo, wanted_tempo)
    if wanted_key is not None:
        apart += 0.5 if key is None else abs(way(parse_key(key), parse_key(wanted_key))) / 12
    return apart


def _octaves(one: float, other: float) -> float:
    """Distance of two tempi in octaves, where double and half count as equal."""
    octaves = abs(math.log2(one / other))
    return abs(octaves - round(octaves))


def _fits(other: Candidate, first: Candidate) -> bool:
    if not other.with_others:
        return False
    tempi, keys = (other.tempo_bpm, first.tempo_bpm), (other.key, first.key)
    if (tempi[0] is None) != (tempi[1] is None):
        return False
    if tempi[0] and tempi[1] and _octaves(tempi[0], tempi[1]) > TEMPO_APART:
        return False
    if keys[0] and keys[1]:
        return abs(way(parse_key(keys[0]), parse_key(keys[1]))) <= SEMITONES_APART
    return True


def _bear(one: Candidate, other: Candidate) -> bool:
    """Whether both may sound beside the words of the other."""
    return (one.with_explicit or not other.explicit) and (other.with_explicit or not one.explicit)


def _cast(chosen: list[Candidate], mode: Mode, vocals: bool) -> list[str]:
    """Up to eight stems, taken in turn from the recordings so that each of them sounds."""
    queues = [wanted_stems(one, mode, vocals) for one in chosen]
    taken: list[set[str]] = [set() for _ in chosen]
    while sum(map(len, taken)) < STEMS_AT_MOST and any(queues):
        for number, queue in enumerate(queues):
            if queue and sum(map(len, taken)) < STEMS_AT_MOST:
                taken[number].add(queue.pop(0)[0])
    return [
        reference
        for one, kept in zip(chosen, taken, strict=True)
        for reference, _role in one.stems
        if reference in kept
    ]
