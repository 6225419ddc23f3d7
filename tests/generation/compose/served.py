"""Nets that learned nothing, ready to serve, and a song that they can write for."""

from dataclasses import replace

import numpy as np
import torch

from generation.analysis.values import Slice
from generation.compose.values import Song
from generation.nets.chosen import Choice, Loaded
from generation.nets.drums.model import DrumNet, DrumSizes
from generation.nets.drums.playing import Drummer
from generation.nets.harmony.writing import HarmonyNet
from generation.nets.line.writing import LineNet
from generation.nets.mix.mixing import Mixer
from generation.nets.mix.model import MixNet, MixSizes
from tests.generation.nets.material import card, untaught_harmony, untaught_line

from .songs import RATE
from .test_mixing_net import with_bands
from .test_new_line import song_with, tones

KIT = tuple(
    Slice(RATE // 2 * n, RATE // 2 * n + 9_000, None, 0.0, -18.0 - n % 3, 20.0, 800.0, hit, None)
    for n, hit in enumerate(("kick", "hat", "snare", "hat") * 3)
)
SUNG = tuple(
    Slice(at, at + 20_000, 57.0 + step, 0.95, -20.0, 20.0, 900.0, "", None)
    for at, step in zip(range(0, 64 * RATE, RATE // 2), (0, 3, 7, 5, 8, 7, 3, 2) * 16, strict=True)
)
TONES = {"keys": tones(52, 84), "bass": tones(28, 50), "drums": KIT, "vocals": SUNG}


def full_song(**changes):
    """A song with bands, chords, tones and hits."""
    return with_bands(song_with(TONES, **changes))


def without_chords(given):
    """The same song, no chord of it told."""
    return Song(given.stems, replace(given.analysis, chords=()))


def loaded(net, runs, digit="1"):
    return Loaded(Choice(net, 1, digit * 64), card(net), runs)


def nets(*names):
    """Small nets with weights from fixed seeds, by name; all of them where none is named."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        drums = Drummer(
            DrumNet(DrumSizes(16, 1, 8, 4, 8, dropout=0.0)).eval(), np.zeros(0, np.int64)
        )
        mix = Mixer(MixNet(MixSizes(width=16, layers=1, heads=2)))
    served = {
        "line": loaded("line", LineNet(untaught_line()), "1"),
        "harmony": loaded("harmony", HarmonyNet(untaught_harmony()), "2"),
        "drums": loaded("drums", drums, "3"),
        "mix": loaded("mix", mix, "4"),
    }
    return {name: served[name] for name in names or served}
