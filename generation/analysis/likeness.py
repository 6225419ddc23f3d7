"""Does a variation keep the song: is what is heard what its sources give along the recipe?

Chroma says whether the notes are the sources' notes, moved as the recipe moves them; onsets say
whether attacks fall where the time maps put them; and no source may be missing from a sound that
the recipe says it is in. It knows a recipe, its stems and a rendered sound. It refuses to know who
asked and what is paid. Invariant: what cannot be compared is no reason to refuse.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generation.analysis.carrying import Pause, expected_of, no_pause
from generation.analysis.comparing import Figures, Pair
from generation.analysis.imprint import F32, PITCH_WINDOW, imprints_of
from generation.analysis.presence import presence_of
from generation.external import of_stems
from generation.recipe import SAMPLE_RATE_HZ, Recipe

Heard = tuple[int, F32]

THRESHOLDS = "keeps-the-song/1"
"""The version of the bounds below, as records name it: another bound is another version."""
# Chosen from what honest and broken renders give: docs/benchmarks/keeps_the_song.md.
CHROMA_AT_LEAST = 0.7
ONSETS_AT_LEAST = 0.5
PRESENCE_AT_LEAST = 0.28
# A few stretches are little evidence.
PRESENCE_IN_STRETCHES = 0.15
# A source that decides less than this of what is heard is not looked for.
WEIGHT_AT_LEAST = 0.05
# How long a section must be to be judged by itself.
SECTION_S = 8.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a variation is like its sources: as a whole, and in each section of some length.

    `sections`: (place in the recipe, figures). `missed`: places of the sources that are hardly
    there, though the recipe lays them.
    """

    whole: Figures
    sections: tuple[tuple[int, Figures], ...] = ()
    missed: tuple[int, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether the song is kept: nothing that could be compared speaks against it."""
        return not self.missed and all(_are_enough(one) for _, one in self.figures())

    def figures(self) -> Iterator[tuple[int | None, Figures]]:
        """The figures of the whole, under None, and of the sections."""
        yield None, self.whole
        yield from self.sections


def likeness_of(
    recipe: Recipe, stems: Mapping[str, F32], heard: Sequence[Heard], pause: Pause = no_pause
) -> Likeness:
    """The likeness of stretches of a variation to its stems, float32 [2, n] by digest.

    `heard`: first sample and sound, float32 [2, n], of each stretch in the order of time; one
    stretch from 0 on is the whole, and only then sections are judged. How loud it is does not
    matter, and what external nets sound is no source of the song. `pause` is called again and
    again, some 50 ms of work for 180 s of sound apart.
    """
    if not heard:
        return Likeness(Figures(None, None))
    recipe = of_stems(recipe)
    stretches = [(start, start + sound.shape[1]) for start, sound in heard]
    imprints = imprints_of([sound for _, sound in heard])
    pause()
    pair = Pair(imprints, expected_of(recipe, stems, stretches, pause))
    whole = pair.compare()
    sections = tuple(
        (place, pair.compare(within=(section.start, section.end)))
        for place, section in enumerate(recipe.sections)
        if len(heard) == 1 and section.end - section.start >= SECTION_S * SAMPLE_RATE_HZ
    )
    least = PRESENCE_AT_LEAST if len(heard) == 1 else PRESENCE_IN_STRETCHES
    return Likeness(whole, sections, _missed(pair, whole, least))


def warm_up() -> None:
    """Compiles what judging needs, before anybody waits for it."""
    imprints_of([np.zeros((2, PITCH_WINDOW), dtype=np.float32)])
    ones = np.ones((1, 2, 2), dtype=np.float32)
    presence_of([(ones[0], ones)])


def sentence_of(likeness: Likeness, recipe: Recipe) -> str:
    """What was found, in one sentence; where the song is not kept, the reason."""
    if likeness.missed:
        roles = " and ".join(recipe.sources[place].role for place in likeness.missed)
        return f"It does not keep the song: of {roles} nothing is heard where the recipe has it."
    for place, figures in likeness.figures():
        where = "" if place is None else f" in the section {recipe.sections[place].name}"
        if figures.chroma is not None and figures.chroma < CHROMA_AT_LEAST:
            return _below(f"notes{where}", figures.chroma, CHROMA_AT_LEAST)
        if figures.onsets is not None and figures.onsets < ONSETS_AT_LEAST:
            return _below(f"attacks{where}", figures.onsets, ONSETS_AT_LEAST)
    said = said_of(likeness.whole.chroma, likeness.whole.onsets)
    return f"It keeps the song: {said}." if said else "There are no notes or attacks to compare."


def said_of(chroma: float | None, onsets: float | None) -> str:
    """ "chroma 0.93, onsets 0.88"; empty where nothing was compared."""
    pairs = (("chroma", chroma), ("onsets", onsets))
    return ", ".join(f"{name} {value:.2f}" for name, value in pairs if value is not None)


def _below(what: str, value: float, least: float) -> str:
    return (
        f"It does not keep the song: its {what} are like those of its sources by {value:.2f}, "
        f"and {least:.2f} is the least."
    )


def _are_enough(figures: Figures) -> bool:
    return (figures.chroma is None or figures.chroma >= CHROMA_AT_LEAST) and (
        figures.onsets is None or figures.onsets >= ONSETS_AT_LEAST
    )


def _missed(pair: Pair, whole: Figures, least: float) -> tuple[int, ...]:
    """The sources that are hardly there and without which the sound is explained better.

    Presence alone does not tell: two stems with one waveform, a dry and a wet one say, may cancel
    each other, and then an attack of the missing one is still heard. None when something else is
    wrong: without them, the sound would not be like the rest either.
    """
    presence, weight = pair.presence()
    absent = (presence < least) & (weight >= WEIGHT_AT_LEAST)
    if absent.all():
        return ()
    found = [
        int(place)
        for place in np.flatnonzero(absent)
        if _gain(whole, pair.compare(without=[int(place)])) > 0.0
    ]
    explained = _are_enough(whole) or _are_enough(pair.compare(without=found))
    return tuple(found) if explained else ()


def _gain(before: Figures, after: Figures) -> float:
    pairs = ((before.chroma, after.chroma), (before.onsets, after.onsets))
    return sum(new - old for old, new in pairs if old is not None and new is not None)
