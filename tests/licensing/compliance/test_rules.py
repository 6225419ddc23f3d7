"""Which step follows which, and until when somebody has time: the whole table, not a sample."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from licensing.compliance import rules
from licensing.compliance.rules import ComplianceRefused, State

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WAY = {
    "RECEIVED": "ASKED ACTING REJECTED WITHDRAWN",
    "ASKED": "ACTING UPHELD REJECTED WITHDRAWN",
    "ACTING": "UPHELD REJECTED WITHDRAWN",
    "UPHELD": "",
    "REJECTED": "",
    "WITHDRAWN": "",
}


def code_of(call, *args, **more):
    try:
        call(*args, **more)
    except ComplianceRefused as refused:
        return refused.code
    return ""


@pytest.mark.parametrize(("before", "after"), itertools.product(State, State))
def test_a_notice_goes_by_the_table_of_steps(before, after):
    assert (code_of(rules.check_step, before, after) == "") == (after in WAY[before].split())


def test_a_refused_step_says_what_to_do():
    assert code_of(rules.check_step, "RECEIVED", "UPHELD") == "not_asked"
    assert code_of(rules.check_step, "ASKED", "ASKED") == "odd_step"
    for over, after in itertools.product(("UPHELD", "REJECTED", "WITHDRAWN"), State):
        assert code_of(rules.check_step, over, after) == "decided"


@pytest.mark.parametrize(
    ("answers", "late", "code"),
    [(0, -1, "time_to_answer"), (1, -1, "time_to_answer"), (2, -1, ""), (0, 0, ""), (1, 1, "")],
)
def test_nobody_is_decided_against_while_they_have_time_to_answer(answers, late, code):
    now = NOON + timedelta(seconds=late)
    assert code_of(rules.check_heard, NOON, holders=2, answers=answers, now=now) == code


def test_a_notice_is_overdue_from_the_moment_after_its_day_until_it_is_over():
    after = NOON + timedelta(seconds=1)
    assert not rules.is_overdue("RECEIVED", NOON, NOON)
    assert rules.is_overdue("ACTING", NOON, after)
    assert not rules.is_overdue("UPHELD", NOON, after)


def test_holders_can_answer_before_a_decision_is_due():
    assert timedelta() < rules.ANSWER_WITHIN < rules.DECIDE_WITHIN


def test_a_second_look_is_for_upheld_notices_within_six_months():
    last = NOON + rules.APPEAL_WITHIN
    assert timedelta(days=181) <= rules.APPEAL_WITHIN
    assert code_of(rules.check_appeal, "UPHELD", NOON, last) == ""
    assert code_of(rules.check_appeal, "UPHELD", NOON, last + timedelta(seconds=1)) == "too_late"
    assert code_of(rules.check_appeal, "REJECTED", NOON, last) == "not_upheld"


def test_words_are_kept_as_they_are_said_but_for_the_spaces_around_them():
    assert rules.check_words("  It is\nmine. ", "it", 20) == "It is\nmine."
    assert code_of(rules.check_words, " \n ", "it", 20) == "no_words"
    assert code_of(rules.check_words, "x" * 21, "it", 20) == "long_words"
