"""The engine on a CUDA device: one job, many jobs in tiles, and the first piece of a new one.

    python benchmarks/gpu.py [--quick] [--check] [--json] [--device cpu [--seconds 4]]

The job is that of `benchmarks/render.py`: five stems of 180 s, which are on the device already;
sound without parts and windows (DSP only). Needs no Django: a plain copy of the tree will do. With
`--device cpu` a small version of the same runs on the CPU, for its code, not for its figures;
`--seconds` says how small.
Without a device it says so; `--check` exits 1 when a figure is missed and 2 without a device.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread

assert one_thread.THREADS  # imported for what it sets, before numpy and torch are loaded

import torch

from benchmarks.figures import Figure, missed, table
from benchmarks.job import RATE, SEMITONES, make_recipe, make_stems
from generation.engine import render as loops
from generation.engine.accord import AGREED_DB, OTHERWISE, accord_of, snr_db
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.reference.rendering import Jobs, TorchBackend, on_device
from generation.engine.reference.steps import PLAIN, Steps
from generation.recipe import WINDOW_SAMPLES, Recipe, from_json, to_json

GROUP = "GPU"
# What is to be reached, and what the memory alone would allow (an estimate for an H200).
ONE_JOB_MS, MANY_JOBS_S = 10.0, 2.0
ROOFLINE_MS, MANY_ROOFLINE_S = 2.6, 0.7
VOICES = "vocoder/3"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: seconds of stems, jobs in all and in a tile, rounds."""

    seconds: float
    jobs: int
    tile: int
    rounds: int


FULL, QUICK, SMALL = Size(180.0, 256, 4, 11), Size(180.0, 32, 4, 5), Size(4.0, 2, 2, 1)


class Bench:
    """The stems on one device, and jobs over them."""

    def __init__(self, size: Size, device: str, steps: Steps) -> None:
        self.size, self.device, self.steps = size, torch.device(device), steps
        self.stems, self.onsets = make_stems(size.seconds)
        self.held = {n: on_device(stem, self.device) for n, stem in self.stems.items()}
        self.recipe = replace(make_recipe(self.stems, VOICES), gain_db=6.0)

    def jobs(self, recipes: Sequence[Recipe]) -> Jobs:
        """Fresh jobs, nothing worked out yet."""
        count = len(recipes)
        marks: list[Audio | None] = [None] * count
        onsets: list[dict[str, Onsets]] = [self.onsets] * count
        return Jobs(recipes, [self.held] * count, onsets, marks, self.device, self.steps)

    def variant(self, number: int) -> Recipe:
        """The job moved by another number of semitones, so that neighbors differ."""
        moved = SEMITONES + number % 4 - 1
        clips = tuple(replace(clip, semitones=moved) for clip in self.recipe.clips)
        return from_json(to_json(replace(self.recipe, clips=clips)))

    def timed(self, work: Callable[[], object]) -> float:
        """Seconds that `work` takes: by the device's events, or of CPU time."""
        if self.device.type == "cpu":
            began = time.process_time()
            work()
            return time.process_time() - began
        make: Any = torch.cuda.Event
        start, end = make(enable_timing=True), make(enable_timing=True)
        torch.cuda.synchronize()
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(end)) / 1000.0

    def median(self, work: Callable[[], object]) -> float:
        """The median of all rounds, after one to warm up."""
        work()
        return statistics.median(self.timed(work) for _ in range(self.size.rounds))

    def one_job(self) -> None:
        """A whole variation, from nothing."""
        self.jobs([self.recipe]).desks[0].sound(0, self.recipe.length)

    def many_jobs(self) -> None:
        """All jobs, some at a time; their sound is let go."""
        for first in range(0, self.size.jobs, self.size.tile):
            numbers = range(first, min(self.size.jobs, first + self.size.tile))
            for desk in self.jobs([self.variant(number) for number in numbers]).desks:
                desk.sound(0, self.recipe.length)

    def first_piece(self) -> float:
        """Seconds until 100 ms of a new job are in the machine's memory, device and host."""
        began = time.perf_counter()
        self.jobs([self.recipe]).desks[0].sound(0, WINDOW_SAMPLES).cpu()
        return time.perf_counter() - began

    def engine(self) -> TorchBackend:
        """The way to render that is measured."""
        return TorchBackend(self.device.type, self.steps)

    def long_agreement(self) -> float:
        """SNR in dB of the first seconds against the compiled loops.

        Under the stems' tones lies noise at -54 dB, where rounding decides anew what a peak is, and
        in this job phase never begins afresh: what differs once goes on differing.
        """
        until = min(self.recipe.length, 20 * RATE)
        one, other = (
            render(
                self.recipe, self.stems, self.onsets, 0, until, with_parts=False,
                with_windows=False,
            )
            for render in (self.engine().render, loops.render)
        )  # fmt: skip
        return snr_db(one.audio, other.audio)


