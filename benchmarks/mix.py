"""The mix net on real sound: how near the engine's own console comes to what was asked of it.

Targets are random settings of held-out pieces, rendered and read from the sound, as changes from
the flat mix; the net sets the console, the engine renders, the sound is read again. Beside it: the
best of 64 other random settings (each rendered), the flat mix and one random mix. Then how well the
console as the net knows it foretells the sound, whether anything clips, and whether energy moves
what it should.

`--checkpoint` takes weights that are not released; `--json` prints for machines, `--check` exits 1
when a figure is missed, `--quick` takes two pieces and sixteen searched settings; `--searched` and
`--targets` take as many as they say.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import torch

from benchmarks.figures import Figure, missed, table
from benchmarks.mix_sound import ROOM, Stretch, heard, stretch_of, true_peak_dbtp
from benchmarks.mix_stems import held_out
from generation.compose.mixing_net import shift_of
from generation.compose.values import Ask
from generation.nets import checkpoints
from generation.nets.mix import net_of
from generation.nets.mix.console import Material, described
from generation.nets.mix.mixing import Mixer, strips_of
from generation.nets.mix.model import flat
from generation.nets.mix.training import material_of, random_settings
from generation.nets.mix_stems import DESCRIPTORS, MixRequest
from generation.recipe import SAMPLE_RATE_HZ

ENERGIES = (0.0, 0.25, 0.5, 0.75, 1.0)
REACHES = (0.0, 0.25, 0.5, 1.0)
SECONDS, START_S = 8.0, 8.0
CENTROID, DRUMS = DESCRIPTORS.index("centroid"), DESCRIPTORS.index("drum share")


@dataclass(slots=True)
class Found:
    """What all stretches gave. Errors [targets, descriptors] in standard deviations; `pairs`: what
    was foretold and what was heard, per stretch; `climbs`: heard at rising energy.
    """

    errors: dict[str, list[np.ndarray]] = field(default_factory=dict)
    pairs: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    climbs: list[np.ndarray] = field(default_factory=list)
    moved: list[np.ndarray] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    decide_ms: list[float] = field(default_factory=list)


def measure(
    mixer: Mixer, proposer: Mixer, stretch: Stretch, searched: int, targets: int, found: Found
) -> None:
    """Adds what one stretch gives to `found`; `proposer`: the same net without settling."""
    many = searched + targets
    one, _ = material_of([stretch.stems], [ROOM])
    wide = Material(*(part.expand(many, *part.shape[1:]) for part in one))
    full = torch.ones(many)
    generator = torch.Generator().manual_seed(stretch.start + len(stretch.song.name))
    settings = random_settings(wide, full, full, generator)
    places = range(len(stretch.stems))
    sound = np.array(
        [heard(stretch, strips_of(one, settings[n : n + 1], places)) for n in range(many)]
    )
    found.pairs.append((described(wide, settings).numpy(), sound))
    unit = np.asarray(mixer.unit)
    plain = np.array(heard(stretch, strips_of(one, flat(one), places)))
    for number in range(targets):
        target, others = sound[number], np.delete(sound, number, 0)[-searched:]
        began = time.perf_counter()
        shift = tuple(((target - plain) / unit).tolist())
        answer = mixer.mix([MixRequest(stretch.stems, shift, room=ROOM)])[0]
        found.decide_ms.append(1_000.0 * (time.perf_counter() - began))
        reached = np.array(heard(stretch, answer.strips))
        alone = proposer.mix([MixRequest(stretch.stems, shift, room=ROOM)])[0]
        best = others[np.abs((others - target) / unit).mean(1).argmin()]
        mixes = {"net": reached, "best of search": best, "flat": plain, "random": others[0]}
        mixes["proposal"] = np.array(heard(stretch, alone.strips))
        for name, mix in mixes.items():
            found.errors.setdefault(name, []).append(np.abs((mix - target) / unit))
        found.peaks.append(true_peak_dbtp(stretch, answer.strips))
    _moods(mixer, stretch, plain, unit, found)


def _moods(
    mixer: Mixer, stretch: Stretch, plain: np.ndarray, unit: np.ndarray, found: Found
) -> None:
    """What rising energy gives, and how far a mix goes at each reach."""
    rows = []
    for energy in ENERGIES:
        shift = shift_of(Ask("remix", energy=energy), energy)
        answer = mixer.mix([MixRequest(stretch.stems, shift, room=ROOM)])[0]
        rows.append(heard(stretch, answer.strips))
        found.peaks.append(true_peak_dbtp(stretch, answer.strips))
    found.climbs.append(np.array(rows))
    shift = shift_of(Ask("remix", energy=1.0, brightness=0.8), 1.0)
    ways = []
    for reach in REACHES:
        answer = mixer.mix([MixRequest(stretch.stems, shift, reach, room=ROOM)])[0]
        ways.append(np.abs((np.array(heard(stretch, answer.strips)) - plain) / unit).mean())
    found.moved.append(np.array(ways))


def figures_of(found: Found, searched: int) -> list[Figure]:
    """The rows of the report."""
    mean = {name: float(np.mean(rows)) for name, rows in found.errors.items()}
    rows = [
        Figure("sound", "error to target", mean["net"], "sd", 0.30, is_floor=False),
        Figure("sound", "the net's proposal alone", mean["proposal"], "sd"),
        Figure("sound", f"best of {searched} random settings", mean["best of search"], "sd"),
        Figure("sound", "flat mix", mean["flat"], "sd"),
        Figure("sound", "a random mix", mean["random"], "sd"),
        Figure("sound", "saved against the search", mean["best of search"] - mean["net"], "sd", 0),
    ]
    for place, name in enumerate(DESCRIPTORS):
        reached = float(np.mean([row[place] for row in found.errors["net"]]))
        note = f"search {np.mean([row[place] for row in found.errors['best of search']]):.3f}"
        rows.append(Figure("sound", f"error in {name}", reached, "sd", note=note))
    rows += [Figure("foretold", f"correlation, {name}", _least_alike(found, place), "", 0.9,
                    note="lowest of all stretches")
             for place, name in enumerate(DESCRIPTORS)]  # fmt: skip
    rows.append(Figure("clipping", "highest true peak", max(found.peaks), "dBTP", -1.0,
                       is_floor=False, note=f"{len(found.peaks)} mixes at -14 LUFS"))  # fmt: skip
    rows += _climbing(found)
    moved = np.mean(found.moved, 0)
    rows += [
        Figure("reach", f"moved at reach {reach:g}", float(way), "sd",
               0.0 if reach == 0.0 else None, is_floor=False)
        for reach, way in zip(REACHES, moved, strict=True)
    ]  # fmt: skip
    rows.append(Figure("speed", "a section decided", float(np.median(found.decide_ms)), "ms"))
    return rows


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
    for place, name in ((DRUMS, "drum share"), (CENTROID, "centroid")):
        climbs = [one[:, place] for one in found.climbs if one[:, place].max() > 1e-4]
        steps = np.diff(np.array(climbs), axis=1)
        path = " ".join(f"{one:.3g}" for one in np.mean(climbs, 0))
        rows.append(Figure("energy", f"steps up in {name}", float(np.mean(steps > 0.0)), "", 1.0,
                           note=f"mean {path}"))  # fmt: skip
    return rows


def main() -> int:
    """Prints the table or JSON; 1 when --check finds a figure missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--searched", type=int, help="other settings that are searched, each rendered"
    )
    parser.add_argument("--targets", type=int, help="targets asked of each stretch")
    options = parser.parse_args()
    torch.set_num_threads(1)
    read = checkpoints.load_draft(options.checkpoint) if options.checkpoint else None
    net = net_of(read or checkpoints.newest("mix"))
    mixer, proposer = Mixer(net), Mixer(net, settles=False)
    searched, targets, pieces = (16, 2, 2) if options.quick else (64, 4, 8)
    searched, targets = options.searched or searched, options.targets or targets
    found = Found()
    for song in held_out(pieces):
        stretch = stretch_of(song, round(START_S * SAMPLE_RATE_HZ), SECONDS)
        measure(mixer, proposer, stretch, searched, targets, found)
        print(f"{song.name} done", file=sys.stderr)
    figures = figures_of(found, searched)
    if options.json:
        versions = {"python": platform.python_version(), "torch": torch.__version__}
        print(json.dumps({"versions": versions, "figures": [one.plain() for one in figures]}))
    else:
        print(table(figures))
    fallen = missed(figures)
    if options.check and fallen:
        print("Missed: " + "; ".join(fallen), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
