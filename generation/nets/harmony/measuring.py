"""Every figure of the harmony net on the test split, its baselines beside it, by one script.

Knows the corpus and what serves; only beats on which something sounds are counted. Invariant:
nothing here was learned from the test split.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generation.nets import corpus, exact
from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.counting import WittenBell, joined, shifted, surprise, uniform_bits
from generation.nets.harmony.beats import (
    BEATS_AT_MOST,
    NOTHING,
    OFFSETS,
    START,
    Beats,
    beats_of,
    examples,
)
from generation.nets.harmony.model import Size
from generation.nets.harmony.serving import Reader
from generation.nets.harmony.writing import HarmonyNet
from generation.nets.line.grounds import NO_CHORD
from generation.nets.line.quality import Progression, progressions, share_of
from generation.nets.registry import Tell
from generation.nets.specimen import SPECIMEN
from generation.nets.values import MODES, ChordLine, HarmonyRequest, NoteLine

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
CANDIDATES = 2
MARKOV = "chord before, mode, melody note"
_SEED = 30_000


def measure(checkpoint: Checkpoint, data: Path, tell: Tell) -> tuple[Figure, ...]:
    """See `registry.Net`."""
    pieces = corpus.read(data)
    train, test = examples(pieces, "train"), examples(pieces, "test")
    tell(f"{len(test)} melodies of the test split")
    figures = likelihoods(checkpoint, train, test)
    tell("choosing chords for melodies of the test split")
    chosen = _chosen(HarmonyNet(checkpoint), progressions(pieces))
    return (*figures, *chosen, on_specimen(checkpoint))


def on_specimen(checkpoint: Checkpoint) -> Figure:
    """What the net makes of a tune that is at hand wherever the weights are."""
    one = SPECIMEN
    asked = beats_of(one.signature, one.melody, len(one.chords), one.chords, one.source)
    bits = _bits(scores_of(checkpoint, asked), asked)
    return Figure("specimen", float(bits.mean()), "bits", note=f"{len(bits)} beats")


def likelihoods(
    checkpoint: Checkpoint, train: Sequence[Beats], test: Sequence[Beats]
) -> list[Figure]:
    """Bits per beat, and how often the likeliest chord is the one that stands there."""
    rows = [scores_of(checkpoint, one) for one in test]
    bits = np.concatenate([_bits(scores, one) for scores, one in zip(rows, test, strict=True)])
    best = np.concatenate([scores.argmax(-1) for scores in rows])
    chords = np.concatenate([one.chords for one in test])
    moved = np.concatenate([one.chords != shifted(one.chords, 1, START) for one in test])
    hymn = np.repeat([one.source == 1 for one in test], [len(one.chords) for one in test])
    there = chords != NO_CHORD
    right = best == chords
    beside_bits, beside_top, beside_moved = _baselines(train, test, there, moved)
    beside_bits |= {"the net on hymns": float(bits[there & hymn].mean())}
    beside_top |= {"the net on hymns": float(right[there & hymn].mean())}
    note = f"{int(there.sum())} beats"
    return [
        Figure("chord", float(bits[there].mean()), "bits", baselines=beside_bits, note=note),
        Figure("top-1", float(right[there].mean()), baselines=beside_top),
        Figure("top-1 where the chord changes", float(right[there & moved].mean()),
               baselines=beside_moved, note=f"{int((there & moved).sum())} beats"),
    ]  # fmt: skip


def scores_of(checkpoint: Checkpoint, one: Beats) -> Floats:
    """[beats, 48]: the scores of what serves, given the true chords before each beat."""
    settings = checkpoint.card.settings
    size = Size(*(int(settings[name]) for name in ("width", "layers", "heads")))
    net = Reader(exact.unpacked(checkpoint.tensors), size)
    there = np.ones((1, len(one.columns)), dtype=bool)
    read = net.read(one.columns[None], one.shares[None], there)
    return net.whole(read[0], shifted(one.chords, 1, START), one.columns[:, 0])


def _bits(scores: Floats, one: Beats) -> Floats:
    return surprise(scores, np.minimum(one.chords, NO_CHORD - 1))


def _baselines(
    train: Sequence[Beats],
    test: Sequence[Beats],
    there: NDArray[np.bool_],
    moved: NDArray[np.bool_],
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Bits, top-1 and top-1 at changes, by name."""
    bits, top, changes = {"uniform": uniform_bits(NO_CHORD)}, {}, {}
    learned, asked = _counted(train), _counted(test)
    sounding = learned["chord"] != NO_CHORD
    chains = {
        "unigram": ["none", "mode"],
        "melody note": ["none", "mode", "mode note"],
        MARKOV: ["none", "before", "before mode", "before mode note"],
        f"{MARKOV}, beat": ["none", "before", "before mode", "before mode note", "all"],
    }
    for name, chain in chains.items():
        fit = [joined(*(learned[one] for one in level.split()))[sounding] for level in chain]
        see = [joined(*(asked[one] for one in level.split()))[there] for level in chain]
        counts = WittenBell(NO_CHORD).fit(fit, learned["chord"][sounding])
        chords = asked["chord"][there]
        bits[name] = float(counts.bits(see, chords).mean())
        right = counts.likeliest(see) == chords
        top[name], changes[name] = float(right.mean()), float(right[moved[there]].mean())
    return bits, top, changes


def _counted(beats: Sequence[Beats]) -> dict[str, Ints]:
    """What the baselines look at, beat by beat."""
    columns = np.concatenate([one.columns for one in beats]) - OFFSETS
    shares = np.concatenate([one.shares for one in beats])
    found = {
        "none": np.zeros(len(columns), dtype=np.int64),
        "chord": np.concatenate([one.chords for one in beats]),
        "before": np.concatenate([shifted(one.chords, 1, START) for one in beats]),
        "mode": columns[:, -1] % len(MODES),
        # The pitch class that sounds longest: it foretells more than the one that begins.
        "note": np.where(shares.any(1), shares.argmax(1), NOTHING),
    }
    place = columns[:, 1] % BEATS_AT_MOST
    return found | {"all": joined(found["before"], found["mode"], found["note"], place)}


def _chosen(net: HarmonyNet, asked: Sequence[Progression]) -> list[Figure]:
    """Sampled chords under melodies of the test split, beside the estimated ones."""
    requests = [
        HarmonyRequest(
            one.chords.signature, len(one.chords.chords), one.melody, _SEED + number, CANDIDATES
        )
        for number, one in enumerate(asked)
    ]
    written = net.write(requests)
    ours = [(one.melody, made.chords) for one, lines in zip(asked, written, strict=True)
            for made in lines]  # fmt: skip
    real = [(one.melody, one.chords) for one in asked]
    return [
        Figure(
            "notes on the beat inside the chosen chord",
            share_of(ours),
            baselines={"estimated": share_of(real)},
        ),
        Figure(
            "chords that change from beat to beat",
            _changing(ours),
            baselines={"estimated": _changing(real)},
        ),
    ]


def _changing(lines: Sequence[tuple[NoteLine, ChordLine]]) -> float:
    """The mean share of beats whose chord is not the one before."""
    shares = [
        np.mean([one != other for one, other in pairwise(chords.chords)]) for _, chords in lines
    ]
    return float(np.mean(shares))
