"""One licence record as a case file: from grant to money, every event naming its row.

It gathers and shows; it decides nothing and writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from generation.variations.models import Variation
from generation.variations.picture import stemma_table
from generation.variations.queries import variation_view
from generation.work.models import Job
from licensing.attribution.models import LicenceRecord, LicenceSource
from licensing.attribution.rules import SESSION
from licensing.audit.models import Fact
from licensing.clearance.models import Grant, Hold
from licensing.compliance.queries import list_on
from portal.audio.pictures import Picture, variation_picture
from portal.audio.stemma import SMALL_POINTS
from portal.backoffice.audits import audited
from portal.backoffice.case_live import WRITTEN_EACH_TIME, live_of
from portal.backoffice.case_money import Money, money_of
from portal.backoffice.case_particulars import particulars_told

_RETRIED = "The attempt before broke off; this one took its place."


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the time line; `state` is done, held or next."""

    at: datetime
    title: str
    row: str
    note: str
    state: str = "done"


def case_file(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """The page; staff alone get here."""
    record = (
        LicenceRecord.objects.select_related("clearance")
        .prefetch_related(
            "sources__stem__recording", "lines__stem__recording", "lines__stem__party"
        )
        .filter(pk=record_id)
        .first()
    )
    if record is None:
        raise Http404
    variation = Variation.objects.filter(record=record).select_related("request", "record").first()
    sources = list(record.sources.all())
    grants = Grant.objects.filter(records__record=record).select_related("party", "stem")
    money = money_of(record, sources)
    refs = _refs(record, sources)
    context = {
        "record": record,
        "money": money,
        "variation": variation,
        "sources": sources,
        "lines": sorted(record.lines.all(), key=lambda line: -line.ppm),
        "external": list(record.external_sources.all()),
        "grants": grants.prefetch_related("withdrawals"),
        "holds": Hold.objects.filter(target_ref__in=refs).order_by("placed_at"),
        "notices": list_on(refs),
        "events": _events(record, variation, list(grants), money),
        "stemma": _picture(variation),
        "live": live_of(record, sources, timezone.now()),
        "audited": audited(variation),
        "particulars": particulars_told(record),
        "is_live": record.subject_kind == SESSION,
    }
    return render(request, "backoffice/case_file.html", context)


def _picture(variation: Variation | None) -> Picture | None:
    """Who sounds when, as listeners see it; None until something was planned."""
    table = stemma_table(variation.id, SMALL_POINTS) if variation is not None else None
    if variation is None or table is None or not table.values:
        return None
    return variation_picture(variation_view(variation.id), table, "small")


def _refs(record: LicenceRecord, sources: list[LicenceSource]) -> set[str]:
    """What a hold or a notice about this record may name."""
    refs = {str(record.pk)}
    for source in sources:
        refs |= {str(source.stem_id), str(source.stem.recording_id)}
    return refs


def _events(
    record: LicenceRecord, variation: Variation | None, grants: list[Grant], money: Money
) -> list[Event]:
    found = [
        Event(grant.granted_at, "Grant in force", str(grant.pk), f"{grant.party}, {grant.stem}")
        for grant in grants
    ]
    found += [
        Event(gone.at, "Withdrawn", str(grant.pk), gone.reason or str(grant.party), "held")
        for grant in grants
        for gone in grant.withdrawals.all()
    ]
    cleared = record.clearance
    answer = "allowed" if cleared.allowed else "refused"
    found.append(Event(cleared.at, f"Clearance: {answer}", str(cleared.pk), cleared.use.lower()))
    found += _facts(record, variation)
    found += _attempts(variation)
    found += [Event(it.at, it.title, it.row, it.note, it.state) for it in money.happened]
    return sorted(found, key=lambda event: event.at)


def _facts(record: LicenceRecord, variation: Variation | None) -> list[Event]:
    refs = [str(record.pk)] + ([str(variation.pk)] if variation else [])
    rows = Fact.objects.filter(object_ref__in=refs).exclude(verb__in=WRITTEN_EACH_TIME)
    return [
        Event(row.at, row.verb.replace("_", " ").capitalize(), f"fact {row.sequence}", "")
        for row in rows.order_by("sequence")
    ]


def _attempts(variation: Variation | None) -> list[Event]:
    """Only jobs that needed another attempt or failed: a case file tells what went wrong."""
    if variation is None:
        return []
    kind, ref = variation.subject()
    jobs = Job.objects.filter(subject_kind=kind, subject_ref=ref, attempt__gt=1)
    return [
        Event(
            job.finished_at or job.due_at,
            f"{job.kind}, part {job.part}: attempt {job.attempt}",
            str(job.pk),
            job.error_sentence if job.state == "FAILED" else _RETRIED,
            "held" if job.state == "FAILED" else "done",
        )
        for job in jobs
    ]
