"""The notes of one source, each worked out once for all who add them up.

A note is heard in what its source plays and, when a net wrote it, once more by itself. It knows
notes and their processors. It refuses to know clips and consoles. Invariant: a note's sound does
not depend on who asked for which part of it first.
"""

from collections import OrderedDict
from collections.abc import Iterator

from generation.engine.grains import Struck
from generation.engine.kernels import Audio
from generation.engine.shares import is_generated
from generation.engine.struck import Played
from generation.recipe import Note, Recipe, UnknownProcessor

# So many notes are kept whole, none of them longer than this many samples.
_KEPT, _LONGEST = 8, 131_072


def played(note: Note, stem: Audio) -> Struck | Played:
    """The processor of a note; raises UnknownProcessor for a name or version that is not here."""
    if note.processor == "struck/1":
        return Struck(note, stem)
    if note.processor == "struck/2":
        return Played(note, stem)
    raise UnknownProcessor(f"The note processor {note.processor!r} is not known here.")


class Score:
    """All notes of one source, in recipe order."""

    def __init__(self, recipe: Recipe, index: int, stem: Audio) -> None:
        mine = [note for note in recipe.notes if note.source == index]
        self._voices = [played(note, stem) for note in mine]
        self._generated = [number for number, note in enumerate(mine) if is_generated(note)]
        self._whole: OrderedDict[int, Audio] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._voices)

    def add(self, lo: int, hi: int, out: Audio) -> None:
        """Adds what the notes sound in [lo, hi) to float32 [2, hi - lo], in their order."""
        self._add(iter(range(len(self._voices))), lo, hi, out)

    def add_generated(self, lo: int, hi: int, out: Audio) -> None:
        """The same of the notes that nets wrote, alone."""
        self._add(iter(self._generated), lo, hi, out)

    def _add(self, numbers: Iterator[int], lo: int, hi: int, out: Audio) -> None:
        for number in numbers:
            voice = self._voices[number]
            a, b = max(lo, voice.start), min(hi, voice.end)
            if a < b:
                out[:, a - lo : b - lo] += self._sound(number, a, b)

    def _sound(self, number: int, lo: int, hi: int) -> Audio:
        """Samples [lo, hi) of a note, out of all of it where it is not too long."""
        voice = self._voices[number]
        if voice.end - voice.start > _LONGEST:
            return voice.sound(lo, hi)
        if number not in self._whole:
            self._whole[number] = voice.sound(voice.start, voice.end)
            while len(self._whole) > _KEPT:
                self._whole.popitem(last=False)
        self._whole.move_to_end(number)
        return self._whole[number][:, lo - voice.start : hi - voice.start]
