"""How many live sessions a core carries: ten at once in real time, every worker on one core.

Everything else (web server, databases, sweeper, the players themselves) has the other cores.
Prints when seconds came, and where each worker's CPU for a second of sound went. `--demo FOLDER`
keeps the demo there for the next time, `--seconds` and `--sessions` say how long and how many,
`--piece` plays another recording than the one of four stems; `--json` prints the figures for
machines, `--check` exits 1 when a second came late.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import requests

from benchmarks import live_costs
from benchmarks.live_house import QUARTET, House, demo
from benchmarks.live_player import LivePlayer
from benchmarks.processes import pin, tree_of

SESSIONS = 10
SECONDS = 60.0
WISHES = {"density": 0.8, "energy": 0.6, "vocals": False}
_PAUSE = threading.Event()


@dataclass(frozen=True)
class Crowd:
    """Who listens to what for how long."""

    sessions: int = SESSIONS
    seconds: float = SECONDS
    piece: str = QUARTET


def crowd(house: House, wanted: Crowd) -> dict[str, Any]:
    """The figures, and under "workers" what each worker spent."""
    if wanted.piece == QUARTET:
        house.add_quartet()
    players = [house.player(number) for number in range(wanted.sessions)]
    house.rest()
    with _apart(house):
        before, begun = _mark(house), time.perf_counter()
        _play(players, wanted, house.seeded["recordings"][wanted.piece])
        wall = time.perf_counter() - begun
        after = _mark(house)
    for player in players:
        player.end()
    costs = live_costs.workers(house.parts, before, after)
    spent = {name: after.spent[name] - one for name, one in before.spent.items()}
    return _told_of(players, wanted, wall, spent) | {"workers": costs}


def _mark(house: House) -> live_costs.Mark:
    others = {"PostgreSQL": _postgres(house), "players": [os.getpid()]}
    return live_costs.mark(house.parts, others)


def _postgres(house: House) -> list[int]:
    """The database's processes, which belong to nobody's tree."""
    lines = (house.parts.var / "postgres" / "postmaster.pid").read_text().splitlines()
    return tree_of(int(lines[0]))


@contextmanager
def _apart(house: House) -> Iterator[None]:
    """The workers on one core, everything else on the others."""
    workers = [pid for name in ("worker1", "worker2") for pid in house.tree(name)]
    rest = [*tree_of(os.getpid()), *_postgres(house)]
    rest = [pid for pid in rest if pid not in workers]
    cores = os.sched_getaffinity(0)
    pin(workers, {max(cores)})
    pin(rest, cores - {max(cores)} or cores)
    try:
        yield
    finally:
        pin([*workers, *rest], cores)


def _play(players: list[LivePlayer], wanted: Crowd, recording: str) -> None:
    faults: list[BaseException] = []

    def play(player: LivePlayer) -> None:
        try:
            player.start("mood", WISHES, recordings=[recording])
            player.play_until(wanted.seconds, _PAUSE)
        except (requests.RequestException, SystemExit) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=play, args=(player,)) for player in players]
    for thread in threads:
        thread.start()
        _PAUSE.wait(0.4)
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"A player of the crowd failed: {faults[0]!r}")


def _told_of(
    players: list[LivePlayer], wanted: Crowd, wall: float, spent: dict[str, float]
) -> dict[str, Any]:
    """`worker_cpu_ms_per_second`: the core's time for a second of sound, whoever was waited for;
    `on_time`: sessions of which no second came late.
    """
    # What was rendered ahead and never fetched was work as well.
    made = sum(max(player.after, len(player.held)) for player in players)
    each_ms = {name: 1_000 * one / made for name, one in spent.items()}
    worker_ms = sum(ms for name, ms in each_ms.items() if name.startswith("worker"))
    late = [one for player in players for one in player.late()]
    return {
        "sessions": len(players),
        "seconds_each": wanted.seconds,
        "piece": wanted.piece,
        "wall_s": round(wall, 1),
        "made": made,
        "on_time": sum(not player.late() for player in players),
        "late": len(late),
        "latest_s": round(max(late, default=0.0), 3),
        "worker_cpu_ms_per_second": round(worker_ms, 1),
        "sessions_per_core": round(1_000 / worker_ms, 1),
        "cpu_ms_per_second": {name: round(ms, 1) for name, ms in each_ms.items()},
        "sources": [player.sources for player in players],
    }


def miss(figures: dict[str, Any]) -> str:
    """What was not reached, in words; "" when no second came late."""
    if not figures["late"]:
        return ""
    late, carried = figures["late"], figures["sessions_per_core"]
    return f"crowd: {late} seconds came late; a core has work for {carried} sessions"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--piece", default=QUARTET)
    options = parser.parse_args()
    # What was started is stopped also when somebody stops this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seconds = options.seconds or (20.0 if options.quick else SECONDS)
    with demo(options.sessions, options.demo) as found:
        figures = crowd(found, Crowd(options.sessions, seconds, options.piece))
    costs, missed = figures.pop("workers"), miss(figures)
    if options.json:
        workers = {name: one.told() for name, one in costs.items()}
        print(json.dumps(figures | {"workers": workers, "missed": missed}, indent=2))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))
        print(live_costs.table(costs))
        print(missed or "In time.")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
