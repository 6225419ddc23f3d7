"""Who may decide about money and rights at the desk, and the second person's second factor.

The rooms below ask for both again; here people are led to where they can show it.
"""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from licensing.four_eyes import NotProved, SecondFactor, check_proof
from portal.accounts.access import parties_of, user_of
from portal.accounts.second_factor import (
    has_second_factor,
    page_to_show_it,
    second_factor_of,
)
from portal.backoffice.deeds import DeedRefused

MAY_DECIDE = "corrections.decide_money"
MAY_DECIDE_RIGHTS = "catalog.decide_rights"


def asks_for_second_factor(request: HttpRequest) -> HttpResponse | None:
    """Where to go first: to set up a second factor, or to show it once more; None when fresh."""
    if not has_second_factor(request):
        messages.warning(
            request, "Set up a second factor first: what two people decide asks for it."
        )
        return HttpResponseRedirect(reverse("mfa_index"))
    try:
        check_proof(second_factor_of(request), timezone.now())
    except NotProved:
        back = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse(page_to_show_it(request))}?{back}")
    return None


def check_no_gain(request: HttpRequest, payees: Iterable[tuple[str, str]]) -> None:
    """Raise DeedRefused("own_money") where the person acts for one of these payees.

    The rooms below know no logins, so whose money it is can be asked here alone.
    """
    own = {("party", str(pk)) for pk in parties_of(user_of(request)).values_list("pk", flat=True)}
    if own & set(payees):
        raise DeedRefused("own_money", "Somebody who is not paid by it decides this.")


def stand_in(now: datetime) -> tuple[str, SecondFactor]:
    """A second person and their proof, for rehearsals alone: what they do is always taken back."""
    return "somebody else", SecondFactor("totp", now)
