"""Grants are given, holds placed and released, decisions taken and kept; `withdrawing` is beside.

It refuses to know what rests on a grant: `attribution.operations.withdraw_grant` tells that beside.
Invariant: withdrawing and holding lock the stems FOR UPDATE, in the order of their ids; opening a
licence record locks them FOR SHARE; so neither overtakes the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from licensing.audit.operations import record_fact
from licensing.catalog.models import Recording, Stem
from licensing.catalog.queries import list_parties_of_recording
from licensing.catalog.rules import normalise_territory
from licensing.catalog.societies import society_named
from licensing.clearance.approval import ApproveFirst
from licensing.clearance.facts import Facts, load_facts
from licensing.clearance.limits import ANYTHING, Limits, limits_from_json
from licensing.clearance.models import (
    LONGEST_VOICE,
    Clearance,
    Grant,
    Hold,
    SocietyAgreement,
    Use,
)
from licensing.clearance.queries import preflight_use as preflight_use
from licensing.clearance.queries import use_asked
from licensing.clearance.refusals import ClearanceRefused as ClearanceRefused
from licensing.clearance.rules import Asked, Decision, UseAsked
from licensing.clearance.terms import CURRENT_VERSION, canonical_sha256, terms_sha256
from licensing.clearance.withdrawing import GRANTABLE
from licensing.clearance.withdrawing import lock_stems as lock_stems
from licensing.clearance.withdrawing import withdraw_grant as withdraw_grant
from licensing.clearance.withdrawing import withdraw_uses as withdraw_uses
from licensing.given import NOT_RECORDED, Given

Actor = tuple[str, str]


def grant_use(
    *,
    stem_id: UUID,
    party_id: UUID,
    uses: Sequence[str],
    actor: Actor,
    now: datetime,
    limits: Limits | Mapping[str, Any] = ANYTHING,
    territories: Sequence[str] = (),
    channels: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    terms_version: str = CURRENT_VERSION,
    approval: ApproveFirst | None = None,
    royalty_terms: Sequence[str] | None = None,
    given: Given = NOT_RECORDED,
) -> Grant:
    """One holder's yes to some uses of one stem; replaces what it granted for these uses before."""
    (grant,) = grant_matrix(
        stem_ids=[stem_id],
        party_id=party_id,
        uses=uses,
        actor=actor,
        now=now,
        limits=limits,
        territories=territories,
        channels=channels,
        valid_from=valid_from,
        valid_until=valid_until,
        terms_version=terms_version,
        approval=approval,
        royalty_terms=royalty_terms,
        given=given,
    )
    return grant


@transaction.atomic
def grant_matrix(
    *,
    stem_ids: Sequence[UUID],
    party_id: UUID,
    uses: Sequence[str],
    actor: Actor,
    now: datetime,
    limits: Limits | Mapping[str, Any] = ANYTHING,
    territories: Sequence[str] = (),
    channels: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    terms_version: str = CURRENT_VERSION,
    approval: ApproveFirst | None = None,
    royalty_terms: Sequence[str] | None = None,
    given: Given = NOT_RECORDED,
) -> tuple[Grant, ...]:
    """One holder's yes to uses x stems, all or nothing: a grant per stem, in the order given.

    `approval`: which variations wait for another yes before anybody hears them; None: none does.
    `royalty_terms`: names of the rate cards that stand; None: not recorded. `given`: how it was.
    Raises ClearanceRefused for unknown uses or stems, a stranger, a period that runs backwards, a
    voice without an end within ten years; OddLimits and UnknownTerms.
    """
    asked_uses = _checked_uses(uses)
    bounds = limits if isinstance(limits, Limits) else limits_from_json(limits)
    start = valid_from or now
    _check_period(asked_uses, start, valid_until, now)
    wanted = _locked_for(party_id, stem_ids)
    granted_at = _after_the_last(party_id, wanted, now)
    said = {
        "limits": bounds.to_json(),
        "territories": sorted({normalise_territory(place) for place in territories}),
        "channels": sorted({_channel(name) for name in channels}),
        "valid_from": start,
        "valid_until": valid_until,
        "terms_version": terms_version,
        "terms_sha256": terms_sha256(terms_version),
        "approval": approval.to_json() if approval else {},
        "royalty_terms": None if royalty_terms is None else list(royalty_terms),
        "granted_at": granted_at,
        "granted_by": ":".join(map(str, actor)),
    } | given.fields()
    grants = Grant.objects.bulk_create(
        Grant(stem_id=stem_id, party_id=party_id, uses=asked_uses, **said) for stem_id in wanted
    )
    for grant in grants:
        _tell_granted(grant, actor, now)
    return tuple(grants)


