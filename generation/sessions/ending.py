"""How a session ends, and how its minutes are closed.

It knows states, windows and the licence record. It refuses to know why somebody stops listening.
Invariant: a minute is closed once, with what was handed out; after the last the record is sealed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from generation.sessions import rules
from generation.sessions.models import LiveSession
from generation.sessions.rules import State
from generation.work import operations as work
from generation.work.rules import Priority
from licensing.attribution.live import seal_minute
from licensing.attribution.operations import seal_record, void_record
from licensing.attribution.particulars import UNSAID, Origin
from licensing.audit.operations import record_fact

SYSTEM = ("system", "worker")
STOPPED = ("stopped", "")


def announce(session_id: uuid.UUID, word: str, *, is_hurried: bool = False) -> None:
    """Tell whoever listens, on commit: channel "segment", payload "session id:word".

    `is_hurried`: and do not wait for the disk with it. For what is of no effect before something
    later that does wait: the log of the database is one, so that has both on the disk.
    """
    told = "SELECT pg_notify('segment', %s)"
    if is_hurried:
        told += ", set_config('synchronous_commit', 'off', true)"
    with connection.cursor() as cursor:
        cursor.execute(told, [f"{session_id}:{word}"])


@transaction.atomic
def end_session(
    *,
    session_id: uuid.UUID,
    now: datetime,
    why: tuple[str, str] = STOPPED,
) -> bool:
    """Stop planning and rendering; what was heard is sealed and paid. False: it was over already.

    `why`: a code, and a sentence for the listener where they did not ask for the end. A session
    that had not begun to sound ends FAILED.
    """
    session = LiveSession.objects.select_for_update().get(id=session_id)
    if session.state not in rules.UNDER_WAY:
        return False
    before = session.state
    failed = before == State.OPENING and why != STOPPED
    session.state, session.ended_at = State.FAILED if failed else State.ENDED, now
    session.end_code, session.end_sentence = why
    session.save(update_fields=["state", "ended_at", "end_code", "end_sentence"])
    work.cancel_jobs(subject=session.subject(), kinds=rules.MAKING, now=now)
    if session.record_id is not None:
        put = work.Wanted(rules.SEAL, session.subject(), Priority.SEAL)
        work.put_jobs(wanted=[put], now=now)
    record_fact(
        actor=SYSTEM,
        verb="end_session",
        object_kind="session",
        object_ref=str(session.id),
        before={"state": str(before)},
        after={"state": str(session.state), "why": why[0]},
        at=now,
    )
    announce(session.id, str(session.state))
    return True


def end_idle_sessions(*, now: datetime) -> int:
    """End the sessions whose sound nobody has fetched for IDLE; how many."""
    quiet = LiveSession.objects.filter(
        state__in=rules.UNDER_WAY, heard_at__lte=now - rules.IDLE
    ).values_list("id", flat=True)
    sentence = "Nobody listened for ten minutes, so the session ended."
    return sum(
        end_session(session_id=session_id, now=now, why=("idle", sentence)) for session_id in quiet
    )


@dataclass(frozen=True, slots=True)
class Minute:
    """What was heard in one minute: its lines (stem, ppm), the digest of its windows, and how much
    of it nets wrote.
    """

    minute: int
    lines: tuple[tuple[uuid.UUID, int], ...]
    windows_sha256: str
    model_ppm: int = 0


@transaction.atomic
def close_minute(*, session_id: uuid.UUID, minute: Minute, now: datetime) -> None:
    """Seal one minute in the record; the next one in order, or it changes nothing."""
    session = LiveSession.objects.select_for_update().get(id=session_id)
    if session.sealed != minute.minute or session.record_id is None:
        return
    seal_minute(
        record_id=session.record_id,
        minute=minute.minute,
        lines=minute.lines,
        windows_sha256=minute.windows_sha256,
        model_ppm=minute.model_ppm,
        now=now,
    )
    session.sealed = minute.minute + 1
    session.save(update_fields=["sealed"])


@transaction.atomic
def close_session(
    *,
    session_id: uuid.UUID,
    lines: Sequence[tuple[uuid.UUID, int]],
    windows_sha256: str,
    now: datetime,
    model_ppm: int = 0,
    origin: Origin = UNSAID,
) -> str:
    """Seal the record of a session that is over, all its minutes closed; the record's state.

    `model_ppm`: the nets' part of all that was heard; `origin`: see `seal_record`. Without lines
    nothing sounded and the record is void.
    """
    session = LiveSession.objects.select_for_update().get(id=session_id)
    assert session.record_id is not None
    if not lines:
        return void_record(record_id=session.record_id, reason="Nothing sounded.", now=now).state
    return seal_record(
        record_id=session.record_id,
        lines=lines,
        windows_sha256=windows_sha256,
        measured={"model_ppm": model_ppm},
        files=[],
        now=now,
        origin=origin,
    )
