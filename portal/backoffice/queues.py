"""What waits for a rights administrator, counted: one line per queue, with where to go."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from generation.variations.models import Variation
from generation.work.models import Job
from licensing.catalog.models import StandIn, Stem
from licensing.catalog.queries import list_unsigned_sheets
from licensing.clearance.queries import list_holds
from licensing.compliance.queries import list_appeals, list_overdue, list_undecided
from licensing.corrections.models import Proposal
from licensing.deductions.models import Advance, Dispute, TaxProfile
from licensing.deductions.queries import tax_to_reclaim
from licensing.invoicing.models import Invoice
from licensing.invoicing.queries import overdue
from licensing.money import amount_text
from licensing.payouts.models import EventTrouble, OutsidePayment, Payout, PayoutRun
from licensing.payouts.queries import list_closing
from licensing.receipts.operations import LISTENING
from licensing.receipts.queries import countries_without_terms
from licensing.receipts.terms_models import ProposedTerms
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.models import Anomaly, Usage
from portal.accounts.countries import country_name
from portal.backoffice.models import NightlyRun, ProposedDeed
from portal.partners.models import WithdrawalNotice

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's name, how many wait in it, what to do there, and its address."""

    name: str
    count: int
    deed: str
    address: str


def _listed(rows: QuerySet[Any], name: str, deed: str, **filters: str) -> Queue:
    meta = rows.model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return Queue(name, rows.count(), deed, f"{address}?{urlencode(filters)}")


def list_queues() -> tuple[Queue, ...]:
    """All queues, the ones where people wait first."""
    people = (*_of_notices(), *_of_two(), *_of_rights())
    return (*people, *_between_earned_and_paid(), *_of_money(), *_of_work())


def _of_two() -> tuple[Queue, ...]:
    return (
        _listed(
            ProposedDeed.objects.filter(state="OPEN"),
            "Deeds for a second person",
            "Somebody else than who asked for one does it or drops it.",
            state__exact="OPEN",
        ),
    )


def _of_notices() -> tuple[Queue, ...]:
    now = timezone.now()
    return (
        _listed(
            list_overdue(now),
            "Takedown notices overdue",
            "Their claimants were told a day that has passed: decide them first.",
            decided_at__isnull="True",
            decide_by__lt=now.isoformat(timespec="seconds"),
        ),
        _listed(
            list_undecided(),
            "Takedown notices",
            "Read it, ask the holders or block it meanwhile, and decide by its day.",
            decided_at__isnull="True",
        ),
        _listed(
            list_appeals(),
            "Upheld notices to look at again",
            "Somebody else than who upheld one decides again.",
            appeal__outcome__exact="OPEN",
        ),
    )


def _of_rights() -> tuple[Queue, ...]:
    return (
        _listed(
            Stem.objects.filter(state=Stem.State.REVIEW),
            "Conflicting claims",
            "Two parties brought equal audio: decide whose it is.",
            state__exact="REVIEW",
        ),
        _listed(
            list_unsigned_sheets(),
            "Unsigned sheets",
            "Somebody has not signed; until then what counted before counts.",
            state__exact="PROPOSED",
        ),
        _listed(
            StandIn.objects.filter(state="OPEN"),
            "Decisions in a party's place",
            "Somebody else than who proposed one decides or drops it.",
            state__exact="OPEN",
        ),
        _listed(
            list_holds(),
            "Holds in force",
            "Release when the reason is gone.",
            released_at__isnull="True",
        ),
        _listed(
            WithdrawalNotice.objects.filter(confirmed_at__isnull=True, deadline__lt=timezone.now()),
            "Copies not confirmed as gone",
            "A partner's deadline is over: speak with them.",
            confirmed_at__isnull="True",
        ),
    )


def _between_earned_and_paid() -> tuple[Queue, ...]:
    return (
        _listed(
            Dispute.objects.filter(decided_at__isnull=True),
            "Disputes without a decision",
            "The contested share waits; one person proposes, another confirms.",
            decided_at__isnull="True",
        ),
        _listed(
            Advance.objects.filter(paid_at__isnull=True),
            "Advances to be paid",
            "Somebody else than who agreed one pays it.",
            paid_at__isnull="True",
        ),
        _listed(
            TaxProfile.objects.filter(status="PENDING"),
            "Tax forms to look at",
            "Income from the United States waits for them.",
            status__exact="PENDING",
        ),
        _tax_to_reclaim(),
        _listed(
            Proposal.objects.filter(state="OPEN"),
            "Corrections for a second person",
            "Somebody else than who proposed one carries it out or drops it.",
            state__exact="OPEN",
        ),
    )


