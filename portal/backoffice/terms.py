"""The desk's pages about terms: what a price holds in each country, and how months are divided.

Both are proposed by one person and set by another, from a month on that has not begun; what holds
and what held stays shown. Countries in which money comes in without terms are named.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from licensing.receipts.models import ProductTerms
from licensing.receipts.setting_terms import changes_of, confirm_terms, drop_terms, propose_terms
from licensing.receipts.terms_models import ProposedTerms
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.models import Model, RateCard
from licensing.royalties.setting_cards import card_before, confirm_card, drop_card, propose_card
from portal.accounts.countries import COUNTRIES, country_name
from portal.artists.words import percent
from portal.backoffice.deeds import list_of, staff_actor
from portal.backoffice.fields import PercentField
from portal.backoffice.proposals import PROPOSED, ComingForm, ProposedAdmin
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.showing import show_and_do


class TermsForm(ComingForm):
    """What is taken from a price in a country."""

    country = forms.ChoiceField(
        choices=[("", "all others: where a country has none"), *COUNTRIES],
        label="Country",
        required=False,
    )
    tax = PercentField(label="Tax on the price without it, percent; 0 for none", is_zero_one=True)
    commission = PercentField(label="Commission on what is left, percent", is_zero_one=True)
    field_order = ("key", "country", "tax", "commission", "month", "reason")


class TermsAdmin(ReadOnlyAdmin):
    """Terms that hold, held or are to hold, and the deed that proposes others."""

    list_display = ("product", "country", "tax_ppm", "commission_ppm", "effective_from")
    list_filter = ("product", "country")
    ordering = ("product", "country", "-effective_from")
    actions_list = ("propose",)

    @action(description="Propose terms", url_path="propose", permissions=["decide"])
    def propose(self, request: HttpRequest) -> HttpResponse:
        """Ask for another tax or commission."""

        def do(data: dict[str, Any]) -> Outcome:
            row = propose_terms(
                key=data["key"],
                country=data["country"],
                tax_ppm=data["tax"],
                commission_ppm=data["commission"],
                effective_from=data["month"],
                reason=data["reason"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return Outcome(PROPOSED, _terms_changed(row))

        return show_and_do(
            request,
            title="Propose terms",
            consequence="Once somebody else sets them, receipts whose time begins from that month "
            "on fall apart by them. Receipts from before keep theirs.",
            form_class=TermsForm,
            do=do,
            back=list_of("receipts_proposedterms"),
        )


def _terms_changed(row: ProposedTerms) -> list[Change]:
    before, after = changes_of(row)
    where = country_name(row.country) if row.country else "all others"
    return [
        ("Country", where),
        *(
            (what, f"{percent(before[name]) if before else 'nothing'} → {percent(after[name])}")
            for what, name in (("Tax", "tax_ppm"), ("Commission", "commission_ppm"))
        ),
    ]


class ProposedTermsAdmin(ProposedAdmin):
    """Terms that wait for a second person, and those that were decided."""

    confirm = staticmethod(confirm_terms)
    refuse = staticmethod(drop_terms)
    changes = staticmethod(_terms_changed)
    named = "these terms"
    list_display = (
        *("country", "tax_ppm", "commission_ppm", "effective_from", "state"),
        *("proposed_by", "proposed_at", "decided_by", "decided_at"),
    )
    list_filter = ("state", "country")
    ordering = ("-proposed_at",)


class CardForm(ComingForm):
    """How a month's money is divided."""

    model = forms.ChoiceField(choices=Model.choices, label="How money is divided")
    master = PercentField(label="Master's part, percent; publishing has the rest", is_zero_one=True)
    field_order = ("key", "model", "master", "month", "reason")


class RateCardAdmin(ReadOnlyAdmin):
    """Rate cards, and the deed that proposes another."""

    list_display = ("product", "model", "master_ppm", "publishing_ppm", "effective_from")
    ordering = ("product", "-effective_from")
    actions_list = ("propose",)

    @action(description="Propose a rate card", url_path="propose", permissions=["decide"])
    def propose(self, request: HttpRequest) -> HttpResponse:
        """Ask for months to be divided otherwise."""

        def do(data: dict[str, Any]) -> Outcome:
            row = propose_card(
                key=data["key"],
                model=data["model"],
                master_ppm=data["master"],
                effective_from=data["month"],
                reason=data["reason"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return Outcome(PROPOSED, _card_changed(row))

        return show_and_do(
            request,
            title="Propose a rate card",
            consequence="Once somebody else sets it, that month and the ones after it are divided "
            "by it. Months before keep theirs, also those that are not closed yet.",
            form_class=CardForm,
            do=do,
            back=list_of("royalties_proposedcard"),
        )


def _card_changed(row: ProposedCard) -> list[Change]:
    before = card_before(row)
    model, part = ("nothing", "nothing")
    if before is not None:
        model, part = Model(before.model).label, percent(before.master_ppm)
    return [
        ("Model", f"{model} → {Model(row.model).label}"),
        ("Master's part", f"{part} → {percent(row.master_ppm)}"),
    ]


class ProposedCardAdmin(ProposedAdmin):
    """Rate cards that wait for a second person, and those that were decided."""

    confirm = staticmethod(confirm_card)
    refuse = staticmethod(drop_card)
    changes = staticmethod(_card_changed)
    named = "this rate card"
    list_display = (
        *("model", "master_ppm", "effective_from", "state"),
        *("proposed_by", "proposed_at", "decided_by", "decided_at"),
    )
    list_filter = ("state",)
    ordering = ("-proposed_at",)


TERMS_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    ProductTerms: TermsAdmin,
    ProposedTerms: ProposedTermsAdmin,
    RateCard: RateCardAdmin,
    ProposedCard: ProposedCardAdmin,
}