def figures(bench: Bench) -> list[Figure]:
    """All figures; only those of a full measurement on a device are held against their reach."""
    size, gated = bench.size, bench.device.type == "cuda"
    full = gated and size.seconds == FULL.seconds
    with torch.inference_mode():
        agreed, until = accord_of(bench.engine().render), bench.long_agreement()
        one = bench.median(bench.one_job)
        many = bench.median(bench.many_jobs)
        bench.first_piece()
        first = statistics.median(bench.first_piece() for _ in range(size.rounds))
    clock = "device events" if gated else "CPU time"
    per_many = MANY_JOBS_S * size.jobs / FULL.jobs
    return [
        Figure(
            GROUP, "agreement with the compiled loops, nothing decided anew", agreed.plain_db, "dB",
            AGREED_DB,
        ),
        Figure(
            GROUP, "frames that decide otherwise", agreed.share, "", OTHERWISE, False,
            f"{agreed.otherwise} of {agreed.frames}; the worst within {agreed.least_db:.0f} dB",
        ),
        Figure(GROUP, "agreement over the first 20 s of the job", until, "dB"),
        Figure(
            GROUP, f"one job, 5 x {size.seconds:.0f} s", one * 1e3, "ms",
            ONE_JOB_MS if full else None, False,
            f"{clock}, median of {size.rounds}; memory alone: {ROOFLINE_MS} ms for 180 s",
        ),
        Figure(
            GROUP, f"{size.jobs} jobs in tiles of {size.tile}", many, "s",
            per_many if full else None, False,
            f"{clock}, median of {size.rounds}; memory alone: {MANY_ROOFLINE_S} s for 256",
        ),
        Figure(
            GROUP, "first 100 ms of a new job", first * 1e3, "ms", None, False,
            f"wall time with the copy back, median of {size.rounds}",
        ),
    ]  # fmt: skip


def steps_at_hand(device: str) -> tuple[str, Steps]:
    """Triton's where a device and triton are at hand, else plain torch's."""
    if device == "cpu" or find_spec("triton") is None:
        return "plain torch", PLAIN
    from generation.engine.triton_kernels import STEPS

    return "Triton", STEPS


def machine(device: str, steps: str) -> dict[str, Any]:
    """Where and with what this was measured."""
    found = {"python": platform.python_version(), "torch": torch.__version__, "steps": steps}
    if device == "cuda":
        found["device"] = torch.cuda.get_device_name()
    return found | {"on": device}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; exit status 1 when --check and a figure is missed, 2 without a device."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--check", action="store_true", help="exit 1 when a figure is missed")
    parser.add_argument("--quick", action="store_true", help="32 jobs and a few rounds")
    parser.add_argument("--plain", action="store_true", help="plain torch also where triton is")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--seconds", type=float, help="of stems, in place of the usual length")
    asked = parser.parse_args(arguments)
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here, so nothing was measured.")
        return 2 if asked.check else 0
    torch.set_num_threads(1)
    size = SMALL if asked.device == "cpu" else QUICK if asked.quick else FULL
    size = replace(size, seconds=asked.seconds or size.seconds)
    name, steps = ("plain torch", PLAIN) if asked.plain else steps_at_hand(asked.device)
    found = figures(Bench(size, asked.device, steps))
    report = machine(asked.device, name) | {"figures": [one.plain() for one in found]}
    print(json.dumps(report, indent=1) if asked.json else f"{report | {'figures': len(found)}}\n")
    if not asked.json:
        print(table(found))
    wrong = missed(found)
    if wrong:
        print("missed: " + "; ".join(wrong), file=sys.stderr)
    return 1 if asked.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
