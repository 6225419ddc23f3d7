"""What a stem's row says: a sign, a word, and where needed one sentence with what to do. Pure.

It knows a stem's state and what was measured. It refuses to know rows and templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.analysis.values import StemAnalysis
from generation.compose.keys import parse_key
from portal.artists.words import key_name

PITCHED = frozenset({"bass", "keys", "guitar", "vocals", "pad", "strings"})
SURE = 0.5
_ANOTHER = "Delete this row, then bring another file."
_FAULTS = ("The sound is clipped", "The stem is silent")


@dataclass(frozen=True, slots=True)
class RowState:
    """`kind`: ok, wait, stop or nothing; `moves` while the row changes without the artist."""

    kind: str
    word: str
    strong: str = ""
    text: str = ""
    moves: bool = False


def _told(word: str) -> RowState:
    return RowState("", word, moves=True)


def stem_state(
    state: str,
    *,
    refusal: str = "",
    notes: Sequence[str] = (),
    analysis: StemAnalysis | None = None,
    song_key: str | None = None,
) -> RowState:
    """The row state of a stem; `song_key` is the recording's, where all stems are in."""
    if state == "UPLOADING":
        return RowState("wait", "Uploading")
    if state == "CHECKING":
        return _told("Being checked")
    if state == "REFUSED":
        return RowState("stop", "Refused", "Not taken.", f"{refusal} {_ANOTHER}".strip())
    if state == "REVIEW":
        return RowState(
            "wait",
            "Under review",
            "Under review.",
            "A rights administrator is looking at this stem. There is nothing you need to do.",
        )
    if analysis is None:
        return _told("Listening to it")
    return _measured(tuple(notes), analysis, song_key)


def _measured(notes: tuple[str, ...], analysis: StemAnalysis, song_key: str | None) -> RowState:
    faults = [note for note in notes if note.startswith(_FAULTS)]
    if faults:
        return RowState(
            "stop", "Needs you", faults[0], "Upload a better file, or keep it as it is."
        )
    if analysis.role_confidence < SURE:
        return RowState(
            "wait",
            "Please check",
            "Which role is it?",
            f"We take it for {analysis.role}, but are not sure. Choose the right one.",
        )
    pitched = analysis.role in PITCHED
    if pitched and analysis.key is None:
        return _asked_for_key(analysis.likely_key)
    if pitched and song_key and analysis.key and not _related(analysis.key, song_key):
        return RowState(
            "wait",
            "Please check",
            "Another key than the rest.",
            f"We hear {key_name(analysis.key)} here and {key_name(song_key)} in the whole "
            "recording. Choose the one you mean.",
        )
    return RowState("ok", "Checked", "", " ".join(notes))


def _asked_for_key(likely: str) -> RowState:
    if not likely:
        advice = "Choose one if it has one; else leave it."
        return RowState("wait", "Please check", "No key is clear.", advice)
    advice = f"Perhaps {key_name(likely)}: choose it if it is, or another; else leave it."
    return RowState("wait", "Please check", "No key is sure.", advice)


def _related(one: str, other: str) -> bool:
    """Whether two keys have the same notes, as D minor and F major do."""
    return parse_key(one).major_tonic == parse_key(other).major_tonic
