"""Audits of sealed variations: asked for, reported, told. Who renders again calls from above.

A report is numbers and sentences, never sound. It refuses to know how one compares. Invariants: a
verdict is never better than the worst of its findings, and what could not be rendered is never
called identical; whoever asks and whatever comes out stands in the log of facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction

from generation.variations.models import Variation
from generation.work import operations as work
from generation.work.models import Job
from generation.work.queries import latest_job
from generation.work.rules import OPEN, Priority
from licensing.attribution.models import LicenceRecord
from licensing.audit.models import Fact
from licensing.audit.operations import record_fact

AUDIT = "audit"
ASKED, AUDITED = "ask_audit", "audit"
SYSTEM = ("system", "audit")
SEALED = (LicenceRecord.State.SEALED, LicenceRecord.State.WITHDRAWN)
NOT_SEALED = "Its licence record is not sealed, so there is nothing to hold it against yet."
LIVE = (
    "Live sessions are not audited: their windows stand in the record minute by minute, and "
    "nothing renders a minute of one again."
)


class AuditRefused(Exception):
    """An audit that cannot be; the message is one sentence for a person."""


class Verdict(StrEnum):
    """What an audit says, of one thing or of all of them; BY_EVIDENCE: what is stored agrees, and
    it could not be rendered again.
    """

    IDENTICAL = "identical"
    WITHIN = "within"
    DIFFERENT = "different"
    BY_EVIDENCE = "by stored evidence"


_WORST_FIRST = (Verdict.DIFFERENT, Verdict.BY_EVIDENCE, Verdict.WITHIN, Verdict.IDENTICAL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was compared. `figures`: what was measured, units in the names."""

    about: str
    verdict: Verdict
    sentence: str
    figures: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All that an audit found, in the order in which it was looked for."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings."""
        found = {finding.verdict for finding in self.findings}
        return next(verdict for verdict in _WORST_FIRST if verdict in found)

    def to_data(self) -> dict[str, Any]:
        """As plain JSON values, the verdict first."""
        return {"verdict": str(self.verdict), "findings": [asdict(one) for one in self.findings]}


def report_from(data: Mapping[str, Any]) -> Report:
    """The report that `to_data` wrote down."""
    return Report(_findings(data["findings"]))


def _findings(rows: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(one["about"], Verdict(one["verdict"]), one["sentence"], one["figures"])
        for one in rows
    )


def check_auditable(variation: Variation) -> LicenceRecord:
    """The sealed record of a variation; raises AuditRefused where there is none."""
    record = variation.record
    if record is None or record.state not in SEALED:
        raise AuditRefused(NOT_SEALED)
    return record


@transaction.atomic
def ask_audit(*, record_id: UUID, actor: tuple[str, str], reason: str, now: datetime) -> Variation:
    """Have a worker render the variation of a record again and compare; who asked is written down.

    One that is asked for already is left as it is. Raises AuditRefused.
    """
    variation = Variation.objects.select_related("record").filter(record_id=record_id).first()
    if variation is None:
        raise AuditRefused(LIVE)
    check_auditable(variation)
    work.put_jobs(
        wanted=[work.Wanted(AUDIT, variation.subject(), Priority.ANALYSIS)],
        now=now,
    )
    _write(ASKED, variation.pk, actor, {"reason": reason}, now)
    return variation


@transaction.atomic
def keep_audit(
    *, variation_id: UUID, report: Report, now: datetime, actor: tuple[str, str] = SYSTEM
) -> None:
    """Write down what an audit found."""
    _write(AUDITED, variation_id, actor, report.to_data(), now)


def _write(
    verb: str, ref: UUID, actor: tuple[str, str], after: Mapping[str, Any], now: datetime
) -> None:
    record_fact(
        actor=actor, verb=verb, object_kind="variation", object_ref=ref, after=after, at=now
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """How auditing one variation stands: the newest report and its moment, and the job, if any."""

    report: Report | None
    at: datetime | None
    job: Job | None

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has it before it, or in hand."""
        return self.job is not None and self.job.state in OPEN

    @property
    def failed(self) -> str:
        """Why the newest attempt came to no report; "" where it did, or is under way."""
        if self.job is None or self.job.state != "FAILED":
            return ""
        is_older = self.at is not None and self.at > self.job.created_at
        return "" if is_older else self.job.error_sentence


def audit_of(variation: Variation) -> Stand:
    """How auditing a variation stands."""
    facts = Fact.objects.filter(object_kind="variation", object_ref=str(variation.pk), verb=AUDITED)
    newest = facts.order_by("-sequence").first()
    job = latest_job(variation.subject(), AUDIT)
    if newest is None or newest.after is None:
        return Stand(None, None, job)
    return Stand(report_from(newest.after), newest.at, job)
