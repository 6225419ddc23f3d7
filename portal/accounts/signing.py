"""How somebody confirmed who they are before they signed, in the words that stand beside it.

It reads what allauth noted in the session and decides nothing: whether it was recent enough is the
page's to ask. Invariant: what is kept is what was done, never what a page usually asks for.
"""

from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from licensing.catalog.rules import TEXT_LANGUAGE
from licensing.given import Given, Strength
from portal.accounts.access import user_of
from portal.accounts.addresses import address_digest, client_address

NOT_ASKED = "session, nothing to ask for"
"""A login without a password and without a second factor cannot be asked again."""
_MEANS = {
    "password": "password",
    "password_reset": "password set anew by mail",
    "code": "code by mail",
    "socialaccount": "another site's log-in",
    "totp": "authenticator code",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
}


def how_confirmed(request: HttpRequest) -> str:
    """What the session's newest proof was, at most 40 characters: like "passkey, given again"."""
    newest = max(_records(request), key=lambda one: one["at"], default=None)
    return NOT_ASKED if newest is None else _said(newest)


def given_now(request: HttpRequest) -> Given:
    """How what this request says yes or no to is given: proof, language of the text, source."""
    return Given(
        method=how_confirmed(request),
        strength=strength_of(request),
        locale=TEXT_LANGUAGE,
        source_hmac=address_digest(client_address(request)),
    )


def strength_of(request: HttpRequest) -> Strength:
    """What the session has shown in all; a recovery code is no second factor."""
    shown = {_kind(one) for one in _records(request)}
    if "webauthn" in shown:
        return Strength.PASSKEY
    if "totp" in shown:
        return Strength.TWO_FACTORS if len(shown - {"recovery_codes"}) > 1 else Strength.ONE_FACTOR
    return Strength.ONE_FACTOR if shown else Strength.SESSION


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    return list(get_authentication_records(request, user_of(request)))


def _kind(record: dict[str, Any]) -> str:
    return str(record.get("type") if record["method"] == "mfa" else record["method"])


def _said(record: dict[str, Any]) -> str:
    kind = _kind(record)
    means = _MEANS.get(kind, kind)
    again = "given again" if record.get("reauthenticated") else "at log-in"
    return f"{means}, {again}"[:40]
