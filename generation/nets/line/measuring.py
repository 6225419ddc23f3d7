"""Every figure of the line net on the test split, its baselines beside it, by one script.

Knows the corpus and what serves. Likelihoods are those of the exact form that serves, with the
piece before the note in view as far as the net can see. Invariant: nothing here was learned from
the test split.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generation.nets import copies, corpus, exact
from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.counting import surprise
from generation.nets.line import grounds, quality
from generation.nets.line.baselines import MARKOV, baseline_bits
from generation.nets.line.examples import Example, example, examples
from generation.nets.line.model import Size
from generation.nets.line.serving import whole
from generation.nets.registry import Tell
from generation.nets.specimen import SPECIMEN
from generation.nets.values import PARTS

Floats = NDArray[np.float64]


def measure(checkpoint: Checkpoint, data: Path, tell: Tell) -> tuple[Figure, ...]:
    """See `registry.Net`."""
    pieces = corpus.read(data)
    train, test = examples(pieces, "train"), examples(pieces, "test")
    library = copies.Library((one.events.pitch, one.events.duration) for one in train)
    tell(f"{len(test)} lines of the test split")
    figures = likelihoods(checkpoint, train, test, library)
    tell("writing lines over chords of the test split")
    return (*figures, *quality.figures(checkpoint, pieces, library), on_specimen(checkpoint))


def on_specimen(checkpoint: Checkpoint) -> Figure:
    """What the net makes of a tune that is at hand wherever the weights are."""
    asked = [example(SPECIMEN, part) for part in PARTS]
    bits = np.concatenate(bits_of(checkpoint, asked))
    return Figure("specimen", float(bits.mean()), "bits", note=f"{len(bits)} notes and rests")


def likelihoods(
    checkpoint: Checkpoint,
    train: Sequence[Example],
    test: Sequence[Example],
    library: copies.Library,
) -> list[Figure]:
    """Bits per event, notes and rests counted, of both parts."""
    with_hints = bits_of(checkpoint, test)
    alone = bits_of(checkpoint, [withheld(one) for one in test])
    figures = []
    for part in ("melody", "bass"):
        beside = baseline_bits(train, test, part)
        kinds: dict[str, Callable[[Example], bool]] = {
            "hymns": lambda one: one.source == 1,
            "songs": lambda one: one.source == 0,
            "no run of 13 in training": lambda one: longest(one, library) <= copies.LONGEST,
        }
        apart = {
            f"the net on {name}" if name != "no run of 13 in training" else f"the net, {name}": one
            for name, test_of in kinds.items()
            if (one := _mean(with_hints, test, part, test_of)) is not None
        }
        count = sum(len(one.events) for one in test if one.part == part)
        told = f"{count} notes and rests"
        free = _mean(alone, test, part, lambda _: True) or 0.0
        figures += [
            Figure(part, _mean(with_hints, test, part, lambda _: True) or 0.0, "bits",
                   baselines=beside | apart, note=told),
            Figure(f"{part}, hints withheld", free, "bits", baselines=beside),
            Figure(f"{part}, hints withheld, below Markov", 1 - free / beside[MARKOV]),
        ]  # fmt: skip
    return figures


def bits_of(checkpoint: Checkpoint, asked: Sequence[Example]) -> list[Floats]:
    """How surprising each event of each example is to the net that serves, in bits."""
    settings = checkpoint.card.settings
    size = Size(*(int(settings[name]) for name in ("width", "layers", "heads")))
    weights = exact.unpacked(checkpoint.tensors)
    found = []
    for one in asked:
        events = one.events
        pitches, durations = whole(weights, size, one.columns, events.onset, events.pitch)
        found.append(surprise(pitches, events.pitch) + surprise(durations, events.duration))
    return found


def withheld(one: Example) -> Example:
    """The example without its hints."""
    free = np.ones(len(one.columns), dtype=bool)
    columns = grounds.without_hints(one.columns, density=free, register=free)
    return Example(one.part, one.source, columns, one.events)


def longest(one: Example, library: copies.Library) -> int:
    """The longest run of the example that the training split holds too."""
    return library.longest_run(one.events.pitch, one.events.duration)


def _mean(
    bits: Sequence[Floats],
    asked: Sequence[Example],
    part: str,
    is_counted: Callable[[Example], bool],
) -> float | None:
    rows = [
        one
        for one, example in zip(bits, asked, strict=True)
        if example.part == part and is_counted(example)
    ]
    return float(np.concatenate(rows).mean()) if rows else None
