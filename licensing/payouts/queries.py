"""Reading payouts: what is under way, what a payee was paid and out of what, what waits.

Who is due how much stands in `planning`.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from licensing.payouts.models import PayeeAccount, Payout, PlannedConversion, ProviderEvent
from licensing.payouts.rules.states import APPROVED, PAID, SENT, is_to_be_seen


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A payout as its payee sees it; `state` DRAFT, APPROVED and SENT are on their way.

    `exchanged`: the conversions it is made of, beside what stood in its own currency.
    """

    id: UUID
    currency: str
    amount_minor: int
    state: str
    reason: str
    drafted_at: datetime
    ended_at: datetime | None
    exchanged: tuple[PlannedConversion, ...]


def account_of(payee: tuple[str, str]) -> PayeeAccount | None:
    """The payee's account at the provider, as last seen."""
    return PayeeAccount.objects.filter(payee_kind=payee[0], payee_ref=payee[1]).first()


def list_closing() -> QuerySet[PayeeAccount]:
    """A queryset of accounts that close and were not paid since, the oldest first."""
    paid = Payout.objects.filter(
        account=OuterRef("pk"), state=PAID, ended_at__gte=OuterRef("closing_at")
    )
    rows = PayeeAccount.objects.filter(~Exists(paid), closing_at__isnull=False)
    return rows.order_by("closing_at", "pk")


def list_payouts(payee: tuple[str, str]) -> tuple[PayoutView, ...]:
    """All payouts of a payee, newest first."""
    rows = Payout.objects.filter(account__payee_kind=payee[0], account__payee_ref=payee[1])
    return tuple(
        PayoutView(
            id=row.pk,
            currency=row.currency,
            amount_minor=row.amount_minor,
            state=row.state,
            reason=row.reason,
            drafted_at=row.drafted_at,
            ended_at=row.ended_at,
            exchanged=tuple(row.planned.all()),
        )
        for row in rows.prefetch_related("planned__rate").order_by("-drafted_at", "id")
    )


def list_under_way(now: datetime) -> list[UUID]:
    """Payouts about which the provider is to be asked now, longest unseen first."""
    rows = Payout.objects.filter(state__in=[APPROVED, SENT]).order_by("seen_at", "drafted_at")
    return [
        row.pk
        for row in rows.only("state", "seen_at")
        if is_to_be_seen(row.state, row.seen_at, now)
    ]


def list_unhandled() -> QuerySet[ProviderEvent]:
    """A queryset of events that are to be acted on, those that were never tried first.

    Then the ones whose last try is longest ago, so that none waits behind those that cannot be
    done. What is set aside is not among them.
    """
    rows = ProviderEvent.objects.filter(handled__isnull=True).exclude(trouble__is_set_aside=True)
    never_first = F("trouble__last_at").asc(nulls_first=True)
    return rows.order_by(never_first, "received_at", "id")
