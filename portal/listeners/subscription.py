"""The page of one's subscription: subscribe, see how it stands, end it, go on, put in another card.

Thin: each address is one operation of `licensing.subscriptions`. Invariant: everybody reaches their
own subscription alone, and no card number ever comes here.
"""

from collections.abc import Callable

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from licensing.payouts.provider import gateway
from licensing.receipts.operations import LISTENING
from licensing.receipts.queries import receipt_covering
from licensing.stripe_gateway import GatewayError
from licensing.subscriptions import operations
from licensing.subscriptions.queries import sold_at, subscription_of
from licensing.subscriptions.rules import SubscribingRefused
from portal.accounts import access
from portal.listeners.playing import listener_of
from portal.listeners.subscription_page import subscription_page

_NAV = {"nav_main": "partials/nav_listener.html", "here": "account"}
_NAME = "Stemma, a month"
AWAY = "The payment provider cannot be reached now, so nothing was changed. Try again later."


@login_required
@never_cache
@csp_update({"form-action": settings.STRIPE_PAGES})
@require_GET
def subscription(request: HttpRequest) -> HttpResponse:
    """How it stands."""
    payer, now = listener_of(request.user), timezone.now()
    country = access.user_of(request).country
    offer = sold_at(LISTENING, country, now)
    page = subscription_page(
        subscription_of(payer),
        (offer.price_minor, offer.currency) if offer else None,
        is_covered=receipt_covering(payer, now) is not None,
    )
    context = {"page": page, "country": country, "came_back": "paid" in request.GET}
    return render(request, "listeners/subscription.html", context | _NAV)


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """Lead to the provider's page, where the first month is paid."""
    country = access.user_of(request).country
    back = request.build_absolute_uri(f"{reverse('listeners:subscription')}?paid=")
    return _leads_to(
        request,
        lambda: operations.begin_subscribing(
            payer=listener_of(request.user),
            country=country,
            name=_NAME,
            back=back,
            gateway=gateway(),
            now=timezone.now(),
        ),
    )


@login_required
@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """Lead to the provider's page, where another card is put in."""
    back = request.build_absolute_uri(reverse("listeners:subscription"))
    payer = listener_of(request.user)
    return _leads_to(
        request, lambda: operations.open_portal(payer=payer, back=back, gateway=gateway())
    )


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Charge nothing after the period that runs."""

    def do() -> str:
        operations.end_with_period(
            payer=listener_of(request.user), gateway=gateway(), now=timezone.now()
        )
        messages.success(request, "It ends with the month you paid for.")
        return reverse("listeners:subscription")

    return _leads_to(request, do)


@login_required
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """Take the ending back."""

    def do() -> str:
        operations.go_on(payer=listener_of(request.user), gateway=gateway(), now=timezone.now())
        messages.success(request, "Your subscription goes on.")
        return reverse("listeners:subscription")

    return _leads_to(request, do)


def _leads_to(request: HttpRequest, do: Callable[[], str]) -> HttpResponse:
    """Where a deed leads, or back to the page with the reason why not."""
    try:
        return HttpResponseRedirect(do())
    except SubscribingRefused as refused:
        messages.error(request, str(refused))
    except GatewayError:
        messages.error(request, AWAY)
    return redirect("listeners:subscription")
