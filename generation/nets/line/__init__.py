"""The line net: melodies and basses over given chords, after songs and hymns.

`NET` is what `registry` finds. The rest, in the order of reading: `grounds` (what a note stands
on), `examples`, `model`, `training`, `writing` (what serves), `baselines` and `measuring`.
Invariant: what `train` makes, `load` serves without another file.
"""

from dataclasses import asdict
from pathlib import Path

from generation.nets import copies, corpus, exact
from generation.nets.cards import Card, Threshold
from generation.nets.checkpoints import Checkpoint
from generation.nets.learning import arrays_of
from generation.nets.line import measuring
from generation.nets.line.examples import examples
from generation.nets.line.training import Plan, trained
from generation.nets.line.writing import LineNet
from generation.nets.registry import Net, Tell, told_of

PLAN = Plan()
ARCHITECTURE = "line-decoder/1"
TEMPERATURE, TOP_P = 1.0, 0.95
LIMITS = (
    "It knows songs of Europe and North America from about 1780 to 1950 and English hymns: other "
    "scales, other ways of phrasing and anything without bars are foreign to it.",
    "The chords it learned from are estimated, partly from the melody itself, so its share of "
    "notes inside the chord is flattering; the control with shuffled chords stands beside it.",
    "It brings no motif back after many bars: form must come from whoever asks.",
    "A few hymn tunes of the test split stand in the training split under other titles, so figures "
    "on hymns are a little too good; songs are by far the larger part.",
    "It writes one voice at a time and does not hear the other.",
)
THRESHOLDS = (
    Threshold("melody", 3.85, is_floor=False),
    Threshold("melody, hints withheld", 3.95, is_floor=False),
    Threshold("melody, hints withheld, below Markov", 0.11),
    Threshold("bass", 3.75, is_floor=False),
    Threshold("notes on the beat inside the chord", 0.87),
    Threshold("the same, above shuffled chords", 0.35),
    Threshold("interval divergence", 0.02, is_floor=False),
    Threshold("density 5 over density 1", 2.5),
    Threshold("density is monotone", 1.0),
    Threshold("longest copied run, p95", 8.0, is_floor=False),
    # A bass is held to what people's own basses do (docs/decisions/0170).
    Threshold("bass: notes on the beat inside the chord", 0.87),
    Threshold("bass: the same, above shuffled chords", 0.35),
    Threshold("bass: interval divergence", 0.03, is_floor=False),
    Threshold("bass: density 5 over density 1", 2.5),
    Threshold("bass: density is monotone", 1.0),
    Threshold("bass: longest copied run, p95", 17.0, is_floor=False),
)


def train(data: Path, seed: int, tell: Tell) -> Checkpoint:
    """A draft trained on the files of `corpus` in `data`."""
    files = corpus.data_files(data)
    learned = examples(corpus.read(data), "train")
    tell(f"{len(learned)} lines, {sum(len(one.events) for one in learned)} notes and rests")
    model = trained(learned, PLAN, seed, tell)
    index = copies.index_of((one.events.pitch, one.events.duration) for one in learned)
    tensors = dict(exact.packed(arrays_of(model))) | {"copies": index}
    settings = asdict(PLAN.size) | {
        "epochs": PLAN.epochs,
        "temperature": TEMPERATURE,
        "top_p": TOP_P,
    }
    card = Card("line", 1, ARCHITECTURE, files, corpus.SPLIT, seed, settings, LIMITS)
    return Checkpoint(card, tensors)


NET = Net("line", ARCHITECTURE, THRESHOLDS, told_of(PLAN), train, measuring.measure, LineNet)
