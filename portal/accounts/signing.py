"""How somebody confirmed who they are before they signed, in the words that stand beside it.

It reads what allauth noted in the session and decides nothing: whether it was recent enough is the
page's to ask. Invariant: what is kept is what was done, never what a page usually asks for.
"""

from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from portal.accounts.access import user_of

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
    records = get_authentication_records(request, user_of(request))
    newest = max(records, key=lambda one: one["at"], default=None)
    return NOT_ASKED if newest is None else _said(newest)


def _said(record: dict[str, Any]) -> str:
    kind = record.get("type") if record["method"] == "mfa" else record["method"]
    means = _MEANS.get(str(kind), str(kind))
    again = "given again" if record.get("reauthenticated") else "at log-in"
    return f"{means}, {again}"[:40]
