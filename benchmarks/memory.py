"""How much memory a long stream takes above a short one.

Each is rendered in a fresh process from mapped stems, in pieces of 2 s that are dropped as they
come. The maps' pages are given back after every piece, so that the peak resident size the kernel
kept (VmHWM, of this program alone) counts the engine's own memory; what little of the maps one
piece touches is in it. Run by itself (`python -m benchmarks.memory FOLDER SECONDS PROCESSOR`) it is
that process. Knows the engine's public face and /proc. Invariant: stems never count as memory.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.job import RATE, SPEED, TONAL, make_recipe
from benchmarks.mapped import let_go, mapped_stems
from generation.engine.render import Cache, render
from generation.engine.warm import warm_up
from generation.recipe import PIECE_SAMPLES

REACH_MB = 150.0
LONG_S, SHORT_S = 600.0, 1.0
ROOT = Path(__file__).resolve().parent.parent


def figures(long_s: float = LONG_S, processor: str = TONAL) -> list[Figure]:
    """Peak resident memory of the long stream less that of a warm render of one second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, onsets = mapped_stems(folder, (long_s + 1.0) * SPEED)
        np.save(folder / "places.npy", onsets["drums"][0])
        # The first may compile loops and keep them on disk, which takes memory of its own.
        _child(folder, SHORT_S, processor)
        short = _child(folder, SHORT_S, processor)
        long = _child(folder, long_s, processor)
    return [
        Figure(
            "memory", f"peak memory: {long_s:.0f} s stream above a warm 1 s render",
            long["peak_mb"] - short["peak_mb"], "MB", REACH_MB, False,
            f"{long['peak_mb']:.0f} less {short['peak_mb']:.0f} MB resident, maps given back",
        ),
        Figure(
            "memory", "the same, anonymous memory at its end",
            long["anonymous_mb"] - short["anonymous_mb"], "MB", note="RssAnon of /proc",
        ),
    ]  # fmt: skip


def _child(folder: Path, seconds: float, processor: str) -> dict[str, Any]:
    arguments = ["-m", "benchmarks.memory", str(folder), str(seconds), processor]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def streamed(folder: Path, seconds: float, processor: str) -> dict[str, float]:
    """Renders `seconds` from the stems in `folder`; megabytes (10^6) at the peak and at the end."""
    warm_up()
    names = ("drums", "bass", "keys", "lead", "pad")
    stems = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}
    places = np.load(folder / "places.npy")
    onsets = {"drums": (places, np.full(len(places), 18.0))}
    recipe, cache = make_recipe(stems, processor), Cache()
    for start in range(0, int(seconds * RATE), PIECE_SAMPLES):
        end = min(int(seconds * RATE), start + PIECE_SAMPLES)
        render(recipe, stems, onsets, start, end, cache=cache, with_parts=False)
        let_go(stems)
    return {"peak_mb": _told("VmHWM"), "anonymous_mb": _told("RssAnon")}


def _told(field: str) -> float:
    """A field of /proc/self/status in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


if __name__ == "__main__":
    print(json.dumps(streamed(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])))
