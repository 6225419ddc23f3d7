"""The harmony net: a chord for every felt beat of a melody.

`NET` is what `registry` finds. The rest, in the order of reading: `beats` (what is seen of a
beat), `model`, `training`, `writing` (what serves) and `measuring`. Invariant: what `train` makes,
`load` serves without another file.
"""

from dataclasses import asdict
from pathlib import Path

from generation.nets import corpus, exact
from generation.nets.cards import Card, Threshold
from generation.nets.checkpoints import Checkpoint
from generation.nets.harmony import measuring
from generation.nets.harmony.beats import examples
from generation.nets.harmony.training import Plan, trained
from generation.nets.harmony.writing import HarmonyNet
from generation.nets.learning import arrays_of
from generation.nets.registry import Net, Tell, told_of

PLAN = Plan()
ARCHITECTURE = "harmony-reader/1"
TEMPERATURE, TOP_P = 0.9, 0.92
LIMITS = (
    "It knows songs of Europe and North America from about 1780 to 1950 and English hymns, and "
    "four kinds of chords: major, minor, dominant seventh, diminished.",
    "The chords it learned from are estimated from all voices, the melody among them, so its share "
    "of melody notes inside the chord is flattering.",
    "Most beats keep the chord before them, which makes top-1 look better than it is where a chord "
    "changes; both are told.",
    "It is smoother than people: its chords change less often.",
)
THRESHOLDS = (
    Threshold("chord", 2.35, is_floor=False),
    Threshold("top-1", 0.56),
    Threshold("notes on the beat inside the chosen chord", 0.87),
)


def train(data: Path, seed: int, tell: Tell) -> Checkpoint:
    """A draft trained on the files of `corpus` in `data`."""
    files = corpus.data_files(data)
    learned = examples(corpus.read(data), "train")
    tell(f"{len(learned)} melodies, {sum(len(one.chords) for one in learned)} beats")
    model = trained(learned, PLAN, seed, tell)
    settings = asdict(PLAN.size) | {
        "epochs": PLAN.epochs,
        "temperature": TEMPERATURE,
        "top_p": TOP_P,
    }
    card = Card("harmony", 1, ARCHITECTURE, files, corpus.SPLIT, seed, settings, LIMITS)
    return Checkpoint(card, exact.packed(arrays_of(model)))


NET = Net("harmony", ARCHITECTURE, THRESHOLDS, told_of(PLAN), train, measuring.measure, HarmonyNet)
