"""Licence records are opened, sealed or voided; what withdrawals and deletions stop is counted.

It refuses to know recipes and sound. Invariant of the two transactions: both lock the
stems FOR SHARE in the order of their ids, a withdrawal or hold takes them FOR UPDATE; so a record
is either opened before the withdrawal, which then counts it, or not at all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from licensing.attribution.attesting import record_sha256
from licensing.attribution.keeping import keep_particulars
from licensing.attribution.models import (
    AttributionLine,
    ExternalSource,
    LicenceGrant,
    LicenceRecord,
    LicenceSource,
)
from licensing.attribution.particulars import UNSAID, Origin
from licensing.attribution.queries import (
    Consequences,
    preview_deletion,
    preview_withdrawal,
    still_stands,
)
from licensing.attribution.rules import (
    ExternalMade,
    OpenRefused,
    SealRefused,
    check_digest,
    check_lines,
    check_opening,
    check_sources,
    measures_of,
)
from licensing.audit.operations import record_fact
from licensing.catalog.operations import mark_stem_deleted
from licensing.clearance import operations as clearance
from licensing.clearance.approving import ask_holders, measure_approvals
from licensing.clearance.effects import Effect
from licensing.clearance.facts import Facts, load_facts
from licensing.clearance.limits import Limits, limits_from_json
from licensing.clearance.models import Clearance, Grant
from licensing.clearance.queries import get_clearance
from licensing.clearance.rules import VOCALS, Asked, Decision, Reason, UseAsked
from licensing.given import NOT_RECORDED, Given

Actor = tuple[str, str]
_SYSTEM = ("system", "attribution")


def share_stems(stem_ids: Iterable[UUID]) -> None:
    """Lock stems FOR SHARE in the order of their ids, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM catalog_stem WHERE id = ANY(%s) ORDER BY id FOR SHARE",
            [sorted(set(stem_ids))],
        )


@transaction.atomic
def open_record(
    *,
    subject: tuple[str, UUID | str],
    clearance_id: UUID,
    recipe_sha256: str,
    sources: Sequence[tuple[UUID, str]],
    policy: str,
    now: datetime,
    made: Asked | None = None,
    external: Sequence[ExternalMade] = (),
) -> LicenceRecord:
    """Transaction Open: lock the sources, decide again, write the record or raise OpenRefused.

    Holders who want to hear it first are asked in the same transaction.

    `subject`: (kind, ref), one record each; the same call again returns the record there is.
    `sources`: (stem, digest) in recipe order, among the stems of the clearance. `made`: the
    extremes of the recipe; without it nothing may have become tighter since the clearance.
    `external`: sounds in it that rest on no stem.
    """
    cleared = get_clearance(clearance_id)
    share_stems(stem for stem, _ in sources)
    earlier = _earlier(subject, clearance_id, recipe_sha256)
    if earlier is not None:
        return earlier
    facts = load_facts([stem for stem, _ in sources], now, cleared.use)
    decision = decide_again(cleared, facts, sources, made)
    ask_holders(
        clearance=cleared,
        decision=decision,
        facts=facts,
        made=_made_of(decision, facts, made),
        now=now,
    )
    record = write_record(
        subject=subject,
        cleared=cleared,
        decision=decision,
        recipe_sha256=recipe_sha256,
        sources=sources,
        policy=policy,
        now=now,
    )
    ExternalSource.objects.bulk_create(
        ExternalSource(record=record, made_at=now, **asdict(one)) for one in external
    )
    return record


def write_record(
    *,
    subject: tuple[str, UUID | str],
    cleared: Clearance,
    decision: Decision,
    recipe_sha256: str,
    sources: Sequence[tuple[UUID, str]],
    policy: str,
    now: datetime,
) -> LicenceRecord:
    """The rows of a record that was decided on; its stems are locked by the caller."""
    record = LicenceRecord.objects.create(
        subject_kind=subject[0],
        subject_ref=str(subject[1]),
        clearance=cleared,
        use=cleared.use,
        recipe_sha256=check_digest(recipe_sha256),
        terms_sha256=cleared.terms_sha256,
        policy=policy,
        opened_at=now,
        ends_at=decision.ends_at,
    )
    LicenceSource.objects.bulk_create(
        LicenceSource(record=record, stem_id=stem, digest=digest, position=position)
        for position, (stem, digest) in enumerate(sources)
    )
    LicenceGrant.objects.bulk_create(
        LicenceGrant(record=record, grant_id=ref)
        for ref in sorted({grant.grant for grant in decision.grants})
    )
    after = {"subject": list(map(str, subject)), "clearance": str(cleared.pk)}
    write_fact("open_record", record, after | {"recipe_sha256": recipe_sha256}, now)
    return record


