"""How often a job is tried, and when."""

from datetime import UTC, datetime, timedelta

from generation.work import rules

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_third_attempt_is_the_last():
    assert [rules.is_last_attempt(n) for n in (1, 2, 3)] == [False, False, True]


def test_live_goes_before_first_pieces_before_the_rest_before_what_nobody_waits_for():
    order = ["LIVE", "FIRST_PIECE", "LIVE_AHEAD", "PIECE", "SEAL", "PREVIEW", "INGEST", "ANALYSIS"]
    assert [p.name for p in sorted(rules.Priority)] == order


def test_second_attempt_comes_at_once_and_third_two_seconds_later():
    assert rules.due_again(1, NOW) == NOW
    assert rules.due_again(2, NOW) == NOW + timedelta(seconds=2)


def test_a_job_left_for_another_worker_is_looked_at_again_ever_later_until_a_day_is_over():
    def again(**waited):
        due = rules.due_elsewhere(NOW - timedelta(**waited), NOW)
        return None if due is None else due - NOW

    assert again(seconds=0) == timedelta(seconds=1)
    assert again(seconds=40) == timedelta(seconds=10)
    assert again(hours=23) == timedelta(minutes=1)
    assert again(days=1) is None


def test_a_worker_is_rung_at_the_node_that_its_name_begins_with():
    name = rules.worker_name("render1@stemma", 4711)
    assert rules.node_of(name) == "render1@stemma"
