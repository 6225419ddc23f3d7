"""The engine against its figures, and against the tools people use.

    python benchmarks/render.py [--peers] [--check] [--quick] [--only GROUP] [--keep PATH]

One thread on one core. Without `--peers`: the whole job, first bytes, memory, sound, loudness.
With it the contenders too, in `.venv-peers`, which is made on first use. `--check` exits 1 when a
figure is missed; one that could not be measured fails nothing. `--keep` writes what
`benchmarks/picture.py` draws and tabulates; with `--only` it changes those groups of the file.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread, peers_env

PACKAGES = (
    *("numpy", "scipy", "numba", "soundfile", "av", "pyebur128"),
    *("pedalboard", "python-stretch", "pylibrb", "librosa"),
)
GROUPS = ("job", "first bytes", "memory", "sound", "loudness", "peers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; exit status 1 when --check and a figure is missed."""
    asked = _asked(arguments)
    if asked.keep and asked.only:
        _refuse_another_machine(asked.keep)
    if asked.peers:
        peers_env.enter()
    core = one_thread.pin()
    # Only now may numpy be loaded, one thread to each library.
    from benchmarks.figures import Figure, missed, table
    from generation.engine.warm import warm_up

    warm_up()
    figures: list[Figure] = []
    took: dict[str, float] = {}
    for name, measure in _groups(asked).items():
        began = time.perf_counter()
        found = measure()
        took[name] = round(time.perf_counter() - began, 1)
        figures += found
        if not asked.json:
            print(f"{table(found)}\n", flush=True)
    report = _machine(core) | {"took_s": took, "figures": [one.plain() for one in figures]}
    if asked.keep:
        _keep(asked.keep, report, is_whole=not asked.only)
    if asked.json:
        print(json.dumps(report, indent=1))
    wrong = missed(figures)
    if wrong:
        print("missed: " + "; ".join(wrong), file=sys.stderr)
    return 1 if asked.check and wrong else 0


def _keep(path: Path, report: dict[str, Any], *, is_whole: bool) -> None:
    """Writes the report; that of single groups takes their places in what is kept already."""
    from benchmarks.figures import merged

    if not is_whole and path.exists():
        report = merged(json.loads(path.read_text()), report, GROUPS)
    path.write_text(json.dumps(report, indent=1) + "\n")


def _refuse_another_machine(path: Path) -> None:
    """Ends the command where `path` keeps figures of another processor: one file, one machine."""
    before = json.loads(path.read_text())["processor"] if path.exists() else _processor()
    if before != _processor():
        sys.exit(
            f"{path} was measured on {before}, this is {_processor()}: "
            "measure all groups anew, without --only."
        )


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", action="store_true", help="measure the contenders too")
    parser.add_argument("--check", action="store_true", help="exit 1 when a figure is missed")
    parser.add_argument("--quick", action="store_true", help="20 s of stems and a round or two")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--keep", type=Path, metavar="PATH", help="write the report to a file")
    parser.add_argument(
        "--only", action="append", choices=GROUPS, help="one group; may be repeated"
    )
    parser.add_argument("--processor", help='of tonal stems, as "vocoder/1"; default: the newest')
    parser.add_argument("--seconds", type=float, help="of each stem in the job; default: 180")
    parser.add_argument("--rounds", type=int, help="rounds of the job and of each contender")
    asked = parser.parse_args(arguments)
    asked.peers = asked.peers or "peers" in (asked.only or ())
    return asked


def _groups(asked: argparse.Namespace) -> dict[str, Callable[[], list[Any]]]:
    """What to measure, by group, in this order."""
    from benchmarks import engine_sound, first_bytes, loudness_set, memory, speed
    from benchmarks.job import QUICK_SECONDS, SECONDS, TONAL

    processor = asked.processor or TONAL
    seconds = asked.seconds or (QUICK_SECONDS if asked.quick else SECONDS)
    times = first_bytes.TIMES // 4 if asked.quick else first_bytes.TIMES
    rounds = asked.rounds or (1 if asked.quick else speed.ROUNDS)
    count = loudness_set.QUICK_COUNT if asked.quick else loudness_set.COUNT
    long_s = 60.0 if asked.quick else memory.LONG_S
    groups: dict[str, Callable[[], list[Any]]] = {
        "job": lambda: speed.figures(seconds, rounds, processor),
        "first bytes": lambda: first_bytes.figures(times, processor),
        "memory": lambda: memory.figures(long_s, processor),
        "sound": lambda: engine_sound.figures(processor),
        "loudness": lambda: loudness_set.figures(count),
    }
    if asked.peers:
        from benchmarks import peers

        groups["peers"] = lambda: peers.figures(seconds, rounds, processor)
    return {name: one for name, one in groups.items() if name in (asked.only or GROUPS)}


def _machine(core: int | None) -> dict[str, Any]:
    """Where and with what this was measured."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "core": core,
        "python": platform.python_version(),
        "packages": versions,
    }


def _processor() -> str:
    """Its name, its family and model, and how wide its registers are: names alone are vague."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    told = {name.strip(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    if "model name" not in told:
        return platform.machine()
    flags = told.get("flags", "").split()
    widest = next((one for one in ("avx512f", "avx2") if one in flags), "no AVX2")
    family = f"family {told.get('cpu family', '?')}, model {told.get('model', '?')}"
    return f"{told['model name']} ({family}, {widest})"


if __name__ == "__main__":
    sys.exit(main())
