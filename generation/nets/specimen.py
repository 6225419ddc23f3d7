"""A tune written for this project, on which every release of a note net is measured once more.

So whoever has the weights but not the training data can see that both still agree: the card says
what the net makes of it, and exact arithmetic says the same everywhere. Invariant: it never
changes, and no net learns it.
"""

from generation.nets.corpus import Piece
from generation.nets.values import Chord, Note, NoteLine, Signature

_C, _DM, _F, _G7, _AM = (
    *(Chord(0, "maj"), Chord(2, "min"), Chord(5, "maj")),
    *(Chord(7, "7"), Chord(9, "min")),
)
_BARS = ((_C, _C), (_AM, _AM), (_F, _DM), (_G7, _G7), (_C, _AM), (_DM, _F), (_C, _G7), (_C, _C))
# (quarters * 12, MIDI pitch), one after the other; pitch 0 is a rest.
_MELODY = (
    *((12, 64), (6, 67), (6, 65), (12, 64), (12, 60), (18, 69), (6, 67), (24, 64)),
    *((6, 65), (6, 69), (12, 72), (12, 69), (12, 65), (18, 67), (6, 65), (12, 62), (12, 0)),
    *((12, 64), (6, 67), (6, 65), (12, 64), (12, 57), (12, 62), (6, 65), (6, 69), (18, 72)),
    *((6, 71), (12, 67), (12, 64), (6, 65), (6, 64), (12, 62), (36, 60), (12, 0)),
)
_BASS = (
    *((24, 48), (24, 43), (24, 45), (24, 40), (24, 41), (24, 38), (24, 43), (12, 43), (12, 47)),
    *((24, 48), (24, 45), (24, 38), (24, 41), (24, 43), (24, 43), (48, 36)),
)


def _line(steps: tuple[tuple[int, int], ...]) -> NoteLine:
    notes, onset = [], 0
    for duration, pitch in steps:
        if pitch:
            notes.append(Note(onset, duration, pitch))
        onset += duration
    return tuple(notes)


SPECIMEN = Piece(
    name="specimen",
    source=0,
    split="specimen",
    signature=Signature((4, 4), 0, "maj"),
    lead=0,
    chords=tuple(chord for bar in _BARS for chord in bar for _ in range(2)),
    melody=_line(_MELODY),
    bass=_line(_BASS),
    ticks=len(_BARS) * 48,
)
