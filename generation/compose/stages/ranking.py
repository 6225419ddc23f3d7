"""Which of a net's candidates is taken: likely, inside its chords, and not what was heard before.

A line that copies training data never comes so far: its net leaves it out. It refuses to know
stems. Invariant: equal candidates in equal order give the same choice; a candidate without a note
is none.
"""

from collections.abc import Collection, Sequence

from generation.nets.copies import runs_of
from generation.nets.events import to_events
from generation.nets.grooves import Bar
from generation.nets.values import ChordLine, Line, NoteLine, share_inside

# Runs of so many notes are what a listener knows again.
RUN = 4
_NOVELTY, _SURPRISE = 0.2, 0.1
# Hits a bar in the middle of each energy 1 to 5 of the drum net's data.
_HITS = (12.0, 15.4, 18.5, 22.0, 28.0)
_HIT_WEIGHT = 0.05

Runs = frozenset[tuple[int, ...]]


def runs_in(notes: NoteLine, part: str) -> Runs:
    """The runs of (interval, duration) in a line; transposing it changes none."""
    events = to_events(notes, part)
    numbers = runs_of(events.pitch, events.duration).tolist()
    return frozenset(tuple(numbers[at : at + RUN]) for at in range(len(numbers) - RUN + 1))


def best_line(
    candidates: Sequence[Line], chords: ChordLine, part: str, heard: Runs
) -> NoteLine | None:
    """The best candidate over `chords`, given the runs `heard` before it; None without any.

    Where no chord sounds, nothing is played.
    """
    best: tuple[float, NoteLine] | None = None
    for one in candidates:
        notes = _where_chords_are(one.notes, chords)
        if not notes:
            continue
        inside, count = share_inside(notes, chords)
        runs = runs_in(notes, part)
        new = 1.0 - len(runs & heard) / max(1, len(runs))
        worth = inside / max(1, count) + _NOVELTY * new - _SURPRISE * one.bits_per_event
        if best is None or worth > best[0]:
            best = worth, notes
    return best[1] if best else None


def _where_chords_are(notes: NoteLine, chords: ChordLine) -> NoteLine:
    beat = chords.signature.beat_ticks
    return tuple(one for one in notes if chords.chords[one.onset // beat] is not None)


def best_groove(
    candidates: Sequence[tuple[Bar, ...]], energies: Sequence[int], playable: Collection[int]
) -> tuple[Bar, ...]:
    """The groove that the kit can play most of and that is as busy as it was asked to be.

    `playable`: the voices of grooves.VOICES, by place, that the kit has a sound for.
    """
    wanted = sum(_HITS[one - 1] for one in energies) / len(energies)

    def worth(bars: tuple[Bar, ...]) -> float:
        hits = [hit for bar in bars for hit in bar]
        can = sum(hit.voice in playable for hit in hits)
        off = abs(len(hits) / len(bars) - wanted)
        return can / max(1, len(hits)) - _HIT_WEIGHT * off

    return max(candidates, key=worth)
