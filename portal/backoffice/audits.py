"""Audits at the desk: asked for in a case file, with a reason, and told there when they are made.

A worker renders; here are sentences. Whoever is no staff finds no such page, and nobody hears a
sound by one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from generation.variations.audits import (
    LIVE,
    AuditRefused,
    Report,
    Verdict,
    ask_audit,
    audit_of,
    check_auditable,
)
from generation.variations.models import Variation
from generation.work.models import Job
from licensing.attribution.models import LicenceRecord
from portal.backoffice.deeds import ReasonForm, ask_and_do, staff_actor

_ASKED = "The audit is asked for; it stands in this case file when a worker has made it."
_CONSEQUENCE = (
    "A worker renders the variation again, when nothing is more urgent, and holds it against its "
    "record. What it finds goes to the log; no sound is kept, and nothing becomes playable by it."
)
_WAITS = "Asked for on {asked:%-d %B %Y, %H:%M} UTC; it waits for a worker."
_IN_HAND = "Asked for on {asked:%-d %B %Y, %H:%M} UTC; a worker is rendering it again."
_FAILED = "The last one asked for came to no report: {why} Ask again."
_SIGNS = {Verdict.DIFFERENT: "state-stop", Verdict.BY_EVIDENCE: "state-wait"}


@dataclass(frozen=True, slots=True)
class Row:
    """One finding as a row; `sign` is the class of its state."""

    about: str
    verdict: str
    sign: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Audited:
    """How auditing a record stands, as its case file shows it.

    `sentence` says what is under way or why there can be none; `is_offered`: it can be asked for.
    """

    sentence: str
    is_offered: bool
    at: datetime | None = None
    verdict: str = ""
    sign: str = ""
    rows: tuple[Row, ...] = ()


def audited(variation: Variation | None) -> Audited:
    """What a case file says of the audits of its variation; None: of a live session."""
    if variation is None:
        return Audited(LIVE, is_offered=False)
    try:
        check_auditable(variation)
    except AuditRefused as refused:
        return Audited(str(refused), is_offered=False)
    stand = audit_of(variation)
    sentence = _FAILED.format(why=stand.failed) if stand.failed else ""
    if stand.is_under_way and stand.job is not None:
        sentence = _under_way(stand.job)
    if stand.report is None:
        return Audited(sentence or "Not audited yet.", not stand.is_under_way)
    return Audited(
        sentence,
        is_offered=not stand.is_under_way,
        at=stand.at,
        verdict=str(stand.report.verdict),
        sign=_sign(stand.report.verdict),
        rows=_rows(stand.report),
    )


def _under_way(job: Job) -> str:
    said = _IN_HAND if job.state == "RUNNING" else _WAITS
    return said.format(asked=job.created_at)


def _rows(report: Report) -> tuple[Row, ...]:
    return tuple(
        Row(one.about.capitalize(), str(one.verdict), _sign(one.verdict), one.sentence)
        for one in report.findings
    )


def _sign(verdict: Verdict) -> str:
    return _SIGNS.get(verdict, "state-ok")


def audit_record(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Ask for the audit of a record's variation; staff alone get here."""
    if not LicenceRecord.objects.filter(pk=record_id).exists():
        raise Http404

    def do(data: dict[str, Any]) -> str:
        ask_audit(
            record_id=record_id,
            actor=staff_actor(request),
            reason=data["reason"],
            now=timezone.now(),
        )
        return _ASKED

    return ask_and_do(
        request,
        title="Audit this record",
        consequence=_CONSEQUENCE,
        form_class=ReasonForm,
        do=do,
        back=reverse("admin:case_file", args=[record_id]),
    )
