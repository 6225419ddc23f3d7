"""The draft of a licence record that `manage.py vary` lays beside its sound.

It knows figures and file names. It refuses to know rows and grants: a draft clears nothing, and
says so. Invariant: its shares are whole parts per million that sum to 1,000,000, and its recipe
hash is that of the recipe file beside it.
"""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from generation.analysis.likeness import sentence_of
from generation.analysis.values import RecordingAnalysis
from generation.compose.values import Song
from generation.compose.whole import Made, windows_sha256
from generation.onsets import onsets_text
from generation.recipe import SAMPLE_RATE_HZ, SCHEMA, Recipe, processors, sha256_of

DRAFT = (
    "This is a draft: no rights were checked, nobody has granted this use, and the sound may not be"
    " published or played to others on its strength."
)


def draft_licence(made: Made, songs: Sequence[Song], notes: Sequence[str]) -> dict[str, Any]:
    """The draft as plain data, ready for JSON; `notes`: sentences from ingest."""
    recipe, finished = made.recipe, made.finished
    return {
        "schema": 1,
        "status": "draft",
        "clearance": None,
        "recipe_sha256": sha256_of(recipe),
        "policy": recipe.policy,
        "target_lufs": recipe.target_lufs,
        "reached_lufs": recipe.reached_lufs,
        "integrated_lufs": _rounded(finished.integrated_lufs),
        "true_peak_dbtp": _rounded(finished.true_peak_dbtp),
        "trim_db": finished.trim_db,
        "duration_s": round(recipe.length / SAMPLE_RATE_HZ, 6),
        "source": _source(songs[0].analysis),
        "result": _result(recipe),
        "attribution": _attribution(made, songs),
        "windows_sha256": windows_sha256(made),
        "model_ppm": made.model_ppm,
        "engine": _engine(recipe) | {"likeness": asdict(made.likeness.whole)},
        "notes": [DRAFT, sentence_of(made.likeness, recipe), *recipe.remarks, *notes],
    }


def named_onsets(recipe: Recipe, songs: Sequence[Song]) -> str:
    """The onsets of the recipe's stems, as the text of the file beside it."""
    known = {stem.digest: stem.analysis for song in songs for stem in song.stems}
    return onsets_text(
        {
            one.digest: (known[one.digest].onsets, known[one.digest].onset_db)
            for one in recipe.sources
        }
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _source(analysis: RecordingAnalysis) -> dict[str, Any]:
    return {
        "tempo_bpm": analysis.tempo_bpm,
        "tempo_confidence": round(analysis.tempo_confidence, 3),
        "key": analysis.key,
        "key_confidence": round(analysis.key_confidence, 3),
    }


def _result(recipe: Recipe) -> dict[str, Any]:
    return {"tempo_bpm": recipe.grid.tempo_bpm if recipe.grid else None, "key": recipe.key}


def _attribution(made: Made, songs: Sequence[Song]) -> list[dict[str, Any]]:
    """One line per source; stems that do not sound are no sources."""
    labels = {stem.digest: stem.label for song in reversed(songs) for stem in song.stems}
    roles = {source.digest: source.role for source in made.recipe.sources}
    return [
        {"stem": labels[digest], "sha256": digest, "role": roles[digest], "ppm": ppm}
        for digest, ppm in made.lines
    ]


def _engine(recipe: Recipe) -> dict[str, Any]:
    return {
        "recipe_schema": SCHEMA,
        "processors": sorted({name for place, name in processors(recipe) if place != "policy"}),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
    }
