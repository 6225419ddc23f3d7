"""What may be asked of a live session, how far workers go ahead, and when it is over.

Pure: no rows, no sound, no clock. Positions are samples of the session. Invariant: ENDED and FAILED
are ends; a wish is one of the targets a variation has, in the same range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from generation.compose.stream import (
    AHEAD,
    SEGMENT_SAMPLES,
    Place,
    count_planned,
    first_changed,
    segment_at,
)
from generation.recipe import SAMPLE_RATE_HZ
from generation.variations import rules as variations
from generation.variations.rules import Mode, RequestRefused

PLAN, NETS, SEGMENT, SEAL = "live_plan", "live_nets", "live_segment", "live_seal"
MAKING = (PLAN, NETS, SEGMENT)
KINDS = (*MAKING, SEAL)
MODES = (Mode.MOOD, Mode.FOCUS, Mode.AMBIENT)
WISHES = ("energy", "valence", "brightness", "density", "tempo_bpm", "key", "vocals")
NOTHING_LEFT = (
    "nothing_clearable",
    "No artist permits this use any more, so the session ended here.",
)
TOO_LONG = ("too_long", "A session lasts up to twelve hours; start another one.")

# Workers render so many seconds beyond what was handed out: two bars of a slow piece.
RENDERED_AHEAD = 5
# And plan until so far beyond it, so that a section is there before its first segment is wanted.
PLANNED_AHEAD = 12 * SAMPLE_RATE_HZ
# Where planned sound ends nearer than this rules go on at once: nobody waits for nets.
PRESSING = 7 * SAMPLE_RATE_HZ
# Modes whose sections have bars for nets to write in.
NETS_WRITE = (Mode.MOOD, Mode.FOCUS)
# The moment that a change needs to be planned, rendered and fetched before it can be heard.
REACTION = round(0.3 * SAMPLE_RATE_HZ)
# A player may hold so much sound that it has not played yet; a change may still replace it.
HELD_BACK = 8 * SAMPLE_RATE_HZ
# The segments it reaches into, with the one in which a change is prepared before its bar line.
_HELD_SEGMENTS = HELD_BACK // SEGMENT_SAMPLES + 1
MINUTE_SAMPLES = 60 * SAMPLE_RATE_HZ
LONGEST = 12 * 60 * MINUTE_SAMPLES
# A session whose sound nobody fetched for so long is over.
IDLE = timedelta(minutes=10)
SESSIONS_OF_A_CLIENT = 64
# So many sessions one listener may begin within PER.
STARTS, PER = 20, timedelta(minutes=1)


class State(StrEnum):
    """Where a session stands: OPENING until its first section is written."""

    OPENING = "OPENING"
    LIVE = "LIVE"
    ENDED = "ENDED"
    FAILED = "FAILED"


UNDER_WAY = (State.OPENING, State.LIVE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request. `artist`: the party whose recordings alone may sound, or None."""

    mode: str
    artist: UUID | None
    recordings: tuple[str, ...]
    targets: Mapping[str, Any]
    seed: int
    territory: str
    channel: str


def check_session(
    *,
    mode: str,
    targets: Mapping[str, Any],
    recordings: Sequence[str],
    artist: UUID | None,
    seed: int,
    territory: str,
    channel: str,
) -> Asked:
    """The request, complete and in range; raises RequestRefused with the field that is wrong."""
    checked = variations.check_request(
        mode=mode,
        targets=check_opening(mode, targets),
        recordings=recordings,
        seed=seed,
        territory=territory,
        channel=channel,
    )
    return Asked(
        mode=checked.mode,
        artist=artist,
        recordings=tuple(checked.recordings),
        targets={name: checked.targets[name] for name in WISHES},
        seed=checked.seed,
        territory=checked.territory,
        channel=checked.channel,
    )


