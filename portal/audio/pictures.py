"""Stemmas and waves of variations and recordings, ready for the templates.

It turns tables of who sounds when into layers, names and marks. It refuses to know rows and
requests. Invariant: every number handed to a template is text with a point, so that no locale can
change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.variations.picture import StemmaTable
from generation.variations.queries import VariationView
from portal.audio import stemma
from portal.audio.stemma import Layer, Stream
from portal.audio.wording import clock, count, listed

WAVE_BARS = 190
_WAVE_STEP, _WAVE_MID = 4, 48
_DESKTOP_PX, _PHONE_PX, _RULER_LETTER_PX = 700, 330, 7
HEIGHTS = {"full": stemma.FULL_HEIGHT, "middle": stemma.SMALL_HEIGHT, "small": stemma.SMALL_HEIGHT}
HATCHED = "Hatched: a model made it."
OUTSIDE = "External net"
POINTS = {"full": stemma.FULL_POINTS, "middle": stemma.SMALL_POINTS, "small": stemma.SMALL_POINTS}


@dataclass(frozen=True, slots=True)
class Name:
    """A word inside a stream; `x` and `y` in percent of the whole picture."""

    text: str
    role: str
    is_model: bool
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick of the ruler; a word that has no room on a phone `is_wide`, one without any is ""."""

    x: str
    text: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A stemma as the partial draws it; `size` is full, middle or small."""

    name: str
    size: str
    title: str
    caption: str
    height: int
    streams: tuple[Stream, ...]
    names: tuple[Name, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Wave:
    """The wave of something being made: path data of what is done, of the rest, and the edge."""

    done: str
    rest: str
    edge: int


def layers_of(table: StemmaTable) -> tuple[Layer, ...]:
    """One layer per source, named by its role, a second one of a role by its label; and beside it
    one of what a model wrote for it to play, where a model did. An external net's sound is a layer
    of its own.
    """
    roles = [source.role for source in table.sources]
    written = table.model or tuple((0.0,) * len(values) for values in table.values)
    layers = []
    for source, values, models in zip(table.sources, table.values, written, strict=True):
        name = source.role.title() if roles.count(source.role) == 1 else source.label
        people = tuple(max(0.0, value - model) for value, model in zip(values, models, strict=True))
        layers.append(Layer(source.role, name, False, people))
        if any(models):
            layers.append(Layer(source.role, name, True, models))
    if any(table.outside):
        layers.append(Layer("other", OUTSIDE, True, table.outside))
    return tuple(layers)


def drawn(
    layers: Sequence[Layer], *, size: str, title: str, caption: str = "", marks: Sequence[Mark] = ()
) -> Picture:
    """The picture of `layers` in one of the three sizes."""
    height = HEIGHTS[size]
    streams = stemma.draw(layers, points=POINTS[size], height=height)
    names = tuple(_name(one) for one in streams if one.place is not None) if size == "full" else ()
    return Picture("stemma", size, title, caption, height, streams, names, tuple(marks))


def _name(stream: Stream) -> Name:
    """The streams' box begins 12 % down the picture and is 80 % of its height."""
    assert stream.place is not None
    text = f"{stream.label}, model" if stream.is_model else stream.label
    y = 12 + stream.place.y * 80 / 10_000
    return Name(text, stream.role, stream.is_model, f"{stream.place.x / 100:.2f}", f"{y:.2f}")


def variation_picture(view: VariationView, table: StemmaTable, size: str = "full") -> Picture:
    """The stemma of a variation with its sections on the ruler."""
    span = count(len(view.bars_ms), "bar", "bars") if view.bars_ms else clock(view.duration_ms)
    stems = count(len(table.sources), "human stem", "human stems")
    told = (f"Stemma of this variation: {stems} over {span}.", _loudest(table), _hatched(table))
    title = " ".join(one for one in told if one)
    caption = HATCHED if size != "full" and _hatched(table) else ""
    return drawn(layers_of(table), size=size, title=title, caption=caption, marks=_marks(view))


def _hatched(table: StemmaTable) -> str:
    """Which parts a model wrote, in words; "" where it wrote none."""
    pairs = zip(table.sources, table.model, strict=True) if table.model else ()
    players = list(dict.fromkeys(source.role for source, models in pairs if any(models)))
    told = [f"what a model wrote for {listed(players)} to play"] if players else []
    told += ["the sound of an external net"] if any(table.outside) else []
    if not told:
        return ""
    most = sum(map(sum, table.values)) + sum(table.outside)
    hatched = sum(map(sum, table.model)) + sum(table.outside)
    percent = max(1, round(100.0 * hatched / most))
    return f"Hatched, {percent} % of it: {listed(told)}."


def _loudest(table: StemmaTable) -> str:
    sums = sorted(
        (
            (sum(values), source.role)
            for source, values in zip(table.sources, table.values, strict=True)
        ),
        reverse=True,
    )
    roles = [role for total, role in sums[:2] if total > 0]
    if not roles:
        return ""
    verb = "carries" if len(set(roles)) == 1 else "carry"
    return f"{listed(roles).capitalize()} {verb} most of the sound."


def _marks(view: VariationView) -> tuple[Mark, ...]:
    if not view.duration_ms:
        return ()
    marks = []
    for name, start_ms, end_ms in view.sections:
        text = name.replace("_", " ").capitalize()
        wanted = len(text) * _RULER_LETTER_PX + 8
        room = (end_ms - start_ms) / view.duration_ms
        shown = text if room * _DESKTOP_PX >= wanted else ""
        x = f"{100 * start_ms / view.duration_ms:.2f}"
        marks.append(Mark(x, shown, room * _PHONE_PX < wanted))
    return tuple(marks)


def recording_picture(title: str, stems: Sequence[Layer], length_ms: int, size: str) -> Picture:
    """The stemma of a recording as its artists made it."""
    named = count(len(stems), "human stem", "human stems")
    text = f"Stemma of {title}: {named} over {clock(length_ms)}"
    caption = "As they recorded it, 100 % human stems" if size == "middle" else ""
    return drawn(stems, size=size, title=text, caption=caption)


def wave_of(table: StemmaTable) -> Wave | None:
    """The wave of a variation being made, measured as far as it is done, planned from there on."""
    if not table.values:
        return None
    heights = [sum(column) for column in zip(*table.values, strict=True)]
    most = max(*heights, 0.001)
    strokes = []
    for number, height in enumerate(heights):
        half = round(46 * height / most, 1)
        x = 2 + number * _WAVE_STEP
        strokes.append(f"M{x} {_WAVE_MID - half:g}V{_WAVE_MID + half:g}")
    done, rest = strokes[: table.known], strokes[table.known :]
    return Wave("".join(done) or "M0 48", "".join(rest) or "M760 48", table.known * _WAVE_STEP)
