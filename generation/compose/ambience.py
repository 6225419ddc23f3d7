"""Ambient: slow clouds of grains out of the tonal stems.

It knows source bars and overlapping spans of sound. It refuses beats and attacks. Invariant: all
voices move through the same seconds of the source together, so the cloud keeps the song's chords;
the length is exact.
"""

from math import log10

from generation.compose import console
from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice
from generation.compose.form import Span
from generation.compose.mix import STANDING_LUFS, TARGET_LUFS
from generation.compose.tuning import Plan
from generation.compose.values import Ask
from generation.recipe import SAMPLE_RATE_HZ, Clip, Grains, Recipe, Section, Strip

_SECONDS = 28.0
_FADE_SECONDS = 7.0
SLOWEST = 3.8  # how many times slower than played; the vocoder follows down to four
_SUSTAIN = ("pad", "strings")
_ORDER = ("pad", "strings", "keys", "guitar", "other", "vocals", "bass")
ONLY_DRUMS = (
    "There are only drums, so the ambience is made from long grains of them; it is no quiet bed."
)


def ambient_recipe(ask: Ask, plan: Plan, dice: Dice, remarks: list[str]) -> Recipe:
    """An ambient piece of exactly `ask.seconds`."""
    voices = [(deck, v) for deck in plan.decks for v in deck.voices if v.role != "drums"]
    if not voices:
        remarks.append(ONLY_DRUMS)
        voices = [(deck, voice) for deck in plan.decks for voice in deck.voices]
    count = max(1, round(ask.seconds / _SECONDS))
    edges = [round(n * plan.length / count) for n in range(count + 1)]
    fade = min(round(_FADE_SECONDS * SAMPLE_RATE_HZ), plan.length // count // 3)
    clips: list[Clip] = []
    for n in range(count):
        clips += _drift(ask, plan, voices, (n, edges[n], edges[n + 1], fade), dice)
    sections = tuple(
        Section(f"drift {n + 1}" if count > 1 else "drift", edges[n], edges[n + 1], ask.energy)
        for n in range(count)
    )
    target = ask.target_lufs if ask.target_lufs is not None else TARGET_LUFS
    return Recipe(
        mode=ask.mode,
        length=plan.length,
        grid=None,
        key=str(plan.key) if plan.key else None,
        sources=tuple(voice.source for _, voice in voices),
        sections=sections,
        clips=tuple(clips),
        strips=tuple(drifting_strips(ask, voices, count, dice, plan.mix_reach)),
        bus=console.bus(ask, dice),
        gain_db=target - STANDING_LUFS,
        target_lufs=target,
        reached_lufs=target,
        seed=ask.seed,
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _drift(
    ask: Ask,
    plan: Plan,
    voices: list[tuple[Deck, Voice]],
    place: tuple[int, int, int, int],
    dice: Dice,
) -> list[Clip]:
    """Section `n`, which overlaps its neighbors by half a fade."""
    n, start, end, fade = place
    low = 0 if n == 0 else start - fade // 2
    high = end if end == plan.length else end + fade // 2
    return drift(ask, plan, voices, n, (low, high, end - start, fade), dice)


def drift(
    ask: Ask,
    plan: Plan,
    voices: list[tuple[Deck, Voice]],
    n: int,
    place: tuple[int, int, int, int],
    dice: Dice,
) -> list[Clip]:
    """Clips of section `n`: a few voices through the same seconds of their recording.

    `place`: first and last sample, the section's length and the fades. A clip's source is the place
    of its voice among `voices`.
    """
    low, high, length, fade = place
    deck = plan.decks[n % len(plan.decks)]
    own = [voice for d, voice in voices if d is deck]
    if not own:
        deck = voices[0][0]
        own = [voice for d, voice in voices if d is deck]
    begin, finish = _window(ask, deck, own, n, length, dice)
    whole = [v for v in own if v.analysis.length >= finish]
    heard = [v for v in whole if _heard(v, begin, finish)] or whole
    ranked = sorted(
        heard,
        key=lambda v: (
            _ORDER.index(v.role) + 2.0 * dice.real(f"a {n} {v.digest}") if v.role in _ORDER else 9.0
        ),
    )
    count = max(1, round(len(ranked) * (0.4 + 0.6 * ask.density)))
    sources = [v.digest for _, v in voices]
    return [
        _cloud(
            ask, deck, voice, sources.index(voice.digest), (low, high, begin, finish, fade), dice
        )
        for voice in ranked[:count]
    ]


def _heard(voice: Voice, begin: int, finish: int) -> bool:
    return any(low < finish and high > begin for low, high in voice.analysis.active)


def _window(
    ask: Ask, deck: Deck, voices: list[Voice], n: int, length: int, dice: Dice
) -> tuple[int, int]:
    """The source seconds of a section: the whole length slowed two to four times, where most is
    heard.
    """
    slow = SLOWEST - 1.4 * ask.energy
    longest = max(voice.analysis.length for voice in voices)
    wanted = min(longest, max(SAMPLE_RATE_HZ, round(length / slow)))
    starts = [deck.grid.bar_span(bar)[0] for bar in range(deck.grid.bars)]
    starts = [s for s in starts if s + wanted <= longest] or [0]
    many = {s: sum(_heard(v, s, s + wanted) for v in voices) for s in starts}
    best = [s for s in starts if many[s] == max(many.values())]
    begin = dice.pick(f"window {n}", best)
    return begin, begin + wanted


def _cloud(
    ask: Ask,
    deck: Deck,
    voice: Voice,
    source: int,
    place: tuple[int, int, int, int, int],
    dice: Dice,
) -> Clip:
    """One voice's clip: a long vocoder for what sustains, grains for the rest."""
    low, high, begin, finish, fade = place
    anchors = ((low, begin), (high, finish))
    semitones = deck.semitones if voice.is_tonal else 0
    edge = min(fade, (high - low) // 2)
    if (
        voice.role in _SUSTAIN
        and (high - low) < 4 * (finish - begin)
        and dice.real(f"kind {voice.digest} {low}") < 0.5
    ):
        return Clip(source, "vocoder/3", low, high, anchors, semitones, 8_192, False, edge, edge)
    grains = Grains(
        grain_ms=round(700.0 - 250.0 * ask.energy),
        per_second=round(8.0 + 10.0 * ask.density, 1),
        spread_ms=round(180.0 + 240.0 * (1.0 - ask.energy)),
        pan_spread=0.2 if voice.role == "bass" else 0.7,
        seed=dice.whole(f"grains {voice.digest} {low}", 1 << 31),
    )
    return Clip(
        source, "granular/1", low, high, anchors, semitones, 4_096, False, edge, edge, grains
    )


def drifting_strips(
    ask: Ask, voices: list[tuple[Deck, Voice]], count: int, dice: Dice, reach: float = 1.0
) -> list[Strip]:
    """One strip per voice in each of `count` sections; `reach`: see `console.within_reach`."""
    gains = [
        reach * (console.balance_db(d, v) + console.mood_db(ask, d, v, ask.energy))
        + STANDING_LUFS
        - 6.0
        - _loudest(d)
        for d, v in voices
    ]
    span = Span("drift", "body", 0, 1, ask.energy, 0.0, 1.0)
    return [
        console.within_reach(
            Strip(
                n,
                section,
                gains[n],
                console.pan(voice, n, dice),
                console.bands(ask, voice, span, with_bass=voice.role != "bass", with_voice=False),
                None,
                console.send_db(ask, voice, span),
            ),
            reach,
        )
        for section in range(count)
        for n, (_, voice) in enumerate(voices)
    ]


def _loudest(deck: Deck) -> float:
    return 10 * log10(sum(10 ** (v.loudness / 10) for v in deck.voices))
