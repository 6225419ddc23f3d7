"""Which bars of a recording each section plays.

It knows parts, bars and their energy. It refuses to know stems' names and the variation's samples.
Invariant: every bar it names exists, and a walk goes forward bar by bar except where a part begins
again.
"""

from collections.abc import Mapping

from generation.analysis.values import Part
from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice
from generation.compose.form import Span

# How far a part that was just heard gives way to one that suits the energy less.
WORN = 0.4


def walk(
    deck: Deck,
    span: Span,
    dice: Dice,
    recent: list[Part],
    worn: Mapping[int, float] | None = None,
) -> list[int]:
    """Source bars for the harmony of `span`, one for each of its bars; remembers its part in
    `recent`. `worn`: the first bars of parts that were heard lately, with how lately, up to 1.
    """
    part = _part(deck, span, dice, recent, worn or {})
    recent.append(part)
    return _bars(part, span, deck)


def _part(
    deck: Deck, span: Span, dice: Dice, recent: list[Part], worn: Mapping[int, float]
) -> Part:
    """The part whose energy is nearest, a little chance and a wish for change let in."""
    parts = deck.grid.parts
    heat = _heat(deck)
    name = f"part {deck.index} {span.name}"

    def cost(part: Part) -> float:
        short = 0.25 if part.bars < min(span.bars, 4) else 0.0
        bars = deck.is_hollow[part.bar : part.bar + part.bars]
        short += 1.5 * sum(bars) / max(1, len(bars))
        again = sum(0.15 for old in recent[-2:] if old.bar == part.bar)
        again += WORN * worn.get(part.bar, 0.0)
        off = abs(heat.get(part.bar, span.energy) - span.energy)
        return off + short + again + 0.3 * dice.real(f"{name} {part.bar}")

    return min(parts, key=cost)


def _heat(deck: Deck) -> dict[int, float]:
    """How lively each part is by its first bar, from loudness and attacks; empty if alike."""
    parts = deck.grid.parts
    loud = [part.energy for part in parts]
    busy = [deck.punch(range(p.bar, min(p.bar + p.bars, deck.grid.bars))) for p in parts]
    found = dict.fromkeys((part.bar for part in parts), 0.0)
    alike = True
    for values in (loud, busy):
        low, reach = min(values), max(values) - min(values)
        alike = alike and reach <= 0.02
        for part, value in zip(parts, values, strict=True):
            found[part.bar] += 0.5 * ((value - low) / reach if reach > 0.02 else 0.5)
    return {} if alike else found


def _bars(part: Part, span: Span, deck: Deck) -> list[int]:
    """A walk of `span.bars` through `part`: sections that lead on take its end, others its
    beginning.
    """
    last = min(part.bar + part.bars, deck.grid.bars)
    while last - part.bar > 1 and deck.is_hollow[last - 1]:
        last -= 1
    size = last - part.bar
    leads = span.kind in ("build", "ending")
    skip = (size - span.bars) if leads and size > span.bars else 0
    if leads and size < span.bars:
        skip = -span.bars % size
    return [part.bar + (skip + n) % size for n in range(span.bars)]


def drum_walk(deck: Deck, drums: list[Voice], span: Span, like: list[int], dice: Dice) -> list[int]:
    """Source bars for the drums: the phrase, anywhere in the recording, as busy as `span` is
    energetic.

    Drums carry no harmony, so a verse may have the drums of a chorus. Phrases keep their place in
    the bar count of the harmony's part (`like`), so that fills fall where phrases end.
    """
    size = min(4, span.bars)
    starts = [b for b in range(deck.grid.bars - size + 1) if (b - like[0]) % size == 0]
    if not starts:
        return like
    heat = {b: _busy(deck, drums, range(b, b + size)) for b in starts}
    played = [b for b in starts if _played(deck, drums, range(b, b + size))]
    ranked = sorted(played or starts, key=lambda b: heat[b])
    picked: list[int] = []
    while len(picked) < span.bars:
        shift = 0.25 * (dice.real(f"drums {span.name} {len(picked) // (2 * size)}") - 0.5)
        place = min(1.0, max(0.0, span.energy + shift))
        start = ranked[round(place * (len(ranked) - 1))]
        picked += range(start, start + size)
    return picked[: span.bars]


def _played(deck: Deck, drums: list[Voice], bars: range) -> bool:
    return max(deck.activity(voice, list(bars)) for voice in drums) >= 0.5


def _busy(deck: Deck, drums: list[Voice], bars: range) -> float:
    power = sum(deck.power[voice.stem][bar] for voice in drums for bar in bars)
    return float(sum(deck.onset_count(v, bar) for v in drums for bar in bars) * power**0.25)


def home_bar(deck: Deck) -> int:
    """The bar whose first beat most likely rests: the first of the part that comes back most
    often.
    """
    labels = [part.label for part in deck.grid.parts]
    often = max(sorted(set(labels)), key=labels.count)
    firsts = [part.bar for part in deck.grid.parts if part.label == often]
    return max(firsts, key=lambda bar: (len(_sounding(deck, bar)), -bar))


def _sounding(deck: Deck, bar: int) -> list[Voice]:
    return [v for v in deck.voices if deck.activity(v, [bar]) > 0.5]