def _tax_to_reclaim() -> Queue:
    found = sorted(tax_to_reclaim().items())
    told = "No tax was paid over for income that went back."
    if found:
        sums = ", ".join(f"{amount_text(n)} {currency} from {to}" for (to, currency), n in found)
        told = f"Reclaim {sums}: it was paid over for income that went back since."
    address = reverse("admin:deductions_withheld_changelist")
    return Queue("Tax to reclaim", len(found), told, address)


def _of_terms() -> tuple[Queue, ...]:
    missing = countries_without_terms(LISTENING, timezone.now())
    told = "Every country in which money comes in has terms of its own."
    if missing:
        named = ", ".join(map(country_name, missing))
        told = f"No tax terms for {named}: what comes from there is booked without tax. Set them."
    return (
        Queue(
            "Countries without tax terms",
            len(missing),
            told,
            reverse("admin:receipts_productterms_changelist"),
        ),
        _listed(
            ProposedTerms.objects.filter(state="OPEN"),
            "Terms for a second person",
            "Somebody else than who proposed them sets them or drops them.",
            state__exact="OPEN",
        ),
        _listed(
            ProposedCard.objects.filter(state="OPEN"),
            "Rate cards for a second person",
            "Somebody else than who proposed one sets it or drops it.",
            state__exact="OPEN",
        ),
    )


def _of_money() -> tuple[Queue, ...]:
    return (
        *_of_terms(),
        _listed(
            PayoutRun.objects.filter(state="OPEN"),
            "Payout runs for a second person",
            "Somebody else than who opened one approves it.",
            state__exact="OPEN",
        ),
        _listed(
            OutsidePayment.objects.filter(state="OPEN"),
            "Payments to societies for a second person",
            "Somebody else than who wrote one posts it.",
            state__exact="OPEN",
        ),
        _listed(
            Payout.objects.filter(state="APPROVED").exclude(problem=""),
            "Payouts that cannot be sent",
            "See what the provider said; they are tried again.",
            state__exact="APPROVED",
        ),
        _listed(
            list_closing(),
            "Payout accounts that close",
            "Whatever is there goes into the next run; look whether something is held.",
            closing_at__isempty="0",
        ),
        _listed(
            EventTrouble.objects.all(),
            "News of the provider not acted on",
            "See why; one that is set aside waits for somebody to try it again or leave it.",
        ),
        *_of_invoices(),
        _listed(
            Anomaly.objects.filter(state=Anomaly.State.OPEN),
            "Held usages",
            "Plays that look odd: let them count, or keep them out.",
            state__exact="OPEN",
        ),
        _listed(
            Usage.objects.filter(state=Usage.State.UNMATCHED),
            "Unmatched usage",
            "Came more than 90 days late: decide what it was.",
            state__exact="UNMATCHED",
        ),
    )


def _of_invoices() -> tuple[Queue, ...]:
    return (
        _listed(
            Invoice.objects.filter(state="DRAFT"),
            "Invoices to issue",
            "Look at what a partner used, then give it a number.",
            state__exact="DRAFT",
        ),
        _listed(
            Invoice.objects.filter(state="ISSUED").exclude(claimed_by=""),
            "Payments to confirm",
            "Somebody else than who saw a partner's payment confirms it.",
            state__exact="ISSUED",
        ),
        _listed(
            overdue(timezone.now().date()),
            "Invoices overdue",
            "A partner has not paid in time.",
            state__exact="ISSUED",
        ),
    )


def _of_work() -> tuple[Queue, ...]:
    return (
        _listed(
            Variation.objects.filter(state="FAILED"),
            "Failed variations",
            "Nothing was billed; see why.",
            state__exact="FAILED",
        ),
        _listed(
            Job.objects.filter(state="FAILED"),
            "Failed jobs",
            "Work that three attempts could not do.",
            state__exact="FAILED",
        ),
        _listed(
            NightlyRun.objects.filter(state="FAILED", night__gte=timezone.now().date() - WEEK),
            "Failed at night, this week",
            "Read what it said, mend it, and run the command again.",
            state__exact="FAILED",
        ),
    )
