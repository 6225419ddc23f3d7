"""What the processes of a demo spent between two moments, and what on: CPU by process and stage.

Workers log what each of their jobs cost, stage by stage; the system says what a process took in
all. It refuses to know what is played. What a worker took beyond its jobs (bells, claims, leases)
stands as "beside jobs".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_seconds, tree_of
from portal.demo.parts import Parts

BESIDE = "beside jobs"


@dataclass(frozen=True)
class Mark:
    """Where logs and processes stood at a moment: bytes of each log, CPU seconds of each part."""

    logs: Mapping[str, int]
    spent: Mapping[str, float]


def mark(parts: Parts, others: Mapping[str, Iterable[int]]) -> Mark:
    """Now. `others`: processes to be told of under a name of their own."""
    logs = {one.name: one.log.stat().st_size for one in parts.supervisor.children}
    trees = {
        one.name: tree_of(one.process.pid)
        for one in parts.supervisor.children
        if one.process is not None
    }
    spent = {name: cpu_seconds(pids) for name, pids in {**trees, **others}.items()}
    return Mark(logs, spent)


@dataclass(frozen=True)
class Worker:
    """One worker's share: CPU ms by stage over all its jobs, jobs by kind and end, and events."""

    cpu_ms: Mapping[str, float]
    jobs: Mapping[str, int]
    times: Mapping[str, int]

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {
            "cpu_ms": {name: round(ms) for name, ms in self.cpu_ms.items()},
            "jobs": dict(self.jobs),
            "times": dict(self.times),
        }


def workers(parts: Parts, before: Mark, after: Mark) -> dict[str, Worker]:
    """Every worker between two marks."""
    found = {}
    for one in parts.supervisor.children:
        if one.name.startswith("worker"):
            spent_ms = 1_000 * (after.spent[one.name] - before.spent[one.name])
            found[one.name] = _worker(
                _lines(one.log, before.logs[one.name], after.logs[one.name]), spent_ms
            )
    return found


def _lines(log: Path, start: int, end: int) -> list[dict[str, Any]]:
    with log.open("rb") as file:
        file.seek(start)
        text = file.read(end - start).decode(errors="replace")
    lines = (line for line in text.splitlines() if line.startswith("{") and line.endswith("}"))
    return [told for told in map(json.loads, lines) if told.get("event") == "job"]


def _worker(lines: list[dict[str, Any]], spent_ms: float) -> Worker:
    cpu, jobs, times = Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        jobs[f"{line['kind']} {line['end']}"] += 1
        times.update(line["times"])
        for stage, ms in line["cpu_ms"].items():
            name = stage if stage in _SHARED else f"{line['kind']} {stage}"
            cpu[name] += ms
    cpu[BESIDE] = spent_ms - sum(cpu.values())
    return Worker(cpu, jobs, times)


# Stages that mean the same in whatever job they are.
_SHARED = ("statements",)


def table(found: Mapping[str, Worker]) -> str:
    """Lines for people: each worker's CPU ms for a second of sound that it stored, by stage."""
    stages = sorted({name for one in found.values() for name in one.cpu_ms})
    each = {name: max(1, one.times.get("stored", 0)) for name, one in found.items()}
    rows = [["CPU ms for a second of sound", *found, "both"]]
    for stage in stages:
        spent = [(one.cpu_ms.get(stage, 0.0), each[name]) for name, one in found.items()]
        rows.append(_row(stage, spent))
    rows.append(_row("all", [(sum(found[n].cpu_ms.values()), each[n]) for n in found]))
    events = sorted({name for one in found.values() for name in (*one.times, *one.jobs)})
    for event in events:
        counts = [one.times.get(event, 0) + one.jobs.get(event, 0) for one in found.values()]
        rows.append([event, *map(str, counts), str(sum(counts))])
    return "\n".join(f"{row[0]:<36}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows)


def _row(name: str, spent: list[tuple[float, int]]) -> list[str]:
    cells = [f"{ms / count:.1f}" for ms, count in spent]
    whole = sum(ms for ms, _ in spent) / sum(count for _, count in spent)
    return [name, *cells, f"{whole:.1f}"]
