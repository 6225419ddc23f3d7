"""Live sessions over HTTP on the warm demo: the start, a change, and how many a core carries.

Starts a demo of its own in a temporary folder and on a free port, with listeners who pay, and stops
it. Starts and changes are measured idle and while a 180 s render runs; the crowd plays in real time
with every worker on one core. `--json` prints the figures for machines, `--check` exits 1 when one
is missed, `--quick` measures a few of each.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import requests

from benchmarks.first_audio import ask_form, cancel, free_port, opened, send_form
from benchmarks.live_player import LivePlayer
from benchmarks.processes import cpu_seconds, pin, tree_of
from portal.demo.parts import Parts
from portal.demo.visitor import Visitor

START_S, START_SPREAD = 0.3, 2.3
HEARD_BEYOND_A_BAR_S = 0.3
SESSIONS = 10
# A recording of five stems, of which four or five sound in a section.
PIECE = "Slow Harbour"
CROWD = {"density": 0.8, "energy": 0.6, "vocals": False}
# A listener may begin 20 sessions a minute.
BETWEEN_STARTS_S = 3.2
_PAUSE = threading.Event()

LISTENERS = """
import json
from datetime import timedelta
from django.conf import settings
from django.test import Client
from django.utils import timezone
from licensing.receipts.operations import record_receipt
from portal.accounts.models import User
now, keys = timezone.now(), []
for number in range({count}):
    user = User.objects.create_user(
        email=f"crowd{{number}}@example.org", password=None, country="DE", confirmed_16_at=now
    )
    record_receipt(
        key=f"crowd {{number}}", kind="SUBSCRIPTION", payer=("user", str(user.pk)),
        amount_micros=9_990_000, currency="EUR", tax_micros=1_595_042,
        covers_from=now - timedelta(days=1), covers_until=now + timedelta(days=1), now=now,
    )
    client = Client()
    client.force_login(user)
    keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
with open({target!r}, "w") as file:
    json.dump({{"keys": keys, "cookie": settings.SESSION_COOKIE_NAME}}, file)
"""


@dataclass
class House:
    """A seeded demo of this benchmark's own."""

    parts: Parts
    seeded: dict[str, Any]
    listeners: list[requests.Session]

    def player(self, number: int) -> LivePlayer:
        return LivePlayer(self.parts.base_url, self.listeners[number])


def listeners(parts: Parts, folder: Path, count: int) -> list[requests.Session]:
    """People who pay and are logged in; people log in by a form, which is not measured here."""
    target = folder / "crowd.json"
    code = LISTENERS.format(count=count, target=str(target))
    parts.manage("shell", "-v", "0", "-c", code)
    told = json.loads(target.read_text())
    found = []
    for key in told["keys"]:
        session = requests.Session()
        session.cookies.set(told["cookie"], key)
        page = session.get(f"{parts.base_url}/listen/live/", timeout=30)
        page.raise_for_status()
        if "data-live-start" not in page.text:
            raise SystemExit(f"Nobody is logged in: {page.url}")
        found.append(session)
    return found


def starts(house: House, times: int) -> list[float]:
    """Seconds from "start" to the first second in hand, one listener after the other."""
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


def crowd(house: House, seconds: float) -> dict[str, Any]:
    """Ten listeners of four or five stems at once, the workers together on one core and everything
    else on the others.
    """
    workers = _workers(house)
    rest = [pid for pid in tree_of(os.getpid()) if pid not in workers]
    cores = os.sched_getaffinity(0)
    pin(workers, {max(cores)})
    pin(rest, cores - {max(cores)} or cores)
    try:
        return _played_at_once(house, seconds, workers)
    finally:
        pin([*workers, *rest], cores)


def _workers(house: House) -> list[int]:
    return [
        pid
        for child in house.parts.supervisor.children
        if child.name.startswith("worker")
        if child.process is not None
        for pid in tree_of(child.process.pid)
    ]


