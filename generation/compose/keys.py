"""Musical keys: reading them, and the way from one to another in semitones.

It knows twelve pitch classes and two modes. It refuses to know sound. Invariant: a transposition
is the nearest one, -6 to +6 semitones, and relative keys (A minor, C major) count as one set of
notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.analysis.rules import TONICS

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_MODES = {"maj": "maj", "major": "maj", "min": "min", "minor": "min", "m": "min", "": "maj"}


@dataclass(frozen=True, slots=True)
class Key:
    """`tonic`: pitch class, C = 0. `mode`: "maj" or "min"."""

    tonic: int
    mode: str

    def __str__(self) -> str:
        return f"{TONICS[self.tonic]} {self.mode}"

    @property
    def major_tonic(self) -> int:
        """The tonic of the major key that has the same notes."""
        return self.tonic if self.mode == "maj" else (self.tonic + 3) % 12


def parse_key(text: str) -> Key:
    """The key that `text` names: "A min", "f# maj", "Bb minor". Raises ValueError otherwise."""
    words = text.strip().split()
    if not 1 <= len(words) <= 2:
        raise ValueError(f'"{text}" is not a key such as "A min".')
    note, mode = words[0], words[1] if len(words) == 2 else ""
    letter, sign = note[:1].upper(), note[1:]
    if letter not in _LETTERS or sign not in _SIGNS or mode.lower() not in _MODES:
        raise ValueError(f'"{text}" is not a key such as "A min".')
    return Key((_LETTERS[letter] + _SIGNS[sign]) % 12, _MODES[mode.lower()])


def nearest(semitones: int) -> int:
    """`semitones` folded into -5..6."""
    folded = semitones % 12
    return folded - 12 if folded > 6 else folded


def way(source: Key, target: Key) -> int:
    """Semitones from `source` to `target` in the nearest direction; modes meet in their shared
    notes.
    """
    if source.mode == target.mode:
        return nearest(target.tonic - source.tonic)
    return nearest(target.major_tonic - source.major_tonic)


def moved(key: Key, semitones: int) -> Key:
    """`key` transposed by `semitones`."""
    return Key((key.tonic + semitones) % 12, key.mode)


def keys_in_reach(keys: Sequence[Key | None], semitones: int, mode: str) -> tuple[Key, ...]:
    """The keys of `mode` that all of `keys` can be brought to, each by at most `semitones`; from
    the furthest down to the furthest up as the first that is known sees it. None known: none.
    """
    known = [key for key in keys if key is not None]
    found = [Key(tonic, mode) for tonic in range(12)] if known else []
    met = [one for one in found if all(abs(way(key, one)) <= semitones for key in known)]
    return tuple(sorted(met, key=lambda one: way(known[0], one)))
