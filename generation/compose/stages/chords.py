"""The stage of chords: the recording's own where they are known, else a net's for its melody.

It knows sections and candidates. It refuses to know how chords are measured and drawn. Invariant:
a chord that the recording told is never replaced; a section without chords and without a melody
stays without.
"""

from collections.abc import Iterable, Sequence

from generation.compose.harmony import chords_under
from generation.compose.stages.asking import answers
from generation.compose.stages.melody import melody_under
from generation.compose.stages.plans import ChordPlan, Draft
from generation.nets.chosen import Loaded
from generation.nets.values import (
    METERS,
    SEED_BELOW,
    ChordLine,
    Harmony,
    HarmonyRequest,
    NoteLine,
    Signature,
    share_inside,
)

CANDIDATES = 8
# What one bit a beat of surprise takes from a candidate, against the share of its notes in chords.
_SURPRISE = 0.1
FOUND = "A net found the chords of the sections {names} for their melody."
UNASKED = "No harmony net serves, so the sections {names} have no chords for new notes."


def plan_chords(drafts: Sequence[Draft]) -> list[ChordPlan]:
    """The chords of each draft, all melodies harmonised together."""
    known = [_known(draft) for draft in drafts]
    open_ones = [
        _requests(draft, told) if draft.players else {}
        for draft, told in zip(drafts, known, strict=True)
    ]
    wanted: list[tuple[Loaded, HarmonyRequest]] = []
    for draft, requests in zip(drafts, open_ones, strict=True):
        net = draft.net("harmony")
        wanted += [(net, one) for one in requests.values()] if net is not None else []
    found = iter(answers(wanted, lambda net, requests: net.write(requests)))
    plans = []
    for draft, told, requests in zip(drafts, known, open_ones, strict=True):
        net, names = draft.net("harmony"), _names(draft, requests)
        if not requests:
            plans.append(ChordPlan(told))
        elif net is None:
            plans.append(ChordPlan(told, remarks=(UNASKED.format(names=names),)))
        else:
            written = {n: _best(next(found), one.melody) for n, one in requests.items()}
            under = told | {n: one.chords for n, one in written.items()}
            said = (FOUND.format(names=names),)
            plans.append(ChordPlan(under, (net.choice.digest,), said))
    return plans


def _known(draft: Draft) -> dict[int, ChordLine]:
    under = {n: chords_under(draft.plan, draft.made, n) for n in range(len(draft.made.scenes))}
    return {n: line for n, line in under.items() if line is not None}


def _requests(draft: Draft, told: dict[int, ChordLine]) -> dict[int, HarmonyRequest]:
    """A request for every section with a melody and without chords."""
    plan, meter = draft.plan, (draft.plan.beats_per_bar, 4)
    if plan.grid is None or plan.key is None or meter not in METERS:
        return {}
    signature = Signature(meter, plan.key.tonic, plan.key.mode)
    found = {}
    for n, scene in enumerate(draft.made.scenes):
        melody = None if n in told else melody_under(plan, draft.made, n, signature)
        if melody is not None:
            seed = draft.dice.whole(f"chords {n}", SEED_BELOW)
            beats = scene.span.bars * plan.beats_per_bar
            found[n] = HarmonyRequest(signature, beats, melody, seed, CANDIDATES)
    return found


def _best(candidates: Sequence[Harmony], melody: NoteLine) -> Harmony:
    """The likeliest of those that hold the melody's notes on the beat."""

    def worth(one: Harmony) -> float:
        inside, count = share_inside(melody, one.chords)
        return inside / max(1, count) - _SURPRISE * one.bits_per_beat

    return max(candidates, key=worth)


def _names(draft: Draft, sections: Iterable[int]) -> str:
    return ", ".join(draft.made.scenes[n].span.name for n in sections)