def _tell_granted(grant: Grant, actor: Actor, now: datetime) -> None:
    after = {"stem": str(grant.stem_id), "uses": grant.uses, "limits": grant.limits}
    after |= {"approval": grant.approval} if grant.approval else {}
    _fact(actor, "grant_use", "grant", grant.id, after, now)


def _checked_uses(uses: Sequence[str]) -> list[str]:
    chosen = sorted(set(map(str, uses)))
    if not chosen or not set(chosen) <= GRANTABLE:
        raise ClearanceRefused("odd_use", "A grant names one or more of the known uses.")
    return chosen


def _check_period(
    uses: Sequence[str], start: datetime, end: datetime | None, now: datetime
) -> None:
    if end is not None and end <= start:
        raise ClearanceRefused("odd_period", "The grant would end before it begins.")
    if Use.VOICE in uses and not _is_within(min(start, now), end, LONGEST_VOICE):
        raise ClearanceRefused(
            "voice_ends", "A voice may be granted for ten years from now at most."
        )


def _is_within(start: datetime, end: datetime | None, longest: timedelta) -> bool:
    return end is not None and end <= start + longest


def _after_the_last(party_id: UUID, stem_ids: Sequence[UUID], now: datetime) -> datetime:
    """The newest grant governs a cell, so two of one moment must still be told apart."""
    earlier = Grant.objects.filter(stem__in=stem_ids, party_id=party_id)
    last = earlier.aggregate(at=Max("granted_at"))["at"]
    return now if last is None or last < now else last + timedelta(microseconds=1)


def _locked_for(party_id: UUID, stem_ids: Sequence[UUID]) -> list[UUID]:
    """The stems, each once, locked, of recordings in which the party holds something."""
    wanted = list(dict.fromkeys(stem_ids))
    if len(lock_stems(wanted)) != len(wanted) or not wanted:
        raise ClearanceRefused("unknown_stem", "A stem named is not known here.")
    _check_party(party_id, wanted)
    return wanted


def _check_party(party_id: UUID, stem_ids: Sequence[UUID]) -> None:
    recordings = (
        Recording.objects.filter(stems__in=stem_ids).distinct().values_list("pk", flat=True)
    )
    for recording_id in recordings:
        if party_id not in list_parties_of_recording(recording_id):
            raise ClearanceRefused("not_a_holder", "This party holds nothing in the recording.")


def _channel(name: str) -> str:
    channel = name.strip().upper()
    if not channel or len(channel) > 40:
        raise ClearanceRefused("odd_channel", "A channel has a name of at most 40 characters.")
    return channel


@transaction.atomic
def place_hold(
    *, target_kind: str, target_ref: UUID | str, reason: str, actor: Actor, now: datetime
) -> Hold:
    """Block a stem, a recording (its stems) or one licence record; serving stops at once."""
    if target_kind not in Hold.TargetKind.values or not reason.strip():
        raise ClearanceRefused("odd_hold", "A hold names what it blocks and why.")
    if target_kind == Hold.TargetKind.STEM:
        lock_stems([UUID(str(target_ref))])
    elif target_kind == Hold.TargetKind.RECORDING:
        lock_stems(Stem.objects.filter(recording_id=target_ref).values_list("pk", flat=True))
    hold = Hold.objects.create(
        target_kind=target_kind,
        target_ref=str(target_ref),
        reason=reason.strip()[:300],
        placed_by=":".join(map(str, actor)),
        placed_at=now,
    )
    after = {"target": target_kind, "ref": hold.target_ref, "reason": hold.reason}
    _fact(actor, "place_hold", "hold", hold.id, after, now)
    return hold


