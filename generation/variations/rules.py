"""What may be asked for, and how a variation goes from asked to ready.

Pure: no rows, no sound. Targets are plain numbers; who turns them into a plan is not known here.
Invariant: READY, WITHDRAWN and CANCELLED are ends; FAILED leads only to a new attempt. A preview
ends once more, when it is discarded; a holder's answer can be undone until somebody was served.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from generation.compose.values import LINES
from generation.nets.external.values import WORDS
from licensing.clearance.rules import PREVIEW

PARTY = "party"
"""Who asks as a party asks for previews of its own stems, and for nothing else."""
RENDERS_AT_A_TIME = {"user": 3, PARTY: 3}
RENDERS_OF_A_CLIENT = 24
RECORDINGS_AT_MOST = 3
STEMS_AT_MOST = 8
LEFT_OUT_AT_MOST = 192
SEED_AT_MOST = 2**31 - 1
WORDS_AT_MOST = 6


class State(StrEnum):
    """Where a variation stands."""

    COMPOSING = "COMPOSING"
    RENDERING = "RENDERING"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    DECLINED = "DECLINED"
    READY = "READY"
    WITHDRAWN = "WITHDRAWN"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DISCARDED = "DISCARDED"


COMPOSE, PIECE, SEAL = "compose", "piece", "seal"
MAKING = (COMPOSE, PIECE)
# The code of a refusal: what came out, or would, is not the song it was made from.
NOT_THE_SONG = "not_the_song"
KINDS = (COMPOSE, PIECE, SEAL)
# The finished files of a variation, the master first.
FORMATS = ("flac", "mp3", "m4a", "opus")

# What a holder was asked about and has answered, or will.
ANSWERABLE = (State.WAITING_FOR_APPROVAL, State.DECLINED, State.READY)
UNDER_WAY = (State.COMPOSING, State.RENDERING)
# What may be heard while its licence stands; a failed one is not billed and does not sound.
AUDIBLE = (State.RENDERING, State.READY, State.CANCELLED)

NEXT: dict[State, frozenset[State]] = {
    State.COMPOSING: frozenset({State.RENDERING, State.FAILED, State.CANCELLED}),
    State.RENDERING: frozenset(
        {
            *(State.READY, State.WAITING_FOR_APPROVAL),
            *(State.WITHDRAWN, State.FAILED, State.CANCELLED),
        }
    ),
    State.WAITING_FOR_APPROVAL: frozenset({State.READY, State.DECLINED}),
    State.DECLINED: frozenset({State.WAITING_FOR_APPROVAL}),
    State.READY: frozenset({State.WITHDRAWN, State.WAITING_FOR_APPROVAL}),
    State.FAILED: frozenset({State.COMPOSING, State.RENDERING}),
    State.WITHDRAWN: frozenset(),
    State.CANCELLED: frozenset(),
    State.DISCARDED: frozenset(),
}


class Mode(StrEnum):
    """What kind of variation is asked for."""

    REMIX = "remix"
    MOOD = "mood"
    FOCUS = "focus"
    AMBIENT = "ambient"
    COLLABORATION = "collaboration"


# How many recordings a request may name: (fewest, most). None named: the house chooses.
RECORDINGS: dict[Mode, tuple[int, int]] = {
    Mode.REMIX: (1, 1),
    Mode.MOOD: (0, RECORDINGS_AT_MOST),
    Mode.FOCUS: (0, RECORDINGS_AT_MOST),
    Mode.AMBIENT: (0, RECORDINGS_AT_MOST),
    Mode.COLLABORATION: (2, 2),
}

_KEY = re.compile(r"^[A-G][#b]? (maj|min)$")
# name -> (lowest, highest, default); None: only when asked.
_NUMBERS: dict[str, tuple[float, float, float | None]] = {
    "energy": (0.0, 1.0, 0.5),
    "valence": (0.0, 1.0, 0.5),
    "brightness": (0.0, 1.0, 0.5),
    "density": (0.0, 1.0, 0.5),
    "tempo_bpm": (40.0, 240.0, None),
    "seconds": (10.0, 1800.0, 60.0),
    "target_lufs": (-30.0, -9.0, None),
}


class RequestRefused(ValueError):
    """A request that cannot be taken: a stable code, one sentence, the field it is about."""

    def __init__(self, code: str, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.field = field


TITLES: dict[Mode, str] = {
    Mode.REMIX: "remix",
    Mode.MOOD: "mood bed",
    Mode.FOCUS: "focus session",
    Mode.AMBIENT: "ambience",
    Mode.COLLABORATION: "collaboration",
}


def renders_at_a_time(requester_kind: str) -> int:
    """How many variations of one requester may be under way: 3 of a listener."""
    return RENDERS_AT_A_TIME.get(requester_kind, RENDERS_OF_A_CLIENT)


def use_of(mode: Mode) -> str:
    """The use that a mode needs a grant for."""
    return mode.value.upper()


def use_for(mode: Mode, requester_kind: str) -> str:
    """The use that is cleared when somebody of this kind asks in this mode."""
    return PREVIEW if requester_kind == PARTY else use_of(mode)


def may_follow(now: State, then: State) -> bool:
    """True when a variation in state `now` may enter `then`."""
    return then in NEXT[now]


def check_mode(mode: str) -> Mode:
    """The mode of that name; raises RequestRefused."""
    try:
        return Mode(mode)
    except ValueError:
        raise RequestRefused("unknown_mode", "There is no such mode.", "mode") from None


def check_targets(mode: Mode, targets: Mapping[str, Any]) -> dict[str, Any]:
    """`targets` complete and in range: 0..1, BPM, seconds, LUFS; raises RequestRefused.

    Vocals are on unless turned off; in focus they are always off. No new notes and no external
    net's sound unless asked for.
    """
    unknown = set(targets) - set(_NUMBERS) - {"key", "vocals", "line", "external"}
    if unknown:
        name = sorted(unknown)[0]
        raise RequestRefused("unknown_target", f"There is no target called {name!r:.60}.", name)
    checked: dict[str, Any] = {name: _number(name, targets.get(name)) for name in _NUMBERS}
    checked["key"] = _key(targets.get("key"))
    vocals = targets.get("vocals")
    if vocals is not None and not isinstance(vocals, bool):
        raise RequestRefused("bad_target", "Vocals are on or off.", "vocals")
    checked["vocals"] = mode is not Mode.FOCUS and vocals is not False
    checked["line"] = _line(targets.get("line"))
    if targets.get("external"):
        checked["external"] = _words(targets["external"])
    return checked


def _number(name: str, value: Any) -> float | None:
    low, high, default = _NUMBERS[name]
    if value is None:
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        shown = name.replace("_", " ")
        raise RequestRefused("bad_target", f"The {shown} lies between {low:g} and {high:g}.", name)
    return round(float(value), 4)


def _key(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _KEY.match(value):
        raise RequestRefused("bad_target", 'A key reads "A min" or "Eb maj".', "key")
    return value


def _line(value: Any) -> str:
    """Which new notes are wanted, one of LINES."""
    if value is None:
        return "none"
    if value not in LINES:
        listed = ", ".join(LINES[:-1])
        raise RequestRefused("bad_target", f"New notes are {listed} or {LINES[-1]}.", "line")
    return str(value)


def _words(value: Any) -> list[str]:
    """What an external net is asked for: words of its closed list, each once."""
    words = value if isinstance(value, list | tuple) else ()
    if not words or len(words) > WORDS_AT_MOST or any(one not in WORDS for one in words):
        listed = ", ".join(sorted(WORDS))
        sentence = f"An external net is asked for 1 to {WORDS_AT_MOST} words of: {listed}."
        raise RequestRefused("bad_target", sentence, "external")
    return list(dict.fromkeys(words))


def check_seed(seed: Any) -> int:
    """`seed` as an integer from 0 to 2^31 - 1; raises RequestRefused."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_AT_MOST:
        raise RequestRefused("bad_seed", "The seed is a whole number from 0.", "seed")
    return seed


