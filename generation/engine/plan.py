"""Planning the gain of the mix, so that what streams is as loud as asked.

The mix is drafted: stems laid on their time maps by overlapping grains, unpitched, through the real
console and a short room, in a few stretches of a long piece; the draft's level is set right by
three short stretches of the real thing; then gain and limiter are tried until the loudness meets
the target. Knows a recipe and its stems. Invariant: a plan follows from them alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from generation.engine import dynamics
from generation.engine.bus import Bus
from generation.engine.checking import check
from generation.engine.clips import Onsets
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import Audio, Reals, Turns, fade
from generation.engine.loudness import gated_lufs, weigh_hops
from generation.engine.tape import Cache
from generation.recipe import BLOCK_SAMPLES, WINDOW_SAMPLES, Limiter, Recipe

PROBES = 24
PROBE_SAMPLES = 36 * BLOCK_SAMPLES
DEEP_CENTIBELS = 600
DEEP_SHARE = 0.01
DRAFT_ROOM_S = 0.3
CHECKS = 3
CHECK_SAMPLES = 16 * BLOCK_SAMPLES
EXCERPT_LEAD = 8 * BLOCK_SAMPLES
_HIGHEST_DB = 48.0


@dataclass(frozen=True, slots=True)
class Planned:
    """`gain_db` for the recipe and the loudness it reaches.

    `remark` says why a target was lowered.
    """

    gain_db: float
    reached_lufs: float
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class _Probe:
    """A stretch of the mix before its gain.

    From `start` on, with its true peaks per limiter step.
    """

    start: int
    sound: Audio
    peaks: Turns


def plan_gain(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets] | None = None,
    *,
    probes: int = PROBES,
    stretch: int = PROBE_SAMPLES,
) -> Planned:
    """The gain at which the stream reads `recipe.target_lufs`, or less where that would crush it.

    Lowered when more than 6 dB of limiting would be needed for more than 1 % of the time. Silence
    is planned at 0 dB. A piece longer than `probes` times `stretch` samples (whole blocks) is
    judged by so many stretches of it. Raises RecipeError subclasses as `check` does.
    """
    check(recipe, stems)
    heard = _probes(recipe, stems, onsets or {}, probes, stretch)
    heard = _corrected(heard, recipe, stems, onsets or {})
    target = recipe.target_lufs
    plain = _loudness(recipe, heard, None)
    if plain is None:
        return Planned(0.0, target, None)
    gain = min(_HIGHEST_DB, target - plain)
    for _ in range(6):
        reached = _loudness(recipe, heard, gain)
        missing = 0.0 if reached is None else target - reached
        if abs(missing) < 0.03:
            break
        gain = min(_HIGHEST_DB, gain + 1.2 * missing)
    if _deep_share(recipe.bus.limiter, heard, gain) <= DEEP_SHARE:
        return Planned(round(gain, 2), target)
    gain = _gentle(recipe.bus.limiter, heard, gain)
    reached = _loudness(recipe, heard, gain)
    lowered = target if reached is None else min(target, round(reached, 1))
    remark = (
        f"Planned at {lowered:g} LUFS instead of {target:g}: louder, "
        "its peaks would need more than 6 dB of limiting for over 1 % of the time."
    )
    return Planned(round(gain, 2), lowered, remark)


def with_plan(recipe: Recipe, planned: Planned) -> Recipe:
    """The recipe with its gain, the loudness it reaches and the remark."""
    remarks = recipe.remarks + (() if planned.remark is None else (planned.remark,))
    return replace(
        recipe, gain_db=planned.gain_db, reached_lufs=planned.reached_lufs, remarks=remarks
    )


def draft_of(recipe: Recipe) -> Recipe:
    """The recipe with quick stand-ins for the vocoder and the room, and no planned gain.

    A room's energy does not depend on its length, so a short one is as loud and soon done.
    """
    clips = tuple(
        replace(clip, processor="slices/1") if clip.processor == "vocoder/1" else clip
        for clip in recipe.clips
    )
    room = recipe.bus.reverb
    if room is not None:
        room = replace(room, seconds=min(DRAFT_ROOM_S, room.seconds), predelay_ms=0.0)
    return replace(recipe, clips=clips, bus=replace(recipe.bus, reverb=room), gain_db=0.0)


def _probes(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    count: int,
    stretch: int,
) -> list[_Probe]:
    """The whole piece when it is short, else `count` stretches evenly spread."""
    drums = {clip.source for clip in recipe.clips if clip.processor == "slices/1"}
    kept = {recipe.sources[i].digest for i in drums}
    known = {digest: found for digest, found in onsets.items() if digest in kept}
    bus = Bus(draft_of(recipe), stems, known, Cache())
    blocks = -(-recipe.length // BLOCK_SAMPLES)
    size = stretch // BLOCK_SAMPLES
    starts = [0]
    if blocks > count * size:
        starts = [i * (blocks - size) // (count - 1) for i in range(count)]
    else:
        size = blocks
    return [_probe(bus, s * BLOCK_SAMPLES, (s + size) * BLOCK_SAMPLES) for s in starts]


def _probe(bus: Bus, lo: int, hi: int) -> _Probe:
    sound = np.concatenate(
        [bus.before_limiter(a, min(hi, a + PROBE_SAMPLES)) for a in range(lo, hi, PROBE_SAMPLES)],
        axis=1,
    )
    margin = dynamics.PEAK_TAPS
    padded = np.pad(sound, ((0, 0), (margin, margin)))
    peaks = np.empty((hi - lo) // dynamics.LIMIT_STEP, dtype=np.int32)
    dynamics.measure_peaks(padded, margin, dynamics.PHASES, peaks)
    return _Probe(lo, sound, peaks)


def _corrected(
    probes: list[_Probe],
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
) -> list[_Probe]:
    """The probes as loud as the real processors make them, judged by CHECKS short stretches."""
    size = CHECK_SAMPLES
    drafted, real = np.zeros(1), np.zeros(1)
    for i in range(CHECKS):
        probe = probes[i * (len(probes) - 1) // (CHECKS - 1)]
        room = max(0, probe.sound.shape[1] - size)
        first = room * i // (CHECKS - 1) // BLOCK_SAMPLES * BLOCK_SAMPLES
        lo = probe.start + first
        part = probe.sound[:, first : first + size]
        bus = Bus(excerpt_of(recipe, lo, lo + size), stems, onsets, Cache())
        drafted += _weighed(part)
        real += _weighed(bus.before_limiter(lo, lo + part.shape[1]))
    if drafted[0] <= 0.0 or real[0] <= 0.0:
        return probes
    change_db = max(-6.0, min(6.0, 10.0 * math.log10(real[0] / drafted[0])))
    factor, shift = np.float32(10.0 ** (change_db / 20.0)), round(change_db * 100)
    return [replace(one, sound=one.sound * factor, peaks=one.peaks + shift) for one in probes]


def excerpt_of(recipe: Recipe, lo: int, hi: int) -> Recipe:
    """What sounds in [lo, hi) by the real processors, with no more past than loudness needs."""
    since = lo - EXCERPT_LEAD
    clips = []
    for clip in recipe.clips:
        if clip.start >= hi or clip.end <= since:
            continue
        if clip.start < since:
            kept = min(clip.fade_out, clip.end - since)
            clip = replace(clip, start=since, fade_in=0, fade_out=kept)
        clips.append(clip)
    return replace(draft_of(recipe), clips=tuple(clips))


def _weighed(sound: Audio) -> Reals:
    """The K-weighted energy of a stretch, [1]."""
    hops = np.zeros(sound.shape[1] // WINDOW_SAMPLES + 1)
    state = np.zeros((len(K_WEIGHTING), 4))
    weigh_hops(np.ascontiguousarray(sound), K_WEIGHTING, state, 0, WINDOW_SAMPLES, hops)
    return np.asarray(hops.sum(keepdims=True))


def _loudness(recipe: Recipe, probes: list[_Probe], gain_db: float | None) -> float | None:
    """Gated loudness of the probes at a gain behind the limiter; at 0 dB without it for None."""
    means = [_block_means(recipe, probe, gain_db) for probe in probes]
    return gated_lufs(np.concatenate(means))


def _block_means(recipe: Recipe, probe: _Probe, gain_db: float | None) -> Reals:
    """K-weighted mean squares of the 400 ms blocks of a probe."""
    curve = np.ones(probe.sound.shape[1], dtype=np.float32)
    if gain_db is not None:
        limiter = recipe.bus.limiter
        ahead = dynamics.lookahead_steps(limiter)
        raised = np.pad(probe.peaks + round(gain_db * 100), (0, ahead), constant_values=-12_000)
        curve = dynamics.limiter_gain(limiter, raised.astype(np.int32), 0)
        curve *= np.float32(10.0 ** (gain_db / 20.0))
    fade(curve, probe.start, recipe.fade_in, 1)
    fade(curve, recipe.length - 1 - probe.start, recipe.fade_out, -1)
    hops = np.zeros(probe.sound.shape[1] // WINDOW_SAMPLES + 1)
    state = np.zeros((len(K_WEIGHTING), 4))
    weigh_hops(probe.sound * curve, K_WEIGHTING, state, 0, WINDOW_SAMPLES, hops)
    if len(hops) < 5:
        return np.empty(0)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(hops[:-1], 4).mean(axis=1))


def _deep_share(limiter: Limiter, probes: list[_Probe], gain_db: float) -> float:
    """The share of time in which the limiter takes more than 6 dB off at a gain."""
    ceiling = math.floor(limiter.ceiling_dbtp * 100)
    deep = total = 0
    for probe in probes:
        held = dynamics.reductions_of(limiter, probe.peaks + round(gain_db * 100) - ceiling)
        deep += int(np.count_nonzero(held > DEEP_CENTIBELS))
        total += len(held)
    return deep / max(1, total)


def _gentle(limiter: Limiter, probes: list[_Probe], gain_db: float) -> float:
    """The highest gain below `gain_db` at which deep limiting stays rare, to 0.05 dB."""
    low, high = gain_db - 40.0, gain_db
    while high - low > 0.05:
        middle = (low + high) / 2
        if _deep_share(limiter, probes, middle) <= DEEP_SHARE:
            low = middle
        else:
            high = middle
    return low
