"""What may be asked for."""

import pytest

from generation.compose.values import LINES
from generation.variations import rules
from generation.variations.rules import Mode, RequestRefused, State

GOOD = {
    "mode": "remix",
    "targets": {"energy": 0.8},
    "recordings": ["r"],
    "seed": 7,
    "territory": "DE",
    "channel": "site",
}


def code_of(**changes):
    with pytest.raises(RequestRefused) as refused:
        rules.check_request(**(GOOD | changes))
    return refused.value.code


def test_targets_left_out_take_their_defaults():
    asked = rules.check_request(**GOOD)
    assert asked.targets["energy"] == 0.8
    assert asked.targets["density"] == 0.5
    assert asked.targets["seconds"] == 60.0
    assert asked.targets["target_lufs"] is None
    assert asked.targets["tempo_bpm"] is None
    assert asked.targets["vocals"] is True
    assert asked.targets["line"] == "none"


@pytest.mark.parametrize("line", LINES)
def test_new_notes_are_asked_for_by_the_names_the_director_knows(line):
    assert rules.check_targets(rules.Mode.FOCUS, {"line": line})["line"] == line


def test_focus_is_always_without_vocals():
    asked = rules.check_request(**(GOOD | {"mode": "focus", "targets": {"vocals": True}}))
    assert asked.targets["vocals"] is False


@pytest.mark.parametrize(
    "targets",
    [
        {"energy": 1.01},
        {"energy": float("nan")},
        {"energy": True},
        {"energy": "0.5"},
        {"tempo_bpm": 39.9},
        {"seconds": 1801},
        {"key": "H min"},
        {"key": "A minor"},
        {"vocals": 1},
        {"line": "melodies"},
        {"line": True},
        {"line": ["melody"]},
    ],
)
def test_target_out_of_range_is_refused(targets):
    assert code_of(targets=targets) == "bad_target"


def test_unknown_names_are_refused():
    assert code_of(mode="cover") == "unknown_mode"
    assert code_of(targets={"sounds_like": "X"}) == "unknown_target"
    assert code_of(seed=-1) == "bad_seed"
    assert code_of(seed=True) == "bad_seed"
    assert code_of(territory="Germany") == "bad_territory"


@pytest.mark.parametrize(
    ("mode", "words"), [("remix", "Name 1 recording:"), ("collaboration", "Name 2 recordings:")]
)
def test_how_many_recordings_a_mode_wants_is_said_in_words(mode, words):
    with pytest.raises(RequestRefused) as refused:
        rules.check_request(**(GOOD | {"mode": mode, "recordings": []}))
    assert words in refused.value.sentence


def test_remix_takes_one_recording_and_collaboration_two():
    assert code_of(recordings=[]) == "bad_recordings"
    assert code_of(recordings=["a", "b"]) == "bad_recordings"
    assert code_of(mode="collaboration") == "bad_recordings"
    assert rules.check_request(**(GOOD | {"mode": "mood", "recordings": []})).recordings == []


def test_equal_requests_have_one_hash_and_another_seed_another():
    one = rules.check_request(**GOOD).sha256()
    assert rules.check_request(**(GOOD | {"targets": {"energy": 0.8, "key": None}})).sha256() == one
    assert rules.check_request(**(GOOD | {"seed": 8})).sha256() != one


def test_ends_lead_nowhere_and_a_failure_only_to_a_new_attempt():
    assert not rules.NEXT[State.CANCELLED]
    assert not rules.NEXT[State.WITHDRAWN]
    assert rules.NEXT[State.FAILED] == {State.COMPOSING, State.RENDERING}
    assert set(rules.RECORDINGS) == set(rules.TITLES) == set(Mode)
