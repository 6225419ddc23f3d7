"""Starting and steering a session: the one door for player, page and partner API.

It refuses to know rights; the worker clears before it plans. Invariants: one key of a requester has
one session; a listener has one session at a time, so a new one ends the one before.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from generation.sessions import rules
from generation.sessions.ending import end_session
from generation.sessions.jobs import put_plan
from generation.sessions.models import ControlPoint, LiveSession
from generation.sessions.rules import Asked, State
from generation.variations.rules import TITLES, Mode, RequestRefused
from licensing.audit.operations import record_fact
from licensing.catalog.models import Party, Recording
from licensing.receipts.queries import is_funded

Who = tuple[str, str]
ANOTHER = ("another_began", "You began another session, so this one ended.")


def start_session(
    *,
    requester: Who,
    key: str,
    mode: str,
    targets: Mapping[str, Any],
    seed: int,
    territory: str,
    channel: str,
    now: datetime,
    listener: Who | None = None,
    recordings: Sequence[str] = (),
    artist: uuid.UUID | None = None,
    by_taste: bool = False,
) -> LiveSession:
    """Begin a session for `listener` (default: the requester, who also pays).

    `by_taste`: a taste profile chose some of the targets.

    The same key gives the same session again. Raises RequestRefused: codes of
    `rules.check_session`, "no_pool" where no receipt of the requester covers this moment,
    "no_such_recording", "no_such_artist", "key_used", "too_many" within a minute,
    "too_many_sessions" at once.
    """
    asked = rules.check_session(
        mode=mode,
        targets=targets,
        recordings=recordings,
        artist=artist,
        seed=seed,
        territory=territory,
        channel=channel,
    )
    who = listener or requester
    with transaction.atomic():
        _lock(requester)
        known = LiveSession.objects.filter(
            requester_kind=requester[0], requester_ref=requester[1], key=key
        ).first()
        if known is not None:
            return _same(known, asked, who)
        if not is_funded(requester, now):
            sentence = "A live session needs a subscription that covers this moment."
            raise RequestRefused("no_pool", sentence)
        _make_room(requester, who, now)
        session = _write(requester, who, key, asked, now, by_taste=by_taste)
        put_plan(session, now)
    return session


def _write(
    requester: Who, listener: Who, key: str, asked: Asked, now: datetime, *, by_taste: bool
) -> LiveSession:
    session = LiveSession.objects.create(
        requester_kind=requester[0],
        requester_ref=requester[1],
        listener_kind=listener[0],
        listener_ref=listener[1],
        key=key,
        mode=asked.mode,
        artist=asked.artist,
        recordings=list(asked.recordings),
        targets=dict(asked.targets),
        by_taste=by_taste,
        seed=asked.seed,
        territory=asked.territory,
        channel=asked.channel,
        title=_title_of(asked),
        created_at=now,
        heard_at=now,
    )
    record_fact(
        actor=requester,
        verb="start_session",
        object_kind="session",
        object_ref=str(session.id),
        after={"mode": asked.mode, "targets": dict(asked.targets)},
        at=now,
    )
    return session


# A session that a crash of the database forgets is begun again: nothing of it was heard.
_ONE_AT_A_TIME = """
SELECT set_config('synchronous_commit', 'off', true),
       pg_advisory_xact_lock(hashtextextended(%s, 0))
"""


def _lock(requester: Who) -> None:
    """One start of a requester at a time, until the transaction ends, without a wait for the disk
    at its end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, ["live " + ":".join(requester)])


def _same(known: LiveSession, asked: Asked, listener: Who) -> LiveSession:
    was = (known.mode, known.artist, tuple(known.recordings), known.targets, known.seed)
    now = (asked.mode, asked.artist, asked.recordings, dict(asked.targets), asked.seed)
    if was != now or (known.listener_kind, known.listener_ref) != listener:
        raise RequestRefused("key_used", "This key was used for another session.", "key")
    return known


def _make_room(requester: Who, listener: Who, now: datetime) -> None:
    """End what this listener hears; a client without named customers has many listeners."""
    under_way = Q(state__in=rules.UNDER_WAY)
    if listener[0] != "client":
        theirs = LiveSession.objects.filter(listener_kind=listener[0], listener_ref=listener[1])
        recent = theirs.filter(under_way | Q(created_at__gt=now - rules.PER))
        found = list(recent.values_list("id", "state", "created_at"))
        if sum(begun > now - rules.PER for _, _, begun in found) >= rules.STARTS:
            sentence = "That was a lot within a minute. Wait a little, then try again."
            raise RequestRefused("too_many", sentence)
        for session_id in (one for one, state, _ in found if state in rules.UNDER_WAY):
            end_session(session_id=session_id, now=now, why=ANOTHER)
    if requester[0] != "client":
        return
    mine = LiveSession.objects.filter(
        under_way, requester_kind=requester[0], requester_ref=requester[1]
    ).count()
    if mine >= rules.SESSIONS_OF_A_CLIENT:
        sentence = f"{mine} live sessions are running; end one first."
        raise RequestRefused("too_many_sessions", sentence)


def _title_of(asked: Asked) -> str:
    """ "Nextday, mood bed"; raises RequestRefused for what is not there for listeners."""
    kind = TITLES[Mode(asked.mode)]
    if asked.artist is not None:
        party = Party.objects.filter(id=asked.artist, recordings__state="COMPLETE").first()
        if party is None:
            raise RequestRefused("no_such_artist", "There is no such artist.", "artist")
        return f"{party.name}, {kind}"[:200]
    titles = _titles(asked.recordings)
    return f"{' and '.join(titles)}, {kind}"[:200] if titles else kind.capitalize()


def _titles(recordings: Sequence[str]) -> list[str]:
    try:
        wanted = [uuid.UUID(one) for one in recordings]
    except ValueError:
        wanted = []
    found = dict(
        Recording.objects.filter(id__in=wanted, state="COMPLETE").values_list("id", "title")
    )
    if len(found) < len(recordings):
        raise RequestRefused("no_such_recording", "There is no such recording.", "recordings")
    return [found[one] for one in wanted]


@transaction.atomic
def steer_session(
    *,
    session_id: uuid.UUID,
    wishes: Mapping[str, Any],
    now: datetime,
    heard_at: int | None = None,
) -> ControlPoint:
    """Change targets of a session under way, to be heard from the next bar line on.

    `heard_at`: the sample that the listener hears at this moment, if the player tells it. Raises
    RequestRefused: a wish out of range, "session_over".
    """
    session = LiveSession.objects.select_for_update().get(id=session_id)
    if session.state not in rules.UNDER_WAY:
        raise RequestRefused("session_over", "This session is over; start another one.")
    last, targets = latest_control(session)
    control = ControlPoint.objects.create(
        session=session,
        index=last.index + 1 if last else 1,
        targets=rules.check_wishes(session.mode, targets, wishes),
        said_at=heard_at,
        asked_at=now,
    )
    put_plan(session, now)
    return control


def latest_control(session: LiveSession) -> tuple[ControlPoint | None, dict[str, Any]]:
    """The last change that was asked for, if any, and the targets that hold since."""
    last = session.controls.order_by("-index").first()
    return last, last.targets if last is not None else session.targets


def is_waiting(session: LiveSession) -> bool:
    """Whether a change was asked for that no section follows yet."""
    asked = session.controls.aggregate(last=Max("index"))["last"]
    if asked is None or session.state != State.LIVE:
        return False
    followed = session.sections.aggregate(last=Max("control"))["last"] or 0
    return bool(followed < asked)
