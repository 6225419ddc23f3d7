"""Rate cards under four eyes: one person proposes how months are divided, another sets it.

Nothing holds before the second person, who shows a second factor. Invariant: a card begins with a
month that has not begun, so no play that was heard is paid by another one than was known then.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.receipts.operations import LISTENING
from licensing.receipts.proposed import hold_open, mark_dropped, mark_set, month_text
from licensing.receipts.terms_rules import (
    TermsRefused,
    check_ahead,
    check_not_past,
    check_reason,
)
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.models import Model, RateCard


@transaction.atomic
def set_rate_card(
    *,
    product: str,
    model: str,
    master_ppm: int,
    effective_from: datetime,
    actor: tuple[str, str],
    now: datetime,
    currency: str = "EUR",
) -> RateCard:
    """Divide a product's money differently from a moment on; closed months keep their card.

    Who may, and from which month, is said below. Raises TermsRefused("not_ahead") for a moment that
    is over.
    """
    check_not_past(effective_from, now)
    card = RateCard.objects.create(
        product=product,
        model=Model(model),
        master_ppm=master_ppm,
        publishing_ppm=1_000_000 - master_ppm,
        effective_from=effective_from,
        currency=currency,
    )
    record_fact(
        actor=actor,
        verb="set_rate_card",
        object_kind="product",
        object_ref=product,
        after={"model": model, "master_ppm": master_ppm, "from": effective_from.isoformat()},
        at=now,
    )
    return card


@transaction.atomic
def propose_card(
    *,
    key: UUID,
    model: str,
    master_ppm: int,
    effective_from: datetime,
    reason: str,
    proposed_by: str,
    now: datetime,
    product: str = LISTENING,
) -> ProposedCard:
    """Ask that months are divided so; `key` is the proposal's id to be.

    Proposed twice under it, it is proposed once. Raises TermsRefused: not_ahead, no_reason, and
    proposed while another card of that month waits or is set.
    """
    known = ProposedCard.objects.filter(pk=key).first()
    if known is not None:
        return known
    check_ahead(effective_from, now)
    _check_free(product, effective_from)
    try:
        with transaction.atomic():
            row = ProposedCard.objects.create(
                pk=key,
                product=product,
                model=Model(model),
                master_ppm=master_ppm,
                effective_from=effective_from,
                reason=check_reason(reason)[:300],
                proposed_by=proposed_by,
                proposed_at=now,
            )
    except IntegrityError as error:
        raise TermsRefused("proposed", "A rate card of this month waits already.") from error
    _tell(row, "propose_rate_card", proposed_by, now)
    return row


@transaction.atomic
def confirm_card(
    *, proposal_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> RateCard:
    """Set what another person proposed.

    Raises TermsRefused: decided, same_person, no_second_factor, stale_second_factor, not_ahead once
    its month has begun.
    """
    row = hold_open(ProposedCard, proposal_id)
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=TermsRefused)
    check_ahead(row.effective_from, now)
    _check_free(row.product, row.effective_from)
    before = card_before(row)
    row.card = set_rate_card(
        product=row.product,
        model=row.model,
        master_ppm=row.master_ppm,
        effective_from=row.effective_from,
        actor=("user", confirmed_by),
        now=now,
        currency=before.currency if before is not None else "EUR",
    )
    mark_set(row, confirmed_by, proved, now)
    _tell(row, "confirm_rate_card", confirmed_by, now)
    return row.card


@transaction.atomic
def drop_card(*, proposal_id: UUID, reason: str, dropped_by: str, now: datetime) -> ProposedCard:
    """Set nothing of it; who proposed it may drop it. Raises TermsRefused: decided, no_reason."""
    row = hold_open(ProposedCard, proposal_id)
    mark_dropped(row, dropped_by, reason, now)
    _tell(row, "drop_rate_card", dropped_by, now)
    return row


def card_before(row: ProposedCard) -> RateCard | None:
    """The card that holds until the proposed one would."""
    earlier = RateCard.objects.filter(product=row.product, effective_from__lt=row.effective_from)
    return earlier.order_by("-effective_from").first()


def cards_in_force(at: datetime) -> list[str]:
    """The card of each product that holds at a moment, by name and first day, in order."""
    rows = RateCard.objects.filter(effective_from__lte=at).order_by("product", "-effective_from")
    return [str(row)[:60] for row in rows.distinct("product")]


def _check_free(product: str, effective_from: datetime) -> None:
    if RateCard.objects.filter(product=product, effective_from=effective_from).exists():
        raise TermsRefused("proposed", "The rate card of this month is set already.")


def _tell(row: ProposedCard, verb: str, who: str, now: datetime) -> None:
    held = card_before(row)
    before: Mapping[str, object] | None = (
        {"model": held.model, "master_ppm": held.master_ppm} if held is not None else None
    )
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="proposed_rate_card",
        object_ref=row.pk,
        before=before,
        after={
            "product": row.product,
            "model": row.model,
            "master_ppm": row.master_ppm,
            "from": month_text(row),
            "state": row.state,
            "reason": row.decision or row.reason,
            "method": row.proof_method,
        },
        at=now,
    )