@transaction.atomic
def release_hold(*, hold_id: UUID, actor: Actor, now: datetime) -> Hold:
    """Lift a hold for good; repeating it changes nothing."""
    hold = Hold.objects.select_for_update().get(pk=hold_id)
    if hold.released_at is None:
        hold.released_at = now
        hold.released_by = ":".join(map(str, actor))
        hold.save(update_fields=["released_at", "released_by"])
        _fact(actor, "release_hold", "hold", hold.id, {"ref": hold.target_ref}, now)
    return hold


@transaction.atomic
def record_society_agreement(
    *,
    society: str,
    reference: str,
    uses: Sequence[str],
    actor: Actor,
    now: datetime,
    territories: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    given: Given = NOT_RECORDED,
) -> SocietyAgreement:
    """The operator has its own agreement with a society; shares it collects no longer block."""
    agreement = SocietyAgreement.objects.create(
        society=society_named(society, now),
        reference=reference.strip(),
        uses=_checked_uses(uses),
        territories=sorted({normalise_territory(place) for place in territories}),
        valid_from=valid_from or now,
        valid_until=valid_until,
        recorded_by=":".join(map(str, actor)),
        recorded_at=now,
        **given.fields(),
    )
    after = {"society": agreement.society, "reference": agreement.reference}
    _fact(actor, "record_society_agreement", "society_agreement", agreement.pk, after, now)
    return agreement


@transaction.atomic
def clear_use(
    *,
    use: str,
    stems: Sequence[UUID],
    requester: tuple[str, str],
    territory: str,
    channel: str,
    now: datetime,
    asked: Asked | None = None,
    is_live: bool = False,
    by_taste: bool = False,
) -> Clearance:
    """Decide, and keep the decision with its reasons and the terms of this moment, yes or no."""
    wanted = use_asked(
        use, stems, requester, territory, channel, asked, is_live=is_live, by_taste=by_taste
    )
    return keep_decision(wanted, load_facts(wanted.stems, now, wanted.use), now)


def keep_decision(wanted: UseAsked, facts: Facts, now: datetime) -> Clearance:
    """The decision on exactly the stems of `facts`, written down."""
    decision = facts.decide(wanted)
    terms = pinned_terms(facts, decision) if decision.allowed else {}
    return Clearance.objects.create(
        use=wanted.use,
        requester_kind=wanted.requester[0],
        requester_ref=wanted.requester[1],
        territory=wanted.territory,
        channel=wanted.channel,
        by_taste=wanted.by_taste,
        stems=[str(stem) for stem in wanted.stems],
        at=now,
        allowed=decision.allowed,
        reasons=[_plain(asdict(reason)) for reason in decision.reasons],
        limits=decision.limits.to_json(),
        terms=terms,
        terms_sha256=canonical_sha256(terms),
    )


def pinned_terms(facts: Facts, decision: Decision) -> dict[str, Any]:
    """Whose yes a decision rests on, under which words and sheets, as plain data."""
    stems = []
    for source in sorted(facts.sources.values(), key=lambda source: str(source.stem)):
        stems.append(
            {
                "stem": str(source.stem),
                "digest": source.digest,
                "recording": str(source.recording),
                "sheets": [
                    {"sheet": str(sheet), "text_sha256": sha256} for sheet, sha256 in source.sheets
                ],
                "grants": [
                    {
                        "grant": str(grant.grant),
                        "party": str(grant.party),
                        "terms_version": grant.terms_version,
                        "terms_sha256": grant.terms_sha256,
                    }
                    for grant in decision.grants
                    if grant.stem == source.stem
                ],
            }
        )
    ends_at = decision.ends_at.isoformat() if decision.ends_at else None
    return {"stems": stems, "limits": decision.limits.to_json(), "ends_at": ends_at}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, UUID) else value for key, value in data.items()}


def _fact(
    actor: Actor,
    verb: str,
    kind: str,
    ref: UUID | int,
    after: dict[str, Any],
    now: datetime,
    before: dict[str, Any] | None = None,
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind=kind,
        object_ref=ref,
        before=before,
        after=after,
        at=now,
    )
