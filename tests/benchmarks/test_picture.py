"""Picture and page show what was measured, nothing else."""

import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks.figures import Figure
from benchmarks.picture import MET, MISSED, beside, drawn, paged, ratios

SVG = "{http://www.w3.org/2000/svg}"


def ratio(name, reached, reach):
    return Figure(
        "peers", f"CPU ratio, {name}, one shared reverb send", reached, "x", reach, note="5 rounds"
    )


FIGURES = [
    ratio("slow & good", 44.4, 40.0),
    ratio("quick", 3.1, 4.0),
    Figure("peers", "CPU ratio, absent", None, "x", 8.0, note="not installed"),
    Figure("peers", "CPU ratio, quick, a reverb on each stem", 9.9, "x", 4.0),
    Figure("peers", "loudness, quick", -14.1, "LUFS"),
    Figure("peers", "true peak, quick", -1.4, "dBTP"),
    Figure("job", "whole job", 120.0, "x real time", 100.0),
]


def test_only_measured_ratios_with_the_shared_room_are_drawn():
    assert [one.reached for one in ratios(FIGURES)] == [44.4, 3.1]


def test_every_ratio_stands_in_the_picture_as_text_and_as_a_bar():
    picture = ElementTree.fromstring(drawn(FIGURES, "a machine, one core"))
    words = [one.text for one in picture.iter(f"{SVG}text")]
    assert {"slow & good", "44.4x", "quick", "3.1x", "the engine", "1x"} <= set(words)
    bars = [one for one in picture.iter(f"{SVG}rect") if one.get("fill") in {MET, MISSED}]
    assert [one.get("fill") for one in bars] == [MET, MISSED]
    assert float(bars[0].get("width")) > float(bars[1].get("width"))


def test_a_bar_passes_its_mark_exactly_when_the_ratio_reaches_it():
    picture = ElementTree.fromstring(drawn(FIGURES, ""))
    marks = [
        float(one.get("x1")) for one in picture.iter(f"{SVG}line") if one.get("stroke-width") == "3"
    ]
    bars = [one for one in picture.iter(f"{SVG}rect") if one.get("fill") in {MET, MISSED}]
    ends = [float(one.get("x")) + float(one.get("width")) for one in bars]
    assert [end >= mark for end, mark in zip(ends, marks, strict=True)] == [True, False]


def test_a_contender_has_a_row_of_readings_with_gaps_where_none_were_taken():
    row = beside(FIGURES).splitlines()[2]
    assert row.startswith("| quick | -14.1 LUFS | -1.4 dBTP |")
    assert "not measured" in row


def test_a_table_goes_between_its_marks_and_leaves_the_rest_alone():
    page = "Head\n<!-- figures -->\nold\n<!-- end of figures -->\nTail\n"
    once = paged(page, "figures", "| new |")
    assert once.startswith("Head\n<!-- figures -->\n")
    assert once.endswith("<!-- end of figures -->\nTail\n")
    assert "| new |" in once
    assert "old" not in once
    assert paged(once, "figures", "| new |") == once


def test_a_page_without_a_place_is_refused():
    with pytest.raises(ValueError, match="readings"):
        paged("Head\n", "readings", "| new |")
