"""What is done every night, by the sweeper's second thread; each duty is a command of `manage.py`.

So what runs by itself is what an operator can run by hand. A duty that fails is tried again twice;
what it said stands on the desk. Invariant: two sweepers never run a duty of one night side by side.
"""

import io
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, close_old_connections, transaction

from portal.backoffice.models import NightlyRun

log = logging.getLogger(__name__)

ATTEMPTS = 3
AGAIN_AFTER = timedelta(hours=1)
LOST_AFTER = timedelta(hours=6)
OVERDUE_AFTER = timedelta(hours=26)
LOOK_EVERY_S = 60.0
LONGEST_SAID = 2_000
State = NightlyRun.State
_IN_WORDS = {
    "score_usages": "Look for odd plays",
    "retire_evidence": "Let evidence of old months go",
    "access": "Look who may decide here",
    "mind_takedowns": "Mail what is overdue of notices",
    "verify_books": "Verify the books and the log",
    "net_consents": "Hold nets to what they may learn from",
    "fit_taste": "Learn what listeners like",
    "clearsessions": "Forget log-ins that ended",
    "reconcile": "Hold the bank's file to the books",
}


def duties() -> Mapping[str, tuple[str, ...]]:
    """Every duty with the arguments of its command, in the order in which they run."""
    found: dict[str, tuple[str, ...]] = {
        "score_usages": (),
        "verify_books": ("--keep", settings.ANCHOR_FILE) if settings.ANCHOR_FILE else (),
        "retire_evidence": (),
        "access": ("--check",),
        "net_consents": (),
        "fit_taste": (),
        "mind_takedowns": (),
        "clearsessions": (),
    }
    if settings.BANK_FILE:
        found["reconcile"] = ("--bank", settings.BANK_FILE)
    return found


def night_of(now: datetime) -> date:
    """The night whose hour has come: it begins at NIGHTLY_HOUR, UTC."""
    return (now.astimezone(UTC) - timedelta(hours=settings.NIGHTLY_HOUR)).date()


def run_due(*, clock: Callable[[], datetime]) -> int:
    """Run every duty of this night that is due, one after the other; how many were run."""
    ran = 0
    for duty, arguments in duties().items():
        run = _claim(duty, clock())
        if run is not None:
            _run(run, arguments, clock)
            ran += 1
    return ran


def run_nightly(*, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Look every minute, until `stop` is set; a database that is away is asked again."""
    while not stop.wait(LOOK_EVERY_S):
        try:
            close_old_connections()
            run_due(clock=clock)
        except Exception:
            log.exception("the duties of the night could not be looked at")


@transaction.atomic
def _claim(duty: str, now: datetime) -> NightlyRun | None:
    """The run that is ours to do now: the night's first, or another attempt; None otherwise."""
    night = night_of(now)
    run = NightlyRun.objects.select_for_update().filter(duty=duty, night=night).first()
    if run is None:
        try:
            with transaction.atomic():
                return NightlyRun.objects.create(
                    duty=duty, night=night, state=State.RUNNING, began_at=now
                )
        except IntegrityError:
            return None
    if not _is_to_be_tried_again(run, now):
        return None
    run.state, run.attempt, run.began_at, run.ended_at = State.RUNNING, run.attempt + 1, now, None
    run.save()
    return run


def _is_to_be_tried_again(run: NightlyRun, now: datetime) -> bool:
    if run.state == State.RUNNING:
        return run.began_at <= now - LOST_AFTER
    if run.state == State.DONE or run.ended_at is None:
        return False
    return run.attempt < ATTEMPTS and run.ended_at <= now - AGAIN_AFTER


def _run(run: NightlyRun, arguments: tuple[str, ...], clock: Callable[[], datetime]) -> None:
    """Do it and write down how it ended: what it printed, or the sentence of what went wrong."""
    said = io.StringIO()
    state = State.DONE
    try:
        call_command(run.duty, *arguments, stdout=said, stderr=said)
    except SystemExit as ended:
        state = State.FAILED if ended.code else State.DONE
    except Exception as error:
        state = State.FAILED
        said.write(f"{error}\n")
        log.exception("the nightly duty %s failed", run.duty)
    run.state, run.ended_at = state, clock()
    run.said = said.getvalue().strip()[-LONGEST_SAID:]
    run.save(update_fields=["state", "ended_at", "said"])


@dataclass(frozen=True, slots=True)
class LastRun:
    """A duty for the desk's first page: its newest run, and whether a good one is overdue."""

    duty: str
    run: NightlyRun | None
    is_overdue: bool

    @property
    def words(self) -> str:
        """What the duty does."""
        return _IN_WORDS.get(self.duty, self.duty)


def last_runs(now: datetime) -> tuple[LastRun, ...]:
    """Every duty, whether it ever ran or not."""
    found = []
    for duty in duties():
        rows = NightlyRun.objects.filter(duty=duty).order_by("-night")
        done = rows.filter(state=State.DONE).first()
        is_overdue = done is None or done.began_at < now - OVERDUE_AFTER
        found.append(LastRun(duty, rows.first(), is_overdue))
    return tuple(found)
