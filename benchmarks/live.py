"""Live sessions over HTTP on the warm demo: the start, a change, and how many a core carries.

Starts a demo of its own in a temporary folder and on a free port, with listeners who pay, and stops
it. Starts and changes are measured idle and while a 180 s render runs; the crowd plays in real time
with every worker on one core (`live_crowd.py` plays it alone). `--json` prints the figures for
machines, `--check` exits 1 when one is missed, `--quick` measures a few of each.
"""

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import live_costs
from benchmarks.first_audio import ask_form, cancel, opened, send_form
from benchmarks.live_crowd import SECONDS, SESSIONS, Crowd, crowd, miss
from benchmarks.live_house import House, demo
from benchmarks.live_stages import Moments, stages
from portal.demo.visitor import Visitor

START_S, START_SPREAD = 0.3, 2.3
HEARD_BEYOND_A_BAR_S = 0.3
# A listener may begin 20 sessions a minute.
BETWEEN_STARTS_S = 3.2
_PAUSE = threading.Event()


def starts(house: House, times: int) -> list[Moments]:
    """Starts of sessions, one listener after the other."""
    found = []
    for turn in range(times):
        player = house.player(turn % SESSIONS)
        mode = ("mood", "focus", "ambient")[turn % 3]
        found.append(player.start(mode, {"energy": 0.5}))
        player.end()
        _PAUSE.wait(BETWEEN_STARTS_S / 4)
    return found


def changes(house: House, times: int) -> list[tuple[float, float]]:
    """(seconds until heard, seconds of the bar) of changes at moments that nobody chose."""
    dice = random.Random(7)
    player = house.player(0)
    player.start("mood", {"energy": 0.4})
    found = []
    at = 6.0
    for turn in range(times):
        player.play_until(at + 2.5 * dice.random(), _PAUSE)
        found.append(player.steer({"energy": (0.9, 0.3)[turn % 2], "brightness": dice.random()}))
        at = player.position() + 3.0
    player.end()
    return found


def measure(house: House, quick: bool) -> dict[str, Any]:
    """All figures."""
    times = 6 if quick else 24
    starts(house, 3)
    house.rest()
    idle, change = starts(house, times), changes(house, times)
    person = next(one for one in house.seeded["people"] if one["role"] == "listener")
    visitor = Visitor(house.parts.base_url)
    visitor.log_in(person["email"], person["password"])
    with_render = _beside_renders(house, visitor, times)
    return {
        "start": _started(house, idle),
        "start_beside_a_render": _started(house, with_render[0]),
        "change": _heard(change),
        "change_beside_a_render": _heard(with_render[1]),
        "crowd": crowd(house, Crowd(seconds=20.0 if quick else SECONDS)),
    }


def _beside_renders(
    house: House, visitor: Visitor, times: int
) -> tuple[list[Moments], list[tuple[float, float]]]:
    """The same while renders of 180 s follow each other."""
    over = threading.Event()

    def render() -> None:
        seed = 0
        while not over.is_set():
            seed += 1
            page, form = ask_form(visitor, house.seeded["recording"])
            long = send_form(visitor, page, form, length="180", seed=str(100 + seed))
            opened(visitor, long)
            until = time.monotonic() + 12
            while time.monotonic() < until and not over.is_set():
                over.wait(0.2)
            cancel(visitor, long)

    thread = threading.Thread(target=render)
    thread.start()
    try:
        return starts(house, times), changes(house, times)
    finally:
        over.set()
        thread.join()


def _started(house: House, found: list[Moments]) -> dict[str, Any]:
    ordered = sorted(one.took_s for one in found)
    p95 = ordered[min(len(ordered) - 1, -(-95 * len(ordered) // 100) - 1)]
    median = statistics.median(ordered)
    return {
        "median_s": round(median, 3),
        "p95_s": round(p95, 3),
        "spread": round(p95 / median, 2),
        "stages_s": stages(house.parts, found),
        "all_s": [round(one.took_s, 3) for one in found],
    }


def _heard(found: list[tuple[float, float]]) -> dict[str, Any]:
    beyond = sorted(delay - bar for delay, bar in found)
    p95 = beyond[min(len(beyond) - 1, -(-95 * len(beyond) // 100) - 1)]
    return {
        "median_s": round(statistics.median(delay for delay, _ in found), 3),
        "beyond_a_bar_p95_s": round(p95, 3),
        "bar_s": round(statistics.median(bar for _, bar in found), 3),
        "all_s": [round(delay, 3) for delay, _ in found],
    }


def misses(figures: dict[str, Any]) -> list[str]:
    """What was not reached, in words."""
    found = []
    for name in ("start", "start_beside_a_render"):
        one = figures[name]
        if one["median_s"] > START_S:
            found.append(f"{name}: median {one['median_s']} s, to reach {START_S}")
        if one["spread"] > START_SPREAD:
            found.append(f"{name}: p95 is {one['spread']} medians, to reach {START_SPREAD}")
    for name in ("change", "change_beside_a_render"):
        beyond = figures[name]["beyond_a_bar_p95_s"]
        if beyond > HEARD_BEYOND_A_BAR_S:
            found.append(f"{name}: {beyond} s beyond a bar, to reach {HEARD_BEYOND_A_BAR_S}")
    return [*found, *filter(None, [miss(figures["crowd"])])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # What was started is stopped also when somebody stops this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with demo(SESSIONS) as found:
            figures = measure(found, options.quick)
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from error
    missed, workers = misses(figures), figures["crowd"].pop("workers")
    if options.json:
        figures["crowd"]["workers"] = {name: one.told() for name, one in workers.items()}
        print(json.dumps(figures | {"missed": missed}, indent=2))
    else:
        for name, one in figures.items():
            print(name, {key: value for key, value in one.items() if key != "all_s"})
        print(live_costs.table(workers))
        print("\n".join(missed) or "All reached.")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
