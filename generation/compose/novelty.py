"""What of a section a listener would know again from one that sounded before.

It knows which seconds of which stems sound, read off the clips, and how much a stem stands out by
its role. It refuses to know why a section was laid out as it was. Invariant: a stem more or less
makes nothing new; what most of the sound has in common with an earlier section is known again,
whoever else joins in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generation.compose.deck import Deck
from generation.compose.sections import LiveSection
from generation.recipe import Clip, Source

# From this share of what stands out on, a listener knows a section again.
KNOWN = 0.5
# How much a stem stands out: one remembers a voice and a lead, hardly which bars the drums play.
_STANDS_OUT = {
    "vocals": 3.0,
    "keys": 1.5,
    "guitar": 1.5,
    "other": 1.5,
    "strings": 1.0,
    "pad": 1.0,
    "bass": 0.75,
    "drums": 0.5,
}

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Passage:
    """What sounds from `start` on: per stem how much it stands out, and which samples of its own
    are heard, rising and disjoint.
    """

    start: int
    stems: Mapping[str, tuple[float, Spans]]


def passage_of(section: LiveSection) -> Passage:
    """The passage that a section is; cut short, it is what is left of it."""
    return passage(section.start, section.sources, section.clips)


def passage(start: int, sources: Sequence[Source], clips: Sequence[Clip]) -> Passage:
    """What `clips` play of `sources`."""
    found: dict[int, Spans] = {}
    for clip in clips:
        low, high = (_source_at(clip, edge) for edge in (clip.start, clip.end))
        found.setdefault(clip.source, []).append((low, high))
    return Passage(
        start,
        {
            sources[place].digest: (_STANDS_OUT.get(sources[place].role, 1.0), _merged(spans))
            for place, spans in found.items()
        },
    )


def share_known(passage: Passage, before: Passage) -> float:
    """How much of `passage` sounded in `before`, from 0 to 1: of its stems, or of what stands out
    in it, whichever is more.

    So neither a new voice over known bars nor a known voice over new ones passes for new.
    """
    weights = [weight for weight, _ in passage.stems.values()]
    known = [
        _common(spans, before.stems[digest][1]) / max(1, _length(spans))
        if digest in before.stems
        else 0.0
        for digest, (_, spans) in passage.stems.items()
    ]
    if not known:
        return 0.0
    standing = sum(weight * part for weight, part in zip(weights, known, strict=True))
    return max(sum(known) / len(known), standing / sum(weights))


def worn_parts(deck: Deck, lately: Sequence[Passage], now: int, budget: int) -> dict[int, float]:
    """The parts of a recording that were heard lately, by their first bar: from 1 for one that
    began just before `now` down to 0 for one that began `budget` samples ago.
    """
    stems = [voice.digest for voice in deck.voices if voice.role != "drums"]
    found: dict[int, float] = {}
    for part in deck.grid.parts:
        last = min(part.bar + part.bars, deck.grid.bars) - 1
        span = [(deck.grid.bar_span(part.bar)[0], deck.grid.bar_span(last)[1])]
        for one in lately:
            heard = (one.stems[digest][1] for digest in stems if digest in one.stems)
            if any(
                2 * _common(span, spans) > min(_length(span), _length(spans)) for spans in heard
            ):
                age = (now - one.start) / budget
                found[part.bar] = max(found.get(part.bar, 0.0), 1.0 - age)
    return found


def _source_at(clip: Clip, sample: int) -> int:
    """The sample of its stem that a clip plays at `sample`, along the nearest of its anchors."""
    pairs = clip.anchors
    last = next((n for n in range(1, len(pairs)) if pairs[n][0] >= sample), len(pairs) - 1)
    (x0, y0), (x1, y1) = pairs[last - 1], pairs[last]
    return round(y0 + (sample - x0) * (y1 - y0) / max(1, x1 - x0))


def _merged(spans: Spans) -> Spans:
    found: Spans = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _length(spans: Spans) -> int:
    return sum(high - low for low, high in spans)


def _common(one: Spans, other: Spans) -> int:
    """How much lies in both."""
    return sum(
        max(0, min(high, top) - max(low, bottom)) for low, high in one for bottom, top in other
    )
