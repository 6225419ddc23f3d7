"""Holders agree on how many of them must say yes: proposed with a text, signed, counting from then.

It refuses to know who may click: faces check the role and the fresh log-in. Invariant: an agreement
counts once every party on the effective sheets has signed its text, never retroactively, and while
that is so: who joins by a later sheet is bound by nothing before signing it too. One party alone
has nothing to agree on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.catalog.models import Party, Recording, Stem
from licensing.clearance.facts import load_facts
from licensing.clearance.models import ConsentAgreement, ConsentSignature
from licensing.clearance.quorum import AUTHORITY, quorum_text, text_sha256
from licensing.clearance.refusals import ClearanceRefused
from licensing.clearance.withdrawing import lock_stems
from licensing.given import Given

Actor = tuple[str, str]
LONGEST_BASIS = 4_000


@dataclass(frozen=True, slots=True)
class AgreementState:
    """One agreement for a page; `waiting_for`: who of the holders still must sign."""

    agreement: ConsentAgreement
    signed: tuple[tuple[UUID, str], ...]
    waiting_for: tuple[tuple[UUID, str], ...]


def holders_of(recording_id: UUID, at: datetime) -> dict[UUID, str]:
    """The parties on the effective sheets of a recording and of its stems, by name."""
    stems = Stem.objects.filter(recording_id=recording_id).exclude(state=Stem.State.DELETED)
    facts = load_facts(stems.values_list("pk", flat=True), at)
    named = {one.party: one.name for stem in facts.stems for one in stem.holders}
    return dict(sorted(named.items(), key=lambda pair: (pair[1], str(pair[0]))))


@transaction.atomic
def propose_agreement(
    *,
    recording_id: UUID,
    kind: str,
    actor: Actor,
    now: datetime,
    authority_id: UUID | None = None,
    basis: str = "",
) -> ConsentAgreement:
    """Write an agreement and ask the holders to sign. Raises ClearanceRefused.

    AUTHORITY names one of the holders, and the document on which that one speaks for all.
    """
    holders = holders_of(recording_id, now)
    plain = basis.replace("\0", "").strip()[:LONGEST_BASIS]
    _check(kind, holders, authority_id, plain)
    text = quorum_text(
        kind=kind,
        recording=Recording.objects.get(pk=recording_id).title,
        authority=holders[authority_id] if authority_id else "",
        basis=plain,
    )
    made = ConsentAgreement.objects.create(
        recording_id=recording_id,
        kind=kind,
        authority_id=authority_id,
        basis=plain,
        text=text,
        text_sha256=text_sha256(text),
        recorded_by=":".join(map(str, actor)),
        recorded_at=now,
    )
    _fact("propose_consent_agreement", made, actor, now)
    return made


def _check(kind: str, holders: dict[UUID, str], authority_id: UUID | None, basis: str) -> None:
    if kind not in ConsentAgreement.Kind.values:
        raise ClearanceRefused("odd_quorum", "All, more than half, or one for all can decide.")
    if len(holders) < 2:
        raise ClearanceRefused("one_holder", "One holder alone has nothing to agree on.")
    if (kind == AUTHORITY) != (authority_id is not None):
        raise ClearanceRefused("odd_authority", "Only where one speaks for all is one named.")
    if authority_id is not None and authority_id not in holders:
        raise ClearanceRefused("odd_authority", "Who speaks for all stands on a split sheet.")
    if kind == AUTHORITY and not basis:
        raise ClearanceRefused("no_basis", "Write on which document one party speaks for all.")


@transaction.atomic
def sign_agreement(
    *,
    agreement_id: UUID,
    party_id: UUID,
    user_ref: str,
    given: Given,
    text_sha256: str,
    now: datetime,
) -> ConsentAgreement:
    """A holder signs the text it has read; the last signature makes it count.

    Signing again changes nothing. Raises ClearanceRefused: another text, a stranger, one that a
    later proposal has replaced.
    """
    made = ConsentAgreement.objects.select_for_update().get(pk=agreement_id)
    lock_stems(Stem.objects.filter(recording=made.recording_id).values_list("pk", flat=True))
    if made.text_sha256 != text_sha256:
        raise ClearanceRefused("other_text", "The text has changed since it was shown.")
    if newest_agreement(made.recording_id) != made:
        raise ClearanceRefused("replaced", "A later proposal has taken its place.")
    holders = holders_of(made.recording_id, now)
    if party_id not in holders:
        raise ClearanceRefused("not_a_holder", "This party stands on no sheet of the recording.")
    _, is_new = ConsentSignature.objects.get_or_create(
        agreement=made,
        party_id=party_id,
        defaults={
            "user_ref": user_ref,
            "text_sha256": text_sha256,
            "signed_at": now,
            **given.fields(),
        },
    )
    if is_new:
        _fact("sign_consent_agreement", made, ("user", user_ref), now, party=str(party_id))
    signed = set(made.signatures.values_list("party_id", flat=True))
    if made.counts_from is None and holders.keys() <= signed:
        made.counts_from = max(now, made.recorded_at)
        made.save(update_fields=["counts_from"])
        _fact("agree_on_consent", made, ("user", user_ref), now)
    return made


def newest_agreement(recording_id: UUID) -> ConsentAgreement | None:
    """The last one proposed, whether it counts or not."""
    rows = ConsentAgreement.objects.filter(recording_id=recording_id)
    return rows.order_by("-recorded_at", "-pk").first()


def agreement_that_counts(recording_id: UUID, at: datetime) -> ConsentAgreement | None:
    """The one that governs at a moment; None: everybody must say yes."""
    rows = ConsentAgreement.objects.filter(recording_id=recording_id, counts_from__lte=at)
    made = rows.order_by("-counts_from", "-pk").select_related("authority").first()
    return None if made is None or _state_of(made, at).waiting_for else made


def pending_agreement(recording_id: UUID, at: datetime) -> AgreementState | None:
    """The newest proposal while somebody has not signed it, also who joined since it counted."""
    made = newest_agreement(recording_id)
    if made is None:
        return None
    state = _state_of(made, at)
    return state if made.counts_from is None or state.waiting_for else None


def _state_of(made: ConsentAgreement, at: datetime) -> AgreementState:
    holders = holders_of(made.recording_id, at)
    signed = set(made.signatures.filter(signed_at__lte=at).values_list("party_id", flat=True))
    return AgreementState(made, _some(holders, signed), _some(holders, holders.keys() - signed))


def _some(holders: dict[UUID, str], wanted: Iterable[UUID]) -> tuple[tuple[UUID, str], ...]:
    chosen = set(wanted)
    return tuple((ref, name) for ref, name in holders.items() if ref in chosen)


def pending_for(party_id: UUID, at: datetime) -> list[AgreementState]:
    """The proposals that wait for this party's signature."""
    open_ones = ConsentAgreement.objects.exclude(signatures__party=party_id)
    mine = open_ones.filter(recording__in=_held_by(party_id)).values_list("recording_id", flat=True)
    found = [pending_agreement(pk, at) for pk in mine.distinct()]
    return [
        one for one in found if one is not None and party_id in {ref for ref, _ in one.waiting_for}
    ]


def _held_by(party_id: UUID) -> set[UUID]:
    """Recordings on whose sheets, or whose work's, a party stands."""
    party = Party.objects.get(pk=party_id)
    sheets = party.shares.values_list(
        "sheet__recording_id", "sheet__stem__recording_id", "sheet__work__recordings"
    )
    return {ref for row in sheets for ref in row if ref is not None}


def _fact(verb: str, made: ConsentAgreement, actor: Actor, now: datetime, **more: str) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="recording",
        object_ref=made.recording_id,
        after={"agreement": str(made.pk), "kind": made.kind, "sha256": made.text_sha256, **more},
        at=now,
    )
