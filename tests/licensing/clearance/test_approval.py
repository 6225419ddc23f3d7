"""Approve first: the pure rule, who is asked when a record opens, what live sessions may use."""

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from licensing.attribution.queries import may_make, may_serve
from licensing.clearance import approving, queries
from licensing.clearance.approval import (
    ApproveFirst,
    approval_from_json,
    waits_when_live,
    why_it_waits,
)
from licensing.clearance.limits import Asked, Limits, OddLimits, codes_beyond
from licensing.clearance.models import Approval
from licensing.clearance.refusals import ClearanceRefused
from tests.licensing import stage as on
from tests.licensing.attribution.test_records import LATER, clear, open_on, seal
from tests.licensing.clearance.test_rules import limits, wishes

AS_IT_IS = Asked()
TIGHT = Limits(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2, vocals=False)
made = st.builds(
    Asked,
    tempo_ratio=st.tuples(st.sampled_from([0.5, 0.9, 1.0]), st.sampled_from([1.0, 1.2, 3.0])),
    semitones=st.integers(-24, 24),
    vocals=st.booleans(),
)
circumstances = st.fixed_dictionaries(
    {
        "approved": st.integers(0, 3),
        "use": st.sampled_from(["REMIX", "MOOD"]),
        "is_mixed": st.booleans(),
    }
)


def why(rule, made=AS_IT_IS, approved=9, use="REMIX", is_mixed=False):
    return why_it_waits(rule, approved=approved, use=use, made=made, is_mixed=is_mixed)


def test_each_condition_holds_back_what_goes_beyond_it():
    rule = ApproveFirst(first=3, within=TIGHT, uses=frozenset({"MOOD"}))
    assert why(rule, approved=3, use="MOOD") == ()
    assert why(rule, approved=2, use="MOOD") == ("first",)
    assert why(rule) == ("use",)
    far = Asked(tempo_ratio=(0.8, 1.0), semitones=-3, vocals=True)
    assert why(rule, far, use="MOOD") == (
        *("tempo_out_of_range", "pitch_out_of_range", "vocals_not_allowed"),
    )
    alone = ApproveFirst(within=Limits(with_others=False))
    assert (why(alone), why(alone, is_mixed=True)) == ((), ("mixed",))
    assert why(ApproveFirst()) == ()


@given(wishes, made, circumstances)
def test_what_passes_passes_under_every_looser_condition(rule, how_far, at):
    looser = ApproveFirst(first=0, share_ppm_max=rule.share_ppm_max)
    if not why_it_waits(rule, made=how_far, **at):
        assert not why_it_waits(looser, made=how_far, **at)
        assert codes_beyond(rule.within, how_far) == ()


@given(wishes, circumstances, st.booleans())
def test_a_live_session_uses_nothing_that_might_have_to_wait(rule, at, vocals):
    if not waits_when_live(rule, vocals=vocals, **at):
        assert why_it_waits(rule, made=Asked(vocals=vocals), **at) == ()
        assert rule.share_ppm_max == 1_000_000
    assert not waits_when_live(None, vocals=vocals, **at)


@given(wishes)
def test_conditions_come_back_from_their_json(rule):
    assert approval_from_json(rule.to_json()) == rule
    assert approval_from_json({}) is None


@given(limits)
def test_conditions_without_a_number_hold_back_nothing_but_their_bounds(within):
    assert approval_from_json({"within": within.to_json()}) == ApproveFirst(within=within)


@pytest.mark.parametrize(
    "odd", [{"first": -1}, {"first": 1_001}, {"share_ppm_max": -1}, {"last": 3}]
)
def test_conditions_that_mean_nothing_are_refused(odd):
    with pytest.raises(OddLimits):
        approval_from_json(odd)


@pytest.fixture
def stage(db):
    return on.open_stage()


def ask(stage, rule, *stems):
    """Ana's grants ask for a yes, and a record opens on them."""
    chosen = stems or (stage.drums, stage.vocals)
    for stem in (stage.drums, stage.vocals):
        on.grant(stem, stage.ana, "REMIX", "AMBIENT", approval=rule)
    return open_on(clear(stage, *chosen), *chosen, made=AS_IT_IS)


def states(record):
    rows = Approval.objects.filter(clearance=record.clearance_id).order_by("party__name")
    return [(one.party.name, one.state, one.reasons) for one in rows]


def test_only_holders_whose_grants_ask_are_asked(stage, django_assert_num_queries):
    record = ask(stage, ApproveFirst(first=1))
    assert states(record) == [("Ana", "WAITING", ["first"])]
    with django_assert_num_queries(1):
        assert not may_serve(record.id, LATER)
    assert may_make(record.id, LATER)
    assert approving.approvals_of(record.clearance_id).waits_for == ("Ana",)


def test_a_voice_among_the_sources_is_a_voice_in_it(stage):
    rule = ApproveFirst(within=Limits(vocals=False))
    assert states(ask(stage, rule)) == [("Ana", "WAITING", ["vocals_not_allowed"])]


