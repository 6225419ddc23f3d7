"""Where payees are paid, the runs that two people decide, the payouts, and what the provider told.

It refuses to know identity papers and bank details: the provider has them. Invariants, kept by the
database: who opened a run does not approve it, a payout moves only along the table of its states,
its payee and amount never change, and one event is kept once, as it came.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.four_eyes import PROOF_LASTS
from licensing.ledger.models import JournalEntry
from licensing.money import minor_text
from licensing.payouts.outside_models import OutsidePayment as OutsidePayment
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.payouts.rules.states import (
    APPROVED,
    DRAFT,
    DROPPED,
    FAILED,
    OPEN,
    PAID,
    RUN_STATES,
    SENT,
    STATES,
    UNFINISHED,
)

PAYEE_KINDS = ("party", "society")


class PayeeAccount(models.Model):
    """A payee's account at the provider, and what was last seen of it.

    `pays_in`: the currency in which they want to be paid everything, "" for each in its own.
    `closing_at`: since when they leave, so that whatever is there is paid.

    Personal data: which payee is paid through which account, in which country, and what the
    provider still asks of them; no bank details, no papers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    provider_id = models.CharField(max_length=100, unique=True)
    country = models.CharField(max_length=2)
    can_receive = models.BooleanField(default=False)
    currently_due = models.JSONField(default=list, blank=True)
    disabled_reason = models.CharField(max_length=100, blank=True, default="")
    seen_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    closing_at = models.DateTimeField(null=True, blank=True)
    pays_in = models.CharField(max_length=3, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payee_kind", "payee_ref"], name="payee_account_once"),
            models.CheckConstraint(
                condition=Q(payee_kind__in=PAYEE_KINDS, pays_in__in=["", *sorted(THRESHOLD_MINOR)])
                & ~Q(payee_ref="")
                & ~Q(provider_id=""),
                name="payee_account_is_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee_kind} {self.payee_ref}"


class PaymentHold(models.Model):
    """What is not paid out for now: a contested part of a payee's balance, or all of it.

    Personal data: which payee, why, and the references of those who placed and released it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=100)
    placed_at = models.DateTimeField()
    released_by = models.CharField(max_length=100, blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_micros__isnull=True) | Q(amount_micros__gt=0),
                name="payment_hold_is_positive",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(placed_by=""), name="payment_hold_says_why"
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by="")
                | (Q(released_at__isnull=False) & ~Q(released_by="")),
                name="payment_hold_released_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["payee_kind", "payee_ref", "currency"],
                condition=Q(released_at__isnull=True),
                name="payment_hold_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.payee_kind} {self.payee_ref}: {self.reason}"


class PayoutRun(models.Model):
    """All who are due in one currency, waiting for a second person.

    `proof_method` and `proved_at` say by which second factor, and when, the second person had
    proved who they are. Personal data: the references of both.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, default=OPEN)
    opened_by = models.CharField(max_length=100)
    opened_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    proof_method = models.CharField(max_length=20, blank=True, default="")
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["currency"], condition=Q(state=OPEN), name="payout_run_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=RUN_STATES, currency__in=sorted(THRESHOLD_MINOR))
                & ~Q(opened_by=""),
                name="payout_run_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=APPROVED) | (~Q(decided_by="") & ~Q(decided_by=F("opened_by"))),
                name="payout_run_has_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state=APPROVED)
                | (
                    ~Q(proof_method="")
                    & Q(decided_at__isnull=False)
                    & Q(proved_at__isnull=False)
                    & Q(proved_at__lte=F("decided_at"))
                    & Q(proved_at__gte=F("decided_at") - PROOF_LASTS)
                ),
                name="payout_run_was_proved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} of {self.opened_at:%Y-%m-%d}"


class Payout(models.Model):
    """One payee's money of one run. `entry` is the journal entry that put it on its way.

    `problem` is what the provider last said when nothing could be done; `refusals` counts its plain
    refusals, because a call after one needs a new key. Personal data: none beyond the payee's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(PayoutRun, models.PROTECT, related_name="payouts")
    account = models.ForeignKey(PayeeAccount, models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=8, default=DRAFT)
    reason = models.CharField(max_length=300, blank=True, default="")
    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="payout"
    )
    transfer_id = models.CharField(max_length=100, blank=True, default="")
    bank_payout_id = models.CharField(max_length=100, blank=True, default="")
    reversal_id = models.CharField(max_length=100, blank=True, default="")
    refusals = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, default="")
    seen_at = models.DateTimeField(null=True, blank=True)
    drafted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=STATES, amount_minor__gt=0), name="payout_is_known"
            ),
            models.UniqueConstraint(
                fields=["account", "currency"],
                condition=Q(state__in=UNFINISHED),
                name="payout_unfinished_once",
            ),
            models.UniqueConstraint(fields=["run", "account"], name="payout_once_per_run"),
            models.UniqueConstraint(
                fields=["transfer_id"], condition=~Q(transfer_id=""), name="payout_transfer_once"
            ),
            models.UniqueConstraint(
                fields=["bank_payout_id"],
                condition=~Q(bank_payout_id=""),
                name="payout_bank_payout_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[DRAFT, DROPPED], entry__isnull=True)
                | Q(state__in=[APPROVED, SENT, PAID, FAILED], entry__isnull=False),
                name="payout_on_its_way_is_posted",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[SENT, PAID]) | ~Q(transfer_id=""),
                name="payout_sent_has_its_transfer",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[FAILED, DROPPED]) | ~Q(reason=""),
                name="payout_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["seen_at"],
                condition=Q(state__in=[APPROVED, SENT]),
                name="payout_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"{minor_text(self.amount_minor, self.currency)} {self.currency} to {self.account}"


class ProviderEvent(models.Model):
    """An event as the provider signed it. Kept unchanged, and for 400 days.

    Personal data: what the provider writes about a payee's account, which may be a name and an
    address; forgotten after 400 days.
    """

    id = models.CharField(primary_key=True, max_length=100)
    type = models.CharField(max_length=100)
    account_id = models.CharField(max_length=100, blank=True, default="")
    told_at = models.DateTimeField()
    received_at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="provider_event_by_moment")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class HandledEvent(models.Model):
    """That what an event rang for was done. Without this row it is tried again.

    Personal data: none.
    """

    event = models.OneToOneField(
        ProviderEvent, models.CASCADE, primary_key=True, related_name="handled"
    )
    at = models.DateTimeField()
    outcome = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["APPLIED", "IGNORED"]), name="handled_event_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.event_id}"


class EventTrouble(models.Model):
    """Why an event was not acted on yet: the words of the last try, and how many there were.

    One that is `is_set_aside` is not tried again before a person says so, so that it keeps nobody
    waiting. Personal data: none beyond what an error repeats of its event.
    """

    event = models.OneToOneField(
        ProviderEvent, models.CASCADE, primary_key=True, related_name="trouble"
    )
    reason = models.CharField(max_length=300)
    tries = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()
    is_set_aside = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="") & Q(tries__gt=0), name="event_trouble_says_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.reason}"


class ExchangeRate(models.Model):
    """What one unit of a currency is in another, in billionths, as a source quoted it.

    Personal data: the reference of who stored it.
    """

    sold = models.CharField(max_length=3)
    bought = models.CharField(max_length=3)
    rate_nano = models.BigIntegerField()
    source = models.CharField(max_length=100)
    quoted_at = models.DateTimeField()
    stored_by = models.CharField(max_length=100)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rate_nano__gt=0, quoted_at__lte=F("stored_at"))
                & ~Q(sold=F("bought"))
                & ~Q(source="")
                & ~Q(stored_by=""),
                name="exchange_rate_is_sound",
            )
        ]
        indexes = [models.Index(fields=["sold", "bought", "quoted_at"], name="rate_of_pair")]

    def __str__(self) -> str:
        return f"{self.sold}/{self.bought} of {self.quoted_at:%Y-%m-%d}"


class Conversion(models.Model):
    """What of a payee's balance became another currency, at which rate, and the spread of it.

    Personal data: none beyond the payee's.
    """

    key = models.CharField(max_length=150, unique=True)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    rate = models.ForeignKey(ExchangeRate, models.PROTECT, related_name="conversions")
    sold_micros = models.BigIntegerField()
    at_rate_micros = models.BigIntegerField()
    spread_ppm = models.PositiveIntegerField()
    spread_micros = models.BigIntegerField()
    bought_micros = models.BigIntegerField()
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="conversion")
    converted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(at_rate_micros=F("spread_micros") + F("bought_micros"))
                & Q(sold_micros__gt=0, spread_micros__gte=0, bought_micros__gte=0),
                name="conversion_adds_up",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sold_micros} {self.rate}"


class PlannedConversion(models.Model):
    """What of a payee's balance a payout exchanges, as drafted and shown to the second person.

    Posted as a conversion under `payout:<id>:<currency>` when the run is approved. Personal data:
    none beyond the payee's.
    """

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="planned")
    rate = models.ForeignKey(ExchangeRate, models.PROTECT, related_name="planned")
    sold_micros = models.BigIntegerField()
    at_rate_micros = models.BigIntegerField()
    spread_ppm = models.PositiveIntegerField()
    spread_micros = models.BigIntegerField()
    bought_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout", "rate"], name="planned_conversion_once"),
            models.CheckConstraint(
                condition=Q(at_rate_micros=F("spread_micros") + F("bought_micros"))
                & Q(sold_micros__gt=0, spread_micros__gte=0, bought_micros__gt=0),
                name="planned_conversion_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sold_micros} {self.rate}"
