"""What a figure's verdict is, and what makes a check fail."""

import json

import pytest

from benchmarks.figures import Figure, figure_from, merged, missed, table


@pytest.mark.parametrize(
    ("reached", "reach", "is_floor", "verdict"),
    [
        (40.0, 40.0, True, "met"),
        (39.9, 40.0, True, "MISSED"),
        (0.01, 0.01, False, "met"),
        (0.02, 0.01, False, "MISSED"),
        (3.0, None, True, "told"),
        (None, 40.0, True, "not measured"),
        (float("nan"), 40.0, True, "MISSED"),
        (float("nan"), 40.0, False, "MISSED"),
    ],
)
def test_a_verdict_follows_from_the_numbers(reached, reach, is_floor, verdict):
    assert Figure("sound", "a figure", reached, "dB", reach, is_floor).verdict == verdict


def test_only_what_was_measured_and_lies_beyond_its_reach_is_missed():
    figures = [
        Figure("peers", "absent", None, reach=2.0),
        Figure("peers", "told", 1.0),
        Figure("peers", "low", 1.0, reach=2.0),
    ]
    assert missed(figures) == ["peers: low"]


def test_a_figure_survives_its_journey_through_json():
    figure = Figure("memory", "peak", 12.5, "MB", 150.0, False, "as the kernel tells it")
    assert figure_from(json.loads(json.dumps(figure.plain()))) == figure


def test_the_table_has_a_line_for_every_figure():
    figures = [Figure("a", "one", 1.0), Figure("b", "two", None, "dB", 3.0, note="why")]
    lines = table(figures).splitlines()
    assert len(lines) == 2
    assert "not measured" in lines[1]
    assert lines[1].endswith("why")


def test_measuring_one_group_again_leaves_the_others_of_the_kept_report():
    def report(took_s, *figures):
        plain = [one.plain() for one in figures]
        return {"took_s": took_s, "packages": {"numpy": "2"}, "core": 1, "figures": plain}

    job, peer = Figure("job", "whole job", 120.0), Figure("peers", "CPU ratio", 44.4)
    before = report({"job": 1.0, "peers": 2.0}, job, peer)
    again = report({"job": 3.0}, Figure("job", "whole job", 130.0))
    kept = merged(before, again, ("job", "peers"))
    assert [one["reached"] for one in kept["figures"]] == [130.0, 44.4]
    assert kept["took_s"] == {"job": 3.0, "peers": 2.0}
