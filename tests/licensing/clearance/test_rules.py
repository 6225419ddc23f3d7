"""The pure decision: no by default, never widened by more conditions, one grant governs a cell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.clearance.approval import ApproveFirst
from licensing.clearance.limits import (
    ANYTHING,
    Limits,
    OddLimits,
    is_within,
    limits_from_json,
    tightest,
)
from licensing.clearance.quorum import EVERYBODY, Quorum
from licensing.clearance.rules import (
    Asked,
    GrantFacts,
    Holder,
    SocietyFacts,
    StemFacts,
    UseAsked,
    decide,
    governing_grant,
    reasons_beyond,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
STEMS = [UUID(int=number) for number in (1, 2)]
PARTIES = [UUID(int=number) for number in (11, 12)]
PLACES = ["DE", "FR"]

limits = st.builds(
    Limits,
    tempo_min_ratio=st.floats(0.25, 1),
    tempo_max_ratio=st.floats(1, 4),
    semitones_max=st.integers(0, 24),
    vocals=st.booleans(),
    with_others=st.booleans(),
    mix_reach=st.floats(0, 1),
    with_explicit=st.booleans(),
    by_taste=st.booleans(),
)
wishes = st.builds(
    ApproveFirst,
    first=st.integers(0, 2),
    within=limits,
    uses=st.sampled_from([frozenset(), frozenset({"REMIX"})]),
    share_ppm_max=st.sampled_from([1_000_000, 1_000_000, 300_000]),
)
moments = st.integers(-3, 3).map(lambda days: NOON + timedelta(days=days))
few_uses = st.frozensets(st.sampled_from(["REMIX", "MOOD"]), min_size=1)
grants = st.builds(
    GrantFacts,
    grant=st.uuids(),
    stem=st.sampled_from(STEMS),
    party=st.sampled_from(PARTIES),
    uses=few_uses,
    limits=limits,
    territories=st.frozensets(st.sampled_from(PLACES)),
    channels=st.frozensets(st.sampled_from(["SITE", "GAME"])),
    valid_from=moments,
    valid_until=st.none() | moments,
    granted_at=moments,
    terms_version=st.just("1"),
    terms_sha256=st.just("0" * 64),
    withdrawn=st.frozensets(st.sampled_from(["REMIX"])),
    approval=st.none() | wishes,
    approved=st.integers(0, 2),
)
stems = st.builds(
    StemFacts,
    stem=st.just(STEMS[0]),
    recording=st.just(UUID(int=21)),
    label=st.just("Drums"),
    role=st.sampled_from(["drums", "vocals"]),
    state=st.sampled_from(["READY", "READY", "CHECKING", "REVIEW", "DELETED"]),
    recording_state=st.sampled_from(["COMPLETE", "COMPLETE", "DRAFT", "HIDDEN"]),
    master=st.sampled_from(["EFFECTIVE", "EFFECTIVE", "PROPOSED", "NONE"]),
    publishing=st.sampled_from(["EFFECTIVE", "EFFECTIVE", "PROPOSED", "NONE"]),
    holders=st.lists(
        st.builds(
            Holder,
            party=st.sampled_from(PARTIES),
            name=st.just("Ana"),
            right=st.sampled_from(["MASTER", "PUBLISHING"]),
            society=st.sampled_from(["", "GEMA"]),
            share_ppm=st.sampled_from([300_000, 500_000, 700_000]),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    held=st.sampled_from([(), (), ("notice",)]),
    quorum=st.sampled_from(
        [EVERYBODY, EVERYBODY, Quorum("MAJORITY"), Quorum("AUTHORITY", PARTIES[1])]
    ),
    explicit=st.booleans(),
)
questions = st.builds(
    UseAsked,
    use=st.sampled_from(["REMIX", "MOOD", "VOICE", "PREVIEW"]),
    stems=st.just((STEMS[0],)),
    requester=st.sampled_from([("user", "1"), ("party", str(PARTIES[0]))]),
    territory=st.sampled_from(PLACES),
    channel=st.sampled_from(["SITE", "GAME"]),
    is_live=st.booleans(),
    by_taste=st.booleans(),
)
societies = st.lists(
    st.builds(
        SocietyFacts,
        society=st.just("Gema"),
        uses=few_uses,
        territories=st.frozensets(st.sampled_from(PLACES)),
    ),
    max_size=1,
)
books = st.lists(grants, max_size=8)


@given(questions, stems, books, societies)
def test_yes_means_that_nothing_speaks_against_it(question, stem, given_grants, agreements):
    decision = decide(question, [stem], given_grants, agreements, NOON)
    assert decision.allowed == (decision.reasons == ())
    if not decision.allowed:
        return
    assert (stem.state, stem.master, stem.publishing) == ("READY", "EFFECTIVE", "EFFECTIVE")
    assert not stem.held
    if question.use == "PREVIEW":
        assert question.requester == ("party", str(PARTIES[0]))
        assert decision.ends_at == NOON + timedelta(days=7)
        return
    said = {grant.party for grant in decision.grants}
    assert said <= {one.party for one in stem.holders}
    if stem.quorum == EVERYBODY:
        assert said == {one.party for one in stem.holders}
    if stem.quorum.authority is not None and stem.quorum.authority in said:
        assert said == {stem.quorum.authority}
    for grant in decision.grants:
        assert question.use in grant.uses - grant.withdrawn
        assert grant.valid_from <= NOON
        assert grant.valid_until is None or grant.valid_until > NOON
        assert is_within(decision.limits, grant.limits)
        assert grant.limits.by_taste or not question.by_taste


@given(questions, stems, books, societies, st.randoms())
def test_order_of_rows_changes_nothing(question, stem, given_grants, agreements, random):
    first = decide(question, [stem], given_grants, agreements, NOON)
    shuffled = list(given_grants)
    random.shuffle(shuffled)
    assert decide(question, [stem], shuffled, agreements, NOON) == first


@given(questions, stems, books, societies, st.data())
def test_withdrawing_or_holding_never_turns_a_no_into_a_yes(
    question, stem, given_grants, agreements, data
):
    before = decide(question, [stem], given_grants, agreements, NOON)
    withdrawn = [
        replace(
            grant,
            withdrawn=grant.withdrawn
            | data.draw(st.frozensets(st.sampled_from(["REMIX", "MOOD"]))),
        )
        for grant in given_grants
    ]
    after = decide(question, [stem], withdrawn, agreements, NOON)
    assert before.allowed or not after.allowed


@given(books, st.sampled_from(["REMIX", "MOOD"]))
def test_newest_grant_that_has_begun_governs(given_grants, use):
    cell = [grant for grant in given_grants if grant.stem == STEMS[0]]
    found = governing_grant(cell, use, NOON)
    begun = [grant for grant in cell if use in grant.uses and grant.valid_from <= NOON]
    assert (found is None) == (begun == [])
    assert found is None or all(grant.granted_at <= found.granted_at for grant in begun)


@given(st.lists(limits, max_size=5), st.randoms())
def test_merging_limits_never_widens_and_knows_no_order(many, random):
    merged = tightest(many)
    assert all(is_within(merged, one) for one in many)
    shuffled = list(many)
    random.shuffle(shuffled)
    assert tightest(shuffled) == merged
    assert tightest([merged, *many]) == merged
    assert tightest([]) == ANYTHING


@given(limits)
def test_limits_come_back_from_their_json(one):
    assert limits_from_json(one.to_json()) == one
    assert reasons_beyond(one, Asked()) == ()


@pytest.mark.parametrize(
    "data",
    [
        {"tempo_min_ratio": 1.1},
        {"tempo_max_ratio": 0.99},
        {"tempo_max_ratio": float("inf")},
        {"tempo_min_ratio": float("nan")},
        {"tempo_min_ratio": 0},
        {"semitones_max": 25},
        {"semitones_max": -1},
        {"semitones_max": 1.5},
        {"semitones_max": "3"},
        {"semitones_max": True},
        {"mix_reach": 1.01},
        {"mix_reach": -0.01},
        {"mix_reach": float("nan")},
        {"mix_reach": True},
        {"vocals": 1},
        {"with_explicit": "no"},
        {"by_taste": None},
        {"pitch": 3},
    ],
)
def test_limits_that_mean_nothing_are_refused(data):
    with pytest.raises(OddLimits):
        limits_from_json(data)


def test_rounded_ratio_at_the_bound_keeps_it():
    bound = Limits(tempo_max_ratio=1.1)
    assert reasons_beyond(bound, Asked(tempo_ratio=(1.0, 1.1 + 5e-7))) == ()
    assert reasons_beyond(bound, Asked(tempo_ratio=(1.0, 1.1001)))