def check_recordings(mode: Mode, recordings: Sequence[str]) -> list[str]:
    """The named recordings, once each; raises RequestRefused when a mode needs more or fewer."""
    named = list(dict.fromkeys(str(one) for one in recordings))
    fewest, most = RECORDINGS[mode]
    if not fewest <= len(named) <= most:
        span = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        noun = "recording" if most == 1 else "recordings"
        raise RequestRefused(
            "bad_recordings", f"Name {span} {noun}: that many go into this mode.", "recordings"
        )
    return named


def check_without(stems: Sequence[str]) -> list[str]:
    """The stems to leave out, each once and sorted; raises RequestRefused for too many."""
    named = sorted(set(map(str, stems)))
    if len(named) > LEFT_OUT_AT_MOST:
        sentence = f"At most {LEFT_OUT_AT_MOST} stems can be left out."
        raise RequestRefused("too_many_left_out", sentence, "without")
    return named


_TERRITORY = re.compile(r"^[A-Z]{2}$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request: everything that decides what is made, and for where."""

    mode: str
    targets: dict[str, Any]
    recordings: list[str]
    seed: int
    territory: str
    channel: str
    without: list[str] = field(default_factory=list)
    by_taste: bool = False

    def sha256(self) -> str:
        """Hex SHA-256 of the canonical form, so that a repeat is recognised.

        A request that leaves nothing out, and one whose targets no taste chose, is said as it was
        before that could be asked.
        """
        plain = asdict(self)
        for name in ("without", "by_taste"):
            if not plain[name]:
                del plain[name]
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def check_request(
    *,
    mode: str,
    targets: Mapping[str, Any],
    recordings: Sequence[str],
    seed: int,
    territory: str,
    channel: str,
    without: Sequence[str] = (),
    by_taste: bool = False,
) -> Asked:
    """The request, complete and in range; raises RequestRefused with the field that is wrong.

    `without`: references of stems that shall not sound. `by_taste`: a taste profile chose targets.
    """
    known = check_mode(mode)
    if not _TERRITORY.match(territory):
        raise RequestRefused("bad_territory", "A territory is a code of two letters.", "territory")
    return Asked(
        mode=known.value,
        targets=check_targets(known, targets),
        recordings=check_recordings(known, recordings),
        seed=check_seed(seed),
        territory=territory,
        channel=channel.strip().upper(),
        without=check_without(without),
        by_taste=by_taste,
    )
