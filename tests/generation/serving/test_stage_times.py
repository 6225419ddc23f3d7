"""Percentiles and loads out of rows, against values worked by hand; old rows go."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from generation.serving import queries
from generation.serving.models import StageTime
from generation.serving.operations import StageTaken, forget_stage_times, record_stage_times

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def test_percentiles_are_those_of_linear_interpolation() -> None:
    times = [7.0, 1.0, 9.5, 3.0, 3.0, 80.0, 2.0]
    record_stage_times(
        taken=[StageTaken("lines", ms, ago(9), "d" * 64, batch=2) for ms in times], worker="w:1"
    )
    record_stage_times(taken=[StageTaken("mix", 5.0, ago(1))], worker="w:2")
    lines, mix = queries.stage_latencies(NOW)
    expected = np.percentile(times, [50, 95, 99], method="linear")
    assert (lines.p50_ms, lines.p95_ms, lines.p99_ms) == pytest.approx(tuple(expected))
    assert (lines.count, lines.batch, lines.digest) == (7, 2.0, "d" * 64)
    assert (mix.stage, mix.p50_ms, mix.p99_ms) == ("mix", 5.0, 5.0)


def test_only_the_last_hour_counts() -> None:
    taken = [StageTaken("lines", 1.0, ago(3_601)), StageTaken("lines", 9.0, ago(3_599))]
    record_stage_times(taken=taken, worker="w:1")
    (found,) = queries.stage_latencies(NOW)
    assert (found.count, found.p50_ms) == (1, 9.0)


def test_a_worker_is_as_busy_as_the_union_of_what_it_did() -> None:
    # 20 s of compose, within them 5 s of lines and, stepped aside, 3 s of a piece; 10 s of a seal
    # of which 4 lie before the minute; 3 s that touch nothing: 20 + 6 + 3 of 60.
    taken = [
        StageTaken("job compose", 20_000, ago(10)),
        StageTaken("lines", 5_000, ago(20)),
        StageTaken("job piece", 3_000, ago(12)),
        StageTaken("job seal", 10_000, ago(54)),
        StageTaken("job ingest", 3_000, ago(2)),
    ]
    record_stage_times(taken=taken, worker="w:1")
    record_stage_times(taken=[StageTaken("job piece", 0.0, ago(1))], worker="w:2")
    first, second = queries.worker_loads(NOW)
    assert (first.worker, first.ended) == ("w:1", 5)
    assert first.busy == pytest.approx(29 / 60)
    assert (second.busy, second.ended) == (0.0, 1)


def test_times_go_after_a_week() -> None:
    taken = [StageTaken("lines", 1.0, NOW - timedelta(days=days)) for days in (6, 7, 8, 30)]
    record_stage_times(taken=taken, worker="w:1")
    assert forget_stage_times(now=NOW) == 2
    assert StageTime.objects.count() == 2
