"""How fast the engine does the whole job on one core, with and without attribution.

Knows the job and its rounds. Invariant: both ways alternate, each from an empty cache, and the
middle one of the rounds counts.
"""

from statistics import median

from benchmarks.figures import Figure
from benchmarks.job import RATE, SECONDS, TONAL, Run, make_recipe, make_stems, run
from benchmarks.meters import metered

ROUNDS = 5
REACH = {False: 100.0, True: 70.0}


def figures(seconds: float = SECONDS, rounds: int = ROUNDS, processor: str = TONAL) -> list[Figure]:
    """Times real time (seconds of output per CPU second, planning the gain included), loudness
    and true peak of what came out, and whether the lines add up to a million.
    """
    warm_job(processor)
    stems, onsets = make_stems(seconds)
    recipe = make_recipe(stems, processor)
    runs: dict[bool, list[Run]] = {False: [], True: []}
    for _ in range(rounds):
        for attributed, done in runs.items():
            done.append(run(recipe, stems, onsets, attributed=attributed))
    length = f"{recipe.length / RATE:.0f} s from five stems of {seconds:.0f} s"
    found = [_speed(attributed, done, length) for attributed, done in runs.items()]
    last = runs[True][-1]
    lufs, peak = metered([last.audio])
    return [
        *found,
        Figure(
            "job", "the stems' levels, measured once at ingest", last.stored_cpu_s, "CPU s",
            note="handed to the plan, not part of the job",
        ),
        Figure(
            "job", "whole job, loudness from the plan", abs(lufs - last.reached_lufs), "LU",
            1.0, False, f"{lufs:.2f} LUFS as streamed, {last.reached_lufs:g} planned",
        ),
        Figure("job", "whole job, true peak as streamed", peak, "dBTP", -1.0, False),
        Figure(
            "job", "whole job, sum of the lines", float(sum(ppm for _, ppm in last.lines)), "ppm",
            1e6, True,
        ),
    ]  # fmt: skip


def warm_job(processor: str) -> None:
    """Four seconds of the job, unmeasured: no round compiles a loop."""
    stems, onsets = make_stems(4.0)
    run(make_recipe(stems, processor), stems, onsets, attributed=True)


def _speed(attributed: bool, runs: list[Run], length: str) -> Figure:
    cpu = [one.cpu_s for one in runs]
    plan = median(one.plan_cpu_s for one in runs)
    return Figure(
        "job",
        f"whole job on one core, {'with' if attributed else 'without'} attribution",
        median(one.times_real_time for one in runs),
        "x real time",
        REACH[attributed],
        note=f"{length}: {median(cpu):.2f} CPU s ({plan:.2f} planning), "
        f"{min(cpu):.2f} to {max(cpu):.2f} over {len(runs)} rounds",
    )
