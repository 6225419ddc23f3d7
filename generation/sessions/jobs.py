"""The jobs of a session: what must be in the queue, given what is planned, stored and handed out.

It refuses to know what the jobs do. Invariant: whoever asks for more sound puts what is missing for
it, so however a job was lost the session goes on with the next question.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from generation.compose.stream import Place, version_of
from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.sessions.queries import Stand
from generation.sessions.rules import State
from generation.work import operations as work
from generation.work.queries import has_open
from generation.work.rules import Priority

# So many segments from the listener on are wanted at once; the others only ahead, and then so many
# together: bells and looks into the queue take a ninth of what a second costs.
_SOON, _TOGETHER = 2, 2


def missing_segments(session: LiveSession, chain: list[Place], numbers: Iterable[int]) -> list[int]:
    """Those of `numbers` whose present version is not stored."""
    wanted = {(n, version_of(chain, n)) for n in numbers}
    stored = set(
        session.segments.filter(number__in=[n for n, _ in wanted]).values_list("number", "version")
    )
    return sorted(n for n, _ in wanted - stored)


def put_plan(session: LiveSession, now: datetime, kind: str = rules.PLAN) -> None:
    """Have the next section written: by rules at once, or (`kind` NETS) after what is urgent."""
    priority = Priority.LIVE if kind == rules.PLAN else Priority.LIVE_AHEAD
    work.put_jobs(wanted=[work.Wanted(kind, session.subject(), priority)], now=now)


def put_segments(
    session: LiveSession,
    chain: list[Place],
    now: datetime,
    *,
    since: int | None = None,
    is_awake: bool = False,
) -> None:
    """Jobs for the segments that are wanted and not stored, from number `since` on if given.

    No further back than a player may still hold what it has not played. The first of all is made
    alone: somebody waits for it, and whoever is free makes it. The rest is for the worker that
    rendered what is before it, what is wanted soon before what is wanted later. `is_awake`: that
    one asks, looks for more by itself, and wakes nobody beside it.
    """
    numbers = rules.wanted_segments(chain, session.handed, since)
    missing = missing_segments(session, chain, numbers)
    if missing[:1] == [0]:
        missing = [0]
    soon = numbers.start + _SOON
    if missing and (missing[0] < soon or len(missing) >= _TOGETHER):
        jobs = [_segment(session, number, is_soon=number < soon) for number in missing]
        work.put_jobs(wanted=jobs, now=now, bells=0 if is_awake else min(2, len(jobs)))


def _segment(session: LiveSession, number: int, *, is_soon: bool) -> work.Wanted:
    priority = Priority.LIVE if is_soon else Priority.LIVE_AHEAD
    return work.Wanted(rules.SEGMENT, session.subject(), priority, part=number, home=session.home)


def put_judge(session: LiveSession, number: int, now: datetime) -> None:
    """Have section `number` judged by whoever has its sound at hand, after what is urgent."""
    wanted = work.Wanted(
        rules.JUDGE, session.subject(), Priority.LIVE_AHEAD, part=number, home=session.home
    )
    work.put_jobs(wanted=[wanted], now=now, bells=0)


def put_seal(session: LiveSession, now: datetime) -> None:
    work.put_jobs(wanted=[work.Wanted(rules.SEAL, session.subject(), Priority.SEAL)], now=now)


def keep_going(
    session: LiveSession, now: datetime, stand: Stand, *, since: int | None = None
) -> None:
    """Everything that a session under way needs next; `since`: the first second asked for.

    A second that a change made stale is put again while its old version is being rendered, and
    counts as put already; so it is whoever waits for it that has it put once more.
    """
    chain = stand.chain
    planner: str | None = rules.PLAN
    if chain and not stand.fallen:
        planner = rules.planner_for(session.mode, chain[-1].end, session.handed)
    if planner is not None:
        put_plan(session, now, planner)
    put_segments(session, chain, now, since=since)
    is_over = session.state not in rules.UNDER_WAY
    if rules.minutes_to_seal(session.handed, session.sealed, is_over=is_over):
        put_seal(session, now)


def mend_sessions(*, now: datetime, patience: timedelta = timedelta(seconds=30)) -> int:
    """Put what sessions lost: jobs of those just begun, and the last seal of those that ended."""
    mended = 0
    begun = LiveSession.objects.filter(state=State.OPENING, created_at__lt=now - patience)
    over = LiveSession.objects.filter(state__in=[State.ENDED, State.FAILED], record__state="OPEN")
    for session in begun:
        if not has_open(session.subject(), rules.KINDS):
            put_plan(session, now)
            mended += 1
    for session in over:
        if not has_open(session.subject(), rules.KINDS):
            put_seal(session, now)
            mended += 1
    return mended
