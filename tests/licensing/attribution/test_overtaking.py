"""A withdrawal and an opening at the same moment, in two connections that really commit."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from licensing.attribution import operations, queries
from licensing.attribution.models import LicenceRecord
from licensing.attribution.rules import OpenRefused
from licensing.clearance import operations as clearance
from licensing.clearance.models import Grant
from tests.licensing import stage as on
from tests.waiting import wait_until_somebody_waits

LATER = on.NOON + timedelta(days=1)


class Opening(threading.Thread):
    """Opens a record in its own connection and waits, uncommitted, to be let go."""

    def __init__(self, cleared, stem, hold_open):
        super().__init__()
        self.cleared, self.stem, self.hold_open = cleared, stem, hold_open
        self.is_written = threading.Event()
        self.let_go = threading.Event()
        self.refused: OpenRefused | None = None

    def run(self):
        try:
            with transaction.atomic():
                operations.open_record(
                    subject=("variation", "1"),
                    clearance_id=self.cleared.id,
                    recipe_sha256=on.digest_of("recipe"),
                    sources=[(self.stem.id, self.stem.audio_id)],
                    policy="k-weighted-shapley/1",
                    now=LATER,
                )
                self.is_written.set()
                if self.hold_open:
                    self.let_go.wait(20)
        except OpenRefused as refused:
            self.refused = refused
        finally:
            self.is_written.set()
            connection.close()


@pytest.fixture
def stage(committed_db):
    return on.open_stage()


def cleared_pad(stage):
    return clearance.clear_use(
        use="REMIX",
        stems=[stage.pad.id],
        requester=("user", "1"),
        territory="DE",
        channel="SITE",
        now=LATER,
    )


def test_withdrawal_waits_for_an_opening_and_counts_it(stage):
    opening = Opening(cleared_pad(stage), stage.pad, hold_open=True)
    opening.start()
    opening.is_written.wait(20)
    told = []

    def withdraw():
        try:
            told.append(
                operations.withdraw_uses(
                    party_id=stage.cleo.id, stem_ids=[stage.pad.id], actor=on.ACTOR, now=LATER
                )
            )
        finally:
            connection.close()

    withdrawing = threading.Thread(target=withdraw)
    withdrawing.start()
    wait_until_somebody_waits()
    assert told == []
    opening.let_go.set()
    opening.join(20)
    withdrawing.join(20)
    assert told[0].of_kind("variation") == 1
    record = LicenceRecord.objects.get()
    assert not queries.may_serve(record.id, LATER)


def test_opening_waits_for_a_withdrawal_and_is_refused(stage):
    cleared = cleared_pad(stage)
    opening = Opening(cleared, stage.pad, hold_open=False)
    with transaction.atomic():
        grant = Grant.objects.get(stem=stage.pad)
        clearance.withdraw_grant(grant_id=grant.id, actor=on.ACTOR, now=LATER)
        opening.start()
        wait_until_somebody_waits()
        assert not opening.is_written.is_set()
    opening.join(20)
    assert [reason.code for reason in opening.refused.reasons] == ["withdrawn"]
    assert LicenceRecord.objects.count() == 0


def test_opening_waits_for_a_hold_on_the_recording_and_is_refused(stage):
    cleared = cleared_pad(stage)
    opening = Opening(cleared, stage.pad, hold_open=False)
    with transaction.atomic():
        clearance.place_hold(
            target_kind="RECORDING",
            target_ref=stage.drift.id,
            reason="notice",
            actor=on.ACTOR,
            now=LATER,
        )
        opening.start()
        wait_until_somebody_waits()
    opening.join(20)
    assert [reason.code for reason in opening.refused.reasons] == ["hold"]
