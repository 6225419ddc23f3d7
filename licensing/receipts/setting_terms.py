"""Terms under four eyes: one person proposes what a country's price holds, another sets it.

Nothing holds before the second person, who shows a second factor. Invariant: terms begin with a
month that has not begun, so no receipt of a month that has is divided by them.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.receipts.models import ProductTerms
from licensing.receipts.operations import LISTENING, set_product_terms
from licensing.receipts.proposed import hold_open, mark_dropped, mark_set, month_text
from licensing.receipts.queries import own_terms_at
from licensing.receipts.terms_models import ProposedTerms
from licensing.receipts.terms_rules import TermsRefused, check_ahead, check_reason


@transaction.atomic
def propose_terms(
    *,
    key: UUID,
    country: str,
    tax_ppm: int,
    commission_ppm: int,
    effective_from: datetime,
    reason: str,
    proposed_by: str,
    now: datetime,
    product: str = LISTENING,
) -> ProposedTerms:
    """Ask that a country ("" for all others) has these terms; `key` is the proposal's id to be.

    Proposed twice under it, it is proposed once. Raises TermsRefused: not_ahead, no_reason, and
    proposed while other terms of that country and month wait or are set.
    """
    known = ProposedTerms.objects.filter(pk=key).first()
    if known is not None:
        return known
    check_ahead(effective_from, now)
    _check_free(product, country, effective_from)
    try:
        with transaction.atomic():
            row = ProposedTerms.objects.create(
                pk=key,
                product=product,
                country=country,
                tax_ppm=tax_ppm,
                commission_ppm=commission_ppm,
                effective_from=effective_from,
                reason=check_reason(reason)[:300],
                proposed_by=proposed_by,
                proposed_at=now,
            )
    except IntegrityError as error:
        raise TermsRefused("proposed", "Terms of this country and month wait already.") from error
    _tell(row, "propose_terms", proposed_by, now)
    return row


@transaction.atomic
def confirm_terms(
    *, proposal_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> ProductTerms:
    """Set what another person proposed.

    Raises TermsRefused: decided, same_person, no_second_factor, stale_second_factor, not_ahead once
    its month has begun.
    """
    row = hold_open(ProposedTerms, proposal_id)
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=TermsRefused)
    check_ahead(row.effective_from, now)
    _check_free(row.product, row.country, row.effective_from)
    row.terms = set_product_terms(
        product=row.product,
        country=row.country,
        tax_ppm=row.tax_ppm,
        commission_ppm=row.commission_ppm,
        effective_from=row.effective_from,
        actor=("user", confirmed_by),
        now=now,
    )
    mark_set(row, confirmed_by, proved, now)
    _tell(row, "confirm_terms", confirmed_by, now)
    return row.terms


@transaction.atomic
def drop_terms(*, proposal_id: UUID, reason: str, dropped_by: str, now: datetime) -> ProposedTerms:
    """Set nothing of it; who proposed it may drop it. Raises TermsRefused: decided, no_reason."""
    row = hold_open(ProposedTerms, proposal_id)
    mark_dropped(row, dropped_by, reason, now)
    _tell(row, "drop_terms", dropped_by, now)
    return row


def changes_of(row: ProposedTerms) -> tuple[Mapping[str, int] | None, Mapping[str, int]]:
    """(before, after): the parts per million that held in its country just before and are to hold.

    Before is None where nothing held. Terms for all others hold where a country has none.
    """
    held = ProductTerms.objects.filter(
        product=row.product, country__in=[row.country, ""], effective_from__lt=row.effective_from
    )
    before = held.order_by("-country", "-effective_from").first()
    after = {"tax_ppm": row.tax_ppm, "commission_ppm": row.commission_ppm}
    if before is None:
        return None, after
    return {"tax_ppm": before.tax_ppm, "commission_ppm": before.commission_ppm}, after


def _check_free(product: str, country: str, effective_from: datetime) -> None:
    held = own_terms_at(product, country, effective_from)
    if held is not None and held.effective_from == effective_from:
        raise TermsRefused("proposed", "Terms of this country and month are set already.")


def _tell(row: ProposedTerms, verb: str, who: str, now: datetime) -> None:
    before, after = changes_of(row)
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="proposed_terms",
        object_ref=row.pk,
        before=before,
        after={
            **after,
            "product": row.product,
            "country": row.country,
            "from": month_text(row),
            "state": row.state,
            "reason": row.decision or row.reason,
            "method": row.proof_method,
        },
        at=now,
    )