def _made_of(decision: Decision, facts: Facts, made: Asked | None) -> Asked:
    """How far the recipe goes; one that is not known goes as far as it may."""
    has_vocals = any(source.role == VOCALS for source in facts.sources.values())
    if made is not None:
        return replace(made, vocals=made.vocals or has_vocals)
    limits = decision.limits
    span = limits.tempo_min_ratio, limits.tempo_max_ratio
    return Asked(span, limits.semitones_max, has_vocals)


def _earlier(
    subject: tuple[str, UUID | str], clearance_id: UUID, recipe_sha256: str
) -> LicenceRecord | None:
    record = LicenceRecord.objects.filter(
        subject_kind=subject[0], subject_ref=str(subject[1])
    ).first()
    if record is None:
        return None
    if (record.clearance_id, record.recipe_sha256) == (clearance_id, recipe_sha256):
        return record
    raise OpenRefused([Reason("subject_taken", "This subject has another licence record.")])


def decide_again(
    cleared: Clearance, facts: Facts, sources: Sequence[tuple[UUID, str]], made: Asked | None
) -> Decision:
    """The rules' answer of this moment on the sources alone; the caller holds their stems.

    Raises OpenRefused for a no.
    """
    if not cleared.allowed:
        raise OpenRefused([Reason("not_allowed", "The clearance was refused.")])
    wanted = UseAsked(
        use=cleared.use,
        stems=tuple(stem for stem, _ in sources),
        requester=(cleared.requester_kind, cleared.requester_ref),
        territory=cleared.territory,
        channel=cleared.channel,
        by_taste=bool(cleared.by_taste),
    )
    within = set(map(UUID, cleared.stems)), limits_from_json(cleared.limits)
    return decide_on(wanted, facts, sources, made, within)


def decide_on(
    wanted: UseAsked,
    facts: Facts,
    sources: Sequence[tuple[UUID, str]],
    made: Asked | None,
    within: tuple[set[UUID], Limits] | None = None,
) -> Decision:
    """The rules' answer on the sources, checked against what was made of them.

    `within`: the stems and limits of an earlier clearance, where there was one. Raises OpenRefused.
    """
    digests = {ref: source.digest for ref, source in facts.sources.items()}
    decision = facts.decide(wanted)
    stems, limits = within or (set(wanted.stems), decision.limits)
    reasons = check_sources(sources, stems, digests)
    reasons += decision.reasons
    if not reasons:
        roles = [source.role for source in facts.sources.values()]
        reasons += check_opening(decision, limits, made, roles)
    if reasons:
        raise OpenRefused(reasons)
    return decision


@transaction.atomic
def seal_record(
    *,
    record_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    windows_sha256: str,
    measured: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
    now: datetime,
    origin: Origin = UNSAID,
) -> str:
    """Transaction Seal: write what was heard, and close. Returns the state it ends in.

    WITHDRAWN when a grant fell or a hold was placed meanwhile; what was heard is paid all the same.
    A record with parts went on without what fell: it ends WITHDRAWN only by a hold on itself.
    `lines`: (stem, ppm), 1,000,000 in all. `measured`: target_lufs, reached_lufs, integrated_lufs,
    true_peak_dbtp, trim_db, chroma_likeness, onset_likeness, and if there are any model_ppm,
    unattributed_ppm and notes. `origin`: how it came about, for its particulars. Sealing again
    changes nothing. Raises SealRefused.
    """
    stems = set(LicenceSource.objects.filter(record_id=record_id).values_list("stem_id", flat=True))
    share_stems(stems)
    record = LicenceRecord.objects.select_for_update().get(pk=record_id)
    if record.state != LicenceRecord.State.OPEN:
        return record.state
    check_lines(lines, stems)
    stands = still_stands(record_id, now)
    state = LicenceRecord.State.SEALED if stands else LicenceRecord.State.WITHDRAWN
    AttributionLine.objects.bulk_create(
        AttributionLine(record=record, stem_id=stem, ppm=ppm) for stem, ppm in lines
    )
    for name, value in measures_of(dict(measured)).items():
        setattr(record, name, value)
    measure_approvals(clearance_id=record.clearance_id, lines=lines, now=now)
    record.windows_sha256 = check_digest(windows_sha256)
    record.files = [dict(one) for one in files]
    record.model_ppm = int(measured.get("model_ppm") or 0)
    record.unattributed_ppm = int(measured.get("unattributed_ppm") or 0)
    record.notes = list(measured.get("notes") or ())
    record.state = state
    record.sealed_at = max(now, record.opened_at)
    said = {"windows_sha256": windows_sha256}
    said["particulars_sha256"] = keep_particulars(record, lines, origin)
    record.save()
    said["content_sha256"] = record_sha256(record.id)
    write_fact("seal_record", record, {"state": state} | said, now)
    return state


