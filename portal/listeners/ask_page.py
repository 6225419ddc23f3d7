"""The request form as values for its partials: modes, faders, choices, and what was refused.

It refuses to know rows, requests and rules of permission; it shows what `asking` worked out.
Invariant: every fader's ends say words, and every value shown is one that would be accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generation.variations.rules import Mode
from portal.listeners.asking import (
    BY_HAND,
    BY_TASTE,
    Ground,
    KeyOption,
    Wishes,
    keys_within,
    tempo_range,
)
from portal.listeners.external_ask import ExternalField

_MODES: dict[Mode, tuple[str, str]] = {
    Mode.REMIX: ("Remix", "The same recording, arranged again."),
    Mode.MOOD: ("Mood bed", "Holds one feeling, asks for no attention."),
    Mode.FOCUS: ("Focus session", "No voices, few surprises, an even loudness."),
    Mode.AMBIENT: ("Ambient", "A slow place out of these stems."),
    Mode.COLLABORATION: ("Collaboration", "Two recordings meet in one."),
}
_QUANTITIES = {
    "energy": ("Energy", ("calmer", "livelier")),
    "valence": ("Feeling", ("sadder", "gladder")),
    "brightness": ("Brightness", ("darker", "brighter")),
    "density": ("Density", ("few stems", "all stems")),
}
_NEW_NOTES = {
    "none": "None",
    "melody": "Melody",
    "bass": "Bass",
    "beat": "Beat",
    "all": "All three",
}
_NEW_NOTES_NOTE = (
    "A model writes them and the artists' own stems play them; the model's share is shown."
)
_LENGTHS = {
    "30": "30 s",
    "60": "1 min",
    "180": "3 min",
    "600": "10 min",
    "1500": "25 min",
    "recorded": "As recorded",
}


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """One kind of variation in the picker."""

    value: str
    name: str
    note: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Fader:
    """One quantity; `ends`: two or three words."""

    name: str
    label: str
    low: int
    high: int
    value: int
    unit: str
    ends: tuple[str, ...]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One word of a choice."""

    value: str
    word: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    name: str
    label: str
    options: tuple[Option, ...]
    note: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Second:
    """A recording that may join in a collaboration."""

    id: str
    title: str
    party: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class AskPage:
    """Everything the request form shows."""

    key: str
    ask_again: str
    recording_id: str
    introduction: str
    modes: tuple[ModeChoice, ...]
    by: Choice | None
    faders: tuple[Fader, ...]
    choices: tuple[Choice, ...]
    external: ExternalField | None
    keys: tuple[Option, ...]
    key_note: str
    key_errors: tuple[str, ...]
    seed: str
    seed_errors: tuple[str, ...]
    seconds_recordings: tuple[Second, ...]
    refused_title: str
    refusals: tuple[str, ...]
    needs_country: bool
    cost: str


def _errors(wishes: Wishes, name: str) -> tuple[str, ...]:
    return (wishes.errors[name],) if name in wishes.errors else ()


def mode_choices(offered: Sequence[Mode], chosen: Mode) -> tuple[ModeChoice, ...]:
    """The kinds offered, in the order given."""
    return tuple(ModeChoice(mode.value, *_MODES[mode], mode is chosen) for mode in offered)


def faders(wishes: Wishes, ground: Ground) -> tuple[Fader, ...]:
    """The quantities of a mode; tempo only where there is one to keep or leave."""
    found = [
        Fader(name, label, 0, 100, _shown(wishes, name, 0, 100), "", ends, _errors(wishes, name))
        for name, (label, ends) in _QUANTITIES.items()
    ]
    reach = tempo_range(ground)
    if reach is not None and wishes.mode is not Mode.AMBIENT:
        low, high = reach
        ends = (str(low), f"recorded at {round(ground.tempo_bpm or 0)}", str(high))
        value = _shown(wishes, "tempo", low, high)
        errors = _errors(wishes, "tempo")
        found.append(Fader("tempo", "Tempo", low, high, value, " bpm", ends, errors))
    return tuple(found)


