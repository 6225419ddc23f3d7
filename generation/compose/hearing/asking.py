"""One stretch of a song and what a mix net makes of it: targets, rising energy, bounds of reach.

Targets are random settings of the stretch, rendered and read from the sound, as changes from the
flat mix; the net sets the console, the engine renders, the sound is read again. Beside it: the best
of many other random settings (each rendered), the flat mix and one random mix. It refuses to know
what is good enough. Invariant: equal stretches and sizes ask the same.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from generation.compose.hearing.mixes import ROOM, Stretch, heard, true_peak_dbtp
from generation.compose.mixing_net import shift_of
from generation.compose.values import Ask
from generation.nets.mix.console import Material, described
from generation.nets.mix.mixing import Mixer, strips_of
from generation.nets.mix.model import flat
from generation.nets.mix.training import material_of, random_settings
from generation.nets.mix_stems import MixRequest

F64 = npt.NDArray[np.float64]
ENERGIES = (0.0, 0.25, 0.5, 0.75, 1.0)
REACHES = (0.0, 0.25, 0.5, 1.0)


@dataclass(slots=True)
class Found:
    """What all stretches gave. Errors [targets, descriptors] in standard deviations; `pairs`: what
    was foretold and what was heard, per stretch; `climbs`: heard at rising energy; `moved`: how far
    a mix went at each reach; `peaks` in dBTP; `decide_ms`: wall time of each answer.
    """

    errors: dict[str, list[F64]] = field(default_factory=dict)
    pairs: list[tuple[F64, F64]] = field(default_factory=list)
    climbs: list[F64] = field(default_factory=list)
    moved: list[F64] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    decide_ms: list[float] = field(default_factory=list)


def ask(
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


def _moods(mixer: Mixer, stretch: Stretch, plain: F64, unit: F64, found: Found) -> None:
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
