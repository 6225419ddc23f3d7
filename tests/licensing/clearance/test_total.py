"""Every question has an answer with its reasons: the rules and the one query against an oracle."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.catalog.models import Recording, Share
from licensing.catalog.queries import sheets_of
from licensing.clearance import operations, queries
from licensing.clearance.approval import approval_from_json
from licensing.clearance.facts import load_facts
from licensing.clearance.limits import limits_from_json
from licensing.clearance.models import Approval, Grant, Use, Withdrawal
from licensing.clearance.rules import GrantFacts, UseAsked, decide
from licensing.given import Given
from tests.licensing import stage as on
from tests.licensing.clearance import test_rules as values
from tests.oracles.consent import refusals

NOON = on.NOON
TERRITORIES, CHANNELS = ["DE", "FR", "US"], ["SITE", "GAME", "OUR APP"]
LIMITS = ("with_others", "with_explicit", "by_taste")
MOMENTS = [NOON + timedelta(hours=hours) for hours in (0, 7, 48)]

two_stems = st.tuples(values.stems, values.stems).map(
    lambda pair: (pair[0], replace(pair[1], stem=values.STEMS[1], recording=UUID(int=22)))
)
any_question = st.builds(
    UseAsked,
    use=st.sampled_from([use.value for use in Use]),
    stems=st.lists(st.sampled_from([*values.STEMS, UUID(int=9)]), max_size=3, unique=True).map(
        tuple
    ),
    requester=st.sampled_from([("user", "1"), ("party", str(values.PARTIES[0]))]),
    territory=st.sampled_from(TERRITORIES),
    channel=st.sampled_from(CHANNELS),
    is_live=st.booleans(),
    by_taste=st.booleans(),
)


def told(decision):
    return {(reason.code, reason.stem, reason.party) for reason in decision.reasons}


@settings(max_examples=100, deadline=None)
@given(any_question, two_stems, values.books, values.societies, values.moments)
def test_every_question_is_answered_as_the_oracle_answers(question, both, book, agreements, at):
    decision = decide(question, both, book, agreements, at)
    assert told(decision) == refusals(question, both, book, agreements, at)
    assert decision.allowed == (not decision.reasons)
    assert all(reason.sentence and reason.code for reason in decision.reasons)


@pytest.fixture
def crowded(db):
    """A catalogue in which grants follow each other, end, are withdrawn; seeded, so the same."""
    stage, dice = on.set_stage(), random.Random(5)
    Recording.objects.filter(pk=stage.drift.pk).update(explicit=True)
    uses = [use.value for use in Use if use is not Use.PREVIEW]
    holders = {stage.drums: [stage.ana, stage.ben], stage.vocals: [stage.ana, stage.ben]}
    made = []
    for stem, parties in (holders | {stage.pad: [stage.cleo]}).items():
        for party, turn in itertools.product(parties, range(9)):
            start = NOON + timedelta(hours=dice.choice([-9, 0, 5, 9]))
            chosen = sorted(dice.sample(uses, dice.randint(1, 6)))
            ends = [start + timedelta(hours=8)] + [None, None] * ("VOICE" not in chosen)
            made.append(
                Grant(
                    stem=stem,
                    party=party,
                    uses=chosen,
                    limits={"semitones_max": turn} | {one: dice.random() < 0.7 for one in LIMITS},
                    territories=dice.choice([[], [], [], ["DE"], ["DE", "FR"]]),
                    channels=dice.choice([[], [], [], ["SITE"], ["GAME", "OUR APP"]]),
                    approval=dice.choice([{}, {}, {"first": 2}, {"within": {"vocals": False}}]),
                    valid_from=start,
                    valid_until=dice.choice(ends),
                    terms_version="2026-11",
                    terms_sha256="0" * 64,
                    granted_at=NOON - timedelta(days=dice.randint(0, 4)),
                    granted_by="user:1",
                )
            )
    Grant.objects.bulk_create(made)
    for grant in dice.sample(made, 9):
        gone = grant.uses if dice.random() < 0.5 else grant.uses[:1]
        Withdrawal.objects.create(grant=grant, uses=gone, at=NOON, by="user:1")
    operations.place_hold(
        target_kind="STEM", target_ref=stage.drums.id, reason="A notice.", actor=on.ACTOR, now=NOON
    )
    for said in (True, True, False):
        asked = operations.clear_use(
            use="REMIX", stems=[stage.pad.id], requester=("user", "1"), territory="DE",
            channel="SITE", now=NOON,
        )  # fmt: skip
        Approval.objects.create(
            clearance=asked, party=stage.cleo, recording=stage.drift, asked_at=NOON,
            state="APPROVED" if said else "WAITING", decided_at=NOON if said else None,
            decided_by="user:1" if said else "",
        )  # fmt: skip
    return stage


def _said_yes(row):
    """How often the holder approved of the recording, where the grant asks for it at all."""
    given = [one for one in row.party.approvals.all() if one.state == "APPROVED"]
    here = sum(one.recording_id == row.stem.recording_id for one in given)
    return here if row.approval else 0


def read_plainly():
    """The grants of the database by plain reads, to be put before the oracle."""
    return [
        GrantFacts(
            row.id, row.stem_id, row.party_id, frozenset(row.uses), limits_from_json(row.limits),
            frozenset(row.territories), frozenset(row.channels), row.valid_from, row.valid_until,
            row.granted_at, row.terms_version, row.terms_sha256,
            frozenset(use for one in row.withdrawals.all() for use in one.uses),
            approval_from_json(row.approval),
            _said_yes(row),
        )
        for row in Grant.objects.select_related("stem").prefetch_related(
            "withdrawals", "party__approvals"
        )
    ]  # fmt: skip


def test_the_one_query_reads_what_plain_reads_find(crowded):
    grants, answers = read_plainly(), set()
    groups = [[crowded.pad], [crowded.vocals], [crowded.drums, crowded.pad]]
    asked = list(
        itertools.product(
            Use.values, groups, TERRITORIES, CHANNELS, MOMENTS, [True, False], [True, False]
        )
    )
    for use, stems, place, channel, at, live, taste in random.Random(6).sample(asked, 400):
        question = queries.use_asked(
            use, [one.id for one in stems], ("user", "1"), place, channel,
            is_live=live, by_taste=taste,
        )  # fmt: skip
        facts = load_facts(question.stems, at, use)
        decision = facts.decide(question)
        assert told(decision) == refusals(question, facts.stems, grants, [], at)
        on_all = load_facts(question.stems, at).decide(question)
        assert on_all == decision
        answers |= {reason.code for reason in decision.reasons} or {"yes"}
    wanted = {"yes", "no_grant", "withdrawn", "expired", "territory", "channel", "hold"}
    wanted |= {"approval_required", "with_explicit_not_allowed", "by_taste_not_allowed"}
    assert wanted <= answers


def test_the_one_query_sees_the_sheets_that_the_catalog_sees(crowded):
    on.agree([(crowded.ana, 600_000), (crowded.cleo, 400_000)], stem_id=crowded.vocals.id)
    later = NOON + timedelta(days=3)
    on.agree([(crowded.cleo, 1_000_000)], at=later, recording_id=crowded.drift.id)
    for at in (NOON - timedelta(days=1), NOON, later):
        facts = load_facts(crowded.stems, at)
        for stem_id, both in sheets_of(crowded.stems, at).items():
            stem = next(one for one in facts.stems if one.stem == stem_id)
            seen = [sheet for sheet in (both.master, both.publishing) if sheet]
            assert facts.sources[stem_id].sheets == tuple(
                (sheet.sheet_id, sheet.text_sha256) for sheet in seen
            )
            assert [(one.party, one.right) for one in stem.holders] == [
                (share.party_id, sheet.right) for sheet in seen for share in sheet.shares
            ]


def test_an_answer_takes_one_query_whatever_is_asked(crowded, django_assert_num_queries):
    for stems in (crowded.stems, crowded.stems[:1], [UUID(int=9)]):
        with django_assert_num_queries(1):
            queries.preflight_use(
                use="REMIX", stems=stems, requester=("user", "1"), territory="DE",
                channel="SITE", now=NOON,
            )  # fmt: skip


def test_a_share_that_a_society_collects_brings_its_places(crowded, django_assert_num_queries):
    shares = [
        on.ShareAsked(crowded.cleo.id, 1_000_000, Share.AdministeredBy.SOCIETY, "GEMA", ("DE",))
    ]
    sheet = on.catalog.propose_sheet(
        right="PUBLISHING", shares=shares, work_id=crowded.drift.work_id, actor=on.ACTOR, now=NOON
    )
    on.catalog.sign_sheet(
        sheet_id=sheet.id, party_id=crowded.cleo.id, user_ref="7",
        given=Given("password", locale="en"), text_sha256=sheet.text_sha256, now=NOON,
    )  # fmt: skip
    with django_assert_num_queries(2):
        facts = load_facts([crowded.pad.id], NOON, "REMIX")
    (line,) = [one for one in facts.stems[0].holders if one.right == "PUBLISHING"]
    assert (line.society, line.territories) == ("GEMA", ("DE",))
