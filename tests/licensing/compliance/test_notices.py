"""Notices: received, asked about, blocked, answered, decided, looked at again; what is served."""

from datetime import timedelta

import pytest
from django.utils import timezone

from licensing.attribution.queries import may_serve
from licensing.audit.models import Fact
from licensing.clearance.models import Hold
from licensing.clearance.operations import release_hold
from licensing.compliance import operations, queries, rules
from licensing.compliance.models import Takedown
from licensing.compliance.rules import ComplianceRefused
from tests.licensing import stage as on
from tests.licensing.attribution.test_records import LATER, opened, seal
from tests.licensing.compliance.told import (
    DESK,
    MAIL,
    OTHER,
    WORDS,
    answer,
    ask,
    block,
    decide,
    told,
)

HEARD = on.NOON + rules.ANSWER_WITHIN


@pytest.fixture
def stage(db):
    return on.open_stage()


@pytest.fixture
def record(stage):
    """A sealed variation of drums and vocals."""
    made = opened(stage)
    seal(made, [(stage.drums.pk, 600_000), (stage.vocals.pk, 400_000)])
    assert may_serve(made.pk, LATER)
    return made


def refused(call, *args, **more):
    with pytest.raises(ComplianceRefused) as why:
        call(*args, **more)
    return why.value.code


@pytest.mark.parametrize("kind", ["STEM", "RECORDING", "RECORD"])
def test_a_notice_blocks_nothing_until_a_person_does(stage, record, kind):
    ref = {"STEM": stage.drums, "RECORDING": stage.tide, "RECORD": record}[kind].pk
    row = told(kind, ref)
    assert (row.state, row.decide_by) == ("RECEIVED", on.NOON + timedelta(days=14))
    assert may_serve(record.pk, LATER)
    ask(row)
    assert may_serve(record.pk, LATER)
    block(row)
    assert not may_serve(record.pk, LATER)
    decide(row, LATER, upheld=False)
    assert may_serve(record.pk, LATER)


def test_what_was_upheld_stays_blocked(stage, record):
    row = block(told("STEM", stage.drums.pk))
    decide(row, HEARD, upheld=True)
    assert not may_serve(record.pk, HEARD + timedelta(days=400))
    assert Hold.objects.get().released_at is None
    assert queries.list_undecided().count() == 0


def test_upholding_without_a_block_before_blocks_from_then_on(stage, record):
    row = ask(told("RECORDING", stage.tide.pk))
    assert may_serve(record.pk, LATER)
    decide(row, HEARD, upheld=True)
    assert not may_serve(record.pk, HEARD)


def test_a_hold_that_somebody_released_meanwhile_is_placed_anew_when_upheld(stage, record):
    row = block(told("STEM", stage.drums.pk))
    release_hold(hold_id=row.hold_id, actor=DESK, now=LATER)
    decide(row, HEARD, upheld=True)
    assert not may_serve(record.pk, HEARD)


def test_two_notices_of_one_thing_block_each_for_itself(stage, record):
    first, second = (block(told("STEM", stage.drums.pk)) for _ in range(2))
    decide(first, LATER, upheld=False)
    assert not may_serve(record.pk, LATER)
    operations.withdraw_takedown(takedown_id=second.pk, now=LATER)
    assert may_serve(record.pk, LATER)


def test_nobody_is_decided_against_unheard(stage):
    row = told("STEM", stage.drums.pk)
    assert refused(decide, row, HEARD, upheld=True) == "not_asked"
    block(row)
    assert refused(decide, row, HEARD - timedelta(seconds=1), upheld=True) == "time_to_answer"
    answer(row, stage.ana)
    assert refused(decide, row, LATER, upheld=True) == "time_to_answer"
    answer(row, stage.ben)
    assert decide(row, LATER, upheld=True).state == "UPHELD"


def test_blocking_later_gives_no_new_time_to_answer(stage):
    row = ask(told("STEM", stage.drums.pk))
    assert block(row, LATER).answer_until == HEARD


