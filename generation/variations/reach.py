"""How far a recipe goes from its originals: the extremes that its clearance is asked about.

Pure: it reads a recipe as data and refuses to know who composed it, so that no composer, and no
fault in one, goes beyond what the artists allowed. Invariant: every clip counts, by its length, and
every note by its pitch.
"""

import math

from generation.recipe import Clip, Recipe
from licensing.clearance.rules import VOCALS, Asked

FREE_TIME = "granular/1"


def reach_of(plan: Recipe) -> Asked:
    """The slowest and fastest tempo of a source, the largest move of key, whether voices sound.

    Grains, notes and pieces in free time have no tempo and count by their pitch alone; a pitch that
    lies between semitones counts as the nearest.
    """
    timed = {clip.source for clip in plan.clips} if plan.grid is not None else ()
    used = {clip.source for clip in plan.clips} | {note.source for note in plan.notes}
    moved = [abs(clip.semitones) for clip in plan.clips]
    moved += [(abs(100 * note.semitones + note.cents) + 50) // 100 for note in plan.notes]
    ratios = [ratio for source in timed if (ratio := tempo_ratio(plan, source)) is not None]
    return Asked(
        tempo_ratio=(min(ratios, default=1.0), max(ratios, default=1.0)),
        semitones=max(moved, default=0),
        vocals=any(plan.sources[number].role == VOCALS for number in used),
    )


def tempo_ratio(plan: Recipe, source: int) -> float | None:
    """Tempo of the variation / tempo of the stem, None when it sounds in free time.

    To two decimals, cut towards 1.

    The ratio that half of the source's time reaches or stays below: played beats lean both ways by
    some thousandths. What begins in the last section of several, or ends with the piece after
    something else, rings out and has no tempo.
    """
    has_ending = len(plan.sections) > 1
    ending = plan.sections[-1].start if has_ending else plan.length
    clips = [
        clip
        for clip in plan.clips
        if clip.source == source and clip.processor != FREE_TIME and clip.start < ending
    ]
    body = [clip for clip in clips if clip.end < plan.length]
    timed = sorted((_clip_ratio(clip), clip.end - clip.start) for clip in body or clips)
    half = sum(length for _, length in timed) / 2
    passed = 0
    for ratio, length in timed:
        passed += length
        if passed >= half:
            return _towards_one(ratio)
    return None


def _towards_one(ratio: float) -> float:
    cut = math.floor(ratio * 100) if ratio >= 1 else math.ceil(ratio * 100)
    return cut / 100


def _clip_ratio(clip: Clip) -> float:
    if len(clip.anchors) < 2:
        return 1.0
    (first, source_first), (last, source_last) = clip.anchors[0], clip.anchors[-1]
    return (source_last - source_first) / (last - first)
