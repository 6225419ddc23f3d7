"""A folder of sound files, taken in the way an upload is: decoded, checked and measured.

It knows files and the rooms below. It refuses to know rows. Invariant: a song it hands over has
every file of its folder that claims to be sound, or nothing is handed over at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from generation.analysis.measure import measure_recording, measure_stem
from generation.compose.values import Song, SongStem
from generation.ingest.decode import Checked, Refused, decode
from generation.ingest.sniff import sniff

ENDINGS = frozenset(
    (
        *(".wav", ".wave", ".bwf", ".rf64", ".aif", ".aiff", ".aifc", ".flac"),
        *(".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4"),
    )
)
STEMS_MAX = 64


class UnusableStems(ValueError):
    """A folder that cannot be used; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class TakenSong:
    """A song, its samples by digest (float32 [2, n], mapped), and what ingest had to say."""

    song: Song
    samples: dict[str, npt.NDArray[np.float32]]
    notes: tuple[str, ...]


def stem_files(folder: Path) -> list[Path]:
    """The files of `folder` that are sound or are named so, by name. Raises UnusableStems."""
    if not folder.is_dir():
        raise UnusableStems(f"{folder} is not a folder.")
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    found = [path for path in files if path.suffix.lower() in ENDINGS or _sounds(path)]
    if not found:
        raise UnusableStems(f"{folder} holds no sound files.")
    if len(found) > STEMS_MAX:
        raise UnusableStems(f"{folder} holds more than {STEMS_MAX} stems.")
    return found


def _sounds(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return sniff(file) is not None
    except OSError:
        return False


def take(
    files: Sequence[Path], work: Path, progress: Callable[[str], None] = lambda text: None
) -> TakenSong:
    """The song that `files` are the stems of; decoded copies go to `work`. Raises UnusableStems."""
    stems: list[SongStem] = []
    sounds: list[npt.NDArray[np.float32]] = []
    notes: list[str] = []
    for path in files:
        progress(f"Reading {path.name}")
        checked = _decoded(path, work)
        samples = np.load(checked.planar, mmap_mode="r")
        stems.append(SongStem(checked.digest, path.name, measure_stem(samples, path.name)))
        sounds.append(samples)
        notes += [f"{path.name}: {note}" for note in checked.notes]
    progress(f"Measuring {files[0].parent.name}")
    analysis = measure_recording(sounds, [stem.analysis for stem in stems])
    samples_by = {stem.digest: sound for stem, sound in zip(stems, sounds, strict=True)}
    return TakenSong(Song(tuple(stems), analysis), samples_by, (*notes, *analysis.notes))


def _decoded(path: Path, work: Path) -> Checked:
    try:
        answer = decode(path, work, name=path.name)
    except OSError as error:
        raise UnusableStems(f"{path.name} cannot be read: {error.strerror}.") from error
    if isinstance(answer, Refused):
        raise UnusableStems(f"{path.name}: {answer.sentence}")
    return answer