def test_a_holder_answers_once_and_only_a_holder_does(stage):
    row = told("STEM", stage.drums.pk)
    assert refused(answer, row, stage.ana) == "not_asked"
    ask(row)
    assert refused(answer, row, stage.cleo) == "not_a_holder"
    assert refused(answer, row, stage.ana, statement=" ") == "no_words"
    assert answer(row, stage.ana).statement == "We did."
    assert refused(answer, row, stage.ana) == "answered"
    decide(row, LATER, upheld=False)
    assert refused(answer, row, stage.ben) == "decided"


def test_a_notice_is_decided_once_and_with_reasons(stage):
    row = block(told("STEM", stage.drums.pk))
    assert refused(decide, row, HEARD, upheld=False, reasons=" ") == "no_words"
    decide(row, HEARD, upheld=False)
    assert refused(decide, row, HEARD, upheld=True) == "decided"
    assert refused(operations.withdraw_takedown, takedown_id=row.pk, now=HEARD) == "decided"
    assert refused(block, row) == "decided"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ground": "ENVY"}, "odd_ground"),
        ({"good_faith": False}, "no_good_faith"),
        ({"statement": " "}, "no_words"),
        ({"claimant_name": ""}, "no_words"),
        ({"claimant_mail": ""}, "no_words"),
    ],
)
def test_a_notice_says_who_what_and_why(stage, more, code):
    assert refused(told, "STEM", stage.drums.pk, **more) == code
    assert refused(told, "STEM", stage.tide.pk) == "unknown_target"
    assert refused(told, "RECORD", "no id") == "unknown_target"
    assert not Takedown.objects.exists()


def test_those_asked_are_all_holders_of_what_is_named(stage, record):
    def held_by(kind, ref):
        return queries.holders_of(queries.find_target(kind, str(ref)))

    both = {stage.ana.pk, stage.ben.pk}
    assert held_by("STEM", stage.drums.pk) == held_by("RECORDING", stage.tide.pk) == both
    assert held_by("RECORD", record.pk) == both
    assert held_by("STEM", stage.pad.pk) == {stage.cleo.pk}


def test_notices_of_a_recording_are_shown_once_its_holders_were_asked(stage, record):
    rows = [
        told("STEM", stage.drums.pk),
        told("RECORDING", stage.tide.pk),
        told("RECORD", record.pk),
    ]
    assert not queries.list_asked(stage.tide.pk).exists()
    for row in rows:
        ask(row)
    assert set(queries.list_asked(stage.tide.pk)) == set(rows)
    assert not queries.list_asked(stage.drift.pk).exists()


def test_what_is_due_first_stands_first_and_what_is_over_does_not(stage):
    late, soon = told("STEM", stage.drums.pk, LATER), told("STEM", stage.pad.pk)
    assert list(queries.list_undecided()) == [soon, late]
    assert list(queries.list_overdue(on.NOON + timedelta(days=14, seconds=1))) == [soon]
    decide(soon, LATER, upheld=False)
    assert list(queries.list_undecided()) == [late]


def test_the_log_tells_every_step_and_never_who_gave_notice(stage):
    row = block(told("STEM", stage.drums.pk))
    answer(row, stage.ana)
    decide(row, HEARD, upheld=True)
    facts = Fact.objects.filter(object_kind="takedown").order_by("sequence")
    verbs = ["receive_takedown", "block_meanwhile", "answer_takedown", "decide_takedown"]
    assert [one.verb for one in facts] == verbs
    whole = str(list(Fact.objects.values()))
    assert row.reference in whole
    for secret in ("Dora", MAIL, WORDS, "We did."):
        assert secret not in whole


def _appeal(row, party, now):
    return operations.appeal(
        takedown_id=row.pk, party_id=party.pk, statement="The contract.", actor=("user", "9"),
        now=now,
    )  # fmt: skip


