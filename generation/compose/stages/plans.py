"""What goes from stage to stage when nets compose: orders, drafts and the plan of each stage.

It knows asks, arrangements and notes. It refuses to know weights and clocks. Invariant: plans are
values; each says in its remarks what a net could not do and a rule did instead, and by which digest
a net decided what it decided ("": a rule).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.compose.arrange import Arrangement
from generation.compose.choice import Dice
from generation.compose.director import NO_LIMITS
from generation.compose.new_line import NewLine, Player
from generation.compose.tuning import Plan
from generation.compose.values import Ask, Limits, Song
from generation.nets.chosen import NO_NETS, Loaded, Nets
from generation.nets.grooves import Bar
from generation.nets.values import ChordLine
from generation.recipe import Recipe, Strip

STAGES = ("draft", "chords", "lines", "beats", "mix", "sound")
# Which net a stage asks; the others ask none.
NET_OF = {"chords": "harmony", "lines": "line", "beats": "drums", "mix": "mix"}


@dataclass(frozen=True, slots=True)
class Order:
    """One piece that is wanted, and the nets that serve it."""

    ask: Ask
    songs: tuple[Song, ...]
    limits: Limits = NO_LIMITS
    nets: Nets = field(default_factory=lambda: NO_NETS)


@dataclass(frozen=True, slots=True)
class Draft:
    """An order laid out by rules: tempo, key, form, cast and bars. `remarks`: what was not met.

    `players`: who can play each new part that is wanted; `parts`: those that can be written at all,
    the beat among them.
    """

    order: Order
    plan: Plan
    made: Arrangement
    parts: tuple[str, ...]
    players: Mapping[str, Player]
    remarks: tuple[str, ...] = ()

    @property
    def ask(self) -> Ask:
        """What is wanted."""
        return self.order.ask

    @property
    def dice(self) -> Dice:
        """The piece's chance."""
        return Dice(self.order.ask.seed)

    def net(self, name: str) -> Loaded | None:
        """The net of that name, where it serves."""
        return self.order.nets.get(name)


@dataclass(frozen=True, slots=True)
class ChordPlan:
    """The chords under each section that has any; `nets`: who found those that were not known."""

    under: Mapping[int, ChordLine]
    nets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinePlan:
    """New lines, section by section."""

    lines: tuple[NewLine, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """A new groove for one section, in four-four, as many bars as the section has."""

    section: int
    bars: tuple[Bar, ...]
    net: str


@dataclass(frozen=True, slots=True)
class BeatPlan:
    """New grooves; where they play, the recorded drums rest."""

    beats: tuple[Beat, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MixPlan:
    """A strip per track and section, by the net; None leaves them to the rules."""

    strips: tuple[Strip, ...] | None = None
    nets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Took:
    """How long a stage took, for `drafts` drafts side by side."""

    stage: str
    milliseconds: float
    drafts: int


@dataclass(frozen=True, slots=True)
class Composed:
    """A piece, and what its stages took when it was composed."""

    recipe: Recipe
    took: tuple[Took, ...]