def check_opening(mode: str, targets: Mapping[str, Any]) -> dict[str, Any]:
    """The targets that a session of `mode` is to begin with, as they were given; raises
    RequestRefused for another mode, for what is no target, and for a value out of range.
    """
    if mode not in MODES:
        raise RequestRefused("unknown_mode", "A session is mood, focus or ambient.", "mode")
    given = _wishes(targets)
    variations.check_targets(Mode(mode), given)
    return dict(given)


def check_wishes(mode: str, now: Mapping[str, Any], wishes: Mapping[str, Any]) -> dict[str, Any]:
    """The targets `now` with `wishes` in their place; raises RequestRefused.

    A tempo or key of None leaves it to the composer again.
    """
    if not wishes:
        raise RequestRefused("no_wish", "Say at least one thing that shall change.")
    checked = variations.check_targets(Mode(mode), dict(now) | dict(_wishes(wishes)))
    return {name: checked[name] for name in WISHES}


def _wishes(given: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = sorted(set(given) - set(WISHES))
    if unknown:
        name = unknown[0]
        raise RequestRefused("unknown_target", f"There is no target called {name!r:.60}.", name)
    return given


def change_from(handed: int, heard_at: int | None, listed: int = 0) -> int:
    """The sample from which a change may be heard, at the earliest.

    `handed`: sound up to there is in the listener's hands. `heard_at`: where they say they are;
    what they hold beyond can be replaced. Without it nothing that was handed out is changed, and
    nothing ever before `listed`: see `listing`.
    """
    if heard_at is None:
        return handed + AHEAD
    found = min(handed, max(heard_at, handed - HELD_BACK)) + REACTION
    return max(found, listed + AHEAD) if listed else found


def changes_listed(start: int, listed: int) -> bool:
    """Whether a section from `start` on would change sound that a play list has named."""
    return first_changed(start) * SEGMENT_SAMPLES < listed


def wanted_segments(chain: Sequence[Place], handed: int, since: int | None = None) -> range:
    """The segments to have ready when sound up to `handed` was handed out; those planned.

    `since`: from that one on, if it can still be replaced in a player's hands.
    """
    first = segment_at(handed)
    planned = count_planned(chain[-1].end) if chain else 0
    begin = first if since is None else max(0, min(first, max(since, first - _HELD_SEGMENTS)))
    return range(begin, min(planned, first + RENDERED_AHEAD))


def may_hand_out(state: str, handed: int, segment: int) -> bool:
    """Whether a segment may go out: of a session that is over, only what was in the hands already.

    Its minutes are sealed or about to be, so one that begins now would pay nobody.
    """
    return state in UNDER_WAY or (segment + 1) * SEGMENT_SAMPLES <= handed


def is_plan_due(end: int, handed: int) -> bool:
    """Whether a chain that ends at `end` needs another section."""
    return end < handed + PLANNED_AHEAD and end < LONGEST


def planner_for(mode: str, end: int, handed: int) -> str | None:
    """Which job is to write what follows a chain that ends at `end`; None while it reaches far
    enough.

    Nets write where there is time for them, rules where sound is wanted soon or nets have nothing
    to write.
    """
    if not is_plan_due(end, handed):
        return None
    return NETS if mode in NETS_WRITE and end >= handed + PRESSING else PLAN


def minute_of(segment: int) -> int:
    """The minute in which a segment begins."""
    return segment * SEGMENT_SAMPLES // MINUTE_SAMPLES


def segments_of(minute: int) -> range:
    """The segments of a minute."""
    each = MINUTE_SAMPLES // SEGMENT_SAMPLES
    return range(minute * each, (minute + 1) * each)


def minutes_of(handed: int) -> int:
    """How many minutes were started."""
    return -(-handed // MINUTE_SAMPLES)


def minutes_to_seal(handed: int, sealed: int, *, is_over: bool) -> range:
    """The minutes that can be sealed now: nothing in them may still be replaced."""
    settled = max(0, handed - HELD_BACK) // MINUTE_SAMPLES
    return range(sealed, minutes_of(handed) if is_over else settled)


def is_idle(heard_at: datetime, now: datetime) -> bool:
    """Whether nobody has fetched anything for too long."""
    return now - heard_at >= IDLE
