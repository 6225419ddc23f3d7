"""What is said about a subject when a job for it has failed for good.

Light on purpose: the sweeper says these things and loads no device library. Invariant: nothing is
billed and a person finds a sentence on the page.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from generation.sessions import rules as sessions
from generation.sessions.ending import end_session
from generation.uploads import operations as uploads
from generation.variations import audits, encodings, rules
from generation.variations.operations import fail_variation
from generation.work.models import Job

Ending = Callable[[Job, datetime], None]

UNDECODED = "We could not decode this file; the fault may be ours. Send it again later."


def _variation(job: Job, now: datetime) -> None:
    fail_variation(
        variation_id=UUID(job.subject_ref),
        code=job.error_code,
        sentence=job.error_sentence,
        now=now,
    )


def _upload(job: Job, now: datetime) -> None:
    uploads.refuse_upload(
        upload_id=UUID(job.subject_ref), code=job.error_code, sentence=UNDECODED, now=now
    )


def _session(job: Job, now: datetime) -> None:
    end_session(session_id=UUID(job.subject_ref), now=now, why=(job.error_code, job.error_sentence))


def _nothing(_job: Job, _now: datetime) -> None:
    """The job's own row says it: measuring failed, or another does it when it is wanted."""


ENDINGS: dict[str, Ending] = {
    rules.COMPOSE: _variation,
    rules.PIECE: _variation,
    rules.SEAL: _variation,
    audits.AUDIT: _nothing,
    sessions.PLAN: _session,
    sessions.NETS: _nothing,
    sessions.SEGMENT: _session,
    sessions.SEAL: _nothing,
    **dict.fromkeys(encodings.KINDS, _nothing),
    uploads.INGEST: _upload,
    uploads.MEASURE_STEM: _nothing,
    uploads.MEASURE_RECORDING: _nothing,
}
