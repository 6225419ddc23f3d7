"""The desk's menu: every list under what a person wants to do there, in words of the trade.

Rooms of the code are no order that people know. Invariant: each page of the desk stands here once.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse

# (what people come for, models by their label)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Who holds what",
        (
            *("catalog.Party", "catalog.Recording", "catalog.Stem", "catalog.Work"),
            *("catalog.SplitSheet", "catalog.StandIn", "catalog.Society", "catalog.AudioObject"),
            "catalog.Evidence",
        ),
    ),
    (
        "What is permitted",
        (
            *("clearance.Grant", "clearance.Hold", "clearance.Approval", "clearance.Clearance"),
            *("clearance.ConsentAgreement", "clearance.SocietyAgreement", "compliance.Takedown"),
        ),
    ),
    (
        "What was made",
        (
            *("attribution.LicenceRecord", "variations.Variation", "variations.VariationRequest"),
            *("attribution.RecordPart", "attribution.SealedMinute", "releases.Release"),
        ),
    ),
    (
        "Money that comes in",
        (
            *("receipts.Receipt", "subscriptions.Subscriber", "subscriptions.Subscription"),
            *("subscriptions.Offer", "invoicing.Invoice", "invoicing.InvoiceCounter"),
            *("receipts.UsageAgreement", "receipts.ProductTerms", "receipts.ProposedTerms"),
        ),
    ),
    (
        "Plays and months",
        (
            *("royalties.Usage", "royalties.Anomaly", "royalties.Period", "royalties.Statement"),
            *("royalties.HeldPool", "royalties.HeldPart", "royalties.RateCard"),
            "royalties.ProposedCard",
        ),
    ),
    (
        "Held and corrected",
        (
            *("deductions.Dispute", "deductions.Advance", "deductions.Reserve"),
            *("deductions.ReserveRule", "deductions.TaxProfile", "deductions.Withheld"),
            *("corrections.Proposal", "corrections.Adjustment", "corrections.Reversal"),
            "corrections.ReversedIncome",
        ),
    ),
    (
        "Money that goes out",
        (
            *("payouts.PayoutRun", "payouts.Payout", "payouts.PayeeAccount"),
            *("payouts.PaymentHold", "payouts.OutsidePayment", "payouts.Conversion"),
            *("payouts.ExchangeRate", "payouts.EventTrouble", "payouts.ProviderEvent"),
            "payouts.HandledEvent",
        ),
    ),
    ("Books and log", ("ledger.JournalEntry", "ledger.Account", "audit.Fact")),
    (
        "People, partners, work",
        (
            *("accounts.User", "accounts.Membership", "partners.Client"),
            *("partners.WithdrawalNotice", "uploads.Upload", "work.Job", "backoffice.NightlyRun"),
            "backoffice.ProposedDeed",
        ),
    ),
)
# What the desk calls rows whose class is no word of the trade: one of them, and several.
WORDS: Mapping[str, tuple[str, str]] = {
    "audit.Fact": ("fact of the log", "log of facts"),
    "backoffice.NightlyRun": ("duty of a night", "duties of the nights"),
    "backoffice.ProposedDeed": ("deed for a second person", "deeds for a second person"),
    "catalog.StandIn": ("decision in a party’s place", "decisions in a party’s place"),
    "clearance.ConsentAgreement": ("agreement on consent", "agreements on consent"),
    "clearance.SocietyAgreement": ("agreement with a society", "agreements with societies"),
    "compliance.Takedown": ("takedown notice", "takedown notices"),
    "corrections.Proposal": ("proposed correction", "proposed corrections"),
    "corrections.ReversedIncome": ("taxed income that went back", "taxed income that went back"),
    "deductions.Withheld": ("tax kept back", "tax kept back"),
    "partners.Client": ("partner", "partners"),
    "payouts.Conversion": ("exchange", "exchanges"),
    "payouts.EventTrouble": ("news not acted on", "news not acted on"),
    "payouts.HandledEvent": ("news acted on", "news acted on"),
    "payouts.OutsidePayment": ("payment to a society", "payments to societies"),
    "payouts.PayeeAccount": ("payout account", "payout accounts"),
    "payouts.PaymentHold": ("payment held", "payments held"),
    "payouts.ProviderEvent": ("news of the provider", "news of the provider"),
    "receipts.ProductTerms": ("tax and commission of a country", "tax and commission"),
    "receipts.ProposedTerms": ("proposed tax and commission", "proposed tax and commission"),
    "receipts.UsageAgreement": ("agreement on billing by use", "agreements on billing by use"),
    "royalties.Anomaly": ("held usage", "held usages"),
    "royalties.HeldPart": ("part of a pool that waited", "parts of pools that waited"),
    "royalties.HeldPool": ("pool that waits", "pools that wait"),
    "royalties.Period": ("closed month", "closed months"),
    "royalties.ProposedCard": ("proposed rate card", "proposed rate cards"),
}


def name(model: type[models.Model]) -> None:
    """Let a model's pages use the desk's words; the room below, and its migrations, keep theirs."""
    words = WORDS.get(model._meta.label)
    if words is not None:
        model._meta.verbose_name, model._meta.verbose_name_plural = words


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu as unfold takes it: the queues first, then a group for each thing to be done."""
    from portal.backoffice.site import site

    listed = {model._meta.label: model for model in site._registry}
    first = {"title": "Work queues", "link": reverse("admin:index")}
    groups = [{"items": [first, {"title": "Nets", "link": reverse("admin:nets")}]}]
    for title, labels in GROUPS:
        items = [_item(listed[label]) for label in labels]
        groups.append({"title": title, "collapsible": False, "items": items})  # type: ignore[dict-item]
    return groups


def _item(model: type[models.Model]) -> dict[str, Any]:
    meta = model._meta
    words = str(meta.verbose_name_plural)
    return {
        "title": words[:1].upper() + words[1:],
        "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
    }
