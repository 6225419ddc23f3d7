"""Reading a listening history that somebody brings along, as CSV or JSON, into observations.

One line is one listening: what was known about the sound, and whether it was liked or how long it
was heard. It knows text and limits, no rows. Titles and artists are not read, and nothing of the
file is kept. Invariant: a history is taken whole or refused with one sentence that names the line;
a long one weighs no more than WEIGHT_AT_MOST listenings.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generation.taste.rules.attributes import CONTEXTS, from_tempo, from_unit, vector_of
from generation.taste.rules.model import Observation, liking

BYTES_AT_MOST = 2_000_000
LINES_AT_MOST = 20_000
WEIGHT_AT_MOST = 60.0
SKIPPED_BEFORE_MS = 30_000

LIKED, HEARD_OUT, SKIPPED = 1.0, 0.6, 0.0
_UNIT = ("energy", "density", "brightness", "valence", "vocals", "drums", "novelty")
_TEMPO = ("tempo_bpm", "tempo", "bpm")
_YES = {"true", "yes", "1", "like", "liked"}
_NO = {"false", "no", "0", "skip", "skipped"}


class HistoryRefused(ValueError):
    """A history that cannot be read: one sentence, for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Listening:
    """One line: what was known of the sound, in which context, and how it was taken (0 to 1)."""

    known: dict[str, float]
    context: str
    reward: float


def read_history(data: bytes, form: str) -> tuple[Listening, ...]:
    """The listenings in `data`; `form` is "csv" or "json". Raises HistoryRefused."""
    if len(data) > BYTES_AT_MOST:
        raise HistoryRefused(f"The file is larger than {BYTES_AT_MOST // 1_000_000} MB: split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HistoryRefused("The file is not text in UTF-8: save it as that.") from None
    if form not in ("csv", "json"):
        raise HistoryRefused("A history is read from CSV or JSON.")
    lines = _csv_lines(text) if form == "csv" else _json_lines(text)
    found = []
    for number, line in enumerate(lines, 1):
        if number > LINES_AT_MOST:
            raise HistoryRefused(f"The history has more than {LINES_AT_MOST:,} lines: split it.")
        found.append(_listening(line, number))
    if not found:
        raise HistoryRefused("There is no listening in the file.")
    return tuple(found)


def observations(history: Iterable[Listening]) -> tuple[Observation, ...]:
    """What the history says, with its weight held down to WEIGHT_AT_MOST listenings."""
    rows = tuple(history)
    weight = min(1.0, WEIGHT_AT_MOST / max(1, len(rows)))
    return tuple(liking(vector_of(one.known), one.context, one.reward, weight) for one in rows)


def _csv_lines(text: str) -> Iterable[Mapping[str, Any]]:
    if "\0" in text:
        raise HistoryRefused("The file is not a table in CSV.")
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise HistoryRefused(f"The file is not a table in CSV: {error}.") from None


def _json_lines(text: str) -> Iterable[Mapping[str, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise HistoryRefused("The file is not JSON.") from None
    if not isinstance(data, list):
        raise HistoryRefused("The JSON is a list of listenings, one object each.")
    for number, line in enumerate(data, 1):
        if not isinstance(line, dict):
            raise HistoryRefused(f"Line {number} is not an object.")
        yield line


def _listening(line: Mapping[str, Any], number: int) -> Listening:
    given = {str(name).strip().lower(): value for name, value in line.items() if name is not None}
    known = _known(given, number)
    if not known:
        names = ", ".join(("tempo_bpm", *_UNIT))
        raise HistoryRefused(f"Line {number} says nothing about the sound: name one of {names}.")
    context = str(given.get("context") or "").strip().lower()
    return Listening(known, context if context in CONTEXTS else "", _reward(given, number))


def _known(given: Mapping[str, Any], number: int) -> dict[str, float]:
    known = {}
    for name in _UNIT:
        value = _number(given.get(name), name, number)
        if value is not None:
            if not 0.0 <= value <= 1.0:
                raise HistoryRefused(f"Line {number}: {name} lies between 0 and 1.")
            known[name] = from_unit(value)
    for name in _TEMPO:
        value = _number(given.get(name), name, number)
        if value is not None and "tempo" not in known:
            if not 20.0 <= value <= 400.0:
                raise HistoryRefused(f"Line {number}: {name} lies between 20 and 400.")
            known["tempo"] = from_tempo(value)
    return known


def _number(value: Any, name: str, number: int) -> float | None:
    if value is None or value == "" or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise HistoryRefused(f"Line {number}: {name} is not a number.")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise HistoryRefused(f"Line {number}: {name} is not a number.") from None
    if not math.isfinite(found):
        raise HistoryRefused(f"Line {number}: {name} is not a number.")
    return found


def _reward(given: Mapping[str, Any], number: int) -> float:
    """Liked or not where that is said; else by how long it was heard: under 30 s it was skipped."""
    said = str(given.get("liked", "") if given.get("liked") is not None else "").strip().lower()
    if said in _YES:
        return LIKED
    if said in _NO:
        return SKIPPED
    if said:
        raise HistoryRefused(f"Line {number}: liked is yes or no.")
    heard = _number(given.get("ms_played"), "ms_played", number)
    if heard is None:
        raise HistoryRefused(f"Line {number} says neither liked nor ms_played.")
    return SKIPPED if heard < SKIPPED_BEFORE_MS else HEARD_OUT
