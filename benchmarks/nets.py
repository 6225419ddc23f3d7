"""The released nets: what their cards say, what is measured again, and how fast they answer.

    python benchmarks/nets.py [--data DIR] [--only NET] [--json] [--quick] [--check]

One thread on one core. For every net of the registry: the figures on the card of its newest
release beside their baselines; with `--data` (the folder it was trained from) all of them measured
anew by the net's own script; the time to answer, from SPEED, where each net has its function; for
lines, twenty statistics of samples; then the nets together (`nets_director`, alone by `--only
director`). `--quick` times fewer answers, `--check` exits 1 when a figure is missed. The results
are kept in docs/benchmarks/nets.md.
"""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread

DIRECTOR, LIVE = "director", "live"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; exit status 1 when --check and a figure is missed."""
    asked = _asked(arguments)
    core = one_thread.pin()
    # Only now may torch be loaded, one thread to each library.
    import torch

    from benchmarks.figures import missed, table
    from benchmarks.nets_director import director_figures
    from benchmarks.nets_live import live_figures
    from benchmarks.nets_samples import sample_figures
    from benchmarks.nets_speed import SPEED
    from generation.nets import checkpoints, registry

    torch.set_num_threads(1)
    figures = []
    alone: dict[str | None, list[str]] = {None: sorted(registry.NETS), DIRECTOR: [], LIVE: []}
    for name in alone.get(asked.only, [asked.only]):
        checkpoint = checkpoints.newest(name)
        figures += _told(name, checkpoint.card.figures, "card")
        if asked.data:
            again = registry.find(name).measure(checkpoint, asked.data, _tell)
            figures += _told(name, again, "again", registry.find(name).thresholds)
        if name in SPEED:
            figures += SPEED[name](checkpoint, 3 if asked.quick else 15)
        if name == "line":
            figures += sample_figures(checkpoint)
    if asked.only in (None, DIRECTOR):
        figures += director_figures(is_quick=asked.quick, data=asked.data)
    if asked.only in (None, LIVE):
        figures += live_figures(is_quick=asked.quick)
    report = {
        "machine": f"{platform.machine()}, core {core}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "figures": [one.plain() for one in figures],
    }
    print(json.dumps(report, indent=1) if asked.json else table(figures))
    wrong = missed(figures)
    if wrong:
        print("missed: " + "; ".join(wrong), file=sys.stderr)
    return 1 if asked.check and wrong else 0


def _told(
    name: str, figures: Sequence[Any], source: str, thresholds: Sequence[Any] = ()
) -> list[Any]:
    """Figures of a card as rows, their baselines as the note."""
    from benchmarks.figures import Figure
    from generation.nets import cards

    rows = []
    for one in cards.gated(figures, thresholds) if thresholds else figures:
        beside = ", ".join(f"{key} {value:.3g}" for key, value in (one.baselines or {}).items())
        note = "; ".join(part for part in (beside, one.note) if part)
        group = f"{name}, {source}"
        rows.append(Figure(group, one.name, one.reached, one.unit, one.reach, one.is_floor, note))
    return rows


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--data", type=Path, help="folder of the training data")
    parser.add_argument(
        "--only", help=f"one net, {DIRECTOR}: all of them together, or {LIVE}: sections"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
