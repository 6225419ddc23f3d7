"""Tempo, key and length: bringing every recording onto one grid and into one key, within limits.

It knows ratios and semitones. It refuses to know sections and sound. Invariant: no recording is
stretched or transposed further than its limits; a wish that would need it is narrowed and said in
a remark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from generation.compose.deck import Deck, freed, recounted
from generation.compose.grid import FREE_BAR_SECONDS, octave
from generation.compose.keys import Key, moved, parse_key, way
from generation.compose.values import Ask, CannotCompose, Limits
from generation.recipe import SAMPLE_RATE_HZ, Grid

NEAR_MIX = "The artists bound how far the mix may go from theirs, so it stays nearer to it."
FREE_TIME = "No confident tempo was found, so the piece is in free time."


@dataclass(frozen=True, slots=True)
class Plan:
    """The decks on one grid. `beat`: samples per beat, not rounded; `grid` None means free time;
    `mix_reach`: how far the desk may go from the artists' own mix, 0 to 1.
    """

    decks: tuple[Deck, ...]
    grid: Grid | None
    beats_per_bar: int
    beat: float
    bars: int
    length: int
    key: Key | None
    mix_reach: float = 1.0

    def at(self, beat: float) -> float:
        """The sample of `beat`, not rounded."""
        return beat * self.beat

    @property
    def bar_seconds(self) -> float:
        """How long a bar lasts."""
        return self.beat * self.beats_per_bar / SAMPLE_RATE_HZ


def tune(ask: Ask, decks: Sequence[Deck], limits: Limits, remarks: list[str]) -> Plan:
    """The plan of tempo, key and length. Raises CannotCompose when two recordings cannot meet."""
    if limits.mix_reach < 1.0:
        remarks.append(NEAR_MIX)
    return replace(_tuned(ask, decks, limits, remarks), mix_reach=limits.mix_reach)


def _tuned(ask: Ask, decks: Sequence[Deck], limits: Limits, remarks: list[str]) -> Plan:
    in_key, key = _into_key(ask, decks, limits, remarks)
    timed = [deck for deck in in_key if not deck.grid.is_free]
    if not timed or ask.mode == "ambient":
        return _free_plan(ask, in_key, key, remarks)
    tempo, meeting = _tempo(ask, timed, limits, remarks)
    beat = 60.0 / tempo * SAMPLE_RATE_HZ
    laid: list[Deck] = []
    for deck in in_key:
        if deck.grid.is_free:
            laid.append(freed(deck, beat))
            remarks.append("One recording has no confident tempo and is laid in unstretched.")
        elif deck in meeting:
            laid.append(recounted(deck, octave(_bpm(deck), tempo)))
    per_bar = meeting[0].grid.beats_per_bar
    if any(deck.grid.beats_per_bar != per_bar for deck in meeting):
        remarks.append("The recordings have different metres; the first one's bars are kept.")
    seconds = per_bar * 60.0 / tempo
    bars = max(1, int(ask.seconds / seconds + 0.5))
    grid = Grid(tempo, per_bar)
    return Plan(tuple(laid), grid, per_bar, beat, bars, round(bars * per_bar * beat), key)


def _free_plan(ask: Ask, decks: Sequence[Deck], key: Key | None, remarks: list[str]) -> Plan:
    bars = max(1, round(ask.seconds / FREE_BAR_SECONDS))
    length = round(ask.seconds * SAMPLE_RATE_HZ)
    beat = length / (bars * 4)
    if ask.mode == "ambient":
        if ask.tempo_bpm is not None:
            remarks.append("Ambient has no beat, so the tempo asked for is not used.")
        return Plan(tuple(decks), None, 4, beat, bars, length, key)
    remarks.append(FREE_TIME)
    if ask.tempo_bpm is not None:
        remarks.append("The tempo asked for could not be met.")
    return Plan(tuple(freed(d, beat) for d in decks), None, 4, beat, bars, length, key)


def _bpm(deck: Deck) -> float:
    return (
        60.0 * SAMPLE_RATE_HZ / deck.grid.beat_samples()
        if deck.analysis.tempo_bpm is None
        else (deck.analysis.tempo_bpm)
    )


def _own_tempo(ask: Ask, decks: Sequence[Deck]) -> float:
    """The tempo when none is asked: the song's own, a little quicker or slower with the energy."""
    tempo = _bpm(decks[0])
    if ask.mode == "collaboration" and len(decks) > 1:
        other = _bpm(decks[1]) * octave(_bpm(decks[1]), tempo)
        tempo = tempo if abs(other / tempo - 1) < 0.03 else sqrt(tempo * other)
    if ask.mode in ("remix", "collaboration", "mood"):
        tempo *= 1.0 + 0.14 * (ask.energy - 0.5) + 0.04 * (ask.valence - 0.5)
    return tempo


def _tempo(
    ask: Ask, decks: list[Deck], limits: Limits, remarks: list[str]
) -> tuple[float, list[Deck]]:
    """The tempo, and the decks that can meet it."""
    wanted = ask.tempo_bpm or _own_tempo(ask, decks)
    meeting = list(decks)
    low, high = tempo_reach(meeting, wanted, limits)
    while low > high and len(meeting) > 1:
        if ask.mode == "collaboration" and len(meeting) == 2:
            raise CannotCompose(
                "The recordings cannot be brought to one tempo within what their artists allow."
            )
        meeting.pop()
        remarks.append("One recording was left out: its tempo lies too far from the others'.")
        low, high = tempo_reach(meeting, wanted, limits)
    tempo = min(high, max(low, wanted))
    if ask.tempo_bpm and abs(tempo / ask.tempo_bpm - 1) > 0.001:
        remarks.append(
            f"The tempo asked for lies outside what is allowed; {tempo:.1f} BPM is the nearest."
        )
    return round(tempo, 4), meeting


def tempo_reach(decks: Sequence[Deck], wanted: float, limits: Limits) -> tuple[float, float]:
    """The lowest and highest tempo that every deck can follow, each counted as suits `wanted`."""
    counted = [_bpm(deck) * octave(_bpm(deck), wanted) for deck in decks]
    return max(t * limits.tempo_min_ratio for t in counted), min(
        t * limits.tempo_max_ratio for t in counted
    )


def _into_key(
    ask: Ask, decks: Sequence[Deck], limits: Limits, remarks: list[str]
) -> tuple[list[Deck], Key | None]:
    """The decks with their transpositions, and the key of the piece where it is known."""
    known = [deck for deck in decks if deck.key is not None]
    wanted = parse_key(ask.key) if ask.key else None
    if not known:
        if wanted:
            remarks.append("No confident key was found, so the key asked for could not be met.")
        return list(decks), None
    first = known[0].key
    assert first is not None
    target = wanted or first
    steps = way(first, target)
    if abs(steps) > limits.semitones_max:
        steps = limits.semitones_max if steps > 0 else -limits.semitones_max
        target = moved(first, steps)
        remarks.append(
            f"The key asked for lies outside what the artists allow; {target} is nearest."
        )
    if wanted and wanted.mode != first.mode and target == wanted:
        remarks.append(f"{wanted} is reached through the notes it shares with its relative key.")
    return [_transposed(deck, target, limits, remarks) for deck in decks], target


def _transposed(deck: Deck, target: Key, limits: Limits, remarks: list[str]) -> Deck:
    if deck.key is None:
        return deck
    steps = way(deck.key, target)
    if abs(steps) > limits.semitones_max:
        remarks.append("One recording could not be brought into the key of the others.")
        return deck
    return replace(deck, semitones=steps)