def _shown(wishes: Wishes, name: str, low: int, high: int) -> int:
    text = wishes.values[name]
    number = int(text) if text.isdecimal() and len(text) < 9 else (low + high) // 2
    return max(low, min(high, number))


def choices(wishes: Wishes, ground: Ground) -> tuple[Choice, ...]:
    """Vocals, where there are any to choose about, length, and new notes where there are bars."""
    found = []
    if ground.has_vocals and ground.limits.vocals and wishes.mode is not Mode.FOCUS:
        words = {"sung": "As sung", "none": "None"}
        found.append(Choice("vocals", "Vocals", _options(words, wishes.values["vocals"])))
    lengths = {
        value: word for value, word in _LENGTHS.items() if _offers(value, wishes.mode, ground)
    }
    chosen = wishes.values["length"]
    chosen = chosen if chosen in lengths else next(iter(lengths))
    errors = _errors(wishes, "length")
    found.append(Choice("length", "Length", _options(lengths, chosen), errors=errors))
    if wishes.mode is not Mode.AMBIENT:
        found.append(new_notes(wishes))
    return tuple(found)


def new_notes(wishes: Wishes) -> Choice:
    """Which parts a model is to write, if any."""
    options = _options(_NEW_NOTES, wishes.values["line"])
    return Choice("line", "New notes", options, _NEW_NOTES_NOTE, _errors(wishes, "line"))


def by_choice(wishes: Wishes) -> Choice:
    """Who chooses how it sounds: the listener's hand, or their taste."""
    words = {BY_HAND: "As I set it here", BY_TASTE: "By my taste"}
    note = "By your taste, the faders do not count; everything else you choose here still does."
    return Choice("by", "How it sounds", _options(words, wishes.values["by"]), note)


def _offers(length: str, mode: Mode, ground: Ground) -> bool:
    if length == "recorded":
        return ground.seconds is not None
    return length != "1500" or mode is Mode.FOCUS


def _options(words: Mapping[str, str], chosen: str) -> tuple[Option, ...]:
    return tuple(Option(value, word, value == chosen) for value, word in words.items())


def key_options(wishes: Wishes, ground: Ground) -> tuple[Option, ...]:
    """The keys that may be asked for, the recorded one first."""
    chosen = wishes.values["key_wanted"]
    listed: tuple[KeyOption, ...] = keys_within(ground)
    return tuple(Option(one.value, one.word, one.value == chosen) for one in listed)


def key_note(ground: Ground) -> str:
    """How far permission reaches in pitch, in words."""
    most = ground.limits.semitones_max
    if most == 0:
        return "The artists keep their key."
    if most >= 6:
        return "Every key is permitted."
    return f"Permission reaches {most} semitone{'s' if most > 1 else ''} up and down."


def ask_page(
    *,
    key: str,
    ask_again: str,
    recording_id: str,
    introduction: str,
    offered: Sequence[Mode],
    wishes: Wishes,
    ground: Ground,
    seconds: Sequence[Second] = (),
    refusals: Sequence[str] = (),
    needs_country: bool = False,
    offers_taste: bool = False,
    external: ExternalField | None = None,
    cost: str = "",
) -> AskPage:
    """The form for these wishes on this ground."""
    many = len(refusals) > 1
    return AskPage(
        key=key,
        ask_again=ask_again,
        recording_id=recording_id,
        introduction=introduction,
        modes=mode_choices(offered, wishes.mode),
        by=by_choice(wishes) if offers_taste else None,
        faders=faders(wishes, ground),
        choices=choices(wishes, ground),
        external=external,
        keys=key_options(wishes, ground),
        key_note=key_note(ground),
        key_errors=_errors(wishes, "key_wanted"),
        seed=wishes.values["seed"],
        seed_errors=_errors(wishes, "seed"),
        seconds_recordings=tuple(seconds),
        refused_title="This cannot be made, for these reasons:" if many else "This cannot be made.",
        refusals=tuple(dict.fromkeys(refusals)),
        needs_country=needs_country,
        cost=cost,
    )