@transaction.atomic
def void_record(*, record_id: UUID, reason: str, now: datetime) -> LicenceRecord:
    """Close a record whose subject never sounded: no lines, never served. Repeatable.

    Raises SealRefused for a record that was sealed.
    """
    record = LicenceRecord.objects.select_for_update().get(pk=record_id)
    if record.state == LicenceRecord.State.VOID:
        return record
    if record.state != LicenceRecord.State.OPEN:
        raise SealRefused("A sealed licence record stays.")
    record.state = LicenceRecord.State.VOID
    record.sealed_at = max(now, record.opened_at)
    record.notes = [reason[:300]]
    record.save(update_fields=["state", "sealed_at", "notes"])
    write_fact("void_record", record, {"state": record.state, "reason": reason[:300]}, now)
    return record


@transaction.atomic
def withdraw_uses(
    *,
    party_id: UUID,
    stem_ids: Sequence[UUID],
    actor: Actor,
    now: datetime,
    uses: Sequence[str] | None = None,
    reason: str = "",
    effect: str = Effect.TAKE_DOWN,
    served_until: datetime | None = None,
    given: Given = NOT_RECORDED,
) -> Consequences:
    """Clear cells of the matrix and say what rested on them, counted under the same lock.

    All of it stops at once by TAKE_DOWN; of KEEP and SUNSET only what is being made.
    """
    clearance.lock_stems(stem_ids)
    stopped = preview_withdrawal(party_id=party_id, stem_ids=stem_ids, uses=uses, at=now)
    clearance.withdraw_uses(
        party_id=party_id,
        stem_ids=stem_ids,
        uses=uses,
        actor=actor,
        reason=reason,
        effect=effect,
        served_until=served_until,
        given=given,
        now=now,
    )
    return stopped


@transaction.atomic
def withdraw_grant(
    *,
    grant_id: UUID,
    actor: Actor,
    now: datetime,
    reason: str = "",
    uses: Sequence[str] | None = None,
) -> Consequences:
    """Withdraw one grant and say how much less may be served, counted under the same lock."""
    grant = Grant.objects.get(pk=grant_id)
    clearance.lock_stems([grant.stem_id])
    wanted = grant.uses if uses is None else uses

    def count() -> Consequences:
        return preview_withdrawal(
            party_id=grant.party_id, stem_ids=[grant.stem_id], uses=wanted, at=now
        )

    return _difference(
        count,
        lambda: clearance.withdraw_grant(
            grant_id=grant_id, actor=actor, reason=reason, uses=uses, now=now
        ),
    )


def _difference(count: Callable[[], Consequences], deed: Callable[[], object]) -> Consequences:
    before = count()
    deed()
    after = count()
    kinds = [(kind, number - after.of_kind(kind)) for kind, number in before.stopped]
    return Consequences(
        stems=before.stems,
        uses=before.uses,
        records=before.records - after.records,
        being_made=before.being_made - after.being_made,
        stopped=tuple((kind, number) for kind, number in kinds if number),
    )


@transaction.atomic
def delete_stem(
    *, stem_id: UUID, actor: Actor, now: datetime, given: Given = NOT_RECORDED
) -> Consequences:
    """Withdraw every grant of a stem and hide it; its audio goes with the sweep, a day later.

    Digest, measurements, licence lines and money stay. Repeating it changes nothing.
    """
    clearance.lock_stems([stem_id])
    stopped, _ = preview_deletion(stem_id, now)
    for grant in Grant.objects.filter(stem_id=stem_id).prefetch_related("withdrawals"):
        gone = {use for one in grant.withdrawals.all() for use in one.uses}
        if set(grant.uses) - gone:
            clearance.withdraw_grant(
                grant_id=grant.id,
                actor=actor,
                reason="The stem was deleted.",
                given=given,
                now=now,
            )
    mark_stem_deleted(stem_id=stem_id, actor=actor, now=now)
    return stopped


def write_fact(verb: str, record: LicenceRecord, after: Mapping[str, Any], now: datetime) -> None:
    """Log what happened to a record."""
    record_fact(
        actor=_SYSTEM,
        verb=verb,
        object_kind="licence_record",
        object_ref=record.id,
        after=after,
        at=now,
    )