def _look(row, now, actor=OTHER, *, changed):
    return operations.decide_appeal(
        takedown_id=row.pk, changed=changed, reasons="The contract says so.", actor=actor, now=now
    )


def test_somebody_else_looks_again_once_and_what_is_changed_plays_again(stage, record):
    row = block(told("STEM", stage.drums.pk))
    assert refused(_appeal, row, stage.ana, HEARD) == "not_upheld"
    decide(row, HEARD, upheld=True)
    assert refused(_look, row, HEARD, changed=True) == "no_appeal"
    assert refused(_appeal, row, stage.cleo, HEARD) == "not_a_holder"
    _appeal(row, stage.ana, HEARD)
    assert refused(_appeal, row, stage.ben, HEARD) == "appealed"
    assert list(queries.list_appeals()) == [row]
    assert refused(_look, row, HEARD, actor=DESK, changed=True) == "same_person"
    assert not may_serve(record.pk, HEARD)
    _look(row, HEARD, changed=True)
    assert may_serve(record.pk, HEARD)
    assert refused(_look, row, HEARD, changed=False) == "decided"
    assert not queries.list_appeals().exists()


def test_a_second_look_that_confirms_changes_nothing(stage, record):
    row = block(told("STEM", stage.drums.pk))
    decide(row, HEARD, upheld=True)
    _appeal(row, stage.ben, HEARD)
    assert _look(row, HEARD, changed=False).outcome == "STANDS"
    assert not may_serve(record.pk, HEARD)


def test_the_same_sound_is_known_while_a_notice_blocks_it(stage):
    digest = stage.drums.audio_id
    row = block(told("STEM", stage.drums.pk))
    assert queries.upheld_against(digest) is None
    decide(row, HEARD, upheld=True)
    assert queries.upheld_against(digest) == row
    assert queries.upheld_against(stage.vocals.audio_id) is None
    _appeal(row, stage.ana, HEARD)
    _look(row, HEARD, changed=True)
    assert queries.upheld_against(digest) is None


def test_a_recording_taken_down_takes_the_sound_of_each_stem_with_it(stage):
    row = block(told("RECORDING", stage.tide.pk))
    decide(row, HEARD, upheld=True)
    for one in (stage.drums, stage.vocals):
        assert queries.upheld_against(one.audio_id) == row
    assert queries.upheld_against(stage.pad.audio_id) is None


def test_other_stems_with_the_same_sound_are_named(stage):
    again = on.stem(stage.drift, "Borrowed", "drums", stage.drums.audio_id)
    target = queries.find_target("STEM", str(stage.drums.pk))
    assert [one.pk for one in queries.same_sound(target)] == [again.pk]


def test_claimants_are_forgotten_three_years_after_the_end_and_not_before(stage):
    row = decide(told("STEM", stage.drums.pk), on.NOON, upheld=False)
    told("STEM", stage.drums.pk)
    after = on.NOON + rules.KEEP_CLAIMANT
    assert operations.forget_claimants(now=after - timedelta(seconds=1)) == 0
    assert operations.forget_claimants(now=after) == 1
    assert operations.forget_claimants(now=after) == 0
    row.refresh_from_db()
    assert (row.claimant_name, row.claimant_mail, row.statement) == ("", "", "")
    assert (row.state, row.reasons, row.forgotten_at) == ("REJECTED", "As the papers say.", after)


def test_whoever_had_something_blocked_is_known_while_it_is(stage):
    row = block(told("STEM", stage.drums.pk))
    decide(row, HEARD, upheld=True)
    after = HEARD + rules.KEEP_CLAIMANT
    assert operations.forget_claimants(now=after) == 0
    release_hold(hold_id=row.hold_id, actor=DESK, now=after)
    assert operations.forget_claimants(now=after) == 0
    assert operations.forget_claimants(now=after + rules.KEEP_CLAIMANT) == 1
    assert timezone.is_aware(Takedown.objects.get().forgotten_at)