def test_without_the_voice_it_passes(stage):
    record = ask(stage, ApproveFirst(within=Limits(vocals=False)), stage.drums)
    assert states(record) == []
    assert may_serve(record.id, LATER)


def test_a_recipe_that_is_not_known_waits_as_if_it_went_as_far_as_it_may(stage):
    for stem in (stage.drums, stage.vocals):
        on.grant(stem, stage.ana, "REMIX", approval=ApproveFirst(within=TIGHT))
    record = open_on(clear(stage, stage.drums), stage.drums)
    assert states(record) == [("Ana", "WAITING", ["tempo_out_of_range", "pitch_out_of_range"])]


def test_a_bounded_share_is_settled_when_it_is_measured(stage):
    record = ask(stage, ApproveFirst(share_ppm_max=600_000))
    assert states(record) == [("Ana", "MEASURING", [])]
    assert not approving.approvals_of(record.clearance_id).has_passed
    assert not may_serve(record.id, LATER)
    with pytest.raises(ClearanceRefused):
        decide(record, stage.ana)
    seal(record, [(stage.drums.id, 600_000), (stage.vocals.id, 400_000)])
    assert states(record) == [("Ana", "RELEASED", [])]
    assert may_serve(record.id, LATER)


def test_a_share_beyond_the_bound_waits(stage):
    record = ask(stage, ApproveFirst(share_ppm_max=600_000))
    seal(record, [(stage.drums.id, 600_001), (stage.vocals.id, 399_999)])
    assert states(record) == [("Ana", "WAITING", ["share"])]


def decide(record, party, is_yes=True):
    approving.decide_approval(
        clearance_id=record.clearance_id, party_id=party.id, is_yes=is_yes, actor=on.ACTOR,
        now=LATER,
    )  # fmt: skip


def test_a_yes_counts_for_the_recording_and_a_no_does_not(stage):
    record = ask(stage, ApproveFirst(first=1))
    decide(record, stage.ana, is_yes=False)
    assert not may_serve(record.id, LATER)
    again = open_on(clear(stage, stage.drums), stage.drums, ref="2", made=AS_IT_IS)
    assert states(again) == [("Ana", "WAITING", ["first"])]
    decide(again, stage.ana)
    assert may_serve(again.id, LATER)
    third = open_on(clear(stage, stage.drums), stage.drums, ref="3", made=AS_IT_IS)
    assert states(third) == []


def test_who_was_not_asked_decides_nothing(stage):
    record = ask(stage, ApproveFirst(first=1))
    for party in (stage.ben, stage.cleo):
        with pytest.raises(ClearanceRefused) as refused:
            decide(record, party)
        assert refused.value.code == "not_asked"


def test_a_preview_asks_nobody(stage):
    ask(stage, ApproveFirst(first=1))
    cleared = clear(stage, stage.drums, use="PREVIEW", requester=("party", str(stage.ana.id)))
    record = open_on(cleared, stage.drums, ref="2", made=AS_IT_IS)
    assert states(record) == []


def test_live_a_stem_that_would_have_to_ask_says_so_and_stays_out(stage):
    record = ask(stage, ApproveFirst(first=1, within=Limits(tempo_max_ratio=1.2)))

    def live(stem):
        return queries.preflight_use(
            use="AMBIENT", stems=[stem.id], requester=("user", "1"), territory="DE",
            channel="SITE", now=LATER, is_live=True,
        )  # fmt: skip

    (reason,) = live(stage.drums).reasons
    assert (reason.code, reason.party) == ("approval_required", stage.ana.id)
    assert reason.sentence.startswith("Ana wants to hear variations of “Drums”")
    found = queries.list_clearable("AMBIENT", "DE", "SITE", LATER, is_live=True)
    assert [one.title for one in found] == ["Drift"]
    decide(record, stage.ana)
    assert live(stage.drums).allowed
    assert live(stage.drums).limits.tempo_max_ratio == 1.2
    assert len(queries.list_clearable("AMBIENT", "DE", "SITE", LATER, is_live=True)) == 2


def test_live_voices_of_a_holder_who_hears_them_first_stay_out(stage):
    ask(stage, ApproveFirst(within=Limits(vocals=False)))
    found = queries.list_clearable("AMBIENT", "DE", "SITE", LATER, is_live=True)
    stems = {stem.label for one in found for stem in one.stems}
    assert stems == {"Drums", "Pad"}


@pytest.mark.parametrize(
    "deed",
    [
        lambda rows, stage: rows._raw_delete(rows.db),
        lambda rows, stage: rows.update(party=stage.cleo),
        lambda rows, stage: rows.update(asked_at=on.NOON),
    ],
    ids=["deleted", "another_party", "another_moment"],
)
def test_the_database_keeps_what_was_asked_of_whom(stage, deed):
    ask(stage, ApproveFirst(first=1))
    with pytest.raises(DatabaseError), transaction.atomic():
        deed(Approval.objects.all(), stage)
    assert Approval.objects.get().asked_at == LATER
