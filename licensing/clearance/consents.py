"""What one party has said yes or no to: every row of consent with its scope and how it was given.

It refuses to know logins: an actor is a reference. Invariants: nothing is left out and nothing is
filled in (what was not recorded is empty), and a party reads its own consents alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from licensing.catalog.models import Share, Signature, SplitSheet, StandIn
from licensing.clearance.models import Approval, ConsentSignature, Grant, Use, Withdrawal
from licensing.given import Given, Strength

VOICE_LIKENESS = "VOICE_LIKENESS"
_SAID = ("APPROVED", "DECLINED")


@dataclass(frozen=True, slots=True)
class Revoked:
    """Uses of a grant that were taken back: since when, and what became of what was finished."""

    uses: tuple[str, ...]
    at: datetime
    effect: str
    served_until: datetime | None


@dataclass(frozen=True, slots=True)
class Consent:
    """One yes or no. `kind`: grant, withdrawal, approval, refusal, agreement, sheet or stand_in.

    `text`: which text was read, by its version or kind, `text_sha256` its words. `royalty_terms`:
    the rate cards of that moment; None where they were not recorded.
    """

    kind: str
    ref: str
    at: datetime
    actor: str
    given: Given
    recording: str = ""
    stem: str = ""
    rights: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    approval: Mapping[str, Any] = field(default_factory=dict)
    territories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    text: str = ""
    text_sha256: str = ""
    royalty_terms: tuple[str, ...] | None = None
    revoked: tuple[Revoked, ...] = ()
    note: str = ""


def consents_of(party_id: UUID) -> tuple[Consent, ...]:
    """Everything a party has consented to or refused, newest first; a handful of queries."""
    found = [
        *_grants(party_id),
        *_withdrawals(party_id),
        *_answers(party_id),
        *_agreements(party_id),
        *_sheets(party_id),
        *_stand_ins(party_id),
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.ref), reverse=True))


def _grants(party_id: UUID) -> Iterator[Consent]:
    held = _Held(party_id)
    rows = Grant.objects.filter(party_id=party_id).select_related("stem__recording")
    for row in rows.prefetch_related("withdrawals"):
        voice = (VOICE_LIKENESS,) if Use.VOICE in row.uses else ()
        yield Consent(
            kind="grant",
            ref=str(row.pk),
            at=row.granted_at,
            actor=row.granted_by,
            given=row.given(),
            recording=row.stem.recording.title,
            stem=row.stem.label,
            rights=held.rights_in(row) + voice,
            uses=tuple(row.uses),
            limits=row.limits,
            approval=row.approval,
            territories=tuple(row.territories),
            channels=tuple(row.channels),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            text=f"terms of grant {row.terms_version}",
            text_sha256=row.terms_sha256,
            royalty_terms=None if row.royalty_terms is None else tuple(row.royalty_terms),
            revoked=tuple(_revoked(one) for one in row.withdrawals.all()),
        )


def _revoked(row: Withdrawal) -> Revoked:
    return Revoked(tuple(row.uses), row.at, row.effect, row.served_until)


class _Held:
    """The rights in which a party stood on a sheet of a stem by a moment."""

    def __init__(self, party_id: UUID) -> None:
        sheets = SplitSheet.objects.filter(shares__in=Share.objects.filter(party_id=party_id))
        rows = sheets.exclude(state=SplitSheet.State.DRAFT).distinct()
        self._sheets = list(
            rows.values_list("right", "proposed_at", "stem_id", "recording_id", "work_id")
        )

    def rights_in(self, grant: Grant) -> tuple[str, ...]:
        stem = grant.stem
        places = {stem.pk, stem.recording_id, stem.recording.work_id} - {None}
        return tuple(
            sorted(
                {
                    right
                    for right, since, *on in self._sheets
                    if since <= grant.granted_at and places & set(on)
                }
            )
        )


def _withdrawals(party_id: UUID) -> Iterator[Consent]:
    rows = Withdrawal.objects.filter(grant__party_id=party_id)
    for row in rows.select_related("grant__stem__recording"):
        until = f" until {row.served_until:%Y-%m-%d}" if row.served_until else ""
        yield Consent(
            kind="withdrawal",
            ref=f"{row.grant_id}/{row.pk}",
            at=row.at,
            actor=row.by,
            given=row.given(),
            recording=row.grant.stem.recording.title,
            stem=row.grant.stem.label,
            uses=tuple(row.uses),
            revoked=(_revoked(row),),
            note=" ".join(filter(None, [f"{row.get_effect_display()}{until}.", row.reason])),
        )


def _answers(party_id: UUID) -> Iterator[Consent]:
    rows = Approval.objects.filter(party_id=party_id, state__in=_SAID, decided_at__isnull=False)
    for row in rows.select_related("recording", "clearance"):
        assert row.decided_at is not None  # the filter says so
        yield Consent(
            kind="approval" if row.state == Approval.State.APPROVED else "refusal",
            ref=str(row.pk),
            at=row.decided_at,
            actor=row.decided_by,
            given=row.given(),
            recording=row.recording.title,
            uses=(row.clearance.use,),
            text="one variation, by its clearance",
            text_sha256=row.clearance.terms_sha256,
            note=row.reason,
        )


def _agreements(party_id: UUID) -> Iterator[Consent]:
    rows = ConsentSignature.objects.filter(party_id=party_id)
    for row in rows.select_related("agreement__recording"):
        yield Consent(
            kind="agreement",
            ref=str(row.agreement_id),
            at=row.signed_at,
            actor=f"user:{row.user_ref}",
            given=row.given(),
            recording=row.agreement.recording.title,
            text=f"agreement on consent: {row.agreement.get_kind_display()}",
            text_sha256=row.text_sha256,
        )


def _sheets(party_id: UUID) -> Iterator[Consent]:
    rows = Signature.objects.filter(party_id=party_id)
    for row in rows.select_related("sheet__recording", "sheet__stem__recording", "sheet__work"):
        yield Consent(
            kind="sheet",
            ref=str(row.sheet_id),
            at=row.signed_at,
            actor=f"user:{row.user_ref}",
            given=row.given(),
            text=f"split sheet, version {row.sheet.version}",
            text_sha256=row.text_sha256,
            **_on(row.sheet),
        )


def _stand_ins(party_id: UUID) -> Iterator[Consent]:
    """What two people at the desk decided in the party's place."""
    on = Q(party_id=party_id, state=StandIn.State.DECIDED, decided_at__isnull=False)
    rows = StandIn.objects.filter(on)
    for row in rows.select_related("sheet__recording", "sheet__stem__recording", "sheet__work"):
        assert row.decided_at is not None  # the filter says so
        proof = Given(row.proof_method, Strength.DESK, evidence_sha256=row.evidence_sha256)
        yield Consent(
            kind="stand_in",
            ref=str(row.sheet_id),
            at=row.decided_at,
            actor=f"user:{row.decided_by}",
            given=proof,
            text=f"split sheet, version {row.sheet.version}",
            text_sha256=row.sheet.text_sha256,
            note=row.document,
            **_on(row.sheet),
        )


def _on(sheet: SplitSheet) -> dict[str, Any]:
    """What a sheet stands on, and the right that it divides."""
    stem = sheet.stem
    recording = sheet.recording or (stem.recording if stem else None)
    title = recording.title if recording else sheet.work.title if sheet.work else ""
    return {
        "recording": title,
        "stem": stem.label if stem else "",
        "rights": (sheet.right,),
    }
