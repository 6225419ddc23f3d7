"""Clearing asks those who hold by the sheet in force at the moment of use, stem by stem."""

from datetime import timedelta

import pytest

from tests.licensing import stage as on
from tests.licensing.clearance.test_decisions import LATER, ask, codes


@pytest.fixture
def stage(db):
    return on.set_stage()


def test_a_version_to_come_asks_for_its_holders_yes_from_its_day_on(stage):
    """Drift is Cleo's alone until the day, then Ben's too; her yes is enough until then."""
    on.grant_everything(stage)
    day = LATER + timedelta(days=30)
    on.agree(
        [(stage.cleo, 500_000), (stage.ben, 500_000)], recording_id=stage.drift.id,
        effective_from=day,
    )  # fmt: skip
    assert ask(stage, stage.pad, now=day - timedelta(seconds=1)).allowed
    assert codes(ask(stage, stage.pad, now=day)) == ["no_grant"]


def test_a_stems_own_sheet_asks_its_holders_for_that_stem_alone(stage):
    on.grant_everything(stage)
    on.agree([(stage.cleo, 1_000_000)], at=LATER, stem_id=stage.vocals.id)
    assert codes(ask(stage, stage.vocals, now=LATER)) == ["no_grant"]
    assert ask(stage, stage.drums, now=LATER).allowed
