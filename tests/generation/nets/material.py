"""Small things the tests of nets share: a card, tunes written here, nets that learned nothing."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generation.nets import exact, registry
from generation.nets.cards import Card, DataFile, Figure, Training
from generation.nets.checkpoints import Checkpoint
from generation.nets.harmony.model import HarmonyModel
from generation.nets.harmony.model import Size as HarmonySize
from generation.nets.learning import arrays_of
from generation.nets.line.model import LineModel, Size
from generation.nets.values import Chord, ChordLine, Signature

SMALL = Size(width=16, layers=2, heads=2)
SMALL_HARMONY = HarmonySize(width=16, layers=1, heads=2)


def card(net: str = "harmony") -> Card:
    """A whole card whose figures just reach the thresholds of `net`."""
    found = registry.find(net)
    figures = tuple(
        Figure(one.name, one.reach, "", one.reach, one.is_floor, {"chance": 9.0})
        for one in found.thresholds
    )
    data = (DataFile("tunes.json", "written here", "CC0-1.0", "Tunes by nobody.", "0" * 64),)
    settings = {"width": 16, "layers": 1, "heads": 2, "temperature": 0.9, "top_p": 0.95}
    limits = ("It has learned nothing.",)
    training = Training(found.plan, 1.0, "a processor")
    return Card(
        net, 1, found.architecture, data, "none", 0, settings, limits, "", figures, training
    )


def untaught_line(size: Size = SMALL, copies: Any = ()) -> Checkpoint:
    """A line net with weights from a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = LineModel(size)
        torch.nn.init.normal_(model.ago, std=0.3)
        torch.nn.init.normal_(model.apart, std=0.3)
    tensors = dict(exact.packed(arrays_of(model))) | {"copies": np.array(copies, dtype=np.uint32)}
    return Checkpoint(replace(card("line"), settings=card("line").settings | asdict(size)), tensors)


def untaught_harmony() -> Checkpoint:
    """A harmony net with weights from a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        model = HarmonyModel(SMALL_HARMONY)
    settings = card().settings | asdict(SMALL_HARMONY)
    return Checkpoint(replace(card(), settings=settings), exact.packed(arrays_of(model)))


def progression(tonic: int = 0, bars: int = 4) -> ChordLine:
    """I, vi, IV, V7 in four-four, again and again."""
    degrees = ((0, "maj"), (9, "min"), (5, "maj"), (7, "7"))
    chords = [Chord((tonic + root) % 12, kind) for root, kind in degrees for _ in range(4)]
    return ChordLine(Signature((4, 4), tonic, "maj"), tuple((chords * bars)[: 4 * bars]))


def tune_file(folder: Path, tunes: int = 12, bars: int = 8) -> None:
    """Both data files in `folder`: scales up and down in several keys, over one chord."""
    rows = [_tune(number, bars) for number in range(tunes)]
    for name in ("lieder_melody_bass.json", "hymns_satb.json"):
        text = json.dumps({"meta": {}, "pieces": rows})
        (folder / name).write_text(text, encoding="utf-8")


def _tune(number: int, bars: int) -> dict[str, Any]:
    tonic = number % 12
    steps = [0, 2, 4, 5, 7, 5, 4, 2] * (bars // 2)
    melody = [[12 * place, 12, 60 + tonic + step] for place, step in enumerate(steps)]
    bass = [[24 * half, 24, 36 + tonic] for half in range(2 * bars)]
    return {
        "id": f"tune {number}",
        "metre": [4, 4],
        "pickup": 0,
        "mode": "maj",
        "tonic": tonic,
        "total": 48 * bars,
        "split": "test" if number % 6 == 5 else "train",
        "chord_start": 0,
        "chords": [[tonic, "maj"]] * (4 * bars),
        "melody": melody,
        "bass": bass,
    }
