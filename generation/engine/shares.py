"""How much of the sound was written by nets: the generated notes of each source, kept apart.

A note with a net's digest is a slice of a source, so it counts as that source's sound; here it is
weighed a second time, as the net's. The console is linear once its curves are known: the notes go
through the same filters, the same room and the very gains that the whole source got. Knows recipes
and tables of windows. Invariant: what people and nets give of a source adds up to what the source
gives, in every window.
"""

from collections.abc import Sequence

import numpy as np

from generation.engine.kernels import Reals
from generation.engine.lines import GATE, WHOLE_PPM
from generation.recipe import Note, Recipe
from licensing.money import allocate

_FINE = 1 << 40


def is_generated(note: Note) -> bool:
    """Whether a net wrote the note; what rules write counts as people's."""
    return note.net != ""


def generated_sources(recipe: Recipe) -> tuple[int, ...]:
    """The sources that play notes of nets, each once, in order."""
    return tuple(sorted({note.source for note in recipe.notes if is_generated(note)}))


def generated_of(windows: Reals, notes: Reals, owners: Sequence[int]) -> Reals:
    """What nets give of each window, float64 [n].

    `windows` [n, n_sources]: what each source gives, its generated notes included; `notes`
    [n, n_owners]: what those notes alone give, column by column of the sources `owners`. A window's
    generated part is taken from zero up to what its source gives, as the policy clips a source.
    """
    wholes = np.maximum(windows[:, list(owners)], 0.0)
    found: Reals = np.clip(notes, 0.0, wholes).sum(axis=1)
    return found


def model_ppm_of(windows: Reals, generated: Reals) -> int:
    """The nets' part of the sound in parts per million; people's is the rest of 1,000,000.

    `windows` [n, n_sources] and `generated` [n] as they were rendered. By the policy of the lines:
    every window louder than -70 LUFS counts the same. 0 for silence. Rounding: largest remainder,
    ties to people.
    """
    is_heard = windows.sum(axis=1) > GATE
    sums = np.maximum(windows[is_heard], 0.0).sum(axis=1)
    if not len(sums) or not np.all(sums > 0.0):
        return 0
    share = float((generated[is_heard] / sums).mean())
    model = min(_FINE, max(0, round(share * _FINE)))
    return allocate(WHOLE_PPM, [("human", _FINE - model), ("model", model)])["model"]