def _played_at_once(house: House, seconds: float, workers: list[int]) -> dict[str, Any]:
    players = [house.player(number) for number in range(SESSIONS)]
    faults: list[BaseException] = []

    def play(player: LivePlayer) -> None:
        try:
            player.start("mood", CROWD, recordings=[house.seeded["recordings"][PIECE]])
            player.play_until(seconds, _PAUSE)
        except (requests.RequestException, SystemExit) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=play, args=(player,)) for player in players]
    begun, spent = time.perf_counter(), cpu_seconds(workers)
    for thread in threads:
        thread.start()
        _PAUSE.wait(0.4)
    for thread in threads:
        thread.join()
    spent, wall = cpu_seconds(workers) - spent, time.perf_counter() - begun
    for player in players:
        player.end()
    if faults:
        raise SystemExit(f"A player of the crowd failed: {faults[0]!r}")
    return _told_of(players, seconds, wall, spent)


def _told_of(
    players: list[LivePlayer], seconds: float, wall: float, spent: float
) -> dict[str, Any]:
    """`worker_cpu_ms_per_second`: the core's time for a second of sound, whoever was waited for;
    `on_time`: sessions of which no second came late.
    """
    # What was rendered ahead and never fetched was work as well.
    made = sum(max(player.after, len(player.held)) for player in players)
    each_ms = 1000 * spent / made
    return {
        "sessions": len(players),
        "seconds_each": seconds,
        "wall_s": round(wall, 1),
        "on_time": sum(not player.late() for player in players),
        "late": sum(len(player.late()) for player in players),
        "latest_s": round(max(max(player.late(), default=0.0) for player in players), 3),
        "worker_cpu_ms_per_second": round(each_ms, 1),
        "sessions_per_core": round(1000 / each_ms, 1),
        "sources": [player.sources for player in players],
    }


def measure(house: House, quick: bool) -> dict[str, Any]:
    """All figures."""
    times = 6 if quick else 24
    starts(house, 3)
    idle, change = starts(house, times), changes(house, times)
    person = next(one for one in house.seeded["people"] if one["role"] == "listener")
    visitor = Visitor(house.parts.base_url)
    visitor.log_in(person["email"], person["password"])
    with_render = _beside_renders(house, visitor, times)
    return {
        "start": _spread(idle),
        "start_beside_a_render": _spread(with_render[0]),
        "change": _heard(change),
        "change_beside_a_render": _heard(with_render[1]),
        "crowd": crowd(house, 20.0 if quick else 60.0),
    }


def _beside_renders(
    house: House, visitor: Visitor, times: int
) -> tuple[list[float], list[tuple[float, float]]]:
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


def _spread(found: list[float]) -> dict[str, Any]:
    ordered = sorted(found)
    p95 = ordered[min(len(ordered) - 1, -(-95 * len(ordered) // 100) - 1)]
    median = statistics.median(found)
    return {
        "median_s": round(median, 3),
        "p95_s": round(p95, 3),
        "spread": round(p95 / median, 2),
        "all_s": [round(one, 3) for one in found],
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
    if figures["crowd"]["late"]:
        late, carried = figures["crowd"]["late"], figures["crowd"]["sessions_per_core"]
        found.append(f"crowd: {late} seconds came late; a core has work for {carried} sessions")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # What was started is stopped also when somebody stops this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        figures = run(options.quick)
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from error
    missed = misses(figures)
    if options.json:
        print(json.dumps(figures | {"missed": missed}, indent=2))
    else:
        for name, one in figures.items():
            print(name, {key: value for key, value in one.items() if key != "all_s"})
        print("\n".join(missed) or "All reached.")
    return 1 if options.check and missed else 0


def run(quick: bool) -> dict[str, Any]:
    """The figures, on a demo of their own."""
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        for name in ("DATABASE_URL", "BROKER_URL"):
            os.environ.pop(name, None)
        parts = Parts(ROOT, Path(folder), free_port())
        try:
            parts.start_servers()
            parts.start_workers()
            parts.start_web()
            parts.manage("seed_demo")
            seeded = json.loads((Path(folder) / "demo.json").read_text())
            people = listeners(parts, Path(folder), SESSIONS)
            return measure(House(parts, seeded, people), quick)
        finally:
            parts.stop()


if __name__ == "__main__":
    sys.exit(main())
