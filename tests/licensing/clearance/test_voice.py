"""A voice is never granted by the way, and never for longer than ten years."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from licensing.clearance.models import LONGEST_VOICE, Grant
from licensing.clearance.operations import ClearanceRefused
from licensing.clearance.terms import CURRENT_VERSION, terms_sha256, terms_text
from tests.licensing import stage as on

TEN_YEARS = on.NOON + LONGEST_VOICE


@pytest.fixture
def stage(db):
    return on.set_stage()


@pytest.mark.parametrize("end", [None, TEN_YEARS + timedelta(seconds=1)])
def test_a_voice_without_an_end_within_ten_years_is_refused(stage, end):
    with pytest.raises(ClearanceRefused) as refused:
        on.grant(stage.vocals, stage.ana, "VOICE", "REMIX", valid_until=end)
    assert refused.value.code == "voice_ends"
    assert not Grant.objects.exists()


def test_a_voice_may_be_granted_for_ten_years(stage):
    assert on.grant(stage.vocals, stage.ana, "VOICE", valid_until=TEN_YEARS).uses == ["VOICE"]


def test_the_ten_years_begin_with_the_permission_not_with_a_later_day(stage):
    later = on.NOON + timedelta(days=3_650)
    with pytest.raises(ClearanceRefused) as refused:
        on.grant(
            stage.vocals, stage.ana, "VOICE", valid_from=later, valid_until=later + timedelta(9)
        )
    assert refused.value.code == "voice_ends"


def test_the_database_too_lets_no_voice_be_granted_for_longer(stage):
    facts = {
        "stem": stage.vocals, "party": stage.ana, "limits": {}, "valid_from": on.NOON,
        "terms_version": "1", "terms_sha256": "0" * 64, "granted_at": on.NOON, "granted_by": "u:1",
    }  # fmt: skip
    for end in (None, TEN_YEARS + timedelta(seconds=1)):
        with pytest.raises(IntegrityError, match="grant_of_voice_ends"), transaction.atomic():
            Grant.objects.create(uses=["REMIX", "VOICE"], valid_until=end, **facts)
        Grant.objects.create(uses=["TRAINING"], valid_until=end, **facts)


def test_a_grant_pins_the_words_of_its_day_and_older_words_stay_readable(stage):
    older = on.grant(stage.pad, stage.cleo, "REMIX", terms_version="2026-11")
    newer = on.grant(stage.pad, stage.cleo, "REMIX")
    assert (newer.terms_version, newer.terms_sha256) == (CURRENT_VERSION, terms_sha256())
    assert older.terms_sha256 == terms_sha256("2026-11") != newer.terms_sha256
    assert "what\n   was made is no longer served" not in terms_text()
    assert "ten years after you gave it" in terms_text()
