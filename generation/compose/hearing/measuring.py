"""The figures of a mix net on sound, under the names that its thresholds bear.

It refuses to know commands and cards of other nets. Invariant: what cannot be measured (a quality
that never moves) is left out, so a release that needs it is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generation.compose.hearing.asking import REACHES, Found, ask
from generation.compose.hearing.mixes import FRAME, stretch_of
from generation.compose.hearing.songs import Song, held_out
from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.mix import net_of
from generation.nets.mix.asked import (
    BRIGHTER,
    DRUMS_RISE,
    HEARD,
    HEARD_SAVED,
    PEAK,
    STILL,
    foretold,
)
from generation.nets.mix.mixing import Mixer
from generation.nets.mix_stems import DESCRIPTORS
from generation.nets.registry import Tell
from generation.recipe import SAMPLE_RATE_HZ

SECONDS, START_S = 8.0, 8.0
HEARD_S = START_S + SECONDS  # of a song, all that is ever heard here
CENTROID, DRUMS = DESCRIPTORS.index("centroid"), DESCRIPTORS.index("drum share")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked: pieces, other settings that are searched, targets of each piece."""

    pieces: int = 8
    searched: int = 64
    targets: int = 4


OF_A_RELEASE = Size()


def on_sound(
    checkpoint: Checkpoint, folder: Path, tell: Tell, size: Size | None = None
) -> tuple[Figure, ...]:
    """Every figure on the held-out pieces of `folder`; raises FileNotFoundError without them."""
    size = size or OF_A_RELEASE
    found = heard_of(checkpoint, held_out(folder, size.pieces), size, tell)
    return figures_of(found, size.searched)


def heard_of(checkpoint: Checkpoint, songs: Iterable[Song], size: Size, tell: Tell) -> Found:
    """What the net makes of `songs`: of each the stretch that begins after START_S, or earlier
    where the song is shorter.
    """
    net = net_of(checkpoint)
    mixer, proposer = Mixer(net), Mixer(net, settles=False)
    found = Found()
    for song in songs:
        stretch = stretch_of(song, _start(song), SECONDS)
        ask(mixer, proposer, stretch, size.searched, size.targets, found)
        tell(f"{song.name}: {np.mean(found.errors['net'][-size.targets :]):.3f} sd, heard")
    return found


def _start(song: Song) -> int:
    """The first sample that is heard, on a frame."""
    length = min(int(one.sound.shape[1]) for one in song.stems)
    latest = length - round(SECONDS * SAMPLE_RATE_HZ)
    return max(0, min(round(START_S * SAMPLE_RATE_HZ), latest)) // FRAME * FRAME


def figures_of(found: Found, searched: int) -> tuple[Figure, ...]:
    """The figures of a card."""
    mean = {name: float(np.mean(rows)) for name, rows in found.errors.items()}
    beside = {
        f"best of {searched}": mean["best of search"],
        "flat mix": mean["flat"],
        "random": mean["random"],
        "the net's proposal": mean["proposal"],
    }
    note = f"{len(found.errors['net'])} targets on {len(found.pairs)} pieces"
    figures = [
        Figure(HEARD, mean["net"], "sd", baselines=beside, note=note),
        Figure(HEARD_SAVED, mean["best of search"] - mean["net"], "sd"),
    ]
    for place, name in enumerate(DESCRIPTORS):
        reached, best = (
            float(np.mean([row[place] for row in found.errors[one]]))
            for one in ("net", "best of search")
        )
        others = {f"best of {searched}": best}
        figures.append(Figure(f"heard: error in {name}", reached, "sd", baselines=others))
    for place, name in enumerate(DESCRIPTORS):
        alike = _least_alike(found, place)
        if alike is not None:
            figures.append(Figure(foretold(name), alike, "", note="lowest of all pieces"))
    figures.append(Figure(PEAK, max(found.peaks), "dBTP", note=f"{len(found.peaks)} mixes"))
    return (*figures, *_climbing(found), *_moving(found))


def _least_alike(found: Found, place: int) -> float | None:
    """The lowest correlation of what was foretold and heard, where the descriptor moves at all."""
    alike = [
        float(np.corrcoef(told[:, place], sound[:, place])[0, 1])
        for told, sound in found.pairs
        if sound[:, place].std() > 1e-4
    ]
    return min(alike) if alike else None


def _climbing(found: Found) -> list[Figure]:
    """Steps of rising energy at which drums and brightness rose, of those that could."""
    rows = []
    for place, name in ((DRUMS, DRUMS_RISE), (CENTROID, BRIGHTER)):
        climbs = [one[:, place] for one in found.climbs if one[:, place].max() > 1e-4]
        if climbs:
            steps = np.diff(np.array(climbs), axis=1)
            path = " ".join(f"{one:.3g}" for one in np.mean(climbs, 0))
            part = float(np.mean(steps > 0.0))
            rows.append(Figure(name, part, note=f"of {steps.size}; mean {path}"))
    return rows


def _moving(found: Found) -> list[Figure]:
    """How far a mix goes at each reach; nowhere at 0."""
    ways = np.mean(found.moved, 0)
    beside = {f"reach {one:g}": float(way) for one, way in zip(REACHES, ways, strict=True)}
    return [Figure(STILL, float(ways[0]), "sd", baselines=beside)]


def decided_ms(found: Found) -> float:
    """The median wall time of an answer; of this machine, so no card has it."""
    return float(np.median(found.decide_ms))
