"""Draws the kept ratios and tabulates the kept figures.

    python benchmarks/picture.py docs/benchmarks/engine.json

Writes the picture beside the JSON (`engine.svg`) and its tables into the page beside it
(`engine.md`), between the marks that say so. It knows the report of `benchmarks/render.py --keep`
and nothing of sound. Invariant: every number drawn or tabulated stands in that file.
"""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.figures import Figure, figure_from, markdown, shown

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 860, 330, 90, 70, 34, 18
INK, MUTED, MET, MISSED, REACH = "#1b1b1f", "#6b6b76", "#3566b8", "#c2410c", "#1b1b1f"
PREFIX, SUFFIX = "CPU ratio, ", ", one shared reverb send"
TOLD = ("loudness", "true peak", "chord SNR", "level swing", "click energy within 1 ms", "pre-echo")


def ratios(figures: Iterable[Figure]) -> list[Figure]:
    """The measured ratios with the shared reverb, greatest first."""
    found = [
        one
        for one in figures
        if one.name.startswith(PREFIX) and one.name.endswith(SUFFIX) and one.reached is not None
    ]
    return sorted(found, key=lambda one: -(one.reached or 0.0))


def drawn(figures: Sequence[Figure], caption: str) -> str:
    """The ratios as bars on a logarithmic scale with a mark at each reach; SVG text."""
    rows = ratios(figures)
    tops = [value for one in rows for value in (one.reached, one.reach) if value is not None]
    ends = max(10.0, *tops) * 1.15 if tops else 10.0
    span = WIDTH - LEFT - RIGHT

    def at(value: float) -> float:
        return LEFT + span * max(0.0, math.log(value) / math.log(ends))

    height = TOP + ROW * (len(rows) + 1) + 46
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">',
        f"<title>{escape(caption)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 28, "CPU seconds for the same job, as a multiple of the engine's", INK, 17),
        _text(20, 48, caption, MUTED, 12),
        *_scale(at, ends, height),
        *_bar(TOP, "the engine", 1.0, None, at, is_own=True),
    ]
    for place, one in enumerate(rows, start=1):
        name = one.name.removeprefix(PREFIX).removesuffix(SUFFIX)
        lines += _bar(TOP + ROW * place, name, one.reached or 0.0, one.reach, at)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _text(x: float, y: float, words: str, ink: str, size: int = 13, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{ink}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _scale(at: Any, ends: float, height: int) -> list[str]:
    lines = []
    for value in (1, 2, 5, 10, 20, 50, 100, 200):
        if value > ends:
            break
        x = at(float(value))
        lines.append(
            f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 40}" '
            'stroke="#e4e4ea" stroke-width="1"/>'
        )
        lines.append(_text(x, height - 24, f"{value}x", MUTED, 12, "middle"))
    lines.append(
        _text(LEFT, height - 6, "logarithmic; the black mark is what is to be reached", MUTED, 12)
    )
    return lines


def _bar(
    top: float, name: str, value: float, reach: float | None, at: Any, *, is_own: bool = False
) -> list[str]:
    """One row; the engine itself is a line at 1."""
    middle, end = top + ROW / 2, at(max(1.0, value))
    met = reach is None or value >= reach
    ink = INK if is_own else MUTED if reach is None else MET if met else MISSED
    lines = [
        _text(LEFT - 12, middle + 4, name, INK, 13, "end"),
        f'<rect x="{LEFT}" y="{middle - BAR / 2:.1f}" width="{max(3.0, end - LEFT):.1f}" '
        f'height="{BAR}" fill="{ink}"/>',
    ]
    if reach is not None:
        x = at(reach)
        lines.append(
            f'<line x1="{x:.1f}" y1="{middle - 14:.1f}" x2="{x:.1f}" y2="{middle + 14:.1f}" '
            f'stroke="{REACH}" stroke-width="3"/>'
        )
    # Beside its own bar, but not across the mark.
    mark = at(reach) if reach is not None else end
    beside = mark if end < mark < end + 60 else end
    lines.append(_text(beside + 8, middle + 4, f"{shown(value)}x", ink))
    return lines


def beside(figures: Sequence[Figure]) -> str:
    """Everybody's loudness, peak, chord and clicks as a Markdown table, a row each."""
    told = {one.name: one for one in figures if one.group == "peers"}
    names = [name.removeprefix("loudness, ") for name in told if name.startswith("loudness, ")]
    lines = ["| | " + " | ".join(TOLD) + " |", "|---" * (len(TOLD) + 1) + "|"]
    for name in names:
        cells = [_cell(told.get(f"{what}, {name}")) for what in TOLD]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(one: Figure | None) -> str:
    return "not measured" if one is None else f"{shown(one.reached)} {one.unit}".strip()


def paged(text: str, name: str, table: str) -> str:
    """The page with `table` between its two marks for `name`; ValueError where they are missing."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"The page has no place for {name}.")
    head, rest = text.split(begin, 1)
    return f"{head}{begin}\n{table}\n\n{end}{rest.split(end, 1)[1]}"


def _gated(figures: Iterable[Figure]) -> list[Figure]:
    """All rows but the contenders' readings, which have a table of their own."""
    return [
        one
        for one in figures
        if one.group != "peers" or one.name.startswith(PREFIX) or one.reached is None
    ]


def _circumstances(report: dict[str, Any]) -> str:
    """The line that says where and with what it was measured."""
    versions = ", ".join(f"{name} {one}" for name, one in report["packages"].items())
    return (
        f"Measured on {report['measured_on']}: {report['processor']}, one core, "
        f"Python {report['python']}, {versions}."
    )


def main(arguments: Sequence[str]) -> int:
    """Draws the picture and fills the page."""
    path = Path(arguments[0])
    report = json.loads(path.read_text())
    figures = [figure_from(one) for one in report["figures"]]
    caption = f"{report['processor']}, one core, {report['measured_on']}"
    if ratios(figures):
        path.with_suffix(".svg").write_text(drawn(figures, caption))
    page = path.with_suffix(".md")
    text = paged(
        page.read_text(), "figures", f"{_circumstances(report)}\n\n{markdown(_gated(figures))}"
    )
    page.write_text(paged(text, "readings", beside(figures)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
