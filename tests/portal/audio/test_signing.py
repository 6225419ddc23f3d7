"""Leave to fetch audio: good for ten minutes, one thing and one listener, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.signing import Signer

from portal.audio.signing import GOOD_FOR, Leave, expiry, read, sign

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _leave() -> Leave:
    return Leave("a-variation", "segment:12", "user", "a-listener", "token", expiry(NOW))


def test_what_was_signed_reads_back_until_ten_minutes_later() -> None:
    text = sign(_leave())
    assert read(text, now=NOW) == _leave()
    assert read(text, now=NOW + GOOD_FOR - timedelta(seconds=1)) == _leave()
    assert read(text, now=NOW + GOOD_FOR) is None


def test_leave_lasts_ten_minutes() -> None:
    assert timedelta(minutes=10) == GOOD_FOR


@pytest.mark.parametrize("at", range(0, 200, 7))
def test_one_changed_letter_reads_as_nothing(at: int) -> None:
    text = sign(_leave())
    at %= len(text)
    other = "A" if text[at] != "A" else "B"
    assert read(text[:at] + other + text[at + 1 :], now=NOW) is None


def test_text_signed_for_another_purpose_reads_as_nothing() -> None:
    foreign = Signer(salt="something else", sep="~").sign_object(["a", "b", "c", "d", "e", 2**40])
    assert read(foreign, now=NOW) is None
    same_key = Signer(salt="portal.audio/1", sep="~")
    assert read(same_key.sign_object(["too", "few"]), now=NOW) is None
    assert read(same_key.sign_object({"a": 1}), now=NOW) is None
    assert read("", now=NOW) is None


def test_it_is_safe_in_a_path() -> None:
    assert set(sign(_leave())).isdisjoint("/?#&% ")
