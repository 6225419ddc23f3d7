"""Loops are compiled once, in two halves, and what is there is left alone."""

import os
import subprocess
import sys
from pathlib import Path

from generation.engine.clips import PROCESSORS
from generation.engine.kernels import loops_folder
from generation.engine.warm import OLDER, warm_recipe
from generation.worker import compiling

ROOT = Path(__file__).resolve().parents[3]


def _loops(*arguments: str) -> str:
    """What the command says, where the loops of this version are kept."""
    command = [sys.executable, "-m", "generation.worker.compiling", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_processor_of_a_clip_is_in_the_recipe_that_warms() -> None:
    assert {clip.processor for clip in warm_recipe().clips} == set(PROCESSORS)
    newer = warm_recipe(tuple(name for name in PROCESSORS if name != OLDER))
    assert {clip.processor for clip in newer.clips} == set(PROCESSORS) - {OLDER}


COUNT = """
from numba.core import event
from generation.analysis import warm as listening
from generation.engine import warm as rendering

begun = event.RecordingListener()
event.register("numba:compile", begun)
rendering.warm_up()
listening.warm_up()

from benchmarks import job
from generation.analysis.measure import measure_recording, measure_stem
from generation.engine.render import Cache, render

stems, onsets = job.make_stems(6.0)
recipe = job.make_recipe(stems)
job.plan_gain(recipe, stems, onsets)
for with_parts in (False, True):
    cache = Cache()
    for lo in range(0, recipe.length, 96_000):
        hi = min(recipe.length, lo + 96_000)
        render(recipe, stems, onsets, lo, hi, cache=cache, with_parts=with_parts)
measure_recording(list(stems.values()), [measure_stem(one) for one in stems.values()])
print(len(begun.buffer))
"""


def test_what_is_compiled_is_left_alone_and_neither_a_job_nor_a_stem_compiles_more() -> None:
    _loops()
    folder = loops_folder()
    assert folder is not None
    assert (folder / compiling.MARK).exists()
    assert _loops() == ""
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0\n"
