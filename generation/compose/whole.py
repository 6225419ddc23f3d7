"""A whole variation in one go: ask and stems in, recipe, sound, figures and shares out.

It knows the composer and the engine. It refuses to know rows, rights and requests; a caller may
listen to how far it is. Invariant: the sound written is the sound of the recipe returned, at its
planned loudness, and the shares are of exactly that sound.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from generation.analysis.likeness import Likeness, likeness_of, sentence_of
from generation.compose.director import NO_LIMITS, compose
from generation.compose.live import Change, play_on
from generation.compose.reel import recipe_of, reel_of
from generation.compose.values import Ask, Limits, Song
from generation.engine import codecs, master
from generation.engine.forecast import Levels
from generation.engine.lines import lines_of
from generation.engine.plan import Planned, plan_gain, with_plan
from generation.engine.render import Cache, render
from generation.engine.shares import generated_sources, model_ppm_of
from generation.recipe import (
    SAMPLE_RATE_HZ,
    Recipe,
    from_json,
    piece_count,
    piece_range,
    to_json,
)

Audio = npt.NDArray[np.float32]
Windows = npt.NDArray[np.float64]
Onsets = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
Progress = Callable[[float], None]

# How an endless piece ends when somebody wants a file of it.
FADE_OUT = 3 * SAMPLE_RATE_HZ


class NotTheSong(ValueError):
    """A sound that does not keep the song of its sources; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished variation.

    `windows`: float64 [n, sources], and `generated` [n], what notes of nets gave of each; `lines`:
    (digest, ppm) per source; `model_ppm`: the nets' part; `likeness` of the streamed samples to the
    sources. `missed_lu`: how much louder than planned the first render was, which a listener of the
    stream would have heard.
    """

    recipe: Recipe
    finished: master.Finished
    windows: Windows
    generated: Windows
    lines: tuple[tuple[str, int], ...]
    model_ppm: int
    likeness: Likeness
    missed_lu: float


def windows_sha256(made: Made) -> str:
    """Hex SHA-256 of the window table: float64, little endian, window by window; where nets wrote
    notes their part of each window follows.
    """
    digest = hashlib.sha256(np.ascontiguousarray(made.windows, dtype="<f8").tobytes())
    if generated_sources(made.recipe):
        digest.update(made.generated.astype("<f8").tobytes())
    return digest.hexdigest()


def onsets_of(songs: Sequence[Song]) -> dict[str, Onsets]:
    """The stored attacks of every stem by digest, as the engine takes them."""
    return {
        stem.digest: (
            np.asarray(stem.analysis.onsets, np.int64),
            np.asarray(stem.analysis.onset_db, np.float64),
        )
        for song in songs
        for stem in song.stems
    }


def levels_of(songs: Sequence[Song]) -> dict[str, Levels]:
    """The stored K-weighted level of every stem by digest: the diagonal of the Gram matrices."""
    found: dict[str, Levels] = {}
    for song in songs:
        gram, span = np.asarray(song.analysis.gram, np.float64), song.analysis.gram_span
        if gram.ndim != 3 or span <= 0:
            continue
        for place, stem in enumerate(song.stems):
            found[stem.digest] = (span, np.ascontiguousarray(gram[:, place, place]))
    return found


def plan(
    ask: Ask,
    songs: Sequence[Song],
    stems: Mapping[str, Audio],
    limits: Limits = NO_LIMITS,
    composer: Callable[[Ask, Sequence[Song], Limits], Recipe] = compose,
) -> Recipe:
    """The recipe that answers `ask`, its gain planned on the stems; normalised.

    `stems`: float32 [2, n] by digest; `composer`: the director, of rules or of nets. Raises
    CannotCompose, NotTheSong.
    """
    recipe = composer(ask, songs, limits)
    planned = plan_gain(recipe, stems, onsets_of(songs), levels_of(songs))
    check_probes(recipe, stems, planned)
    return from_json(to_json(with_plan(recipe, planned)))


def plan_live(
    ask: Ask,
    changes: Sequence[Change],
    songs: Sequence[Song],
    stems: Mapping[str, Audio],
    limits: Limits = NO_LIMITS,
) -> Recipe:
    """The recipe of an endless piece as it would have gone, faded out after `ask.seconds`.

    Every change is heard from the next bar line on. Its gain is planned on the stems; normalised.
    Raises CannotCompose, NotTheSong.
    """
    chain = play_on(ask, changes, songs, limits)
    recipe = recipe_of(reel_of(ask), chain)
    recipe = replace(recipe, fade_out=min(FADE_OUT, recipe.length // 8))
    planned = plan_gain(recipe, stems, onsets_of(songs), levels_of(songs))
    check_probes(recipe, stems, planned)
    return from_json(to_json(with_plan(recipe, planned)))


def check_probes(recipe: Recipe, stems: Mapping[str, Audio], planned: Planned) -> None:
    """Raises NotTheSong when the stretches heard while planning do not keep the song."""
    heard = [(one.start, one.sound[:, : recipe.length - one.start]) for one in planned.probes]
    _kept(likeness_of(recipe, stems, heard), recipe)


def _kept(likeness: Likeness, recipe: Recipe) -> Likeness:
    if not likeness.is_kept:
        raise NotTheSong(sentence_of(likeness, recipe))
    return likeness


def make(
    recipe: Recipe,
    songs: Sequence[Song],
    stems: Mapping[str, Audio],
    folder: Path,
    *,
    name: str,
    tags: codecs.Tags,
    formats: Sequence[str] = ("flac",),
    progress: Progress | None = None,
) -> Made:
    """Renders `recipe` and writes `<folder>/<name>.<format>`.

    Should the loudness miss the plan by more than a trim can mend, the gain is corrected and the
    piece rendered once more. `progress` hears fractions from 0 to 1. Raises NotTheSong, before any
    file is written, when the sound does not keep the song.
    """
    onsets = onsets_of(songs)
    raw = folder / f".{name}.f32"
    missed_lu: list[float] = []
    try:
        for is_last in (False, True):
            windows, generated = _render_to(raw, recipe, stems, onsets, progress)
            likeness = _kept(likeness_of(recipe, stems, [(0, _samples(raw, recipe))]), recipe)
            finished = master.finish(
                partial(_pieces, raw, recipe),
                reached_lufs=recipe.reached_lufs,
                folder=folder,
                name=name,
                tags=tags,
                formats=formats,
            )
            missed_lu.append(_missed_lu(finished, recipe))
            if finished.gain_correction_db == 0.0 or is_last:
                break
            gain_db = recipe.gain_db + finished.gain_correction_db
            recipe = from_json(to_json(replace(recipe, gain_db=gain_db)))
    finally:
        raw.unlink(missing_ok=True)
    lines = lines_of(windows, [source.digest for source in recipe.sources])
    model_ppm = model_ppm_of(windows, generated)
    return Made(recipe, finished, windows, generated, lines, model_ppm, likeness, missed_lu[0])


def _missed_lu(finished: master.Finished, recipe: Recipe) -> float:
    """How much louder than planned the samples are that were streamed; 0 for silence."""
    if finished.integrated_lufs is None:
        return 0.0
    return finished.integrated_lufs - finished.trim_db - recipe.reached_lufs


def _render_to(
    raw: Path,
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    progress: Progress | None,
) -> tuple[Windows, Windows]:
    """The window table, and what nets wrote of each; the sound goes to `raw`, piece by piece."""
    cache = Cache()
    tables: list[Windows] = []
    notes: list[Windows] = []
    with raw.open("wb") as file:
        for index in range(piece_count(recipe)):
            start, end = piece_range(recipe, index)
            rendered = render(recipe, stems, onsets, start, end, cache=cache, with_parts=False)
            file.write(np.ascontiguousarray(rendered.audio.T, dtype="<f4").tobytes())
            tables.append(rendered.windows)
            notes.append(rendered.generated)
            if progress is not None:
                progress(end / recipe.length)
    return np.concatenate(tables), np.concatenate(notes)


def _pieces(raw: Path, recipe: Recipe) -> Iterator[Audio]:
    """The sound written to `raw`, piece by piece, float32 [2, n]."""
    samples = _samples(raw, recipe)
    for index in range(piece_count(recipe)):
        start, end = piece_range(recipe, index)
        yield np.ascontiguousarray(samples[:, start:end])


def _samples(raw: Path, recipe: Recipe) -> Audio:
    """The whole of `raw` as float32 [2, n], mapped."""
    return np.memmap(raw, dtype="<f4", mode="r", shape=(recipe.length, 2)).T
