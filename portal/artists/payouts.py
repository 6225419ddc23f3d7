"""Being paid, on the earnings page: what is owed, what is under way, and the way to an account.

Who they are and where their bank is people tell the provider, never us. Invariant: only who may
edit a party opens an account for it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from licensing.catalog.models import Party
from licensing.money import amount_text
from licensing.payouts import planning, queries
from licensing.payouts.accounts import (
    begin_closing,
    choose_currency,
    is_leaving,
    keep_account,
    open_payee_account,
)
from licensing.payouts.exchange import exchange_text
from licensing.payouts.models import PlannedConversion
from licensing.payouts.provider import gateway
from licensing.payouts.rules.due import THRESHOLD_MINOR, micros_of
from licensing.payouts.rules.states import PayoutRefused
from licensing.stripe_gateway import GatewayError, Refused
from portal.accounts import access
from portal.artists import words

WHY = {
    "due": "goes into the next payout run",
    "on_its_way": "waits behind a payout that is on its way",
    "nothing": "nothing to pay",
    "currency": "is not paid out in this currency yet",
    "held": "is held; ask us why",
    "no_account": "waits for your payout account",
    "requirements": "waits for what the payment provider still asks",
    "exchanged": "is exchanged into your currency in its next payout run",
    "no_rate": "waits for a rate into your currency",
}
STATES = {
    "DRAFT": "being approved",
    "APPROVED": "on its way",
    "SENT": "on its way",
    "PAID": "arrived",
    "FAILED": "came back",
    "DROPPED": "not sent",
}


@dataclass(frozen=True, slots=True)
class Owed:
    """A balance in words; `once_closing`: what comes of it where the account is closed."""

    currency: str
    amount: str
    why: str
    once_closing: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A payout in words."""

    amount: str
    currency: str
    state: str
    reason: str
    on: str
    exchanged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Payouts:
    """The section; `account` is none, asked or ready. `pays_in` is "" for each in its own.

    `closing_on`: the day on which closing the account was asked for, "" while it stays; `may_stay`:
    nothing of it is on its way yet.
    """

    owed: tuple[Owed, ...]
    paid: tuple[Paid, ...]
    account: str
    pays_in: str
    currencies: tuple[str, ...]
    closing_on: str
    may_stay: bool


def payouts_of(party: Party) -> Payouts:
    """What the earnings page says about a party's payouts."""
    payee = ("party", str(party.pk))
    account = queries.account_of(payee)
    state = "none" if account is None else "ready" if account.can_receive else "asked"
    return Payouts(
        owed=tuple(
            Owed(one.currency, words.cents(one.balance_micros), _why(one), _once_closing(one))
            for one in planning.outlook_of(payee, timezone.now())
        ),
        paid=tuple(
            Paid(
                words.cents(micros_of(one.amount_minor, one.currency)),
                one.currency,
                STATES[one.state],
                one.reason,
                f"{one.drafted_at:%-d %B %Y}",
                tuple(_exchanged(part) for part in one.exchanged),
            )
            for one in queries.list_payouts(payee)
        ),
        account=state,
        pays_in=account.pays_in if account else "",
        currencies=tuple(THRESHOLD_MINOR),
        closing_on=f"{account.closing_at:%-d %B %Y}" if account and account.closing_at else "",
        may_stay=account is not None and not is_leaving(account),
    )


def _exchanged(part: PlannedConversion) -> str:
    """What was exchanged for a payout, at which rate of which source, with the spread."""
    said = exchange_text(part.rate, part.sold_micros, part.spread_micros)
    return f"{said}: {amount_text(part.bought_micros)} {part.rate.bought}"


def _once_closing(one: planning.Outlook) -> str:
    """Closing does away with the least amount; what else an amount waits for, it waits for."""
    return WHY["due"] if one.due.why == "threshold" else _why(one)


def _why(one: planning.Outlook) -> str:
    if one.due.why == "threshold":
        least = words.cents(micros_of(THRESHOLD_MINOR[one.currency], one.currency))
        return f"is paid from {least} {one.currency} on"
    return WHY[one.due.why]


@login_required
@require_POST
def connect(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Open the party's account at the provider and show the way there; back when that fails."""
    user = access.user_of(request)
    party = access.get_party_for(user, party_id, "edit")
    here = f"{reverse('artists:earnings')}?party={party.pk}"
    if not user.country:
        messages.error(request, "Say first in your account in which country you live.")
        return HttpResponseRedirect(here)
    back = request.build_absolute_uri(here)
    try:
        ours = gateway()
        account = open_payee_account(
            payee=("party", str(party.pk)),
            country=user.country,
            gateway=ours,
            actor=("user", str(user.pk)),
            now=timezone.now(),
        )
        link = ours.onboarding_link(account.provider_id, back=back, again=back)
    except Refused as error:
        messages.error(request, f"The payment provider says no: {error}")
        return HttpResponseRedirect(here)
    except GatewayError:
        messages.error(request, "The payment provider cannot be reached now. Try again later.")
        return HttpResponseRedirect(here)
    facts = {"party": party, "link": link, "nav_main": "partials/nav_artist.html"}
    return render(request, "artists/payout_account.html", {"here": "earnings", **facts})


@login_required
@require_POST
def currency(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Choose the currency in which everything is paid, or each in its own."""
    user = access.user_of(request)
    party = access.get_party_for(user, party_id, "edit")
    try:
        choose_currency(
            payee=("party", str(party.pk)),
            currency=str(request.POST.get("currency", "")),
            actor=("user", str(user.pk)),
            now=timezone.now(),
        )
    except PayoutRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Kept: it holds from the next payout run on.")
    return HttpResponseRedirect(f"{reverse('artists:earnings')}?party={party.pk}")


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Say what closing the payout account means, and begin it."""
    user = access.user_of(request)
    party = access.get_party_for(user, party_id, "edit")
    if request.method == "GET":
        facts = {
            "party": party,
            "payouts": payouts_of(party),
            "nav_main": "partials/nav_artist.html",
        }
        return render(request, "artists/payout_close.html", {"here": "earnings", **facts})
    try:
        begin_closing(
            payee=("party", str(party.pk)), actor=("user", str(user.pk)), now=timezone.now()
        )
    except PayoutRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Closing: the next payout run pays whatever is there.")
    return HttpResponseRedirect(f"{reverse('artists:earnings')}?party={party.pk}")


@login_required
@require_POST
def stay(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Keep the payout account after all."""
    user = access.user_of(request)
    party = access.get_party_for(user, party_id, "edit")
    try:
        keep_account(
            payee=("party", str(party.pk)), actor=("user", str(user.pk)), now=timezone.now()
        )
    except PayoutRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Kept: you are paid as before.")
    return HttpResponseRedirect(f"{reverse('artists:earnings')}?party={party.pk}")
