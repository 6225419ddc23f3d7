"""When a reported play is believed, when it counts, and in which month; values only.

It refuses to know tokens' texts, rows and clocks. Invariant: nobody can have heard what was not
fetched, nor more sound than time has passed (and a tenth, for clocks that differ); a person hears
one piece at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from licensing.ledger.rules import month_end, month_of

COUNTS_FROM_MS = 30_000
"""A play counts from 30 s of sound, or from half of a piece that is shorter than a minute."""
PREVIEW_MS = 30_000
"""What a listener without a receipt may hear of one piece."""
MINUTE_MS = 60_000
"""A live session counts by the started minute."""
CLOCK_SLACK_PERCENT = 10
SWITCH_SLACK_MS = 5_000
"""How late the last word about one piece may come when a listener goes over to another."""
CLOSE_AFTER = timedelta(days=5)
MATCHED_FOR = timedelta(days=90)
REPEAT_WINDOW = timedelta(days=1)
TOKEN_LASTS = timedelta(hours=12)
"""Beyond the piece's own length; a player may pause."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Leave:
    """What a token allows: how long the piece is, what was fetched, since when, until when."""

    duration_ms: int
    fetched_ms: int
    issued_at: datetime
    expires_at: datetime


def refusal_of(
    span: Span, earlier: Iterable[Span], leave: Leave, now: datetime, elsewhere_ms: int = 0
) -> str:
    """Why a reported span is not believed, as a code; "" when it is.

    Codes: empty_span, expired, not_fetched, faster_than_time, heard_elsewhere. `earlier` are the
    spans accepted under the same token; repeats count against the time that has passed, and so does
    what the same person heard under other tokens meanwhile.
    """
    begin, end = span
    if not 0 <= begin < end:
        return "empty_span"
    if not leave.issued_at <= now < leave.expires_at:
        return "expired"
    if end > min(leave.fetched_ms, leave.duration_ms):
        return "not_fetched"
    passed_ms = (now - leave.issued_at) // timedelta(milliseconds=1)
    told_ms = end - begin + sum(until - since for since, until in earlier)
    if told_ms * 100 > passed_ms * (100 + CLOCK_SLACK_PERCENT):
        return "faster_than_time"
    together_ms = told_ms + elsewhere_ms - SWITCH_SLACK_MS
    if elsewhere_ms and together_ms * 100 > passed_ms * (100 + CLOCK_SLACK_PERCENT):
        return "heard_elsewhere"
    return ""


def may_start(minute: int, leave: Leave, now: datetime) -> bool:
    """Whether a minute of a live session, counted from 0, lies within what a token allows."""
    within = 0 <= minute * MINUTE_MS < leave.duration_ms
    return within and leave.issued_at <= now < leave.expires_at


def heard_since(since: datetime, told: Iterable[tuple[int, datetime]]) -> int:
    """Milliseconds of sound under other tokens that must lie after `since`, at most.

    `told`, per token: sound reported after `since`, and when the last of it was. What was reported
    just after `since` was mostly heard before it.
    """
    return sum(min(ms, max(0, (last - since) // timedelta(milliseconds=1))) for ms, last in told)


def heard_ms(spans: Iterable[Span]) -> int:
    """How much of the piece was heard: the union of the spans, so a loop counts once."""
    heard, reached = 0, 0
    for begin, end in sorted(spans):
        heard += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return heard


def is_counted(heard: int, duration_ms: int) -> bool:
    """Whether so much of a piece of this length is a play: 30 s, or half of a shorter piece."""
    return heard >= COUNTS_FROM_MS or 2 * heard >= duration_ms > 0


def is_matched(played_at: datetime, received_at: datetime) -> bool:
    """Whether a usage came early enough to be accrued without a person's decision."""
    return received_at - played_at <= MATCHED_FOR


def may_close(month: date, now: datetime) -> bool:
    """Whether a month's books may be closed: five days after its end, UTC."""
    return now >= month_end(month) + CLOSE_AFTER


def own_month(played_at: datetime) -> date:
    """The month a usage belongs to by when it was played; its first day, UTC."""
    return month_of(played_at)
