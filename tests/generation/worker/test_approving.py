"""Approve first with the real worker: made as ever, kept from everybody, heard after the yes."""

from django.utils import timezone

from generation.variations.approving import answer, list_waiting
from generation.variations.rules import State
from licensing.attribution.queries import may_make, may_serve
from licensing.clearance.approval import ApproveFirst
from licensing.clearance.operations import grant_use
from tests.generation.worker.test_pipeline import work_off
from tests.studio import ACTOR, USES, ask_for


def test_a_variation_is_made_waits_and_is_heard_after_the_yes(studio):
    ana, _ben = studio.parties
    grant_use(
        stem_id=studio.stems[0].id, party_id=ana.id, uses=USES, actor=ACTOR,
        now=timezone.now(), approval=ApproveFirst(first=1),
    )  # fmt: skip
    made = ask_for(studio, targets={"seconds": 10.0})
    work_off(kinds=["compose", "piece"])
    made.refresh_from_db()
    now = timezone.now()
    assert (made.state, made.segments.count()) == (State.RENDERING, made.piece_count)
    assert may_make(made.record_id, now)
    assert not may_serve(made.record_id, now)
    work_off()
    made.refresh_from_db()
    assert made.state == State.WAITING_FOR_APPROVAL
    assert list(list_waiting(ana.id)) == [made]
    assert made.files.count() == 4
    answer(variation_id=made.id, party_id=ana.id, is_yes=True, actor=ACTOR, now=now)
    assert may_serve(made.record_id, timezone.now())
    made.refresh_from_db()
    assert made.state == State.READY
