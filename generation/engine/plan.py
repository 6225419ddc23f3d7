"""Planning the gain of the mix, so that what streams is as loud as asked.

Gain and limiter are tried on a forecast of the mix until the loudness meets the target. Knows a
recipe and its stems. Invariant: a plan follows from them alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from generation.engine import dynamics
from generation.engine.checking import check
from generation.engine.clips import Onsets
from generation.engine.forecast import (
    Forecast,
    Levels,
    Probe,
    faded_blocks,
    forecast,
)
from generation.engine.kernels import Audio
from generation.engine.loudness import gated_lufs
from generation.engine.memory import memory_of
from generation.recipe import Limiter, Recipe

DEEP_CENTIBELS = 600
DEEP_SHARE = 0.01
_HIGHEST_DB = 48.0


@dataclass(frozen=True, slots=True)
class Planned:
    """`gain_db` for the recipe and the loudness it reaches.

    `remark` says why a target was lowered. `probes`: the stretches that were listened to.
    """

    gain_db: float
    reached_lufs: float
    remark: str | None = None
    probes: tuple[Probe, ...] = field(default=(), compare=False, repr=False)


def plan_gain(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets] | None = None,
    levels: Mapping[str, Levels] | None = None,
) -> Planned:
    """The gain at which the stream reads `recipe.target_lufs`, or less where that would crush it.

    Lowered when more than 6 dB of limiting would be needed for more than 1 % of the time. Silence
    is planned at 0 dB. `levels` by digest, as they were stored; a stem without is measured here.
    Raises RecipeError subclasses as `check` does.
    """
    check(recipe, stems)
    coming = forecast(recipe, stems, onsets or {}, levels or {})
    target, limiter = recipe.target_lufs, recipe.bus.limiter
    plain = gated_lufs(faded_blocks(recipe, coming.hops))
    if plain is None:
        return Planned(0.0, target, None)
    gain = min(_HIGHEST_DB, target - plain)
    for _ in range(6):
        reached = _loudness(recipe, coming, gain)
        missing = 0.0 if reached is None else target - reached
        if abs(missing) < 0.03:
            break
        gain = min(_HIGHEST_DB, gain + 1.2 * missing)
    if _deep_share(limiter, coming.probes, gain) <= DEEP_SHARE:
        return Planned(round(gain, 2), target, probes=coming.probes)
    gain = _gentle(limiter, coming.probes, gain)
    reached = _loudness(recipe, coming, gain)
    lowered = target if reached is None else min(target, round(reached, 1))
    remark = (
        f"Planned at {lowered:g} LUFS instead of {target:g}: louder, "
        "its peaks would need more than 6 dB of limiting for over 1 % of the time."
    )
    return Planned(round(gain, 2), lowered, remark, coming.probes)


def with_plan(recipe: Recipe, planned: Planned) -> Recipe:
    """The recipe with its gain, the loudness it reaches and the remark, and its memory stated."""
    remarks = recipe.remarks + (() if planned.remark is None else (planned.remark,))
    return replace(
        recipe,
        gain_db=planned.gain_db,
        reached_lufs=planned.reached_lufs,
        remarks=remarks,
        memory=memory_of(recipe),
    )


def _loudness(recipe: Recipe, coming: Forecast, gain_db: float) -> float | None:
    """Gated loudness at a gain, less what the limiter takes away in the stretches heard."""
    plain = gated_lufs(faded_blocks(recipe, coming.hops * 10.0 ** (gain_db / 10.0)))
    if plain is None:
        return None
    left = [_left(recipe.bus.limiter, probe, gain_db) for probe in coming.probes]
    return plain + 10.0 * math.log10(sum(left) / len(left))


def _left(limiter: Limiter, probe: Probe, gain_db: float) -> float:
    """The part of a stretch's K-weighted energy that the limiter leaves at a gain."""
    ceiling, energy = math.floor(limiter.ceiling_dbtp * 100), float(probe.powers.sum())
    if energy <= 0.0 or probe.peaks.max() + round(gain_db * 100) <= ceiling:
        return 1.0
    ahead = dynamics.lookahead_steps(limiter)
    raised = np.pad(probe.peaks + round(gain_db * 100), (0, ahead), constant_values=-12_000)
    gains = dynamics.limiter_steps(limiter, raised.astype(np.int32), 0)[:-1].astype(np.float64)
    kept = (gains**2).reshape(len(probe.powers), -1).mean(axis=1)
    return float(probe.powers @ kept) / energy


def _deep_share(limiter: Limiter, probes: tuple[Probe, ...], gain_db: float) -> float:
    """The share of time in which the limiter takes more than 6 dB off at a gain."""
    ceiling = math.floor(limiter.ceiling_dbtp * 100)
    deep = total = 0.0
    for probe in probes:
        held = dynamics.reductions_of(limiter, probe.peaks + round(gain_db * 100) - ceiling)
        deep += probe.weight * float(np.mean(held > DEEP_CENTIBELS))
        total += probe.weight
    return deep / total


def _gentle(limiter: Limiter, probes: tuple[Probe, ...], gain_db: float) -> float:
    """The highest gain below `gain_db` at which deep limiting stays rare, to 0.05 dB."""
    low, high = gain_db - 40.0, gain_db
    while high - low > 0.05:
        middle = (low + high) / 2
        if _deep_share(limiter, probes, middle) <= DEEP_SHARE:
            low = middle
        else:
            high = middle
    return low
