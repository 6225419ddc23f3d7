"""Where log-in and sign-up lead to. Everything else about log-ins is allauth's."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from portal.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Artists land on their recordings, everybody else on the front page."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if isinstance(request.user, User) and request.user.memberships.exists():
            return reverse("artists:recordings")
        return super().get_login_redirect_url(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:welcome")
