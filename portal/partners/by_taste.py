"""Asking for a variation by the taste of a partner's listener: what it may choose within.

It asks the rules that clear the request later. Invariant: a target that the partner sent is never
chosen over, and no tempo is chosen that permission or the recording's own forbids.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from generation.analysis.queries import recording_analyses
from generation.taste.queries import Listener
from generation.taste.rules.attributes import known_of_targets
from generation.taste.rules.choosing import Bounds
from generation.variations.by_taste import chooses_in, near, open_bounds, request_by_taste
from generation.variations.models import Variation
from generation.variations.rules import Mode, RequestRefused, use_of
from licensing.clearance.limits import tightest
from licensing.clearance.queries import ClearableRecording, list_clearable
from portal.partners.problems import Problem

# More tell no more about how far tempi reach.
_TEMPI_MOST = 100


def request_for(listener: Listener, wanted: Mapping[str, Any]) -> Variation:
    """Ask for what is `wanted`, arguments of `request_variation`, by this listener's taste.

    Raises RequestRefused as that does, and a problem where taste chooses nothing.
    """
    mode = Mode(wanted["mode"])
    if not chooses_in(mode):
        raise Problem(422, "no_taste_here", "Taste chooses in MOOD, FOCUS and AMBIENT alone.")
    return request_by_taste(listener=listener, bounds=_bounds(mode, wanted), **wanted)


def _bounds(mode: Mode, wanted: Mapping[str, Any]) -> Bounds:
    """What taste may choose within; what was sent stands where it was sent."""
    found = list_clearable(
        use_of(mode),
        wanted["territory"],
        wanted["channel"],
        wanted["now"],
        requester=wanted["requester"],
        recording_ids=_ids(wanted["recordings"]) or None,
        by_taste=True,
    )
    limits = tightest(one.limits for one in found)
    is_named = bool(wanted["recordings"])
    tempi = _tempi(found)
    reach = near(tempi[:1] if is_named else tempi)
    if reach is not None and is_named:
        low, high = limits.tempo_min_ratio * tempi[0], limits.tempo_max_ratio * tempi[0]
        reach = (max(reach[0], low), min(reach[1], high))
    sung = any(stem.role == "vocals" for one in found for stem in one.stems)
    may_sing = limits.vocals if is_named else True
    open_ones = open_bounds(mode, tempo_bpm=reach, with_vocals=sung and may_sing)
    sent = known_of_targets(wanted["targets"])
    return dict(open_ones) | {name: (value, value) for name, value in sent.items()}


def _ids(recordings: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in recordings]
    except ValueError:
        sentence = "There is no such recording."
        raise RequestRefused("no_such_recording", sentence, "recordings") from None


def _tempi(found: Sequence[ClearableRecording]) -> list[float]:
    """The tempi of the newest of these that have one."""
    known = recording_analyses([one.recording_id for one in found[:_TEMPI_MOST]])
    measured = (known.get(one.recording_id) for one in found[:_TEMPI_MOST])
    return [one.tempo_bpm for one in measured if one is not None and one.tempo_bpm is not None]
